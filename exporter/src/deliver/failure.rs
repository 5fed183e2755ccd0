//! Why a request was not a full success, and what follows from it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::report::DeliveryReport;

/// What is being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Signal {
    /// Counters, gauges, histograms.
    Metrics,
    /// KEM events.
    Logs,
    /// Spans.
    Traces,
    /// Events of `tracing`.
    LogRecords,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::LogRecords => "log-records",
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
    /// The time for a request, or the time a flush waits, ran out. The request
    /// may have arrived.
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
        /// Data points, log records or spans rejected.
        rejected: u64,
        /// What the receiver says.
        message: String,
    },
    /// A single data point, event or span makes a request larger than
    /// `max-request-bytes`. It was not sent, all others were; it is dropped,
    /// and counted.
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

/// What a failure means for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken, as far as the receiver wants it; not to be sent again.
    Taken,
    /// To be sent again.
    Again {
        /// Whether the receiver has surely not taken it.
        is_definite: bool,
    },
    /// Refused for what is in it; says nothing of other requests.
    Unfit,
    /// Refused, as others would be: a wrong path, a missing credential.
    Refused,
    /// Never sent, as it is too large.
    TooLarge,
}

impl Failure {
    /// By the specification, *Failures*: 429, 502, 503, 504 and broken
    /// connections are to be retried, no other status.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::PartialSuccess { .. } => Verdict::Taken,
            Self::TooLarge { .. } => Verdict::TooLarge,
            Self::Connect { .. } => Verdict::Again { is_definite: true },
            Self::Broken { .. } | Self::Timeout { .. } => Verdict::Again { is_definite: false },
            Self::Status { status, .. } => match status {
                429 | 503 => Verdict::Again { is_definite: true },
                // A gateway doesn't know what became of it.
                502 | 504 => Verdict::Again { is_definite: false },
                400 | 413 | 422 => Verdict::Unfit,
                _ => Verdict::Refused,
            },
        }
    }

    /// Whether the receiver finds the request too large. The Collector says so
    /// with a 400.
    pub(crate) fn is_size(&self) -> bool {
        match self {
            Self::Status { status: 413, .. } => true,
            Self::Status { status: 400, body } => body.contains("too large"),
            _ => false,
        }
    }

    /// The `error.type` of the semantic conventions; few of them.
    pub(crate) fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Connect { .. } => "connect".into(),
            Self::Broken { .. } => "broken".into(),
            Self::Timeout { .. } => "timeout".into(),
            Self::PartialSuccess { .. } => "rejected".into(),
            Self::TooLarge { .. } => "too_large".into(),
            Self::Status { status, .. } => status.to_string().into(),
        }
    }
}

/// What a flush could not deliver, one entry for each destination and signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError {
    pub(crate) failures: Vec<(Signal, String, Failure)>,
    /// Boxed, as results of flushes are moved about.
    pub(crate) report: Box<DeliveryReport>,
}

impl ExportError {
    /// The failures: signal, URL and reason; never empty.
    pub fn failures(&self) -> impl ExactSizeIterator<Item = (Signal, &str, &Failure)> {
        self.failures
            .iter()
            .map(|(signal, url, failure)| (*signal, url.as_str(), failure))
    }

    /// What became of everything else, since the flush before.
    pub fn report(&self) -> &DeliveryReport {
        &self.report
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
