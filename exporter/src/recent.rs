//! What was recorded since the last successful flush: the snapshot's part of
//! the retired epochs.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pqcnet_telemetry_core::{
    Catalog, Distribution as Recorded, InstrumentInfo, Layout, RetiredEpoch, Series, Value,
};

use crate::accumulate::{Accumulator, Total, to_i64};
use crate::snapshot::{Distribution, TelemetrySnapshot};

/// Gains that no snapshot has shown yet, by the catalog's index.
pub(crate) struct Recent {
    start: SystemTime,
    gains: Vec<Gain>,
}

#[derive(Debug, Default)]
enum Gain {
    /// Nothing, or an instrument whose snapshot is where it stands.
    #[default]
    None,
    Counter(u128),
    Histogram(Box<RecentHistogram>),
}

#[derive(Debug, Default)]
struct RecentHistogram {
    buckets: Vec<(u32, u64)>,
    sum: u128,
}

impl Recent {
    pub(crate) fn new(now: SystemTime) -> Self {
        Self {
            start: now,
            gains: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        let series = epoch.catalog().series().len();
        self.gains.resize_with(series, Gain::default);
        for (index, value) in epoch.changes() {
            match (&mut self.gains[index], value) {
                (Gain::Counter(gain), Value::Counter(more)) => *gain = gain.saturating_add(more),
                (Gain::Histogram(gain), Value::Histogram(found)) => gain.add(&found),
                (gain, Value::Counter(more)) => *gain = Gain::Counter(more),
                (gain, Value::Histogram(found)) => {
                    let mut histogram = Box::<RecentHistogram>::default();
                    histogram.add(&found);
                    *gain = Gain::Histogram(histogram);
                }
                _ => {}
            }
        }
    }

    /// Shows and forgets the gains, and where `totals` stand; without the KEM
    /// events.
    pub(crate) fn take_snapshot(
        &mut self,
        totals: &Accumulator,
        labels: &BTreeMap<String, String>,
    ) -> TelemetrySnapshot {
        let mut snapshot = TelemetrySnapshot {
            start: self.start,
            timestamp: totals.window.end,
            labels: labels.clone(),
            counters: BTreeMap::new(),
            up_down_counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            latencies_ms: BTreeMap::new(),
            histograms: BTreeMap::new(),
            kem_events: Vec::new(),
            dropped_kem_events: 0,
        };
        self.start = totals.window.end;
        self.show_gains(&totals.catalog, &mut snapshot);
        show_standings(totals, &mut snapshot);
        snapshot
    }

    fn show_gains(&mut self, catalog: &Catalog, snapshot: &mut TelemetrySnapshot) {
        for (series, gain) in catalog.series().iter().zip(&mut self.gains) {
            let instrument = &catalog.instruments()[series.instrument()];
            match gain {
                Gain::None | Gain::Counter(0) => {}
                Gain::Counter(gain) => {
                    let name = display_name(instrument, series);
                    let shown = u64::try_from(*gain).unwrap_or(u64::MAX);
                    snapshot.counters.insert(name, shown);
                    *gain = 0;
                }
                Gain::Histogram(gain) => {
                    let layout = instrument.layout().expect("histograms have a layout");
                    if let Some(distribution) = gain.take(layout) {
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
    }
}

/// Up-down counters and gauges.
fn show_standings(totals: &Accumulator, snapshot: &mut TelemetrySnapshot) {
    for (series, total) in totals.catalog.series().iter().zip(&totals.totals) {
        let name = || display_name(&totals.catalog.instruments()[series.instrument()], series);
        match total {
            Total::UpDownCounter(total) => {
                snapshot.up_down_counters.insert(name(), to_i64(*total));
            }
            Total::Gauge(Some(value)) if value.is_finite() => {
                snapshot.gauges.insert(name(), *value);
            }
            Total::Gauge(_) | Total::Counter(_) | Total::Histogram(_) => {}
        }
    }
}

impl RecentHistogram {
    fn add(&mut self, found: &Recorded<'_>) {
        self.buckets.extend_from_slice(found.buckets());
        self.sum = self.sum.saturating_add(found.sum());
        self.compact(found.layout());
    }

    /// Bounds the memory by the number of buckets, however long nothing is
    /// delivered.
    fn compact(&mut self, layout: &Layout) {
        if self.buckets.len() > 2 * layout.len() {
            self.merge();
        }
    }

    /// Brings the buckets into order, each once.
    fn merge(&mut self) {
        // Stable sorting is linear in runs, and one shard's buckets are one.
        self.buckets.sort_by_key(|(bucket, _)| *bucket);
        self.buckets.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                kept.1 += later.1;
            }
            is_same
        });
    }

    fn take(&mut self, layout: &Layout) -> Option<Distribution> {
        self.merge();
        // A sum that came without its bucket, or the other way round, waits
        // for it: a flush met the record half-way.
        let distribution = Distribution::new(layout, &self.buckets, self.sum)?;
        self.buckets.clear();
        self.sum = 0;
        Some(distribution)
    }
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
    use crate::config::{HistogramEncoding, Temporality};
    use pqcnet_telemetry_core::Registry;

    /// A flush that meets a record half-way finds its sum without its bucket.
    #[test]
    fn a_sum_that_comes_before_its_bucket_waits_for_it() {
        let registry = Registry::new();
        let histogram = registry.histogram("h").unwrap();
        let now = SystemTime::now();
        let mut totals = Accumulator::new(
            Temporality::Cumulative,
            &HistogramEncoding::Exponential,
            now,
        );
        let mut recent = Recent::new(now);
        let epoch = registry.flush();
        totals.add(&epoch);
        recent.add(&epoch);
        recent.gains[0] = Gain::Histogram(Box::new(RecentHistogram {
            buckets: Vec::new(),
            sum: 1_000,
        }));
        let labels = BTreeMap::new();
        let snapshot = recent.take_snapshot(&totals, &labels);
        assert!(snapshot.histograms.is_empty());
        histogram.record(7);
        let epoch = registry.flush();
        totals.add(&epoch);
        recent.add(&epoch);
        let snapshot = recent.take_snapshot(&totals, &labels);
        assert_eq!(snapshot.histograms["h"].sum, 1_007);
    }
}
