//! The [`metrics`] crate's macros, recorded by this core: every library that
//! calls `metrics::counter!` shows up beside the node's own series.
//!
//! ```no_run
//! use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};
//!
//! let telemetry = TelemetryHandle::from_config(TelemetryConfig::new("http://localhost:4318"))?;
//! telemetry.install_metrics_recorder()?;
//! let _flusher = telemetry.spawn_flusher();
//!
//! metrics::counter!("requests_total", "route" => "/login").increment(1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What becomes of what
//!
//! | `metrics` | here |
//! |---|---|
//! | counter | a counter; `absolute` adds what the value exceeds the highest one before by |
//! | gauge | a gauge, as of the flush; one that was never set is not reported |
//! | histogram | a histogram of so many decimals of its unit; see [`Resolution`] |
//! | unit, description | the same, if `describe_*` comes first; a longer description is taken over later |
//! | labels | attributes; of a key given twice the last; past the cardinality limit the overflow series |
//! | name | the same, with `_` for what OpenTelemetry does not allow in names, and `m_` in front where it does not start with a letter |
//!
//! What can't be recorded (another kind's name, no slot left, not a number) is
//! dropped, counted by reason ([`MetricsRecorder::dropped`], and the self-metric
//! `pqcnet.telemetry.facade.dropped`), and said once a name, as a warning.
//!
//! # What it costs
//!
//! A handle that is kept records like one of this library's own, behind the one
//! dynamic call that `metrics` makes. A macro looks its handle up each time: in
//! a table of the thread's own, without lock or allocation. What is not in there
//! is found behind a read lock, and registered behind a write lock once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::{Key, KeyName, Metadata, Recorder, SharedString, Unit};
use pqcnet_telemetry_core::Registry;

mod cache;
mod counter;
mod drops;
mod error;
mod gauge;
mod histogram;
mod name;
mod resolution;
mod series;
mod table;
mod unit;

pub use drops::Dropped;
pub use error::FacadeError;
pub use resolution::{Matcher, Resolution};

use counter::CounterSeries;
use drops::Drops;
use gauge::GaugeSeries;
use histogram::HistogramSeries;
use resolution::Rules;
use series::{Handle, Series};
use table::Table;

/// What all recorders of one telemetry handle share.
pub(crate) struct Facade {
    /// Not used again, so a thread's cached handles never meet another facade.
    id: u64,
    counters: Table<CounterSeries>,
    gauges: Table<GaugeSeries>,
    histograms: Table<HistogramSeries>,
    drops: Arc<Drops>,
}

impl Facade {
    /// Records into `registry`, and counts what is dropped there too if
    /// `has_self_metrics`.
    pub(crate) fn new(registry: &Registry, has_self_metrics: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let drops = Arc::new(Drops::new(has_self_metrics.then_some(registry)));
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            counters: Table::new(registry, &drops),
            gauges: Table::new(registry, &drops),
            histograms: Table::new(registry, &drops),
            drops,
        }
    }

    /// Brings the gauges that were recorded into to the registry; before each
    /// flush. O(gauges).
    pub(crate) fn settle_gauges(&self) {
        self.gauges.settle();
    }

    fn forget_unused(&self, now: Instant, idle: Duration) {
        self.counters.forget_unused(now, idle);
        self.gauges.forget_unused(now, idle);
        self.histograms.forget_unused(now, idle);
    }
}

/// Records what the macros of [`metrics`] are told into a telemetry handle's
/// registry.
///
/// Made by [`TelemetryHandle::metrics_recorder`]. Clones, and recorders of one
/// handle, are the same but for their resolutions. It holds the registry, not
/// the handle: what is recorded after the handle was shut down goes nowhere.
///
/// [`TelemetryHandle::metrics_recorder`]: crate::TelemetryHandle::metrics_recorder
#[derive(Clone)]
pub struct MetricsRecorder {
    facade: Arc<Facade>,
    rules: Rules,
}

impl MetricsRecorder {
    pub(crate) fn new(facade: Arc<Facade>) -> Self {
        Self {
            facade,
            rules: Rules::default(),
        }
    }

    /// Histograms whose name `matcher` matches are recorded with `resolution`,
    /// instead of their unit's. Of several matchers the one given first
    /// decides; of several recorders, the one that registers the histogram.
    ///
    /// Fails with [`FacadeError::InvalidResolution`].
    pub fn with_resolution(
        mut self,
        matcher: Matcher,
        resolution: Resolution,
    ) -> Result<Self, FacadeError> {
        self.rules.add(matcher, resolution)?;
        Ok(self)
    }

    /// Makes this the recorder of the whole process, for good.
    ///
    /// Fails with [`FacadeError::AlreadyInstalled`] where there is one, of
    /// whatever kind: `metrics` takes one in a process's life.
    pub fn install(self) -> Result<(), FacadeError> {
        metrics::set_global_recorder(self).map_err(|_| FacadeError::AlreadyInstalled)
    }

    /// What was dropped since the telemetry handle was made.
    pub fn dropped(&self) -> Dropped {
        self.facade.drops.read()
    }

    /// Forgets the handles that nobody holds and no macro has asked for in
    /// `idle`, so that the registry can give their slots away.
    ///
    /// To be called at intervals: a call sees what was used since the one
    /// before, so a handle is forgotten at the second call after its last use
    /// at the earliest. A gauge that was forgotten starts from zero, and a
    /// counter adds its next `absolute` value in full; so `idle` must be no
    /// shorter than it takes the registry to end an idle series. O(series).
    pub fn forget_unused(&self, idle: Duration) {
        self.facade.forget_unused(Instant::now(), idle);
    }

    fn handle<S: Series>(&self, table: &Table<S>, key: &Key) -> Option<Arc<Handle<S>>> {
        cache::find(self.facade.id, key)
            .or_else(|| table.find_or_register(self.facade.id, key, &self.rules))
    }
}

impl Recorder for MetricsRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.facade
            .counters
            .describe(name.as_str(), unit, &description);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.facade
            .gauges
            .describe(name.as_str(), unit, &description);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.facade
            .histograms
            .describe(name.as_str(), unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.handle(&self.facade.counters, key)
            .map_or(metrics::Counter::noop(), metrics::Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.handle(&self.facade.gauges, key)
            .map_or(metrics::Gauge::noop(), metrics::Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.handle(&self.facade.histograms, key)
            .map_or(metrics::Histogram::noop(), metrics::Histogram::from_arc)
    }
}

impl fmt::Debug for MetricsRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsRecorder")
            .field("rules", &self.rules)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
