//! The series of a family.

use std::borrow::Cow;

use pqcnet_telemetry_core::Kind;

use super::exemplar::Exemplar;
use crate::accumulate::{Accumulator, Total};
use crate::config::HistogramEncoding;
use crate::otlp::points::Point;

/// One series on a page: mostly one of the registry's, sometimes several whose
/// attributes are the same labels.
///
/// Sums and distributions of such series are added up, which is what leaving
/// out an attribute that told them apart means (OpenTelemetry's data model,
/// *Spatial reaggregation*): no record is lost. Of gauges the first one stays,
/// as there is no sum of theirs.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) point: Point,
    kind: Kind,
    also: Vec<Point>,
}

impl Member {
    pub(super) fn new(point: Point, kind: Kind) -> Self {
        Self {
            point,
            kind,
            also: Vec::new(),
        }
    }

    /// Adds a series, if sums of it and this one mean something.
    pub(super) fn adopt(&mut self, point: Point, kind: Kind) -> bool {
        let is_summable =
            kind == self.kind && kind != Kind::Gauge && point.decimals == self.point.decimals;
        if is_summable {
            self.also.push(point);
        }
        is_summable
    }

    /// Takes the place of an earlier life of the same series.
    pub(super) fn replace(&mut self, point: Point) {
        self.point = point;
    }

    /// What to say of it; `None` if there is nothing.
    #[inline]
    pub(super) fn total<'a>(&self, accumulator: &'a Accumulator) -> Option<Cow<'a, Total>> {
        let total = &accumulator.totals[self.point.row];
        if self.also.is_empty() {
            return self.point.has_data(total).then_some(Cow::Borrowed(total));
        }
        self.sum(&accumulator.totals).map(Cow::Owned)
    }

    /// The latest that a counter, or this bucket of a histogram, shows of one
    /// record.
    #[inline]
    pub(super) fn exemplar<'a>(
        &self,
        accumulator: &'a Accumulator,
        bucket: usize,
    ) -> Option<Exemplar<'a>> {
        if accumulator.exemplars.is_empty() {
            return None;
        }
        let points = std::iter::once(&self.point).chain(&self.also);
        let recorded = points.flat_map(|point| accumulator.exemplars.of(point.row));
        let exemplars = recorded.map(|recorded| Exemplar::new(recorded, self.point.decimals));
        let here = exemplars.filter(|exemplar| match &accumulator.encoding {
            HistogramEncoding::Explicit(bounds) if self.kind == Kind::Histogram => {
                bounds.partition_point(|bound| *bound < exemplar.value) == bucket
            }
            _ => true,
        });
        here.max_by_key(|exemplar| exemplar.time)
    }

    fn sum(&self, totals: &[Total]) -> Option<Total> {
        let points = std::iter::once(&self.point).chain(&self.also);
        let with_data = points.filter_map(|point| {
            let total = &totals[point.row];
            point.has_data(total).then_some(total)
        });
        with_data.fold(None, |sum: Option<Total>, total| {
            let Some(mut sum) = sum else {
                return Some(total.clone());
            };
            match (&mut sum, total) {
                (Total::Counter(sum), Total::Counter(more)) => *sum = sum.saturating_add(*more),
                (Total::UpDownCounter(sum), Total::UpDownCounter(more)) => {
                    *sum = sum.saturating_add(*more);
                }
                (Total::Histogram(sum), Total::Histogram(more)) => sum.merge(more),
                _ => unreachable!("series of one kind, which is not the gauges'"),
            }
            Some(sum)
        })
    }
}
