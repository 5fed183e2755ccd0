//! The handle that a node's code holds.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use pqcnet_telemetry_core::{
    Counter, Gauge, Histogram, Instrument, RegisterError, Registry, UpDownCounter,
};

use crate::config::{FOREVER, TelemetryConfig};
use crate::deliver::{Clock, DeliveryReport, SimulatedClock};
use crate::error::TelemetryError;
use crate::flusher::Flusher;
use crate::kem::KemUsageRecord;
use crate::named;
use crate::snapshot::TelemetrySnapshot;
use crate::spool::{DeadLetter, SpoolError};

#[cfg(feature = "process")]
mod process;
#[cfg(feature = "metrics")]
mod recorder;
#[cfg(feature = "prometheus")]
mod scrape;
mod shared;
#[cfg(feature = "tracing")]
mod tracing;

use shared::{Lifecycle, Shared};

/// Records metrics and KEM events, and delivers them on [`flush`](Self::flush).
///
/// Cloning it gives another handle to the same telemetry. Recording never
/// waits for a flush, and so never for the network.
#[derive(Clone)]
pub struct TelemetryHandle {
    shared: Arc<Shared>,
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
        let shared = Arc::new(Shared::new(config, clock)?);
        Ok(Self { shared })
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
            let pending = delivery.offer(&outbox.epoch, true);
            (delivery, pending)
        };
        let report = delivery.wait_for(pending, shared.unqueued())?;
        let mut outbox = shared.outbox();
        let mut snapshot = outbox.recent.take_snapshot(&shared.config.labels);
        snapshot.kem_events = std::mem::take(&mut outbox.recent_events);
        let so_far = delivery.report(shared.unqueued());
        snapshot.dropped_kem_events = so_far.all_dropped_events();
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
        delivery.offer(&outbox.epoch, true);
        outbox.delivery = Lifecycle::Ending(Arc::clone(&delivery));
        drop(outbox);
        let report = delivery.shut_down(deadline, shared.unqueued());
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
