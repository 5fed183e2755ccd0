//! OTLP: requests out, responses in.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::{HistogramEncoding, Temporality};

pub(crate) mod event;
pub(crate) mod json;
pub(crate) mod resource;
pub(crate) mod response;

/// One request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Data points or log records in it.
    pub(crate) items: usize,
    /// Names the one item that made it larger than the limit.
    pub(crate) oversized: Option<String>,
    /// Of a delta report, the series of its data points, by the catalog's
    /// index; otherwise empty.
    pub(crate) series: Vec<usize>,
}

/// What decides how a report of metrics looks, besides what is in it.
#[derive(Clone, Debug)]
pub(crate) struct MetricsFormat {
    pub(crate) temporality: Temporality,
    pub(crate) histograms: HistogramEncoding,
    /// The largest request, in bytes.
    pub(crate) max_bytes: usize,
}

/// A moment in nanoseconds since 1970. What lies before 1970 is 1, as 0 means
/// "unknown".
pub(crate) fn unix_nanos(time: SystemTime) -> u64 {
    let nanos = time.duration_since(UNIX_EPOCH).map_or(1, |d| d.as_nanos());
    u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
}
