//! The handle that a node's code holds.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use pqcnet_telemetry_core::{
    Counter, Gauge, Histogram, Instrument, RegisterError, Registry, RetiredEpoch, UpDownCounter,
};
use uuid::Uuid;

use crate::accumulate::Accumulator;
use crate::config::TelemetryConfig;
use crate::deliver::Delivery;
use crate::error::TelemetryError;
use crate::flusher::Flusher;
use crate::kem::{KemQueue, KemUsageRecord};
use crate::named;
use crate::otlp::resource::Resource;
use crate::recent::Recent;
use crate::snapshot::{KemEvent, TelemetrySnapshot};

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
    registry: Registry,
    kem: KemQueue,
    unregistered: AtomicU64,
    outbox: Mutex<Outbox>,
}

/// What flushes share, one at a time.
struct Outbox {
    /// The last one; its memory is used again.
    epoch: RetiredEpoch,
    accumulator: Accumulator,
    recent: Recent,
    delivery: Delivery,
    /// Not acknowledged.
    events: VecDeque<KemEvent>,
    /// Since the last successful flush, for its snapshot.
    recent_events: Vec<KemEvent>,
}

impl TelemetryHandle {
    /// Checks `config` and sets up recording. Opens no connection: a collector
    /// that is down shows at the first flush.
    pub fn from_config(config: TelemetryConfig) -> Result<Self, TelemetryError> {
        // Not reused, so a thread's cached names never meet another handle.
        static NEXT: AtomicU64 = AtomicU64::new(0);

        config.validate()?;
        for warning in config.warnings() {
            log::warn!("{warning}");
        }
        if config.endpoint.ends_in_signal() {
            log::warn!(
                "endpoint {}: signal paths are appended to it; without its last two parts, \
                 or as metrics-endpoint, it may be what is meant",
                config.endpoint
            );
        }
        let registry = registry_of(&config);
        let resource = Resource::new(&config.labels, Uuid::new_v4());
        let now = SystemTime::now();
        let accumulator = Accumulator::new(config.temporality, &config.histograms, now);
        let delivery = Delivery::new(&config, &resource);
        Ok(Self {
            shared: Arc::new(Shared {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                registry,
                kem: KemQueue::new(config.kem_capacity),
                unregistered: AtomicU64::new(0),
                outbox: Mutex::new(Outbox {
                    epoch: RetiredEpoch::empty(),
                    accumulator,
                    recent: Recent::new(now),
                    delivery,
                    events: VecDeque::new(),
                    recent_events: Vec::new(),
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
    /// Takes no longer than the configured time-out, and stops no thread that
    /// records; calls from several threads take turns. On an error everything
    /// is kept, and the next flush takes it along: totals come out exact.
    pub fn flush(&self) -> Result<TelemetrySnapshot, TelemetryError> {
        let shared = &*self.shared;
        let mut outbox = shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let outbox = &mut *outbox;

        shared.registry.flush_into(&mut outbox.epoch);
        outbox.accumulator.add(&outbox.epoch);
        outbox.recent.add(&outbox.epoch);
        let known = outbox.events.len();
        shared.kem.drain_into(&mut outbox.events);
        let new_events = outbox.events.range(known..).cloned();
        outbox.recent_events.extend(new_events);
        // Bounded like the queue, however long one signal fails.
        let excess = outbox
            .recent_events
            .len()
            .saturating_sub(shared.config.kem_capacity);
        outbox.recent_events.drain(..excess);

        outbox
            .delivery
            .deliver(&mut outbox.accumulator, &mut outbox.events)?;
        let labels = &shared.config.labels;
        let mut snapshot = outbox.recent.take_snapshot(&outbox.accumulator, labels);
        snapshot.kem_events = std::mem::take(&mut outbox.recent_events);
        snapshot.dropped_kem_events = shared.kem.dropped() + outbox.delivery.dropped_events();
        Ok(snapshot)
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

fn registry_of(config: &TelemetryConfig) -> Registry {
    let mut builder = Registry::builder();
    if let Some(series) = config.counter_capacity {
        builder = builder.counter_capacity(series);
    }
    if let Some(series) = config.gauge_capacity {
        builder = builder.gauge_capacity(series);
    }
    if let Some(series) = config.histogram_capacity {
        builder = builder.histogram_capacity(series);
    }
    if let Some(series) = config.cardinality_limit {
        builder = builder.cardinality_limit(series);
    }
    builder.build()
}
