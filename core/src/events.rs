//! A bounded queue for what is recorded as a whole: audit events.
//!
//! # Protocol
//!
//! Any thread pushes, without waiting; who finds the queue full counts the
//! event as dropped. One thread at a time drains.
//!
//! # Invariants
//!
//! Every event pushed is drained once, or counted as dropped once.
//!
//! # Orderings
//!
//! The queue orders its own elements. `dropped` is a statistic: relaxed.

use crate::cell::{Anyone, Cell, Writer};
use crate::sync::BoundedQueue;

/// A bounded lock-free queue that counts what it had no room for.
#[derive(Debug)]
pub struct EventQueue<T> {
    queue: BoundedQueue<T>,
    dropped: Cell,
}

impl<T> EventQueue<T> {
    /// A queue for `capacity` events.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    pub fn new(capacity: usize) -> Self {
        Self {
            queue: BoundedQueue::new(capacity),
            dropped: Cell::default(),
        }
    }

    /// Takes `event`, or counts it as dropped. Never waits.
    pub fn push(&self, event: T) {
        if self.queue.push(event).is_err() {
            Anyone::add(&self.dropped, 1);
        }
    }

    /// The oldest event, if there is one.
    pub fn pop(&self) -> Option<T> {
        self.queue.pop()
    }

    /// How many events it takes.
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Events dropped since it was made.
    pub fn dropped(&self) -> u64 {
        self.dropped.read()
    }
}
