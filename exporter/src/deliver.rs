//! Delivery: lanes, one for each destination and signal.
//!
//! A flush offers its epoch to every lane and waits until each has either
//! delivered everything or stopped after a failure. Lanes work on their own
//! threads, so that none holds up another, and go on between flushes: a lane
//! that has failed tries again after its backoff.
//!
//! ```text
//! Source     what is due, in which order   cumulative.rs  delta.rs  events.rs  batches.rs
//! Lane       when, and what follows        lane.rs  backoff.rs  retry_after.rs
//! Worker     a lane's thread               worker.rs
//! Transport  one HTTP endpoint             transport.rs
//! ```
//!
//! Spans and log records come by themselves too, through a collector
//! (`collector.rs`) and a backlog that is bounded (`backlog.rs`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use pqcnet_telemetry_core::RetiredEpoch;

use crate::accumulate::Accumulator;
use crate::config::{Destination, FOREVER, Route, TelemetryConfig, Temporality};
use crate::otlp::resource::Resource;
use crate::otlp::{LogsEncoder, MetricsEncoder, MetricsFormat};
use crate::self_metrics::SelfMetrics;
use crate::snapshot::KemEvent;
use crate::spool::{DeadLetter, SpoolError, SpoolOptions};
use crate::trail::{SpoolPlace, Trail};

#[cfg(feature = "tracing")]
mod backlog;
mod backoff;
#[cfg(feature = "tracing")]
mod batches;
mod clock;
#[cfg(feature = "tracing")]
mod collector;
mod cumulative;
mod delta;
mod events;
mod failure;
mod lane;
mod report;
mod retry_after;
mod source;
#[cfg(feature = "tracing")]
mod traces;
mod transport;
mod unlogged;
mod worker;

use backoff::Backoff;
pub(crate) use clock::Clock;
pub use clock::SimulatedClock;
use cumulative::Cumulative;
use delta::{Delta, Limits};
use events::Events;
pub use failure::{ExportError, Failure, Signal};
use lane::{Lane, Ticket};
pub(crate) use report::Unqueued;
pub use report::{DeliveryReport, DropReason, SignalReport, SpoolReport};
use source::Source;
use transport::Transport;
use worker::Worker;

/// What was offered, by lane.
pub(crate) struct Pending(Vec<Ticket>);

/// The delivering half of a handle.
pub(crate) struct Delivery {
    workers: Vec<Worker>,
    /// Once there is a layer.
    #[cfg(feature = "tracing")]
    traces: std::sync::OnceLock<traces::TraceLanes>,
    #[cfg(feature = "tracing")]
    resource: Resource,
    trail: Arc<Mutex<Trail>>,
    /// The longest a flush waits.
    timeout: Duration,
}

impl Delivery {
    /// Starts the lanes of all destinations, of which none connects before there
    /// is something to send. A child of the process that has the spool gets
    /// none.
    ///
    /// # Panics
    ///
    /// If the operating system starts no thread.
    pub(crate) fn start(starter: &Starter<'_>, is_child: bool) -> Self {
        let Starter {
            config,
            destinations,
            resource,
            ..
        } = *starter;
        let readers = destinations.iter().filter(|to| to.logs.is_some());
        let names = readers.map(|to| to.name.clone()).collect();
        let place = spool_place(config).filter(|_| !is_child);
        let trail = Trail::new(names, place, config.kem_capacity, config.queue_bytes);
        let trail = Arc::new(Mutex::new(trail));
        let mut workers = Vec::new();
        let mut readers = 0;
        for destination in destinations {
            // The audit trail first.
            if let Some(route) = &destination.logs {
                let encoder = LogsEncoder::new(route.protocol, resource, route.max_request_bytes);
                let source = Box::new(Events::new(Arc::clone(&trail), readers, encoder));
                readers += 1;
                workers.push(starter.start(destination, Signal::Logs, route, source));
            }
            if let Some(route) = &destination.metrics {
                let source = starter.metrics_source(destination, route);
                workers.push(starter.start(destination, Signal::Metrics, route, source));
            }
        }
        Self {
            workers,
            #[cfg(feature = "tracing")]
            traces: std::sync::OnceLock::new(),
            #[cfg(feature = "tracing")]
            resource: resource.clone(),
            trail,
            timeout: config.general.timeout.min(FOREVER),
        }
    }

    fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more events can be taken.
    pub(crate) fn room(&self) -> usize {
        self.trail().room()
    }

    /// Takes events, as many as there is room for, or the last: on disk, where
    /// there is a spool, when this returns.
    pub(crate) fn accept(&self, events: &[KemEvent]) {
        self.trail().accept(events);
    }

    /// Hands every lane an epoch: to be sent now if it is due, or with the next
    /// that is.
    pub(crate) fn offer(&self, epoch: &RetiredEpoch, is_due: bool) -> Pending {
        #[cfg(feature = "tracing")]
        self.collect();
        let workers = self.workers();
        Pending(workers.map(|worker| worker.offer(epoch, is_due)).collect())
    }

