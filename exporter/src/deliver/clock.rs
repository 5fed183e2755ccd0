//! What time it is, and waiting.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The machine's clock, or one that jumps over every wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Option<SimulatedClock>);

/// A clock for tests: it stands still until something waits for a moment, and
/// is then at that moment.
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    start: (Instant, SystemTime),
    elapsed: Arc<Mutex<Duration>>,
}

impl Default for SimulatedClock {
    fn default() -> Self {
        Self {
            start: (Instant::now(), SystemTime::now()),
            elapsed: Arc::default(),
        }
    }
}

impl SimulatedClock {
    /// A clock at the present time.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time that was jumped over.
    pub fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of day, for a peer that sends dates.
    pub fn wall(&self) -> SystemTime {
        self.start.1 + self.elapsed()
    }

    fn advance_to(&self, moment: Instant) {
        let mut elapsed = self.elapsed.lock().unwrap_or_else(PoisonError::into_inner);
        *elapsed = (*elapsed).max(moment.saturating_duration_since(self.start.0));
    }
}

impl Clock {
    pub(crate) fn simulated(clock: &SimulatedClock) -> Self {
        Self(Some(clock.clone()))
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.0 {
            None => Instant::now(),
            Some(clock) => clock.start.0 + clock.elapsed(),
        }
    }

    pub(crate) fn wall(&self) -> SystemTime {
        self.0
            .as_ref()
            .map_or_else(SystemTime::now, SimulatedClock::wall)
    }

    /// Waits for a notification, or for the moment.
    pub(crate) fn wait<'a, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        moment: Instant,
    ) -> MutexGuard<'a, T> {
        match &self.0 {
            None => {
                let rest = moment.saturating_duration_since(Instant::now());
                let waited = condvar.wait_timeout(guard, rest);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            Some(clock) => {
                clock.advance_to(moment);
                guard
            }
        }
    }
}
