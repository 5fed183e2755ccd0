//! The handle that a node's code holds.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pqcnet_telemetry_core::{
    Counter, Gauge, Histogram, Instrument, RegisterError, Registry, RetiredEpoch, UpDownCounter,
};
use uuid::Uuid;

use crate::config::{Destination, FOREVER, TelemetryConfig};
use crate::deliver::{Clock, Delivery, DeliveryReport, SimulatedClock};
use crate::error::TelemetryError;
use crate::flusher::Flusher;
use crate::kem::{KemQueue, KemUsageRecord};
use crate::named;
use crate::otlp::resource::Resource;
use crate::recent::Recent;
use crate::self_metrics::{self, SelfMetrics};
use crate::snapshot::{KemEvent, TelemetrySnapshot};
use crate::spool::{DeadLetter, SpoolError};

/// Records metrics and KEM events, and delivers them on [`flush`](Self::flush).
///
/// Cloning it gives another handle to the same telemetry. Recording never
/// waits for a flush, and so never for the network.
#[derive(Clone)]
pub struct TelemetryHandle {
    shared: Arc<Shared>,
}

struct Shared {
    id: u64,
    config: TelemetryConfig,
    destinations: Vec<Destination>,
    resource: Resource,
    created: SystemTime,
    clock: Clock,
    registry: Registry,
    metrics: Option<SelfMetrics>,
    kem: KemQueue,
    unregistered: AtomicU64,
    /// Held by one flush at a time, while it waits too.
    turn: Mutex<()>,
    /// Held while nothing waits.
    outbox: Mutex<Outbox>,
}

/// What flushes share.
struct Outbox {
    /// The last one; its memory is used again.
    epoch: RetiredEpoch,
    recent: Recent,
    /// Since the last successful flush, for its snapshot.
    recent_events: Vec<KemEvent>,
    /// Events that found the queue full, as of the last cut.
    dropped: u64,
    delivery: Lifecycle,
}

/// Delivery starts with the first flush, so that a process may fork before it.
enum Lifecycle {
    NotStarted,
    Running {
        delivery: Arc<Delivery>,
        /// Threads don't outlive a fork: a child starts its own.
        process: u32,
    },
    Ending(Arc<Delivery>),
    ShutDown(DeliveryReport),
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        if let Self::Running { delivery, process } = self
            && *process != std::process::id()
        {
            // The parent's: its locks may be held by threads that don't exist
            // here, and its spool is not ours to close.
            std::mem::forget(Arc::clone(delivery));
        }
    }
}

impl TelemetryHandle {
    /// Checks `config` and sets up recording. Opens no connection and no spool:
    /// a collector that is down shows at the first flush.
    pub fn from_config(config: TelemetryConfig) -> Result<Self, TelemetryError> {
        Self::new(config, Clock::default())
    }

    /// A handle whose delivery waits on `clock`; for tests.
    #[doc(hidden)]
    pub fn simulated(
        config: TelemetryConfig,
        clock: &SimulatedClock,
    ) -> Result<Self, TelemetryError> {
        Self::new(config, Clock::simulated(clock))
    }

    fn new(config: TelemetryConfig, clock: Clock) -> Result<Self, TelemetryError> {
        // Not reused, so a thread's cached names never meet another handle.
        static NEXT: AtomicU64 = AtomicU64::new(0);

        config.validate()?;
        for warning in config.warnings() {
            log::warn!("{warning}");
        }
        for (key, endpoint) in config.base_endpoints() {
            if endpoint.ends_in_signal() {
                log::warn!(
                    "{key} {endpoint}: signal paths are appended to it; without its last two \
                     parts, or as a signal's own endpoint, it may be what is meant"
                );
            }
        }
        let destinations = if config.is_disabled {
            Vec::new()
        } else {
            config.destinations()?
        };
        let registry = registry_of(&config);
        let metrics = self_metrics(&config, &registry);
        let own = metrics.as_ref().map_or(0, SelfMetrics::instruments);
        Ok(Self {
            shared: Arc::new(Shared {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                destinations,
                resource: Resource::new(&config.labels, Uuid::new_v4()),
                created: SystemTime::now(),
                clock,
                registry,
                metrics,
                kem: KemQueue::new(config.kem_capacity),
                unregistered: AtomicU64::new(0),
                turn: Mutex::new(()),
                outbox: Mutex::new(Outbox {
                    epoch: RetiredEpoch::empty(),
                    recent: Recent::new(SystemTime::now(), own),
                    recent_events: Vec::new(),
                    dropped: 0,
                    delivery: Lifecycle::NotStarted,
                }),
                config,
            }),
        })
    }

    /// Adds `n` to the counter of this name, registering it at first.
    ///
    /// Fails where the name is no instrument name, is taken by another kind,
    /// or finds no slot, and with [`TelemetryError::CounterOverflow`] where
    /// this epoch's count would pass `u64::MAX`; then the value stays as it
    /// was. Hot paths keep the handle that [`counter`](Self::counter) gives.
    pub fn record_counter(&self, name: &str, n: u64) -> Result<(), TelemetryError> {
        let shared = &*self.shared;
        named::with_counter(shared.id, &shared.registry, name, |counter| {
            counter.try_add(n)
        })?
        .map_err(|_| TelemetryError::CounterOverflow(name.into()))
    }

