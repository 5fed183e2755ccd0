//! The snapshot's part of the retired epochs: what was recorded since the last
//! successful flush, and where up-down counters and gauges stand.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use pqcnet_telemetry_core::{
    Distribution as Recorded, InstrumentInfo, Kind, Layout, RetiredEpoch, Series, Value,
};

use crate::accumulate::to_i64;
use crate::rows::Rows;
use crate::snapshot::{Distribution, TelemetrySnapshot};

/// What no snapshot has shown yet.
pub(crate) struct Recent {
    start: SystemTime,
    end: SystemTime,
    rows: Rows,
    /// By row.
    shown: Vec<Shown>,
    /// How many instruments, the catalog's first, are not shown.
    own: usize,
}

#[derive(Debug)]
enum Shown {
    /// The gain since the last snapshot.
    Counter(u128),
    /// The same.
    Histogram(Box<RecentHistogram>),
    /// Where it stands.
    UpDownCounter(i128),
    /// Where it stands.
    Gauge(Option<f64>),
}

#[derive(Debug, Default)]
struct RecentHistogram {
    buckets: Vec<(u32, u64)>,
    /// How many of them were left when they were last merged.
    merged: usize,
    sum: u128,
}

impl Recent {
    pub(crate) fn new(now: SystemTime, own: usize) -> Self {
        Self {
            start: now,
            end: now,
            rows: Rows::default(),
            shown: Vec::new(),
            own,
        }
    }

    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        self.end = epoch.end();
        for row in self.rows.follow(epoch, SystemTime::UNIX_EPOCH) {
            let new = self.rows.get(row).expect("it is new");
            let kind = self.rows.instrument_of(new).kind();
            if self.shown.len() <= row {
                self.shown.resize_with(row + 1, || Shown::Gauge(None));
            }
            self.shown[row] = match kind {
                Kind::Counter => Shown::Counter(0),
                Kind::UpDownCounter => Shown::UpDownCounter(0),
                Kind::Histogram => Shown::Histogram(Box::default()),
                _ => Shown::Gauge(None),
            };
        }
        for (index, value) in epoch.changes() {
            match (&mut self.shown[self.rows.of(index)], value) {
                (Shown::Counter(gain), Value::Counter(more)) => *gain = gain.saturating_add(more),
                (Shown::Histogram(gain), Value::Histogram(found)) => gain.add(&found),
                (Shown::UpDownCounter(total), Value::UpDownCounter(change)) => {
                    *total = total.saturating_add(change);
                }
                (Shown::Gauge(last), Value::Gauge(value)) => *last = value,
                _ => unreachable!("a series keeps its kind"),
            }
        }
        if let Some(excess) = self.rows.end(epoch) {
            self.forget(excess);
        }
    }

    fn forget(&mut self, ended_so_far: u64) {
        for row in self.rows.forget(ended_so_far) {
            self.shown[row] = Shown::Gauge(None);
        }
    }

    /// Adds what a series had when it ended to the one of the same attributes
    /// that began later, if there is one: a snapshot knows them by name.
    fn join_ended(&mut self) {
        if self.rows.ended().len() == 0 {
            return;
        }
        let mut latest = HashMap::new();
        for (number, row) in self.rows.iter() {
            let identity = (row.series.instrument(), row.series.attributes());
            let known = latest.entry(identity).or_insert((row.id, number));
            *known = (*known).max((row.id, number));
        }
        for ended in self.rows.ended() {
            let row = self.rows.get(ended).expect("it is kept");
            let (id, later) = latest[&(row.series.instrument(), row.series.attributes())];
            if id == row.id {
                continue;
            }
            let earlier = std::mem::replace(&mut self.shown[ended], Shown::Gauge(None));
            match (&mut self.shown[later], earlier) {
                (Shown::Counter(gain), Shown::Counter(more)) => *gain = gain.saturating_add(more),
                (Shown::Histogram(gain), Shown::Histogram(more)) => {
                    gain.extend(&more.buckets, more.sum);
                }
                _ => {} // where the later one stands
            }
        }
    }

    /// Shows where everything stands, and forgets the gains; without the KEM
    /// events.
    pub(crate) fn take_snapshot(&mut self, labels: &BTreeMap<String, String>) -> TelemetrySnapshot {
        let mut snapshot = TelemetrySnapshot::empty(self.start, self.end, labels.clone());
        self.start = self.end;
        self.join_ended();
        for (number, row) in self.rows.iter() {
            let series = &row.series;
            if series.instrument() < self.own {
                continue;
            }
            let instrument = self.rows.instrument_of(row);
            let name = || display_name(instrument, series);
            match &mut self.shown[number] {
                Shown::Counter(0) => {}
                Shown::Counter(gain) => {
                    let value = u64::try_from(*gain).unwrap_or(u64::MAX);
                    snapshot.counters.insert(name(), value);
                    *gain = 0;
                }
                Shown::Histogram(gain) => {
                    let layout = instrument.layout().expect("histograms have a layout");
                    if let Some(distribution) = gain.take(layout) {
                        let is_whole = instrument.decimals() == 0;
                        let section = if instrument.unit() == "ms" && is_whole {
                            &mut snapshot.latencies_ms
                        } else {
                            &mut snapshot.histograms
                        };
                        section.insert(name(), distribution);
                    }
                }
                Shown::UpDownCounter(total) => {
                    snapshot.up_down_counters.insert(name(), to_i64(*total));
                }
                Shown::Gauge(value) => {
                    let finite = value.filter(|value| value.is_finite());
                    snapshot.gauges.extend(finite.map(|value| (name(), value)));
                }
            }
        }
        self.forget(self.rows.ended_so_far());
        snapshot
    }
}

