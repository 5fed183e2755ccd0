//! The series that an accumulation has, each in a row of its own.
//!
//! The core gives the index of a series that has ended to another. What was
//! accumulated of the first may still have to be said, so it keeps its row until
//! that is done.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use pqcnet_telemetry_core::{Catalog, InstrumentInfo, RetiredEpoch, Series};

/// Series that have ended and wait to be reported, at most. Past it the oldest
/// are given up.
const MOST_ENDED: usize = 10_000;

/// Rows of series, of which some have ended.
#[derive(Default)]
pub(crate) struct Rows {
    catalog: Arc<Catalog>,
    /// By the catalog's index: the series it was last, and its row.
    known: Vec<(Arc<Series>, usize)>,
    list: Vec<Option<Row>>,
    vacant: Vec<usize>,
    /// Oldest first.
    ended: VecDeque<usize>,
    forgotten: u64,
    version: u64,
}

/// A series, as it is reported.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) series: Arc<Series>,
    /// Where its totals begin.
    pub(crate) start: SystemTime,
    /// Tells it from others that had or will have the same number.
    pub(crate) id: u64,
    pub(crate) has_ended: bool,
}

impl Rows {
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Changes whenever the catalog or a row does.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// One past the last row.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// All rows with their numbers, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Row)> {
        let rows = self.list.iter().enumerate();
        rows.filter_map(|(number, row)| Some((number, row.as_ref()?)))
    }

    pub(crate) fn get(&self, row: usize) -> Option<&Row> {
        self.list.get(row)?.as_ref()
    }

    /// The instrument of a row's series.
    pub(crate) fn instrument_of(&self, row: &Row) -> &Arc<InstrumentInfo> {
        &self.catalog.instruments()[row.series.instrument()]
    }

    /// The row of a series of the catalog.
    pub(crate) fn of(&self, index: usize) -> usize {
        self.known[index].1
    }

    /// Takes up the catalog of `epoch`; answers with the rows that are new.
    /// None begins before `not_before`. O(series) where the catalog has changed.
    pub(crate) fn follow(&mut self, epoch: &RetiredEpoch, not_before: SystemTime) -> Vec<usize> {
        let mut new = Vec::new();
        if Arc::ptr_eq(&self.catalog, epoch.catalog()) {
            return new;
        }
        self.catalog = Arc::clone(epoch.catalog());
        self.version += 1;
        let catalog = Arc::clone(&self.catalog);
        for (index, series) in catalog.series().iter().enumerate() {
            let known = self.known.get(index);
            if known.is_some_and(|(known, _)| Arc::ptr_eq(known, series)) {
                continue;
            }
            let start = series.created().max(not_before);
            let row = self.insert(Arc::clone(series), start);
            new.push(row);
            let known = (Arc::clone(series), row);
            if index < self.known.len() {
                self.known[index] = known;
            } else {
                self.known.push(known);
            }
        }
        new
    }

    /// Adds a row that the catalog may not know any more.
    pub(crate) fn insert(&mut self, series: Arc<Series>, start: SystemTime) -> usize {
        self.version += 1;
        let id = self.version;
        let has_ended = false;
        let row = Some(Row {
            series,
            start,
            id,
            has_ended,
        });
        if let Some(vacant) = self.vacant.pop() {
            self.list[vacant] = row;
            return vacant;
        }
        self.list.push(row);
        self.list.len() - 1
    }

    /// Notes whose last `epoch` was. Where more than [`MOST_ENDED`] wait then,
    /// answers with what to [`forget`](Self::forget).
    pub(crate) fn end(&mut self, epoch: &RetiredEpoch) -> Option<u64> {
        for index in epoch.ended() {
            self.end_row(self.of(*index));
        }
        let is_full = self.ended.len() > MOST_ENDED;
        is_full.then(|| self.ended_so_far() - MOST_ENDED as u64)
    }

    /// Notes that what a row has is the last there is.
    pub(crate) fn end_row(&mut self, row: usize) {
        self.ended.push_back(row);
        if let Some(row) = &mut self.list[row] {
            row.has_ended = true;
        }
    }

    /// The rows that have ended, in that order.
    pub(crate) fn ended(&self) -> impl ExactSizeIterator<Item = usize> {
        self.ended.iter().copied()
    }

    /// How many rows have ended so far, the forgotten ones included.
    pub(crate) fn ended_so_far(&self) -> u64 {
        self.forgotten + self.ended.len() as u64
    }

    /// The row of a series that has ended, if it has one.
    pub(crate) fn find_ended(&self, series: &Arc<Series>) -> Option<usize> {
        let is_it = |row: &Row| Arc::ptr_eq(&row.series, series);
        self.ended().find(|row| self.get(*row).is_some_and(is_it))
    }

    /// Gives up the rows that had ended when so many had; answers with them.
    pub(crate) fn forget(&mut self, ended_so_far: u64) -> Vec<usize> {
        let count = ended_so_far.saturating_sub(self.forgotten) as usize;
        let forgotten: Vec<_> = self.ended.drain(..count).collect();
        for row in &forgotten {
            self.list[*row] = None;
            self.vacant.push(*row);
        }
        self.forgotten += count as u64;
        self.version += u64::from(count > 0);
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pqcnet_telemetry_core::Registry;

    #[test]
    fn a_series_that_ended_keeps_its_row_from_the_one_that_has_its_index() {
        let registry = Registry::new();
        let counter = registry.counter("c").unwrap();
        let mut rows = Rows::default();
        let add = |rows: &mut Rows| {
            let epoch = registry.flush();
            let new = rows.follow(&epoch, SystemTime::UNIX_EPOCH);
            assert_eq!(rows.end(&epoch), None);
            (new, epoch)
        };
        assert_eq!(add(&mut rows).0, [0]);
        let a = counter.bind(&[("peer", "a")]).unwrap();
        a.end();
        let (new, epoch) = add(&mut rows);
        assert_eq!((new, epoch.ended()), (vec![1], &[1][..]));
        let _b = counter.bind(&[("peer", "b")]).unwrap();
        let version = rows.version();
        // At the same index.
        let (new, epoch) = add(&mut rows);
        assert_eq!((new, epoch.catalog().series().len()), (vec![2], 2));
        assert!(rows.version() > version);
        assert_eq!((rows.of(1), rows.ended_so_far()), (2, 1));
        assert_eq!(rows.forget(1), [1]);
        assert!(rows.forget(1).is_empty());
        let peers = rows.iter().map(|(row, _)| row);
        assert_eq!(peers.collect::<Vec<_>>(), [0, 2]);
        let _c = counter.bind(&[("peer", "c")]).unwrap();
        assert_eq!(add(&mut rows).0, [1]);
        assert!(add(&mut rows).0.is_empty());
    }
}
