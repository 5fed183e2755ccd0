//! Delivery: which requests are due, who is told what became of them.
//!
//! Metrics and KEM events are separate signals, each with its own state, so
//! one that fails neither loses nor repeats the other.
//!
//! *Cumulative metrics* are encoded anew from the totals at every flush: an
//! undelivered report is superseded. *Delta metrics* are kept as the bytes that
//! were offered, and offered again unchanged until they are acknowledged, as a
//! request that timed out may have arrived; epochs behind them go on merging
//! in the accumulator, as none of them has been offered. *Events* are offered
//! until acknowledged, under the same id.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::accumulate::Accumulator;
use crate::config::{FOREVER, TelemetryConfig, Temporality};
use crate::otlp::json::logs::LogsEncoder;
use crate::otlp::json::metrics::MetricsEncoder;
use crate::otlp::resource::Resource;
use crate::otlp::{Body, MetricsFormat};
use crate::snapshot::KemEvent;

mod transport;

use transport::Transport;

/// What is being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// Counters, gauges, histograms.
    Metrics,
    /// KEM events.
    Logs,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        })
    }
}

/// Why a request was not a full success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection came about: refused, no such host, TLS refused. The
    /// request was not sent.
    Connect {
        /// What the network said.
        message: String,
    },
    /// The connection broke before an answer was complete. The request may
    /// have arrived.
    Broken {
        /// What the network said.
        message: String,
    },
    /// The time of this flush ran out. The request may have arrived.
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The receiver answered with a status other than 2xx.
    Status {
        /// The status.
        status: u16,
        /// The beginning of the answer, made printable.
        body: String,
    },
    /// The receiver took the request, but not all that was in it. What it
    /// rejected must not be sent again; cumulative totals go out again as they
    /// always do.
    PartialSuccess {
        /// Data points or log records rejected.
        rejected: u64,
        /// What the receiver says.
        message: String,
    },
    /// A single data point or event makes a request larger than
    /// `max-request-bytes`. It was not sent, all others were; an event is
    /// dropped, and counted.
    TooLarge {
        /// Which.
        item: String,
        /// Size of the request.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { message } => write!(f, "no connection: {message}"),
            Self::Broken { message } => write!(f, "the connection broke: {message}"),
            Self::Timeout { after } if after.is_zero() => f.write_str("no time was left for it"),
            Self::Timeout { after } => write!(f, "no answer within {} ms", after.as_millis()),
            Self::Status { status, body } if body.is_empty() => write!(f, "status {status}"),
            Self::Status { status, body } => write!(f, "status {status}: {body}"),
            Self::PartialSuccess { rejected, message } => {
                write!(f, "partial success, {rejected} rejected: {message}")
            }
            Self::TooLarge { item, bytes, limit } => write!(
                f,
                "{item} makes a request of {bytes} bytes; max-request-bytes is {limit}"
            ),
        }
    }
}

impl Failure {
    /// Whether the request must not be offered again: taken, as far as the
    /// receiver wants it, or never to be sent.
    fn settles_the_request(&self) -> bool {
        matches!(self, Self::PartialSuccess { .. } | Self::TooLarge { .. })
    }

    /// Whether it says nothing of the requests that follow: it is about what
    /// was in this one (400 bad request, 413 too large, 422 unprocessable).
    fn is_about_content(&self) -> bool {
        self.settles_the_request()
            || matches!(
                self,
                Self::Status {
                    status: 400 | 413 | 422,
                    ..
                }
            )
    }
}

/// What a flush could not deliver, one entry a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError {
    failures: Vec<(Signal, String, Failure)>,
}

