//! How many spans there were, and are.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::per_thread::PerThread;

/// Counts of spans, each thread's by itself.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    own: PerThread<CachePadded<Counts>>,
    /// Of threads that were about to end.
    ending: CachePadded<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    opened: BySampling,
    resampled: BySampling,
    closed: BySampling,
}

/// Of the spans that are not sampled, and of those that are.
type BySampling = [AtomicU64; 2];

/// The sums of all threads' counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans {
    /// Started, to be sent.
    pub(crate) sampled: u64,
    /// Started, and not sampled.
    pub(crate) unsampled: u64,
    /// Sampled since they have the parent that they were given later.
    pub(crate) now_sampled: u64,
    /// Sampled until then.
    pub(crate) now_unsampled: u64,
    /// Ended, of those sampled in the end.
    pub(crate) sampled_closed: u64,
    /// Ended, of the others.
    pub(crate) unsampled_closed: u64,
}

impl Spans {
    /// Sampled, started and not ended.
    pub(crate) fn live(&self) -> u64 {
        // One thread's start may be seen after another's end of the same span.
        let sampled = self.sampled + self.now_sampled;
        sampled.saturating_sub(self.now_unsampled + self.sampled_closed)
    }

    /// Started and not ended.
    pub(crate) fn open(&self) -> u64 {
        let unsampled = self.unsampled + self.now_unsampled;
        self.live() + unsampled.saturating_sub(self.now_sampled + self.unsampled_closed)
    }
}

impl Tally {
    pub(crate) fn opened(&self, is_sampled: bool) {
        self.bump(|counts| &counts.opened[usize::from(is_sampled)]);
    }

    /// An open span is sampled now, or no more. It has started once all the same.
    pub(crate) fn resampled(&self, is_sampled: bool) {
        self.bump(|counts| &counts.resampled[usize::from(is_sampled)]);
    }

    pub(crate) fn closed(&self, is_sampled: bool) {
        self.bump(|counts| &counts.closed[usize::from(is_sampled)]);
    }

    pub(crate) fn sums(&self) -> Spans {
        let mut sums = Spans::default();
        for counts in self.own.all().chain([&self.ending]) {
            let read = |both: &BySampling| both.each_ref().map(|it| it.load(Ordering::Relaxed));
            let [unsampled, sampled] = read(&counts.opened);
            sums.unsampled += unsampled;
            sums.sampled += sampled;
            let [unsampled, sampled] = read(&counts.resampled);
            sums.now_unsampled += unsampled;
            sums.now_sampled += sampled;
            let [unsampled, sampled] = read(&counts.closed);
            sums.unsampled_closed += unsampled;
            sums.sampled_closed += sampled;
        }
        sums
    }

    fn bump(&self, count: impl FnOnce(&Counts) -> &AtomicU64) {
        if let Some(counts) = self.own.get() {
            // Nobody else writes to it.
            let count = count(counts);
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            count(&self.ending).fetch_add(1, Ordering::Relaxed);
        }
    }
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
