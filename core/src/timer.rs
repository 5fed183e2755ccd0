//! A guard that records how long it lived.

use std::sync::OnceLock;

use quanta::Clock;

use crate::histogram::Histogram;

/// The unit a timer records in, read off the series' unit and decimals once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    /// 10^-n seconds.
    Decimals(u8),
}

impl TimeUnit {
    pub(crate) fn of(unit: &str, decimals: u8) -> Self {
        let places = match unit {
            "s" => 0,
            "ms" => 3,
            "us" => 6,
            "ns" => 9,
            _ => return Self::Nanoseconds,
        };
        match places + decimals {
            0 => Self::Seconds,
            3 => Self::Milliseconds,
            6 => Self::Microseconds,
            9 => Self::Nanoseconds,
            other => Self::Decimals(other),
        }
    }

    /// Whole units in `nanos`, rounded down, and at most `u64::MAX`.
    #[inline]
    pub(crate) fn of_nanos(self, nanos: u64) -> u64 {
        match self {
            Self::Nanoseconds => nanos,
            Self::Microseconds => nanos / 1_000,
            Self::Milliseconds => nanos / 1_000_000,
            Self::Seconds => nanos / 1_000_000_000,
            Self::Decimals(places @ ..=9) => nanos / 10_u64.pow(u32::from(9 - places)),
            Self::Decimals(places) => {
                nanos.saturating_mul(10_u64.saturating_pow(u32::from(places - 9)))
            }
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
        for (unit, decimals, expected) in [
            ("s", 0, 2),
            ("ms", 0, 2_500),
            ("s", 3, 2_500),
            ("us", 0, 2_500_000),
            ("ms", 3, 2_500_000),
            ("s", 6, 2_500_000),
            ("ns", 0, 2_500_000_001),
            ("us", 3, 2_500_000_001),
            ("s", 9, 2_500_000_001),
            ("", 0, 2_500_000_001),
            ("{step}", 2, 2_500_000_001),
            ("s", 1, 25),
            ("s", 7, 25_000_000),
            ("us", 6, 2_500_000_001_000),
            ("ns", 9, 2_500_000_001_000_000_000),
        ] {
            let unit = TimeUnit::of(unit, decimals);
            assert_eq!(unit.of_nanos(2_500_000_001), expected);
        }
    }
}
