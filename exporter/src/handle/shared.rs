//! What the clones of a handle share, and how delivery begins and ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use pqcnet_telemetry_core::{Registry, RetiredEpoch};
use uuid::Uuid;

use crate::config::{Destination, TelemetryConfig};
use crate::deliver::{Clock, Delivery, DeliveryReport, Starter, Unqueued};
use crate::error::TelemetryError;
use crate::kem::KemQueue;
use crate::otlp::resource::Resource;
use crate::recent::Recent;
use crate::self_metrics::{self, SelfMetrics};
use crate::snapshot::KemEvent;

#[cfg(feature = "prometheus")]
use super::scrape::Scrapes;
#[cfg(feature = "prometheus")]
use crate::self_metrics::ScrapeMeters;

/// What the clones of a handle share.
pub(super) struct Shared {
    pub(super) id: u64,
    pub(super) config: TelemetryConfig,
    destinations: Vec<Destination>,
    pub(super) resource: Resource,
    created: SystemTime,
    clock: Clock,
    pub(super) registry: Registry,
    pub(super) metrics: Option<SelfMetrics>,
    #[cfg(feature = "metrics")]
    pub(super) facade: std::sync::OnceLock<Arc<crate::facade::Facade>>,
    #[cfg(feature = "tracing")]
    pub(super) tracing: std::sync::OnceLock<Arc<crate::trace::hub::Hub>>,
    #[cfg(feature = "process")]
    pub(super) process: std::sync::OnceLock<crate::process::ProcessMetrics>,
    /// If the handle is configured for it.
    #[cfg(feature = "prometheus")]
    pub(super) scrapes: Option<Scrapes>,
    pub(super) kem: KemQueue,
    pub(super) unregistered: AtomicU64,
    /// Held by one flush at a time, while it waits too.
    pub(super) turn: Mutex<()>,
    /// Held while nothing waits.
    pub(super) outbox: Mutex<Outbox>,
}

/// What flushes share.
pub(super) struct Outbox {
    /// The last one; its memory is used again.
    pub(super) epoch: RetiredEpoch,
    pub(super) recent: Recent,
    /// Since the last successful flush, for its snapshot.
    pub(super) recent_events: Vec<KemEvent>,
    /// Events that found the queue full, as of the last cut.
    pub(super) dropped: u64,
    pub(super) delivery: Lifecycle,
    /// Spans and losses as of the last cut.
    #[cfg(feature = "tracing")]
    pub(super) traced: (crate::trace::tally::Spans, crate::trace::hub::Losses),
}

