//! What the facade does not take, by reason: counted, and said once a name.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use pqcnet_telemetry_core::{Counter, Instrument, RegisterError, Registry};

/// Why something was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    InvalidName,
    InvalidLabel,
    Conflict,
    NoRoom,
    LateUnit,
    Value,
}

impl Reason {
    const ALL: [Self; 6] = [
        Self::InvalidName,
        Self::InvalidLabel,
        Self::Conflict,
        Self::NoRoom,
        Self::LateUnit,
        Self::Value,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidName => "invalid-name",
            Self::InvalidLabel => "invalid-label",
            Self::Conflict => "conflict",
            Self::NoRoom => "no-room",
            Self::LateUnit => "late-unit",
            Self::Value => "value",
        }
    }
}

/// What a [`MetricsRecorder`](super::MetricsRecorder) has dropped.
///
/// Where a macro got no handle, what it records goes nowhere: each such call of
/// a macro counts, not each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Handles and descriptions whose name is empty, or longer than 255
    /// characters.
    pub invalid_names: u64,
    /// Handles with a label that has no key.
    pub invalid_labels: u64,
    /// Handles whose name another kind has; the first one keeps it.
    pub conflicts: u64,
    /// Handles that found the registry full, or that were asked for while it
    /// was registering on the same thread; descriptions past 16,384 a kind.
    pub no_room: u64,
    /// Units described after the first record, or that differ from the first
    /// one described; the description was kept.
    pub late_units: u64,
    /// Values of histograms that were negative or not a number.
    pub values: u64,
}

/// How many pairs of reason and name are remembered as warned of.
const WARNED: usize = 1_024;

/// The counts.
pub(super) struct Drops {
    counts: [AtomicU64; Reason::ALL.len()],
    warned: Mutex<HashSet<(Reason, Box<str>), RandomState>>,
    metrics: Option<[Counter; Reason::ALL.len()]>,
}

impl Drops {
    /// Counts in `registry` too, if there is one.
    pub(super) fn new(registry: Option<&Registry>) -> Self {
        let metrics = registry.and_then(|registry| {
            let registered = register(registry);
            registered
                .inspect_err(|error| log::warn!("no self-metrics of the facade: {error}"))
                .ok()
        });
        Self {
            counts: Default::default(),
            warned: Mutex::default(),
            metrics,
        }
    }

    /// Counts, and warns if it is the first time for this name. Not to be called
    /// with a lock held, as the logger may use the macros.
    pub(super) fn note(&self, reason: Reason, name: &str, what: &dyn Display) {
        self.count(reason, 1);
        let is_first = {
            let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
            warned.len() < WARNED && warned.insert((reason, name.into()))
        };
        if is_first {
            log::warn!("metric {name:?}: {what}");
        }
    }

    /// Relaxed: a statistic, by which nothing is ordered.
    pub(super) fn count(&self, reason: Reason, n: u64) {
        self.counts[reason as usize].fetch_add(n, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            metrics[reason as usize].add(n);
        }
    }

    pub(super) fn read(&self) -> Dropped {
        let count = |reason: Reason| self.counts[reason as usize].load(Ordering::Relaxed);
        Dropped {
            invalid_names: count(Reason::InvalidName),
            invalid_labels: count(Reason::InvalidLabel),
            conflicts: count(Reason::Conflict),
            no_room: count(Reason::NoRoom),
            late_units: count(Reason::LateUnit),
            values: count(Reason::Value),
        }
    }
}

/// One counter for each reason, in the order of [`Reason::ALL`].
fn register(registry: &Registry) -> Result<[Counter; Reason::ALL.len()], RegisterError> {
    let dropped = registry.counter(
        Instrument::new("pqcnet.telemetry.facade.dropped")
            .unit("{drop}")
            .description("Handles, units and values that the metrics facade did not take"),
    )?;
    let mut counters = Reason::ALL.map(|_| dropped.clone());
    for (counter, reason) in counters.iter_mut().zip(Reason::ALL) {
        *counter = dropped.bind(&[("error.type", reason.as_str())])?;
    }
    Ok(counters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_the_order_of_their_numbers() {
        for (number, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
        }
    }

    #[test]
    fn names_that_were_warned_of_are_remembered_up_to_a_bound() {
        let drops = Drops::new(None);
        for number in 0..2 * WARNED {
            drops.note(Reason::NoRoom, &number.to_string(), &"dropped");
        }
        assert_eq!(drops.warned.lock().unwrap().len(), WARNED);
        assert_eq!(drops.read().no_room, 2 * WARNED as u64);
    }
}
