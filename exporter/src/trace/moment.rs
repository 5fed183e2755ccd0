//! The time of spans and events.
//!
//! A reading of the cheap monotonic clock where something happens; the time of
//! day is worked out when it is sent, against one reading of both clocks. So a
//! span's duration is exact, and its end never before its start, whatever is
//! done to the time of day.

use std::time::SystemTime;

use quanta::Clock;

use crate::otlp::unix_nanos;

/// A reading of [`Clock::raw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

/// Both clocks, at one time.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    clock: Clock,
    raw: u64,
    unix_nanos: u64,
}

impl Anchor {
    pub(crate) fn now(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            raw: clock.raw(),
            unix_nanos: unix_nanos(SystemTime::now()),
        }
    }

    /// A clock that counts nanoseconds, and read so much when it was that time.
    #[cfg(test)]
    pub(crate) fn fixed(raw: u64, unix_nanos: u64) -> Self {
        let (clock, _) = Clock::mock();
        Self {
            clock,
            raw,
            unix_nanos,
        }
    }

    /// Nanoseconds since 1970; never 0.
    pub(crate) fn unix_nanos(&self, moment: Moment) -> u64 {
        let nanos = if moment.0 <= self.raw {
            let before = self.clock.delta_as_nanos(moment.0, self.raw);
            self.unix_nanos.saturating_sub(before)
        } else {
            let after = self.clock.delta_as_nanos(self.raw, moment.0);
            self.unix_nanos.saturating_add(after)
        };
        nanos.max(1)
    }
}