/// Delivery starts with the first flush, so that a process may fork before it.
pub(super) enum Lifecycle {
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

impl Shared {
    pub(super) fn new(config: TelemetryConfig, clock: Clock) -> Result<Self, TelemetryError> {
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
        let resource = Resource::new(&config.labels, Uuid::new_v4());
        let created = SystemTime::now();
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            destinations,
            #[cfg(feature = "prometheus")]
            scrapes: Scrapes::of(&config, &resource, created, metrics.as_ref())?,
            resource,
            created,
            clock,
            registry,
            metrics,
            #[cfg(feature = "metrics")]
            facade: std::sync::OnceLock::new(),
            #[cfg(feature = "tracing")]
            tracing: std::sync::OnceLock::new(),
            #[cfg(feature = "process")]
            process: std::sync::OnceLock::new(),
            kem: KemQueue::new(config.kem_capacity),
            unregistered: AtomicU64::new(0),
            turn: Mutex::new(()),
            outbox: Mutex::new(Outbox {
                epoch: RetiredEpoch::empty(),
                recent: Recent::new(SystemTime::now(), own),
                recent_events: Vec::new(),
                dropped: 0,
                delivery: Lifecycle::NotStarted,
                #[cfg(feature = "tracing")]
                traced: Default::default(),
            }),
            config,
        })
    }

    /// The meters of a scrape endpoint.
    #[cfg(feature = "prometheus")]
    pub(super) fn scrape_meters(&self) -> Option<ScrapeMeters> {
        self.metrics.as_ref()?.scrape_meters()
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivery, started if need be.
    pub(super) fn running(&self, outbox: &mut Outbox) -> Result<Arc<Delivery>, TelemetryError> {
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
        let resource = own.as_ref().unwrap_or(&self.resource);
        let delivery = Arc::new(Delivery::start(&self.starter(resource, start), is_child));
        let running = Lifecycle::Running {
            delivery: Arc::clone(&delivery),
            process: here,
        };
        #[cfg(feature = "tracing")]
        self.begin_traces(&delivery, is_child);
        if is_child {
            let instruments = self.metrics.as_ref().map_or(0, SelfMetrics::instruments);
            outbox.recent = Recent::new(start, instruments);
            #[cfg(feature = "prometheus")]
            if let (Some(scrapes), Some(resource)) = (&self.scrapes, &own) {
                scrapes.begin(resource, start);
            }
            log::info!("forked: delivery starts anew, without the parent's spool");
        }
        outbox.delivery = running;
        Ok(delivery)
    }

    pub(super) fn starter<'a>(&'a self, resource: &'a Resource, start: SystemTime) -> Starter<'a> {
        Starter {
            config: &self.config,
            destinations: &self.destinations,
            resource,
            clock: &self.clock,
            metrics: self.metrics.as_ref(),
            start,
        }
    }

    /// What was recorded and found no room.
    pub(super) fn unqueued(&self) -> Unqueued {
        let unqueued = Unqueued {
            events: self.kem.dropped(),
            ..Unqueued::default()
        };
        #[cfg(feature = "tracing")]
        let unqueued = self.with_traces(unqueued);
        unqueued
    }

    /// Cuts an epoch, and takes the events that were recorded, so many at most.
    pub(super) fn cut(&self, outbox: &mut Outbox, delivery: &Delivery, most: usize) {
        let start = Instant::now();
        self.retire(outbox);
        let events = self.kem.take(most);
        delivery.accept(&events);
        // Bounded like the queue, however long one signal fails.
        outbox.recent_events.extend(events);
        let excess = outbox.recent_events.len();
        let excess = excess.saturating_sub(self.config.kem_capacity);
        outbox.recent_events.drain(..excess);
        if let Some(metrics) = &self.metrics {
            metrics.collected(start.elapsed());
        }
    }

    /// Cuts an epoch, and adds it to all that is not delivery.
    pub(super) fn retire(&self, outbox: &mut Outbox) {
        #[cfg(feature = "metrics")]
        if let Some(facade) = self.facade.get() {
            facade.settle_gauges();
        }
        #[cfg(feature = "process")]
        if let Some(process) = self.process.get() {
            if process.is_the_parents() {
                // The first flush of a child leaves out what came before.
                self.registry.flush_into(&mut outbox.epoch);
            }
            process.observe(self.clock.now());
        }
        self.registry.flush_into(&mut outbox.epoch);
        outbox.recent.add(&outbox.epoch);
        #[cfg(feature = "prometheus")]
        if let Some(scrapes) = &self.scrapes {
            scrapes.add(&outbox.epoch);
        }
        if let Some(metrics) = &self.metrics {
            let dropped = self.kem.dropped();
            let news = dropped - std::mem::replace(&mut outbox.dropped, dropped);
            metrics.found(&outbox.epoch, news);
            #[cfg(feature = "tracing")]
            self.count_traces(outbox, metrics);
        }
    }

    pub(super) fn report(&self, outbox: &Outbox) -> DeliveryReport {
        match &outbox.delivery {
            Lifecycle::NotStarted => DeliveryReport::default(),
            Lifecycle::Running { delivery, .. } | Lifecycle::Ending(delivery) => {
                delivery.report(self.unqueued())
            }
            Lifecycle::ShutDown(report) => report.clone(),
        }
    }
}

/// They are of use to somebody else than the node; without room for them, the
/// node's own go on.
fn self_metrics(config: &TelemetryConfig, registry: &Registry) -> Option<SelfMetrics> {
    if !config.has_receiver() || !config.has_self_metrics {
        return None;
    }
    let registered = SelfMetrics::register(registry, config);
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
