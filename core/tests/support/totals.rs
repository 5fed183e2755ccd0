//! What a collector downstream would add up, and a flusher that feeds it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry_core::{Registry, RetiredEpoch, Value};

/// The sums over all epochs added.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) scalars: BTreeMap<String, i128>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) sums: BTreeMap<String, u128>,
    pub(crate) buckets: BTreeMap<(String, u32), u64>,
    pub(crate) residue: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        self.residue += epoch.residue();
        for (index, series) in epoch.catalog().series().iter().enumerate() {
            let instrument = &epoch.catalog().instruments()[series.instrument()];
            let name = instrument.name().to_owned();
            match epoch.value(index) {
                Value::Counter(gain) => {
                    *self.scalars.entry(name).or_default() += i128::try_from(gain).unwrap();
                }
                Value::UpDownCounter(change) => *self.scalars.entry(name).or_default() += change,
                Value::Histogram(found) => {
                    let by_bucket: u64 = found.buckets().iter().map(|(_, count)| count).sum();
                    assert_eq!(found.count(), by_bucket);
                    *self.counts.entry(name.clone()).or_default() += found.count();
                    *self.sums.entry(name.clone()).or_default() += found.sum();
                    for &(index, count) in found.buckets() {
                        *self.buckets.entry((name.clone(), index)).or_default() += count;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Flushes every `interval` (or without pause) while `work` runs, then once
/// more after all its threads have ended.
pub(crate) fn flushed_throughout(
    registry: &Registry,
    interval: Option<Duration>,
    work: impl FnOnce() + Send,
) -> Totals {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let flusher = scope.spawn(|| {
            let mut totals = Totals::default();
            while !is_done.load(Ordering::Acquire) {
                totals.add(&registry.flush());
                match interval {
                    Some(interval) => thread::sleep(interval),
                    None => thread::yield_now(),
                }
            }
            totals
        });
        work();
        is_done.store(true, Ordering::Release);
        let mut totals = flusher.join().unwrap();
        totals.add(&registry.flush());
        totals
    })
}
