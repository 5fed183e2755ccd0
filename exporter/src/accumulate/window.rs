//! Delta windows: where one ends and the next begins, and what comes back of one
//! that was not delivered.

use std::time::SystemTime;

use super::{Accumulator, NOTHING, Total};
use crate::config::Temporality;
use crate::rows::Row;

/// The time that the points of the next report cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The end of the last report offered; for delta points.
    pub(crate) start: SystemTime,
    /// When the last accumulated epoch was retired; a millisecond or more after
    /// the end of the last report.
    pub(crate) end: SystemTime,
}

/// What a delta window held, for as long as its fate is open.
#[derive(Clone, Default)]
pub(crate) struct ClosedWindow {
    /// By the number of the row, ascending.
    taken: Vec<Taken>,
}

#[derive(Clone)]
struct Taken {
    number: usize,
    row: Row,
    /// Where its point began.
    start: SystemTime,
    total: Total,
}

impl Accumulator {
    /// Begins the next delta window, and hands over what was in this one.
    /// Up-down counters, gauges, and the totals of a cumulative report, stay;
    /// but nothing stays of a series that has ended. Exemplars go with the report,
    /// and the next one ends a millisecond or more later.
    pub(crate) fn close_window(&mut self) -> ClosedWindow {
        self.reported = Some(self.window.end);
        self.exemplars.clear();
        let mut closed = ClosedWindow::default();
        if self.temporality == Temporality::Cumulative {
            return closed;
        }
        for (number, row) in self.rows.iter() {
            let total = match &mut self.totals[number] {
                Total::Counter(total) if *total > 0 => Total::Counter(std::mem::take(total)),
                // A sum whose records were counted in the window before waits
                // for company: no point has a sum without a count.
                Total::Histogram(total) if total.count > 0 => {
                    let empty = Box::new(total.emptied(&self.encoding));
                    Total::Histogram(std::mem::replace(total, empty))
                }
                total if row.has_ended => std::mem::replace(total, NOTHING),
                _ => continue,
            };
            closed.taken.push(Taken {
                number,
                row: row.clone(),
                start: self.start_of(number),
                total,
            });
        }
        self.forget_ended(self.rows.ended_so_far());
        self.since.clear();
        self.window.start = self.window.end;
        closed
    }

    /// Takes back what a window held of these rows, because it was not
    /// delivered and will not be: the next point of each covers both.
    pub(crate) fn take_back(&mut self, closed: &mut ClosedWindow, rows: &[usize]) {
        for number in rows {
            let taken = &mut closed.taken;
            let Ok(index) = taken.binary_search_by_key(number, |taken| taken.number) else {
                continue; // a gauge or an up-down counter
            };
            let Taken {
                row, start, total, ..
            } = &mut taken[index];
            let earlier = std::mem::replace(total, NOTHING);
            if matches!(earlier, Total::Gauge(None)) {
                continue; // taken back before
            }
            let number = self.again(*number, row);
            match (&mut self.totals[number], earlier) {
                (Total::Counter(total), Total::Counter(earlier)) => {
                    *total = total.saturating_add(earlier);
                }
                (Total::Histogram(total), Total::Histogram(earlier)) => total.merge(&earlier),
                (total, earlier) => *total = earlier,
            }
            self.since
                .entry(number)
                .and_modify(|since| *since = (*since).min(*start))
                .or_insert(*start);
        }
    }

    /// The number that this row has now: its series may have ended, and been
    /// given up, since.
    fn again(&mut self, number: usize, row: &Row) -> usize {
        if self.rows.get(number).is_some_and(|now| now.id == row.id) {
            return number;
        }
        if let Some(number) = self.rows.find_ended(&row.series) {
            return number;
        }
        let number = self.rows.insert(row.series.clone(), row.start);
        self.begin(number);
        self.rows.end_row(number);
        number
    }
}
