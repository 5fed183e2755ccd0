//! Retired epochs into totals: what goes on the wire.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pqcnet_telemetry_core::{InstrumentInfo, Kind, Layout, RetiredEpoch, Value};

use crate::config::{HistogramEncoding, Temporality};
use crate::rows::Rows;

pub(crate) mod exemplars;
pub(crate) mod explicit;
pub(crate) mod exponential;
mod histogram;
mod window;

use exemplars::Exemplars;
use exponential::Table;
pub(crate) use histogram::{Buckets, HistogramTotal};
pub(crate) use window::{ClosedWindow, Window};

/// The totals of every series of a registry.
pub(crate) struct Accumulator {
    pub(crate) temporality: Temporality,
    pub(crate) encoding: HistogramEncoding,
    pub(crate) rows: Rows,
    /// By row.
    pub(crate) totals: Vec<Total>,
    /// Series given up before what was last of them was reported.
    lost: u64,
    pub(crate) exemplars: Exemplars,
    pub(crate) window: Window,
    /// The end of the last report made, if there was one.
    reported: Option<SystemTime>,
    /// Where a row's delta point begins, if before the window: what was
    /// refused is in it.
    since: HashMap<usize, SystemTime>,
    tables: Vec<(Layout, u8, Arc<Table>)>,
    /// How many instruments, the catalog's first, are the library's own.
    own: usize,
}

/// One series since its start, or in delta temporality since the last report
/// was offered.
#[derive(Clone, Debug)]
pub(crate) enum Total {
    Counter(u128),
    UpDownCounter(i128),
    Gauge(Option<f64>),
    Histogram(Box<HistogramTotal>),
}

/// The total of a row that is nobody's: no report has it.
const NOTHING: Total = Total::Gauge(None);

impl Accumulator {
    pub(crate) fn new(
        temporality: Temporality,
        histograms: &HistogramEncoding,
        now: SystemTime,
    ) -> Self {
        Self {
            temporality,
            own: 0,
            encoding: histograms.clone(),
            rows: Rows::default(),
            totals: Vec::new(),
            exemplars: Exemplars::default(),
            lost: 0,
            window: Window {
                start: now,
                end: now,
            },
            reported: None,
            since: HashMap::new(),
            tables: Vec::new(),
        }
    }

    /// The same, where the catalog's first instruments are the library's own.
    pub(crate) fn with_own(self, own: usize) -> Self {
        Self { own, ..self }
    }

    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        // A series begins after all that was reported, by the clock of reports.
        let not_before = self.reported.unwrap_or(SystemTime::UNIX_EPOCH);
        for row in self.rows.follow(epoch, not_before) {
            self.begin(row);
        }
        // A receiver that counts time in milliseconds, as Prometheus does,
        // would refuse a second value for one; and a clock that was set back
        // must not send reports into the past. Epochs of one report may be as
        // close as they like: many more are cut than reported.
        let last = self.reported.unwrap_or(self.window.start);
        let earliest = last + Duration::from_millis(1);
        self.window.end = epoch.end().max(earliest).max(self.window.end);
        for (index, value) in epoch.changes() {
            match (&mut self.totals[self.rows.of(index)], value) {
                (Total::Counter(total), Value::Counter(gain)) => {
                    *total = total.saturating_add(gain);
                }
                (Total::UpDownCounter(total), Value::UpDownCounter(change)) => {
                    *total = total.saturating_add(change);
                }
                (Total::Gauge(last), Value::Gauge(value)) => *last = value,
                (Total::Histogram(total), Value::Histogram(found)) => {
                    total.add(&self.encoding, &found);
                }
                _ => unreachable!("a series keeps its kind"),
            }
        }
        for (index, exemplar) in epoch.exemplars() {
            self.exemplars.add(self.rows.of(index), *exemplar);
        }
        if let Some(excess) = self.rows.end(epoch) {
            self.lost += self.forget_ended(excess);
        }
    }

    /// An empty total for a row that is new.
    fn begin(&mut self, row: usize) {
        let new = self.rows.get(row).expect("it is new");
        let instrument = Arc::clone(self.rows.instrument_of(new));
        let empty = self.empty_total(&instrument);
        if self.totals.len() <= row {
            self.totals.resize(row + 1, NOTHING);
        }
        self.totals[row] = empty;
    }

    /// Gives up the rows of series that had ended when so many had, and answers
    /// with how many those were.
    pub(crate) fn forget_ended(&mut self, ended_so_far: u64) -> u64 {
        let forgotten = self.rows.forget(ended_so_far);
        for row in &forgotten {
            self.totals[*row] = NOTHING;
            self.exemplars.forget(*row);
            self.since.remove(row);
        }
        forgotten.len() as u64
    }

    /// How many series were given up, since the last call, before what was last
    /// of them was reported.
    pub(crate) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn empty_total(&mut self, instrument: &InstrumentInfo) -> Total {
        match instrument.kind() {
            Kind::Counter => Total::Counter(0),
            Kind::UpDownCounter => Total::UpDownCounter(0),
            Kind::Histogram => {
                let layout = instrument.layout().expect("histograms have a layout");
                let table = self.table(layout, instrument.decimals());
                let empty = HistogramTotal::new(&self.encoding, instrument.decimals(), table);
                Total::Histogram(Box::new(empty))
            }
            _ => Total::Gauge(None),
        }
    }

    /// Histograms of one layout and the same decimals share a table.
    fn table(&mut self, layout: &Layout, decimals: u8) -> Arc<Table> {
        let mut known = self.tables.iter();
        let known = known.find(|(known, places, _)| known == layout && *places == decimals);
        if let Some((_, _, table)) = known {
            return Arc::clone(table);
        }
        let table = Arc::new(Table::new(layout, decimals));
        self.tables.push((*layout, decimals, Arc::clone(&table)));
        table
    }

    /// Whether there is nothing but what the library says of itself.
    pub(crate) fn has_only_own(&self) -> bool {
        self.rows.catalog().instruments().len() <= self.own
    }

    /// Whether this row is what the library says of itself.
    pub(crate) fn is_own(&self, row: usize) -> bool {
        let row = self.rows.get(row);
        row.is_some_and(|row| row.series.instrument() < self.own)
    }

    /// Where the delta point of this row begins.
    pub(crate) fn start_of(&self, row: usize) -> SystemTime {
        // Nearly always empty.
        match self.since.get(&row) {
            Some(since) => *since,
            None => self.window.start,
        }
    }
}

/// A value recorded with so many decimals, in its unit.
///
/// A division by a power of ten that an `f64` holds exactly: the result is the
/// number nearest to the quotient, so 5,000,000 ns are 0.005 s to the last bit.
#[inline]
pub(crate) fn in_unit(recorded: f64, decimals: u8) -> f64 {
    if decimals == 0 {
        return recorded;
    }
    recorded / 10_f64.powi(decimals.into())
}

/// The nearest `i64`: what OTLP's signed `asInt` can hold. A counter's total
/// past `i64::MAX` so stays there, and never turns negative or zero.
pub(crate) fn to_i64(total: i128) -> i64 {
    total.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

#[cfg(test)]
mod tests;
