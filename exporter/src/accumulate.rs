//! Retired epochs into totals: what goes on the wire.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pqcnet_telemetry_core::{
    Catalog, Distribution as Recorded, InstrumentInfo, Kind, Layout, RetiredEpoch, Value,
};

use crate::config::{HistogramEncoding, Temporality};

pub(crate) mod explicit;
pub(crate) mod exponential;

use explicit::Explicit;
use exponential::{Exponential, Table};

/// The totals of every series of a registry.
pub(crate) struct Accumulator {
    pub(crate) temporality: Temporality,
    pub(crate) encoding: HistogramEncoding,
    pub(crate) catalog: Arc<Catalog>,
    /// By the catalog's index.
    pub(crate) totals: Vec<Total>,
    pub(crate) window: Window,
    /// Where a series' delta point begins, if before the window: what was
    /// refused is in it.
    since: HashMap<usize, SystemTime>,
    tables: Vec<(Layout, u8, Arc<Table>)>,
    /// How many instruments, the catalog's first, are the library's own.
    own: usize,
}

/// The time that the points of the next report cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The end of the last report offered; for delta points.
    pub(crate) start: SystemTime,
    /// When the last accumulated epoch was retired; a millisecond or more after
    /// the one before.
    pub(crate) end: SystemTime,
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
            catalog: Arc::default(),
            totals: Vec::new(),
            window: Window {
                start: now,
                end: now,
            },
            since: HashMap::new(),
            tables: Vec::new(),
        }
    }

    /// The same, where the catalog's first instruments are the library's own.
    pub(crate) fn with_own(self, own: usize) -> Self {
        Self { own, ..self }
    }

    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        self.catalog = Arc::clone(epoch.catalog());
        let catalog = Arc::clone(&self.catalog);
        for series in &catalog.series()[self.totals.len()..] {
            let empty = self.empty_total(&catalog.instruments()[series.instrument()]);
            self.totals.push(empty);
        }
        // A receiver that counts time in milliseconds, as Prometheus does,
        // would refuse a second value for one; and a clock that was set back
        // must not send reports into the past.
        self.window.end = epoch.end().max(self.window.end + Duration::from_millis(1));
        for (index, value) in epoch.changes() {
            match (&mut self.totals[index], value) {
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
    }

    fn empty_total(&mut self, instrument: &InstrumentInfo) -> Total {
        match instrument.kind() {
            Kind::Counter => Total::Counter(0),
            Kind::UpDownCounter => Total::UpDownCounter(0),
            Kind::Histogram => {
                let layout = instrument.layout().expect("histograms have a layout");
                Total::Histogram(Box::new(HistogramTotal {
                    buckets: Buckets::empty(&self.encoding),
                    count: 0,
                    sum: 0,
                    range: None,
                    change: 1,
                    decimals: instrument.decimals(),
                    table: self.table(layout, instrument.decimals()),
                }))
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
        self.catalog.instruments().len() <= self.own
    }

    /// Whether this series is what the library says of itself.
    pub(crate) fn is_own(&self, series: usize) -> bool {
        self.catalog.series()[series].instrument() < self.own
    }

    /// Where the delta point of this series begins.
    pub(crate) fn start_of(&self, series: usize) -> SystemTime {
        // Nearly always empty.
        match self.since.get(&series) {
            Some(since) => *since,
            None => self.window.start,
        }
    }

    /// Begins the next delta window, and hands over what was in this one.
    /// Up-down counters, gauges, and the totals of a cumulative report, stay.
    pub(crate) fn close_window(&mut self) -> ClosedWindow {
        let mut closed = ClosedWindow::default();
        if self.temporality == Temporality::Cumulative {
            return closed;
        }
        for series in 0..self.totals.len() {
            let taken = match &mut self.totals[series] {
                Total::Counter(total) if *total > 0 => Total::Counter(std::mem::take(total)),
                // A sum whose records were counted in the window before waits
                // for company: no point has a sum without a count.
                Total::Histogram(total) if total.count > 0 => {
                    let empty = HistogramTotal {
                        buckets: Buckets::empty(&self.encoding),
                        count: 0,
                        sum: 0,
                        range: None,
                        change: total.change + 1,
                        decimals: total.decimals,
                        table: Arc::clone(&total.table),
                    };
                    Total::Histogram(Box::new(std::mem::replace(total, empty)))
                }
                _ => continue,
            };
            closed.totals.push((series, self.start_of(series), taken));
        }
        self.since.clear();
        self.window.start = self.window.end;
        closed
    }

    /// Takes back what a window held of these series, because it was not
    /// delivered and will not be: the next point of each covers both.
    pub(crate) fn take_back(&mut self, closed: &mut ClosedWindow, series: &[usize]) {
        for series in series {
            let found = closed
                .totals
                .binary_search_by_key(series, |(index, ..)| *index);
            let Ok(index) = found else {
                continue; // a gauge or an up-down counter
            };
            let (_, start, taken) = &mut closed.totals[index];
            let empty = Total::Gauge(None);
            match (&mut self.totals[*series], std::mem::replace(taken, empty)) {
                (Total::Counter(total), Total::Counter(earlier)) => {
                    *total = total.saturating_add(earlier);
                }
                (Total::Histogram(total), Total::Histogram(earlier)) => total.merge(&earlier),
                _ => continue, // taken back before
            }
            self.since
                .entry(*series)
                .and_modify(|since| *since = (*since).min(*start))
                .or_insert(*start);
        }
    }
}

/// What a delta window held, for as long as its fate is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClosedWindow {
    /// Series, the start of its point, and what it gained; by series.
    totals: Vec<(usize, SystemTime, Total)>,
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
    fn add(&mut self, encoding: &HistogramEncoding, found: &Recorded<'_>) {
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

    fn merge(&mut self, other: &Self) {
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
