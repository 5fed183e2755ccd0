//! Retired epochs into totals: what goes on the wire, and what the next
//! snapshot shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use pqcnet_telemetry_core::{
    Catalog, Distribution as Recorded, InstrumentInfo, Kind, Layout, RetiredEpoch, Series, Value,
};

use crate::config::{HistogramEncoding, Temporality};
use crate::snapshot::{Distribution, TelemetrySnapshot};

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
    /// When the epoch of the last successful flush ended.
    recent_start: SystemTime,
    tables: Vec<(Layout, Arc<Table>)>,
}

/// The time that the points of the next report cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The end of the last report offered; for delta points.
    pub(crate) start: SystemTime,
    /// When the last accumulated epoch was retired.
    pub(crate) end: SystemTime,
}

/// One series: `wire` since its start, or in delta temporality since the last
/// report was offered; `recent` since the last successful flush.
#[derive(Clone, Debug)]
pub(crate) enum Total {
    Counter { wire: u128, recent: u128 },
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
    table: Arc<Table>,
    recent: Vec<(u32, u64)>,
    recent_sum: u128,
}

#[derive(Clone, Debug)]
pub(crate) enum Buckets {
    Exponential(Exponential),
    Explicit(Explicit),
}

impl Accumulator {
    pub(crate) fn new(
        temporality: Temporality,
        encoding: HistogramEncoding,
        now: SystemTime,
    ) -> Self {
        Self {
            temporality,
            encoding,
            catalog: Arc::default(),
            totals: Vec::new(),
            window: Window {
                start: now,
                end: now,
            },
            recent_start: now,
            tables: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        self.catalog = Arc::clone(epoch.catalog());
        let catalog = Arc::clone(&self.catalog);
        for series in &catalog.series()[self.totals.len()..] {
            let empty = self.empty_total(&catalog.instruments()[series.instrument()]);
            self.totals.push(empty);
        }
        self.window.end = epoch.end();
        for (index, total) in self.totals.iter_mut().enumerate() {
            match (total, epoch.value(index)) {
                (Total::Counter { wire, recent }, Value::Counter(gain)) => {
                    *wire = wire.saturating_add(gain);
                    *recent = recent.saturating_add(gain);
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
            Kind::Counter => Total::Counter { wire: 0, recent: 0 },
            Kind::UpDownCounter => Total::UpDownCounter(0),
            Kind::Histogram => {
                let layout = instrument.layout().expect("histograms have a layout");
                Total::Histogram(Box::new(HistogramTotal {
                    buckets: Buckets::empty(&self.encoding),
                    count: 0,
                    sum: 0,
                    range: None,
                    table: self.table(layout),
                    recent: Vec::new(),
                    recent_sum: 0,
                }))
            }
            _ => Total::Gauge(None),
        }
    }

    /// Histograms of one layout share a table.
    fn table(&mut self, layout: &Layout) -> Arc<Table> {
        if let Some((_, table)) = self.tables.iter().find(|(known, _)| known == layout) {
            return Arc::clone(table);
        }
        let table = Arc::new(Table::new(layout));
        self.tables.push((*layout, Arc::clone(&table)));
        table
    }

    /// Begins the next delta window: what was accumulated has been encoded
    /// and is kept as bytes from here on. Cumulative totals stay.
    pub(crate) fn close_window_if_delta(&mut self) {
        if self.temporality == Temporality::Cumulative {
            return;
        }
        self.window.start = self.window.end;
        for total in &mut self.totals {
            match total {
                Total::Counter { wire, .. } => *wire = 0,
                // A sum whose records were counted in the window before waits
                // for company: no point has a sum without a count.
                Total::Histogram(total) if total.count == 0 => {}
                Total::Histogram(total) => {
                    total.buckets = Buckets::empty(&self.encoding);
                    total.count = 0;
                    total.sum = 0;
                    total.range = None;
                }
                Total::UpDownCounter(_) | Total::Gauge(_) => {}
            }
        }
    }

    /// What was recorded since the last call, without the KEM events.
    pub(crate) fn take_snapshot(&mut self, labels: &BTreeMap<String, String>) -> TelemetrySnapshot {
        let mut snapshot = TelemetrySnapshot {
            start: self.recent_start,
            timestamp: self.window.end,
            labels: labels.clone(),
            counters: BTreeMap::new(),
            up_down_counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            latencies_ms: BTreeMap::new(),
            histograms: BTreeMap::new(),
            kem_events: Vec::new(),
            dropped_kem_events: 0,
        };
        self.recent_start = self.window.end;
        for (series, total) in self.catalog.series().iter().zip(&mut self.totals) {
            let instrument = &self.catalog.instruments()[series.instrument()];
            match total {
                Total::Counter { recent, .. } => {
                    if *recent > 0 {
                        let gain = u64::try_from(*recent).unwrap_or(u64::MAX);
                        snapshot
                            .counters
                            .insert(display_name(instrument, series), gain);
                        *recent = 0;
                    }
                }
                Total::UpDownCounter(total) => {
                    let name = display_name(instrument, series);
                    snapshot.up_down_counters.insert(name, to_i64(*total));
                }
                Total::Gauge(Some(value)) if value.is_finite() => {
                    snapshot
                        .gauges
                        .insert(display_name(instrument, series), *value);
                }
                Total::Gauge(_) => {}
                Total::Histogram(total) => {
                    let layout = instrument.layout().expect("histograms have a layout");
                    if let Some(distribution) = total.take_recent(layout) {
                        let section = if instrument.unit() == "ms" {
                            &mut snapshot.latencies_ms
                        } else {
                            &mut snapshot.histograms
                        };
                        section.insert(display_name(instrument, series), distribution);
                    }
                }
            }
        }
        snapshot
    }
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
        if found.count() == 0 && found.sum() == 0 {
            return;
        }
        let layout = found.layout();
        for &(bucket, count) in found.buckets() {
            match (&mut self.buckets, encoding) {
                (Buckets::Exponential(buckets), _) => buckets.add(&self.table, bucket, count),
                (Buckets::Explicit(buckets), HistogramEncoding::Explicit(bounds)) => {
                    buckets.add(bounds, layout, bucket, count);
                }
                (Buckets::Explicit(_), _) => unreachable!("made for the same encoding"),
            }
            let index = bucket as usize;
            let (low, high) = (layout.lowest_of(index), layout.highest_of(index));
            let (least, greatest) = self.range.unwrap_or((low, high));
            self.range = Some((least.min(low), greatest.max(high)));
        }
        self.count += found.count();
        self.sum = self.sum.saturating_add(found.sum());
        self.recent.extend_from_slice(found.buckets());
        self.recent_sum = self.recent_sum.saturating_add(found.sum());
        self.compact_recent(layout);
    }

    /// Bounds `recent` by the number of buckets, however long nothing is
    /// delivered.
    fn compact_recent(&mut self, layout: &Layout) {
        if self.recent.len() <= 2 * layout.len() {
            return;
        }
        self.recent.sort_unstable_by_key(|(bucket, _)| *bucket);
        self.recent.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                kept.1 += later.1;
            }
            is_same
        });
    }

    fn take_recent(&mut self, layout: &Layout) -> Option<Distribution> {
        // A sum that came without its bucket, or the other way round, waits
        // for it: a flush met the record half-way.
        if self.recent.is_empty() {
            return None;
        }
        let sum = std::mem::take(&mut self.recent_sum);
        let mut hdr = layout.empty();
        for (bucket, count) in self.recent.drain(..) {
            hdr.saturating_record_n(layout.value_of(bucket as usize), count);
        }
        Some(Distribution::new(&hdr, sum))
    }
}

