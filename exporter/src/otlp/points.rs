//! Which series a report has, and what it says of them, whatever the format.

use std::time::SystemTime;

use pqcnet_telemetry_core::{Exemplar, Kind};

use crate::accumulate::exemplars::chosen;
use crate::accumulate::{Accumulator, HistogramTotal, Total, in_unit, to_i64};
use crate::config::{HistogramEncoding, Temporality};
use crate::rows::Rows;

/// One series in a report.
#[derive(Debug)]
pub(crate) struct Point {
    /// Its number in the accumulator.
    pub(crate) row: usize,
    /// Index in the catalog.
    pub(crate) instrument: usize,
    /// Whether it covers the window, not the time since the series' start.
    pub(crate) is_windowed: bool,
    /// Whether it says nothing while it is zero.
    is_silent_at_zero: bool,
    /// Of its unit, in what is recorded.
    pub(crate) decimals: u8,
}

/// The attribute of an exemplar that has an id of the user's own.
pub(crate) const CORRELATION_KEY: &str = "correlation_id";

/// What a data point that is no histogram says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Double(f64),
}

/// The rows in the order of the wire: by instrument. O(rows), if those are in
/// that order already, as they are but for series that others have followed.
pub(crate) fn points(rows: &Rows, temporality: Temporality) -> Vec<Point> {
    let points = rows.iter().map(|(number, row)| {
        let instrument = rows.instrument_of(row);
        let is_windowed = is_windowed(temporality, instrument.kind());
        // An instrument made to be bound has a series nobody means.
        let is_base = instrument.is_bound() && row.series.attributes().is_empty();
        Point {
            row: number,
            instrument: row.series.instrument(),
            is_windowed,
            is_silent_at_zero: is_windowed || is_base,
            decimals: instrument.decimals(),
        }
    });
    let mut points: Vec<_> = points.collect();
    points.sort_by_key(|point| point.instrument);
    points
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

    /// The exemplars that the point has, and their values.
    pub(crate) fn exemplars<'a>(
        &self,
        accumulator: &'a Accumulator,
    ) -> Vec<(&'a Exemplar, Number)> {
        let exemplars = accumulator.exemplars.of(self.row);
        if exemplars.is_empty() {
            return Vec::new();
        }
        let is_number = !matches!(accumulator.totals[self.row], Total::Histogram(_));
        let bounds = match &accumulator.encoding {
            HistogramEncoding::Explicit(bounds) => Some(&**bounds),
            HistogramEncoding::Exponential => None,
        };
        let chosen = chosen(exemplars, self.decimals, bounds).into_iter();
        let exact = |exemplar: &Exemplar| Number::Int(counter_to_i64(exemplar.value.into()));
        let is_exact = is_number && self.decimals == 0;
        let values = chosen.map(|(exemplar, value)| {
            let number = if is_exact {
                exact(exemplar)
            } else {
                Number::Double(value)
            };
            (exemplar, number)
        });
        values.collect()
    }

    /// The times that the point covers.
    pub(crate) fn times(&self, accumulator: &Accumulator) -> (SystemTime, SystemTime) {
        let row = accumulator.rows.get(self.row);
        let start = match row {
            Some(row) if !self.is_windowed => row.start,
            _ => accumulator.start_of(self.row),
        };
        (start, accumulator.window.end)
    }

    /// What the point says of a total that is no histogram's.
    #[inline]
    pub(crate) fn number(&self, total: &Total) -> Option<Number> {
        let scaled = |total| Some(Number::Double(in_unit(total, self.decimals)));
        match *total {
            Total::Counter(total) if self.decimals > 0 => scaled(total as f64),
            Total::UpDownCounter(total) if self.decimals > 0 => scaled(total as f64),
            Total::Counter(total) => Some(Number::Int(counter_to_i64(total))),
            Total::UpDownCounter(total) => Some(Number::Int(to_i64(total))),
            Total::Gauge(value) => value.map(Number::Double),
            Total::Histogram(_) => None,
        }
    }
}

/// A counter's total as OTLP's signed `asInt` can hold it: past `i64::MAX` it
/// stays there, and never turns negative or falls.
#[inline]
fn counter_to_i64(total: u128) -> i64 {
    i64::try_from(total).unwrap_or(i64::MAX)
}

/// A count of zero goes with a sum of zero, says the protocol.
#[inline]
pub(crate) fn sum_of(total: &HistogramTotal) -> f64 {
    if total.count == 0 {
        0.0
    } else {
        in_unit(total.sum as f64, total.decimals)
    }
}

/// The least and the greatest value, if there is one.
#[inline]
pub(crate) fn range_of(total: &HistogramTotal) -> Option<(f64, f64)> {
    let (least, greatest) = total.range.filter(|_| total.count > 0)?;
    let in_unit = |value: u64| in_unit(value as f64, total.decimals);
    Some((in_unit(least), in_unit(greatest)))
}