impl ExportError {
    /// The failures: signal, URL and reason; never empty.
    pub fn failures(&self) -> impl ExactSizeIterator<Item = (Signal, &str, &Failure)> {
        self.failures
            .iter()
            .map(|(signal, url, failure)| (*signal, url.as_str(), failure))
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (signal, url, failure)) in self.failures.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{signal} to {url}: {failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ExportError {}

/// The delivering half of a handle.
pub(crate) struct Delivery {
    metrics_encoder: MetricsEncoder,
    logs_encoder: LogsEncoder,
    metrics: Transport,
    logs: Transport,
    timeout: Duration,
    is_disabled: bool,
    /// Delta requests offered and not acknowledged, oldest first.
    offered: VecDeque<Body>,
    /// Events too large to be sent.
    dropped_events: u64,
}

impl Delivery {
    pub(crate) fn new(config: &TelemetryConfig, resource: &Resource) -> Self {
        let format = MetricsFormat {
            temporality: config.temporality,
            histograms: config.histograms.clone(),
            max_bytes: config.max_request_bytes,
        };
        Self {
            metrics_encoder: MetricsEncoder::new(resource, &format),
            logs_encoder: LogsEncoder::new(resource, config.max_request_bytes),
            metrics: Transport::new(config, &config.metrics_url()),
            logs: Transport::new(config, &config.logs_url()),
            timeout: config.timeout.min(FOREVER),
            is_disabled: config.is_disabled,
            offered: VecDeque::new(),
            dropped_events: 0,
        }
    }

    /// Events that were too large to be sent, since the handle was made.
    pub(crate) fn dropped_events(&self) -> u64 {
        self.dropped_events
    }

    /// Sends what is due, within the time-out. Acknowledged events leave
    /// `events`.
    pub(crate) fn deliver(
        &mut self,
        accumulator: &mut Accumulator,
        events: &mut VecDeque<KemEvent>,
    ) -> Result<(), ExportError> {
        if self.is_disabled {
            accumulator.close_window();
            events.clear();
            return Ok(());
        }
        let start = Instant::now();
        let mut failures = Vec::new();
        // The audit trail first; where both are due it gets half of the time,
        // so that neither path, hanging, starves the other.
        if !events.is_empty() {
            let deadline = start + self.timeout / 2;
            if let Err(failure) = self.send_logs(events, deadline) {
                failures.push((Signal::Logs, self.logs.url().to_owned(), failure));
            }
        }
        if let Err(failure) = self.send_metrics(accumulator, start + self.timeout) {
            failures.push((Signal::Metrics, self.metrics.url().to_owned(), failure));
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(ExportError { failures })
        }
    }

    fn send_logs(
        &mut self,
        events: &mut VecDeque<KemEvent>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let mut outcome = Ok(());
        while !events.is_empty() {
            let body = self.logs_encoder.encode(&*events);
            match self.logs.send(&body, deadline) {
                Ok(()) => {}
                Err(failure) if failure.settles_the_request() => {
                    if matches!(failure, Failure::TooLarge { .. }) {
                        self.dropped_events += body.items as u64;
                    }
                    outcome = outcome.and(Err(failure));
                }
                Err(failure) => return Err(failure),
            }
            events.drain(..body.items);
        }
        outcome
    }

    fn send_metrics(
        &mut self,
        accumulator: &mut Accumulator,
        deadline: Instant,
    ) -> Result<(), Failure> {
        if accumulator.temporality == Temporality::Cumulative {
            let bodies = self.metrics_encoder.encode(accumulator);
            let outcome = self.send_all(&bodies, deadline);
            self.metrics_encoder.recycle(bodies);
            return outcome;
        }
        let earlier = self.send_offered(deadline);
        if !self.offered.is_empty() {
            return earlier;
        }
        self.offered
            .extend(self.metrics_encoder.encode(accumulator));
        accumulator.close_window();
        earlier.and(self.send_offered(deadline))
    }

    /// Each flush begins with the first request again, so one that is refused
    /// for its content must not keep the others back.
    fn send_all(&mut self, bodies: &[Body], deadline: Instant) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for body in bodies {
            match self.metrics.send(body, deadline) {
                Ok(()) => {}
                Err(failure) if failure.is_about_content() => {
                    outcome = outcome.and(Err(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        outcome
    }

    /// In strict order: a later window must not overtake an earlier one.
    fn send_offered(&mut self, deadline: Instant) -> Result<(), Failure> {
        let mut outcome = Ok(());
        while let Some(body) = self.offered.front() {
            match self.metrics.send(body, deadline) {
                Ok(()) => {}
                Err(failure) if failure.settles_the_request() => {
                    outcome = outcome.and(Err(failure));
                }
                Err(failure) => return Err(failure),
            }
            self.metrics_encoder.recycle(self.offered.pop_front());
        }
        outcome
    }
}
