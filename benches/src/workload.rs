//! The same work for ours and for every rival.

use pqcnet_telemetry_core::{Counter, Histogram, Registry, label_set};

/// Values in one pass of a timed loop.
pub const VALUES: usize = 200;

label_set! {
    /// A label of three values.
    pub enum Outcome: "outcome" {
        /// Taken.
        Accepted = "accepted",
        /// Put off.
        Deferred = "deferred",
        /// Sent back.
        Rejected = "rejected",
    }
}

/// From a microsecond to 16 milliseconds in nanoseconds, 5 % apart, in no
/// order.
pub fn values() -> [u64; VALUES] {
    let mut values = [0; VALUES];
    let mut value = 1_000;
    for step in 0..VALUES {
        // 73 and 200 have no common divisor, so every place is filled.
        values[step * 73 % VALUES] = value;
        value += value / 20;
    }
    values
}

/// `distinct` values from a millisecond in nanoseconds, each `ratio` times the
/// one before: from 1.002 on each has an HDR bucket of three digits to itself.
pub fn geometric(distinct: usize, ratio: f64) -> Vec<u64> {
    let values = (0..distinct as i32).map(|step| 1_000_000.0 * ratio.powi(step));
    values.map(|value| value as u64).collect()
}

/// Counters and histograms of ours, recorded into all at once.
#[derive(Clone, Debug)]
pub struct Series {
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

impl Series {
    /// Registers `counter.N` and `histogram.N`.
    ///
    /// # Panics
    ///
    /// If `registry` has no room for them.
    pub fn new(registry: &Registry, counters: usize, histograms: usize) -> Self {
        let counter = |n| registry.counter(format!("counter.{n}"));
        let histogram = |n| registry.histogram(format!("histogram.{n}"));
        let counters = (0..counters).map(|n| counter(n).expect("a new name"));
        let histograms = (0..histograms).map(|n| histogram(n).expect("a new name"));
        Self {
            counters: counters.collect(),
            histograms: histograms.collect(),
        }
    }

    /// Every `step`th of each kind.
    #[must_use]
    pub fn every(&self, step: usize) -> Self {
        Self {
            counters: self.counters.iter().step_by(step).cloned().collect(),
            histograms: self.histograms.iter().step_by(step).cloned().collect(),
        }
    }

    /// All counters.
    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// All histograms.
    pub fn histograms(&self) -> &[Histogram] {
        &self.histograms
    }

    /// Increments every counter, and records `values` into every histogram.
    pub fn record(&self, values: &[u64]) {
        for counter in &self.counters {
            counter.increment();
        }
        for histogram in &self.histograms {
            for value in values {
                histogram.record(*value);
            }
        }
    }
}
