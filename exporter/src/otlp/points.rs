//! Which series a report has, and what it says of them, whatever the format.

use pqcnet_telemetry_core::{Catalog, Kind};

use crate::accumulate::{HistogramTotal, Total};
use crate::config::Temporality;

/// One series in a report.
pub(crate) struct Point {
    /// Index in the catalog.
    pub(crate) series: usize,
    /// Index in the catalog.
    pub(crate) instrument: usize,
    /// Whether it covers the window, not the time since the series' start.
    pub(crate) is_windowed: bool,
    /// Whether it says nothing while it is zero.
    is_silent_at_zero: bool,
}

/// The series of a catalog in the order of the wire: by instrument.
pub(crate) fn points(catalog: &Catalog, temporality: Temporality) -> impl Iterator<Item = Point> {
    let instruments = catalog.instruments().iter().enumerate();
    instruments.flat_map(move |(index, instrument)| {
        let is_windowed = is_windowed(temporality, instrument.kind());
        instrument.series().iter().map(move |&series| {
            // An instrument made to be bound has a series nobody means.
            let is_base = instrument.is_bound() && catalog.series()[series].attributes().is_empty();
            Point {
                series,
                instrument: index,
                is_windowed,
                is_silent_at_zero: is_windowed || is_base,
            }
        })
    })
}

/// Whether points of this kind are deltas. Up-down counters never are.
pub(crate) fn is_windowed(temporality: Temporality, kind: Kind) -> bool {
    temporality == Temporality::Delta && matches!(kind, Kind::Counter | Kind::Histogram)
}

impl Point {
    #[inline]
    pub(crate) fn has_data(&self, total: &Total) -> bool {
        let is_zero = match total {
            Total::Gauge(value) => return value.is_some(),
            Total::Counter(total) => *total == 0,
            Total::UpDownCounter(total) => *total == 0,
            Total::Histogram(total) => total.count == 0,
        };
        !(is_zero && self.is_silent_at_zero)
    }
}

/// A counter's total as OTLP's signed `asInt` can hold it: past `i64::MAX` it
/// stays there, and never turns negative or falls.
#[inline]
pub(crate) fn counter_to_i64(total: u128) -> i64 {
    i64::try_from(total).unwrap_or(i64::MAX)
}

/// A count of zero goes with a sum of zero, says the protocol.
#[inline]
pub(crate) fn sum_of(total: &HistogramTotal) -> f64 {
    if total.count == 0 {
        0.0
    } else {
        total.sum as f64
    }
}

/// The least and the greatest value, if there is one.
#[inline]
pub(crate) fn range_of(total: &HistogramTotal) -> Option<(f64, f64)> {
    let (least, greatest) = total.range.filter(|_| total.count > 0)?;
    Some((least as f64, greatest as f64))
}
