//! A load from many threads, and the check that nothing of it is lost.

use std::thread;

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::{Counter, Histogram};
use serde_json::Value;

use crate::read::{Received, integer, integers};

/// Numbers without a pattern, always the same.
pub(crate) fn scattered(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// What recorder threads have recorded, and into what.
pub(crate) struct Load {
    total: Counter,
    bound: Counter,
    wait: Histogram,
}

impl Load {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;

    pub(crate) fn register(telemetry: &TelemetryHandle) -> Self {
        let counter = telemetry.counter("load.total").unwrap();
        let peers = telemetry.counter("load.bound").unwrap();
        Self {
            total: counter,
            bound: peers.bind(&[("peer", "a")]).unwrap(),
            wait: telemetry.histogram("load.wait").unwrap(),
        }
    }

    /// Values that fill an HDR bucket alone.
    fn values(thread: u64) -> impl Iterator<Item = u64> {
        let values = scattered(thread).map(|bits| bits % 2_048);
        values.take(usize::try_from(Self::EACH).unwrap())
    }

    /// Records from all threads while `meanwhile` runs, `rounds` times in all.
    pub(crate) fn run(&self, meanwhile: impl FnOnce()) {
        thread::scope(|scope| {
            for thread in 0..Self::THREADS {
                scope.spawn(move || {
                    for value in Self::values(thread) {
                        self.total.add(value);
                        self.bound.increment();
                        self.wait.record(value);
                    }
                });
            }
            meanwhile();
        });
    }

    /// Checks the points of the series, added up, against what `rounds` calls
    /// of [`run`](Self::run) have recorded.
    fn assert_is(received: &Received, rounds: u64, points: impl Fn(&str) -> Vec<Value>) {
        let values: Vec<_> = (0..Self::THREADS).flat_map(Self::values).collect();
        let (rounds, count) = (i128::from(rounds), values.len() as i128);
        let sum = i128::from(values.iter().sum::<u64>());
        let added = |name: &str, field: &str| -> i128 {
            let points = points(name);
            points.iter().map(|point| integer(&point[field])).sum()
        };
        assert!(!received.requests.is_empty());
        assert_eq!(added("load.total", "asInt"), rounds * sum);
        assert_eq!(added("load.bound", "asInt"), rounds * count);
        assert_eq!(added("load.wait", "count"), rounds * count);
        let zeroes = values.iter().filter(|value| **value == 0).count() as i128;
        assert_eq!(added("load.wait", "zeroCount"), rounds * zeroes);
        let waits = points("load.wait");
        let in_buckets = waits
            .iter()
            .flat_map(|p| integers(&p["positive"]["bucketCounts"]));
        assert_eq!(in_buckets.sum::<i128>(), rounds * (count - zeroes));
        let sums = waits.iter().map(|p| p["sum"].as_f64().unwrap());
        // Whole numbers below 2^53: their sum is exact.
        let expected = (rounds * sum) as f64;
        assert!((sums.sum::<f64>() - expected).abs() < 0.5);
    }

    pub(crate) fn assert_last_is(received: &Received, rounds: u64) {
        Self::assert_is(received, rounds, |name| {
            vec![received.last_point(name).clone()]
        });
    }

    pub(crate) fn assert_sum_is(received: &Received, rounds: u64) {
        Self::assert_is(received, rounds, |name| {
            received.points(name).into_iter().cloned().collect()
        });
    }
}