/// The nearest `i64`: what OTLP's signed `asInt` can hold. A counter's total
/// past `i64::MAX` so stays there, and never turns negative or zero.
pub(crate) fn to_i64(total: i128) -> i64 {
    total.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

fn display_name(instrument: &InstrumentInfo, series: &Series) -> String {
    let mut name = instrument.name().to_owned();
    if !series.attributes().is_empty() {
        let pairs = series.attributes().iter();
        let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
        name = format!("{name}{{{}}}", pairs.join(","));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use pqcnet_telemetry_core::Registry;

    /// A flush that meets a record half-way finds its sum without its bucket.
    #[test]
    fn a_sum_that_comes_before_its_bucket_waits_for_it() {
        let registry = Registry::new();
        let histogram = registry.histogram("h").unwrap();
        let now = SystemTime::now();
        let mut accumulator =
            Accumulator::new(Temporality::Cumulative, HistogramEncoding::default(), now);
        accumulator.add(&registry.flush());
        let Total::Histogram(total) = &mut accumulator.totals[0] else {
            panic!("a histogram");
        };
        total.recent_sum = 1_000;
        let labels = BTreeMap::new();
        assert!(accumulator.take_snapshot(&labels).histograms.is_empty());
        histogram.record(7);
        accumulator.add(&registry.flush());
        let snapshot = accumulator.take_snapshot(&labels);
        assert_eq!(snapshot.histograms["h"].sum, 1_007);
    }
}
