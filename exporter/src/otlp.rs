//! OTLP: requests out, responses in.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::accumulate::Accumulator;
use crate::config::{HistogramEncoding, Protocol, Temporality};
use crate::snapshot::KemEvent;
#[cfg(feature = "tracing")]
use crate::trace::{event::LogRecord, span::SpanRecord};

pub(crate) mod event;
pub(crate) mod gzip;
pub(crate) mod items;
pub(crate) mod json;
#[cfg(feature = "tracing")]
mod log_record;
pub(crate) mod points;
pub(crate) mod protobuf;
pub(crate) mod resource;
pub(crate) mod response;
#[cfg(feature = "tracing")]
mod span;

#[cfg(test)]
mod tests;

use items::ItemsEncoder;
use resource::Resource;

/// One request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Data points, log records or spans in it.
    pub(crate) items: usize,
    /// Names the one item that made it larger than the limit.
    pub(crate) oversized: Option<String>,
    /// Of a delta report, the rows of its data points; otherwise empty.
    pub(crate) rows: Vec<usize>,
}

/// What decides how a report of metrics looks, besides what is in it.
#[derive(Clone, Debug)]
pub(crate) struct MetricsFormat {
    pub(crate) temporality: Temporality,
    pub(crate) histograms: HistogramEncoding,
    /// The largest request, in bytes.
    pub(crate) max_bytes: usize,
}

/// Encodes reports of metrics.
pub(crate) enum MetricsEncoder {
    Json(Box<json::metrics::MetricsEncoder>),
    Protobuf(Box<protobuf::metrics::MetricsEncoder>),
}

impl MetricsEncoder {
    pub(crate) fn new(protocol: Protocol, resource: &Resource, format: &MetricsFormat) -> Self {
        match protocol {
            Protocol::HttpJson => {
                let encoder = json::metrics::MetricsEncoder::new(resource, format);
                Self::Json(Box::new(encoder))
            }
            Protocol::HttpProtobuf => {
                let encoder = protobuf::metrics::MetricsEncoder::new(resource, format);
                Self::Protobuf(Box::new(encoder))
            }
        }
    }

    /// For the reports that follow.
    pub(crate) fn set_max_bytes(&mut self, max_bytes: usize) {
        match self {
            Self::Json(encoder) => encoder.set_max_bytes(max_bytes),
            Self::Protobuf(encoder) => encoder.set_max_bytes(max_bytes),
        }
    }

    /// The accumulator's totals as one or more requests, each no larger than
    /// the limit unless a single point is. None if there is nothing to say.
    pub(crate) fn encode(&mut self, accumulator: &Accumulator) -> Vec<Body> {
        match self {
            Self::Json(encoder) => encoder.encode(accumulator),
            Self::Protobuf(encoder) => encoder.encode(accumulator),
        }
    }

    /// Takes the memory of requests that are done with, if there is a use for
    /// it.
    pub(crate) fn recycle(&mut self, bodies: impl IntoIterator<Item = Body>) {
        match self {
            Self::Json(encoder) => encoder.recycle(bodies),
            // It knows a request's length before it takes memory.
            Self::Protobuf(_) => {}
        }
    }
}

/// Encodes KEM events.
pub(crate) type LogsEncoder = ItemsEncoder<KemEvent>;

/// Encodes spans.
#[cfg(feature = "tracing")]
pub(crate) type SpansEncoder = ItemsEncoder<SpanRecord>;

/// Encodes events of `tracing`.
#[cfg(feature = "tracing")]
pub(crate) type LogRecordsEncoder = ItemsEncoder<LogRecord>;

/// A moment in nanoseconds since 1970. What lies before 1970 is 1, as 0 means
/// "unknown".
pub(crate) fn unix_nanos(time: SystemTime) -> u64 {
    let nanos = time.duration_since(UNIX_EPOCH).map_or(1, |d| d.as_nanos());
    u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
}
