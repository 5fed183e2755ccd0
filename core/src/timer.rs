//! A guard that records how long it lived.

use std::sync::OnceLock;

use quanta::Clock;

use crate::histogram::Histogram;

/// The unit a timer records in, read off the series' unit once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

impl TimeUnit {
    pub(crate) fn of(unit: &str) -> Self {
        match unit {
            "us" => Self::Microseconds,
            "ms" => Self::Milliseconds,
            "s" => Self::Seconds,
            _ => Self::Nanoseconds,
        }
    }

    /// Whole units in `nanos`, rounded down.
    #[inline]
    pub(crate) fn of_nanos(self, nanos: u64) -> u64 {
        match self {
            Self::Nanoseconds => nanos,
            Self::Microseconds => nanos / 1_000,
            Self::Milliseconds => nanos / 1_000_000,
            Self::Seconds => nanos / 1_000_000_000,
        }
    }
}

/// The time-stamp counter where the machine has a steady one (about 10 ns a
/// reading), the operating system's monotonic clock elsewhere.
fn clock() -> &'static Clock {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    CLOCK.get_or_init(Clock::new)
}

/// Records the time from its making to its drop into a histogram, also when a
/// panic unwinds past it.
///
/// Made by [`Histogram::start_timer`]. Not to be held across a wait for
/// something that isn't to be measured; [`discard`](Self::discard) gives it up.
#[derive(Debug)]
#[must_use = "a timer that is dropped at once measures nothing"]
pub struct Timer<'a> {
    histogram: &'a Histogram,
    started: u64,
}

impl<'a> Timer<'a> {
    #[inline]
    pub(crate) fn start(histogram: &'a Histogram) -> Self {
        Self {
            histogram,
            started: clock().raw(),
        }
    }

    /// Calibrates the process's clock now, which takes up to 200 ms once,
    /// instead of at the first timer.
    pub fn calibrate() {
        clock();
    }

    /// Records now, and returns the time recorded, in the series' unit.
    #[inline]
    pub fn stop(self) -> u64 {
        let elapsed = self.elapsed();
        self.histogram.record(elapsed);
        std::mem::forget(self);
        elapsed
    }

    /// Records nothing.
    pub fn discard(self) {
        std::mem::forget(self);
    }

    #[inline]
    fn elapsed(&self) -> u64 {
        let clock = clock();
        let nanos = clock.delta_as_nanos(self.started, clock.raw());
        self.histogram.time_unit().of_nanos(nanos)
    }
}

impl Drop for Timer<'_> {
    #[inline]
    fn drop(&mut self) {
        self.histogram.record(self.elapsed());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn units_divide_nanoseconds() {
        for (unit, expected) in [
            ("s", 2),
            ("ms", 2_500),
            ("us", 2_500_000),
            ("ns", 2_500_000_001),
            ("", 2_500_000_001),
        ] {
            assert_eq!(TimeUnit::of(unit).of_nanos(2_500_000_001), expected);
        }
    }
}
