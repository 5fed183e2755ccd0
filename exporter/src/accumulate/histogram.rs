//! What a histogram has, in the buckets of its encoding.

use std::sync::Arc;

use pqcnet_telemetry_core::Distribution as Recorded;

use super::explicit::Explicit;
use super::exponential::{Exponential, Table};
use crate::config::HistogramEncoding;

#[derive(Clone, Debug)]
pub(crate) struct HistogramTotal {
    pub(crate) buckets: Buckets,
    pub(crate) count: u64,
    pub(crate) sum: u128,
    /// Least and greatest value, by HDR bucket.
    pub(crate) range: Option<(u64, u64)>,
    /// Counts the changes of all this; never 0.
    pub(crate) change: u64,
    /// Of the unit, in `sum` and `range`.
    pub(crate) decimals: u8,
    table: Arc<Table>,
}

#[derive(Clone, Debug)]
pub(crate) enum Buckets {
    Exponential(Exponential),
    Explicit(Explicit),
}

impl Buckets {
    fn empty(encoding: &HistogramEncoding) -> Self {
        match encoding {
            HistogramEncoding::Exponential => Self::Exponential(Exponential::default()),
            HistogramEncoding::Explicit(bounds) => Self::Explicit(Explicit::new(bounds)),
        }
    }
}

impl HistogramTotal {
    pub(super) fn new(encoding: &HistogramEncoding, decimals: u8, table: Arc<Table>) -> Self {
        Self {
            buckets: Buckets::empty(encoding),
            count: 0,
            sum: 0,
            range: None,
            change: 1,
            decimals,
            table,
        }
    }

    /// One without records in its place.
    pub(super) fn emptied(&self, encoding: &HistogramEncoding) -> Self {
        Self {
            change: self.change + 1,
            ..Self::new(encoding, self.decimals, Arc::clone(&self.table))
        }
    }

    pub(super) fn add(&mut self, encoding: &HistogramEncoding, found: &Recorded<'_>) {
        self.change += 1;
        self.count += found.count();
        self.sum = self.sum.saturating_add(found.sum());
        let (layout, buckets) = (found.layout(), found.buckets());
        let ends = buckets.iter().fold(None, |ends, (index, _)| {
            let (first, last) = ends.unwrap_or((*index, *index));
            Some((first.min(*index), last.max(*index)))
        });
        let Some((first, last)) = ends else {
            return;
        };
        match (&mut self.buckets, encoding) {
            (Buckets::Exponential(total), _) => total.add(&self.table, buckets, first, last),
            (Buckets::Explicit(total), HistogramEncoding::Explicit(bounds)) => {
                total.add(layout, self.decimals, bounds, buckets);
            }
            (Buckets::Explicit(_), _) => unreachable!("made for the same encoding"),
        }
        self.extend_range((
            layout.lowest_of(first as usize),
            layout.highest_of(last as usize),
        ));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.change += 1;
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        match (&mut self.buckets, &other.buckets) {
            (Buckets::Exponential(total), Buckets::Exponential(other)) => total.merge(other),
            (Buckets::Explicit(total), Buckets::Explicit(other)) => total.merge(other),
            _ => unreachable!("made for the same encoding"),
        }
        if let Some(range) = other.range {
            self.extend_range(range);
        }
    }

    fn extend_range(&mut self, (low, high): (u64, u64)) {
        self.range = Some(match self.range {
            Some(range) => (range.0.min(low), range.1.max(high)),
            None => (low, high),
        });
    }
}
