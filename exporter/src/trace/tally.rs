//! How many spans there were, and are.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use thread_local::ThreadLocal;

/// Counts of spans, each thread's by itself.
#[derive(Debug, Default)]
pub(crate) struct Tally(ThreadLocal<CachePadded<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    sampled: AtomicU64,
    unsampled: AtomicU64,
    sampled_closed: AtomicU64,
    unsampled_closed: AtomicU64,
}

/// The sums of all threads' counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans {
    /// Started, to be sent.
    pub(crate) sampled: u64,
    /// Started, and not sampled.
    pub(crate) unsampled: u64,
    /// Ended, of the sampled.
    pub(crate) sampled_closed: u64,
    /// Ended, of the others.
    pub(crate) unsampled_closed: u64,
}

impl Spans {
    /// Sampled, started and not ended.
    pub(crate) fn live(&self) -> u64 {
        // One thread's start may be seen after another's end of the same span.
        self.sampled.saturating_sub(self.sampled_closed)
    }

    /// Started and not ended.
    pub(crate) fn open(&self) -> u64 {
        self.live() + self.unsampled.saturating_sub(self.unsampled_closed)
    }
}

impl Tally {
    pub(crate) fn opened(&self, is_sampled: bool) {
        let counts = self.0.get_or_default();
        bump(if is_sampled {
            &counts.sampled
        } else {
            &counts.unsampled
        });
    }

    pub(crate) fn closed(&self, is_sampled: bool) {
        let counts = self.0.get_or_default();
        bump(if is_sampled {
            &counts.sampled_closed
        } else {
            &counts.unsampled_closed
        });
    }

    pub(crate) fn sums(&self) -> Spans {
        let mut sums = Spans::default();
        for counts in &self.0 {
            sums.sampled += counts.sampled.load(Ordering::Relaxed);
            sums.unsampled += counts.unsampled.load(Ordering::Relaxed);
            sums.sampled_closed += counts.sampled_closed.load(Ordering::Relaxed);
            sums.unsampled_closed += counts.unsampled_closed.load(Ordering::Relaxed);
        }
        sums
    }
}

/// Adds one to a count that only this thread writes.
fn bump(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn every_threads_spans_are_counted() {
        let tally = Tally::default();
        for _ in 0..3 {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for n in 0..1_000 {
                            tally.opened(n % 10 > 0);
                        }
                        (0..899).for_each(|_| tally.closed(true));
                        tally.closed(false);
                    });
                }
            });
        }
        let sums = tally.sums();
        assert_eq!((sums.sampled, sums.unsampled), (10_800, 1_200));
        assert_eq!((sums.live(), sums.open()), (12, 12 + 1_188));
    }
}
