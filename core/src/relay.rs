//! Whole items on their way from many threads to one collector: spans, log
//! records.
//!
//! # Protocol
//!
//! A thread pushes onto one of several bounded queues, its *lane*, always the
//! same one: with as many lanes as cores, hardly two threads at work share one.
//! Who finds the lane full counts the item as dropped. The collector takes what
//! is in all lanes, at an interval, and when it is *called*: who fills a batch
//! learns that it is the one to call, once until the collector comes.
//!
//! # Invariants
//!
//! Every item pushed is taken once, or counted as dropped once. When all is
//! quiet and a lane has a batch, the collector was called after it last came.
//!
//! # Orderings
//!
//! The queues order their own items. Calling swaps `is_called` with release, the
//! collector swaps it back with acquire *before* it looks: whose call finds the
//! flag set comes before that swap in the flag's history, so its items are seen
//! by it. Loads and stores in place of the swaps could miss each other, and a
//! full batch would wait for the interval. `dropped` is a statistic: relaxed.

use crossbeam_utils::CachePadded;

use crate::cell::{Anyone, Cell, Writer};
use crate::sync::{AtomicU32, BoundedQueue, Ordering, mutant, ordering, thread_local};

/// Queues between threads that make items and the one that takes them away.
#[derive(Debug)]
pub struct Relay<T> {
    lanes: Box<[CachePadded<Lane<T>>]>,
    batch: usize,
    /// Whether the collector was called, and has not come yet.
    is_called: CachePadded<AtomicU32>,
    /// Of the next thread that has none.
    next_number: AtomicU32,
}

#[derive(Debug)]
struct Lane<T> {
    queue: BoundedQueue<T>,
    dropped: Cell,
}

thread_local! {
    /// This thread's number, by which it finds its lane; of every relay.
    static NUMBER: std::cell::Cell<u32> = const { std::cell::Cell::new(u32::MAX) };
}

impl<T> Relay<T> {
    /// A relay of so many lanes for `capacity` items each, that calls the
    /// collector when there are `batch` in one.
    ///
    /// # Panics
    ///
    /// If `lanes` or `capacity` is zero.
    pub fn new(lanes: usize, capacity: usize, batch: usize) -> Self {
        assert!(lanes > 0, "a relay has lanes");
        let lane = || {
            CachePadded::new(Lane {
                queue: BoundedQueue::new(capacity),
                dropped: Cell::default(),
            })
        };
        Self {
            lanes: (0..lanes).map(|_| lane()).collect(),
            batch: batch.clamp(1, capacity),
            is_called: CachePadded::new(AtomicU32::new(0)),
            next_number: AtomicU32::new(0),
        }
    }

    /// Takes `item`, or counts it as dropped. Never waits. Says whether the
    /// collector is to be called now, by who has pushed.
    #[must_use = "a full batch waits for the collector to be called"]
    pub fn push(&self, item: T) -> bool {
        let lane = self.lane();
        if lane.queue.push(item).is_err() {
            Anyone::add(&lane.dropped, 1);
        }
        lane.queue.len() >= self.batch && self.is_first_to_call()
    }

    /// Hands everything over that was pushed before, and some of what comes
    /// meanwhile. For one collector at a time.
    pub fn drain(&self, mut take: impl FnMut(T)) {
        if !mutant!("relay.answer_late") {
            self.answer();
        }
        for lane in &self.lanes {
            // No more than was there, or who pushes could keep it busy.
            for _ in 0..lane.queue.capacity() {
                match lane.queue.pop() {
                    Some(item) => take(item),
                    None => break,
                }
            }
        }
        if mutant!("relay.answer_late") {
            self.answer();
        }
    }

    /// Items dropped since it was made.
    pub fn dropped(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.dropped.read()).sum()
    }

    /// Pairs with `answer`.
    fn is_first_to_call(&self) -> bool {
        if mutant!("relay.not_swapped") {
            let before = self.is_called.load(Ordering::Relaxed);
            self.is_called.store(1, Ordering::Release);
            return before == 0;
        }
        self.is_called.swap(1, ordering!("relay.call", Release)) == 0
    }

    /// Synchronises with every call before it.
    fn answer(&self) {
        self.is_called.swap(0, ordering!("relay.answer", Acquire));
    }

    fn lane(&self) -> &Lane<T> {
        // It has no destructor, but loom's.
        let number = NUMBER.try_with(|number| {
            if number.get() == u32::MAX {
                number.set(self.next_number.fetch_add(1, Ordering::Relaxed));
            }
            number.get()
        });
        &self.lanes[number.unwrap_or_default() as usize % self.lanes.len()]
    }
}