    /// Waits for what becomes of what was offered, and of all else that is due.
    pub(crate) fn wait_for(
        &self,
        pending: Pending,
        unqueued: Unqueued,
    ) -> Result<DeliveryReport, ExportError> {
        let deadline = Instant::now() + self.timeout;
        let mut signals = Vec::new();
        let mut failures = Vec::new();
        for (worker, ticket) in self.workers().zip(pending.0) {
            worker.finish(ticket, deadline, |lane, is_in_time| {
                let late = Failure::Timeout {
                    after: self.timeout,
                };
                let failure = lane.take_failure().or((!is_in_time).then_some(late));
                let report = lane.take_report();
                failures
                    .extend(failure.map(|failure| (report.signal, report.url.clone(), failure)));
                signals.push(report);
            });
        }
        let report = self.report_of(signals, unqueued);
        if failures.is_empty() {
            Ok(report)
        } else {
            let report = Box::new(report);
            Err(ExportError { failures, report })
        }
    }

    /// Delivers what it can until the deadline, trying again after failures,
    /// and counts the rest as spooled or lost. Nothing is sent afterwards.
    pub(crate) fn shut_down(&self, deadline: Instant, unqueued: Unqueued) -> DeliveryReport {
        let workers = self.workers();
        let signals = workers.map(|worker| worker.end(deadline)).collect();
        let report = self.report_of(signals, unqueued);
        self.trail().close();
        report
    }

    /// What became of everything so far.
    pub(crate) fn report(&self, unqueued: Unqueued) -> DeliveryReport {
        let signals = self.workers().map(Worker::report).collect();
        self.report_of(signals, unqueued)
    }

    fn report_of(&self, signals: Vec<SignalReport>, unqueued: Unqueued) -> DeliveryReport {
        DeliveryReport {
            signals,
            dropped_events: unqueued.events,
            dropped_spans: unqueued.spans,
            dropped_log_records: unqueued.log_records,
            open_spans: unqueued.open_spans,
            spool: self.trail().report(),
        }
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        let workers = self.workers.iter();
        #[cfg(feature = "tracing")]
        let workers = workers.chain(
            self.traces
                .get()
                .into_iter()
                .flat_map(|lanes| &lanes.workers),
        );
        workers
    }

    pub(crate) fn dead_letters(&self) -> Result<Vec<DeadLetter>, SpoolError> {
        self.trail().dead_letters()
    }
}

impl Drop for Delivery {
    /// The next handle gets the spool at once, though the thread of a request
    /// in flight ends with that.
    fn drop(&mut self) {
        self.trail().close();
    }
}

fn spool_place(config: &TelemetryConfig) -> Option<SpoolPlace> {
    let dir = config.spool_dir.clone()?;
    let options = SpoolOptions {
        max_bytes: config.spool_max_bytes,
        sync: config.spool_sync,
    };
    Some(SpoolPlace { dir, options })
}

/// What every lane is made with.
#[derive(Clone, Copy)]
pub(crate) struct Starter<'a> {
    pub(crate) config: &'a TelemetryConfig,
    pub(crate) destinations: &'a [Destination],
    pub(crate) resource: &'a Resource,
    pub(crate) clock: &'a Clock,
    pub(crate) metrics: Option<&'a SelfMetrics>,
    /// When recording began.
    pub(crate) start: SystemTime,
}

impl Starter<'_> {
    fn start(
        &self,
        destination: &Destination,
        signal: Signal,
        route: &Route,
        source: Box<dyn Source>,
    ) -> Worker {
        let name = destination.name.clone();
        let report = SignalReport::new(name, signal, route.url.to_string());
        let meters = self
            .metrics
            .and_then(|metrics| metrics.meters(signal, route, &destination.name));
        let (initial, max) = (self.config.retry_initial, self.config.retry_max);
        let backoff = Backoff::new(initial, max, Rng::new());
        Worker::spawn(
            format!("pqcnet-{signal}"),
            Lane::new(source, backoff, report, meters),
            Transport::new(route),
            self.clock.clone(),
        )
    }

    fn metrics_source(&self, destination: &Destination, route: &Route) -> Box<dyn Source> {
        let format = MetricsFormat {
            temporality: destination.temporality,
            histograms: destination.histograms.clone(),
            max_bytes: route.max_request_bytes,
        };
        let own = self.metrics.map_or(0, SelfMetrics::instruments);
        let accumulator = Accumulator::new(format.temporality, &format.histograms, self.start);
        let accumulator = accumulator.with_own(own);
        let encoder = MetricsEncoder::new(route.protocol, self.resource, &format);
        match destination.temporality {
            Temporality::Cumulative => Box::new(Cumulative::new(accumulator, encoder)),
            Temporality::Delta => {
                let limits = Limits {
                    bytes: self.config.queue_bytes,
                    requests: self.config.queue_items,
                };
                Box::new(Delta::new(accumulator, encoder, limits))
            }
        }
    }
}