    /// Records a latency into the histogram of this name, in milliseconds.
    ///
    /// A name that can't be registered is counted; see
    /// [`unregistered`](Self::unregistered).
    pub fn record_latency_ms(&self, name: &str, milliseconds: u64) {
        let shared = &*self.shared;
        let recorded = named::with_latency(shared.id, &shared.registry, name, |histogram| {
            histogram.record(milliseconds);
        });
        if let Err(error) = recorded {
            // A statistic: nothing is ordered by it.
            if shared.unregistered.fetch_add(1, Ordering::Relaxed) == 0 {
                log::warn!("a latency is not recorded: {error}");
            }
        }
    }

    /// Takes down a KEM event, to be delivered with the next flush. Lock-free;
    /// dropped, and counted, where `kem-capacity` events are undelivered.
    pub fn record_kem_event(&self, record: KemUsageRecord) {
        self.shared.kem.push(record);
    }

    /// Registers a counter, for hot paths; see [`Registry::counter`].
    pub fn counter(&self, instrument: impl Into<Instrument>) -> Result<Counter, RegisterError> {
        self.shared.registry.counter(instrument)
    }

    /// Registers an up-down counter.
    pub fn up_down_counter(
        &self,
        instrument: impl Into<Instrument>,
    ) -> Result<UpDownCounter, RegisterError> {
        self.shared.registry.up_down_counter(instrument)
    }

    /// Registers a gauge.
    pub fn gauge(&self, instrument: impl Into<Instrument>) -> Result<Gauge, RegisterError> {
        self.shared.registry.gauge(instrument)
    }

    /// Registers a histogram.
    pub fn histogram(&self, instrument: impl Into<Instrument>) -> Result<Histogram, RegisterError> {
        self.shared.registry.histogram(instrument)
    }

    /// The registry behind this handle, for families, local handles and the
    /// like. Its `flush` is this handle's to call: an epoch taken elsewhere is
    /// not delivered.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// Cuts an epoch, delivers all that is undelivered, and returns what was
    /// recorded since the last successful flush.
    ///
    /// Waits until every destination has everything, or has stopped after a
    /// failure, and no longer than the configured time-out; stops no thread
    /// that records. Calls from several threads take turns. On an error
    /// everything is kept that is not refused for good
    /// ([`ExportError::report`](crate::ExportError::report) says what is what):
    /// delivery is tried again after a backoff, and the next flush takes all of
    /// it along. Totals come out exact.
    pub fn flush(&self) -> Result<TelemetrySnapshot, TelemetryError> {
        let shared = &*self.shared;
        let _turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (delivery, pending) = {
            let mut outbox = shared.outbox();
            let delivery = shared.running(&mut outbox)?;
            shared.cut(&mut outbox, &delivery, delivery.room());
            let pending = delivery.offer(&outbox.epoch);
            (delivery, pending)
        };
        let report = delivery.wait_for(pending, shared.kem.dropped())?;
        let mut outbox = shared.outbox();
        let mut snapshot = outbox.recent.take_snapshot(&shared.config.labels);
        snapshot.kem_events = std::mem::take(&mut outbox.recent_events);
        let dropped = shared.kem.dropped();
        snapshot.dropped_kem_events = delivery.report(dropped).all_dropped_events();
        snapshot.delivery = report;
        Ok(snapshot)
    }

    /// Cuts a last epoch, delivers what it can within `timeout`, and ends
    /// delivery. Says what became of everything since the handle was made.
    ///
    /// Unlike a flush it tries again after failures, for as long as there is
    /// time. What is left then is in the spool, if there is one, or counted as
    /// dropped. Recording goes on, to nowhere; later flushes fail with
    /// [`TelemetryError::ShutDown`], and a later call returns the same report.
    pub fn shutdown(&self, timeout: Duration) -> DeliveryReport {
        let shared = &*self.shared;
        let deadline = Instant::now() + timeout.min(FOREVER);
        let mut outbox = shared.outbox();
        let Ok(delivery) = shared.running(&mut outbox) else {
            return shared.report(&outbox);
        };
        // There is no later flush for those that find no room.
        shared.cut(&mut outbox, &delivery, shared.config.kem_capacity);
        delivery.offer(&outbox.epoch);
        outbox.delivery = Lifecycle::Ending(Arc::clone(&delivery));
        drop(outbox);
        let report = delivery.shut_down(deadline, shared.kem.dropped());
        shared.outbox().delivery = Lifecycle::ShutDown(report.clone());
        report
    }

    /// What became of everything that was to be delivered, since the handle was
    /// made.
    pub fn delivery_report(&self) -> DeliveryReport {
        self.shared.report(&self.shared.outbox())
    }