impl RecentHistogram {
    fn add(&mut self, found: &Recorded<'_>) {
        self.extend(found.buckets(), found.sum());
    }

    fn extend(&mut self, buckets: &[(u32, u64)], sum: u128) {
        self.buckets.extend_from_slice(buckets);
        self.sum = self.sum.saturating_add(sum);
        self.compact();
    }

    /// Bounds the memory by twice the buckets in use, however long nothing is
    /// delivered.
    fn compact(&mut self) {
        /// Merging fewer saves nothing to speak of.
        const LEAST: usize = 512;
        if self.buckets.len() > 2 * self.merged.max(LEAST) {
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
        self.merged = self.buckets.len();
    }

    fn take(&mut self, layout: &Layout) -> Option<Distribution> {
        self.merge();
        // A sum that came without its bucket, or the other way round, waits
        // for it: a flush met the record half-way.
        let distribution = Distribution::new(layout, &self.buckets, self.sum)?;
        self.buckets.clear();
        (self.merged, self.sum) = (0, 0);
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
    use pqcnet_telemetry_core::Registry;

    #[test]
    fn many_epochs_take_the_memory_of_few() {
        let registry = Registry::new();
        let histogram = registry.histogram("h").unwrap();
        let mut recent = RecentHistogram::default();
        for _ in 0..1_000 {
            (0..100).for_each(|value| histogram.record(value));
            recent.add(&registry.flush().distribution("h", &[]).unwrap());
        }
        assert!(recent.buckets.capacity() <= 4_096);
        recent.merge();
        let counts = recent.buckets.iter().map(|(_, count)| *count);
        assert_eq!(counts.collect::<Vec<_>>(), [1_000; 100]);
    }

    /// A flush that meets a record half-way finds its sum without its bucket.
    #[test]
    fn a_sum_that_comes_before_its_bucket_waits_for_it() {
        let registry = Registry::new();
        let histogram = registry.histogram("h").unwrap();
        let mut recent = Recent::new(SystemTime::now(), 0);
        recent.add(&registry.flush());
        recent.shown[0] = Shown::Histogram(Box::new(RecentHistogram {
            buckets: Vec::new(),
            merged: 0,
            sum: 1_000,
        }));
        let labels = BTreeMap::new();
        let snapshot = recent.take_snapshot(&labels);
        assert!(snapshot.histograms.is_empty());
        histogram.record(7);
        recent.add(&registry.flush());
        let snapshot = recent.take_snapshot(&labels);
        assert_eq!(snapshot.histograms["h"].sum, 1_007);
    }
}
