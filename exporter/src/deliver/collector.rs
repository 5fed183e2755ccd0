//! Takes spans and log records from the threads that make them to the lanes.
//!
//! On a thread of its own, as a lane may wait for its receiver: when a thread
//! has made a full batch, at the interval of each of the two, and with every
//! flush.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::backlog::Backlog;
use super::worker::Waker;
use crate::config::FOREVER;
use crate::trace::event::LogRecord;
use crate::trace::hub::Hub;
use crate::trace::own_thread;
use crate::trace::span::SpanRecord;

/// Collecting, until it is dropped.
pub(crate) struct Collector {
    shared: Arc<Shared>,
    thread: Thread,
}

/// Where to.
pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) spans: Arc<Mutex<Backlog<Box<SpanRecord>>>>,
    pub(crate) records: Arc<Mutex<Backlog<LogRecord>>>,
    pub(crate) wakers: Vec<Waker>,
    pub(crate) is_ended: AtomicBool,
}

impl Collector {
    /// # Panics
    ///
    /// If the operating system starts no thread.
    pub(crate) fn spawn(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let own = Arc::clone(&shared);
        let handle = thread::Builder::new()
            .name("pqcnet-spans".into())
            .spawn(move || own.run())
            .expect("the system starts threads");
        Self {
            thread: handle.thread().clone(),
            shared,
        }
    }

    /// Takes all there is to the lanes.
    pub(crate) fn collect(&self) {
        self.shared.collect();
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // A flag that stands for itself; it is looked at again after unparking.
        self.shared.is_ended.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

impl Shared {
    fn collect(&self) {
        // Held until all is there: who comes meanwhile, such as a flush, would
        // find neither the relays nor the backlogs to have it.
        let mut spans = lock(&self.spans);
        let mut records = lock(&self.records);
        let collected = self.hub.collect();
        if collected.is_empty() {
            return;
        }
        spans.extend(collected.spans);
        records.extend(collected.records);
        drop((spans, records));
        self.wakers.iter().for_each(Waker::wake);
    }

    fn run(&self) {
        own_thread::declare();
        self.hub.attend();
        let interval = self.interval();
        while !self.is_ended.load(Ordering::Relaxed) {
            // First of all, as nobody could be called before.
            self.collect();
            thread::park_timeout(interval);
        }
    }

    /// The shorter of the two: what is there goes along.
    fn interval(&self) -> Duration {
        let spans = self.hub.traces.interval;
        let records = &self.hub.log_records;
        let records = if records.is_on {
            records.interval
        } else {
            FOREVER
        };
        spans.min(records).min(FOREVER)
    }
}

fn lock<T>(backlog: &Mutex<Backlog<T>>) -> MutexGuard<'_, Backlog<T>> {
    backlog.lock().unwrap_or_else(PoisonError::into_inner)
}
