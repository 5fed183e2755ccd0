//! Exemplars of the series of an accumulation, and which of them a point has.

use std::collections::HashMap;
use std::time::SystemTime;

use pqcnet_telemetry_core::Exemplar;

use super::in_unit;

/// The latest of each power of two of a row's values, since the last report.
#[derive(Default)]
pub(crate) struct Exemplars {
    /// By row, then ascending by value.
    by_row: HashMap<usize, Vec<Exemplar>>,
}

/// Of a point with exponential buckets, at most (OpenTelemetry metrics SDK,
/// *Exemplar defaults*).
const MOST: usize = 20;

impl Exemplars {
    pub(super) fn add(&mut self, row: usize, exemplar: Exemplar) {
        let octave = |exemplar: &Exemplar| exemplar.value.checked_ilog2();
        let list = self.by_row.entry(row).or_default();
        match list.binary_search_by_key(&octave(&exemplar), octave) {
            Ok(index) => list[index] = exemplar,
            Err(index) => list.insert(index, exemplar),
        }
    }

    pub(super) fn forget(&mut self, row: usize) {
        self.by_row.remove(&row);
    }

    pub(crate) fn clear(&mut self) {
        self.by_row.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_row.is_empty()
    }

    /// Those of a row, ascending by value.
    pub(crate) fn of(&self, row: usize) -> &[Exemplar] {
        if self.by_row.is_empty() {
            return &[];
        }
        self.by_row.get(&row).map_or(&[], Vec::as_slice)
    }
}

/// Those that a point has, and their values in the unit: with `bounds` the
/// latest of each bucket, without the largest.
pub(crate) fn chosen<'a>(
    exemplars: &'a [Exemplar],
    decimals: u8,
    bounds: Option<&[f64]>,
) -> Vec<(&'a Exemplar, f64)> {
    let in_unit = |exemplar: &Exemplar| in_unit(exemplar.value as f64, decimals);
    let Some(bounds) = bounds else {
        let excess = exemplars.len().saturating_sub(MOST);
        let largest = exemplars[excess..].iter();
        return largest
            .map(|exemplar| (exemplar, in_unit(exemplar)))
            .collect();
    };
    let mut chosen: Vec<(&Exemplar, f64)> = Vec::new();
    let mut last_bucket = None;
    for exemplar in exemplars {
        let value = in_unit(exemplar);
        let bucket = bounds.partition_point(|bound| *bound < value);
        if last_bucket != Some(bucket) {
            chosen.push((exemplar, value));
        } else if let Some(last) = chosen.last_mut()
            && last.0.time <= exemplar.time
        {
            *last = (exemplar, value);
        }
        last_bucket = Some(bucket);
    }
    chosen
}

/// Its time, within those of its point: it may have been recorded just before
/// the epoch that reports it, or just after that one's end was noted.
pub(crate) fn time_within(exemplar: &Exemplar, start: SystemTime, end: SystemTime) -> SystemTime {
    exemplar.time.min(end).max(start)
}