    /// The KEM events that a receiver has refused for good, from the spool,
    /// oldest first; none without a spool, or before the first flush.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, SpoolError> {
        match &self.shared.outbox().delivery {
            Lifecycle::Running { delivery, .. } => delivery.dead_letters(),
            _ => Ok(Vec::new()),
        }
    }

    /// The interval between flushes that was configured, in milliseconds.
    pub fn flush_interval(&self) -> u64 {
        let interval = self.shared.config.flush_interval();
        u64::try_from(interval.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn interval(&self) -> Duration {
        self.shared.config.flush_interval()
    }

    /// Latencies recorded by name that found no series, since the handle was
    /// made.
    pub fn unregistered(&self) -> u64 {
        self.shared.unregistered.load(Ordering::Relaxed)
    }

    /// Starts a thread that flushes at the configured interval, and a last
    /// time when the returned guard is dropped.
    ///
    /// # Panics
    ///
    /// If the operating system starts no thread, as `std::thread::spawn` does.
    pub fn spawn_flusher(&self) -> Flusher {
        Flusher::spawn(self.clone(), |_| {})
    }

    /// The same, telling `report` what became of each flush.
    ///
    /// # Panics
    ///
    /// If the operating system starts no thread.
    pub fn spawn_flusher_with(
        &self,
        report: impl FnMut(&Result<TelemetrySnapshot, TelemetryError>) + Send + 'static,
    ) -> Flusher {
        Flusher::spawn(self.clone(), report)
    }
}

impl fmt::Debug for TelemetryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryHandle")
            .field("config", &self.shared.config)
            .field("registry", &self.shared.registry)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivery, started if need be.
    fn running(&self, outbox: &mut Outbox) -> Result<Arc<Delivery>, TelemetryError> {
        let here = std::process::id();
        let is_child = match &outbox.delivery {
            Lifecycle::Ending(_) | Lifecycle::ShutDown(_) => {
                return Err(TelemetryError::ShutDown);
            }
            Lifecycle::Running { delivery, process } if *process == here => {
                return Ok(Arc::clone(delivery));
            }
            Lifecycle::Running { .. } => true,
            Lifecycle::NotStarted => false,
        };
        // A child is another instance, whose series begin now.
        let own = is_child.then(|| Resource::new(&self.config.labels, Uuid::new_v4()));
        let start = if is_child {
            SystemTime::now()
        } else {
            self.created
        };
        let delivery = Arc::new(Delivery::start(
            &self.config,
            &self.destinations,
            own.as_ref().unwrap_or(&self.resource),
            &self.clock,
            self.metrics.as_ref(),
            start,
            is_child,
        ));
        let running = Lifecycle::Running {
            delivery: Arc::clone(&delivery),
            process: here,
        };
        if is_child {
            log::info!("forked: delivery starts anew, without the parent's spool");
        }
        outbox.delivery = running;
        Ok(delivery)
    }

    /// Cuts an epoch, and takes the events that were recorded, so many at most.
    fn cut(&self, outbox: &mut Outbox, delivery: &Delivery, most: usize) {
        let start = Instant::now();
        self.registry.flush_into(&mut outbox.epoch);
        outbox.recent.add(&outbox.epoch);
        let events = self.kem.take(most);
        delivery.accept(&events);
        // Bounded like the queue, however long one signal fails.
        outbox.recent_events.extend(events);
        let excess = outbox.recent_events.len();
        let excess = excess.saturating_sub(self.config.kem_capacity);
        outbox.recent_events.drain(..excess);
        if let Some(metrics) = &self.metrics {
            let dropped = self.kem.dropped();
            let news = dropped - std::mem::replace(&mut outbox.dropped, dropped);
            metrics.flushed(&outbox.epoch, news, start.elapsed());
        }
    }

    fn report(&self, outbox: &Outbox) -> DeliveryReport {
        match &outbox.delivery {
            Lifecycle::NotStarted => DeliveryReport::default(),
            Lifecycle::Running { delivery, .. } | Lifecycle::Ending(delivery) => {
                delivery.report(self.kem.dropped())
            }
            Lifecycle::ShutDown(report) => report.clone(),
        }
    }
}

/// They are of use to somebody else than the node; without room for them, the
/// node's own go on.
fn self_metrics(config: &TelemetryConfig, registry: &Registry) -> Option<SelfMetrics> {
    if config.is_disabled || !config.has_self_metrics {
        return None;
    }
    let registered = SelfMetrics::register(registry, config.kem_capacity);
    registered
        .inspect_err(|error| log::warn!("no self-metrics: {error}"))
        .ok()
}

fn registry_of(config: &TelemetryConfig) -> Registry {
    let (counters, histograms) = if config.has_self_metrics {
        (self_metrics::COUNTERS, self_metrics::HISTOGRAMS)
    } else {
        (0, 0)
    };
    let mut builder = Registry::builder();
    if let Some(series) = config.counter_capacity {
        builder = builder.counter_capacity(series.saturating_add(counters));
    }
    if let Some(series) = config.gauge_capacity {
        builder = builder.gauge_capacity(series);
    }
    if let Some(series) = config.histogram_capacity {
        builder = builder.histogram_capacity(series.saturating_add(histograms));
    }
    if let Some(series) = config.cardinality_limit {
        builder = builder.cardinality_limit(series);
    }
    builder.build()
}
