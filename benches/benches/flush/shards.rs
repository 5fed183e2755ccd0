//! As many live shards as asked for, each recording the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

/// Records into one shard: that of the calling thread.
pub(crate) type Record = Arc<dyn Fn() + Send + Sync>;

/// Threads that hold a shard each and record when told to; the first shard is
/// the caller's own.
pub(crate) struct Shards {
    record: Record,
    turn: Arc<Barrier>,
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Shards {
    /// Calls `everything` in each shard, once.
    pub(crate) fn new(shards: usize, everything: &Record, record: Record) -> Self {
        let turn = Arc::new(Barrier::new(shards));
        let is_over = Arc::new(AtomicBool::new(false));
        let threads = (1..shards).map(|_| {
            let (turn, is_over) = (Arc::clone(&turn), Arc::clone(&is_over));
            let (everything, record) = (Arc::clone(everything), Arc::clone(&record));
            thread::spawn(move || {
                everything();
                turn.wait();
                loop {
                    turn.wait();
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    record();
                    turn.wait();
                }
            })
        });
        let threads = threads.collect();
        everything();
        turn.wait();
        Self {
            record,
            turn,
            is_over,
            threads,
        }
    }

    /// Records in every shard; returns when all have.
    pub(crate) fn record(&self) {
        self.turn.wait();
        (self.record)();
        self.turn.wait();
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        // The barrier that follows orders it.
        self.is_over.store(true, Ordering::Relaxed);
        self.turn.wait();
        for thread in self.threads.drain(..) {
            thread.join().expect("records don't panic");
        }
    }
}
