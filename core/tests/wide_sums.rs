//! Sums are kept to 128 bits, and what can't be saturates.

#[path = "support/series.rs"]
mod support;

use std::thread;

use hdrhistogram::Histogram as Hdr;
use pqcnet_telemetry_core::{Instrument, Registry};
use support::gain;

#[test]
fn a_counter_reports_a_gain_past_64_bits_in_full() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    // Several times per bank, with a remainder that differs by epoch.
    for epoch in 0..6_u64 {
        for _ in 0..=epoch {
            counter.add(u64::MAX);
        }
        counter.add(epoch + 7);
        let retired = registry.flush();
        let added = u128::from(u64::MAX) * u128::from(epoch + 1) + u128::from(epoch + 7);
        assert_eq!(gain(&retired, "a"), added);
        assert_eq!(retired.counter("a"), Some(u64::MAX), "saturated");
    }
    registry.flush();
    assert_eq!(gain(&registry.flush(), "a"), 0);
}

#[test]
fn one_counter_past_64_bits_leaves_the_others_exact() {
    let registry = Registry::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| registry.counter(name).unwrap());
    for _ in 0..4 {
        a.add(3);
        b.add(u64::MAX);
        b.add(u64::MAX);
        c.add(u64::MAX);
        let epoch = registry.flush();
        assert_eq!(gain(&epoch, "a"), 3);
        assert_eq!(gain(&epoch, "b"), 2 * u128::from(u64::MAX));
        assert_eq!(gain(&epoch, "c"), u128::from(u64::MAX));
    }
}

#[test]
fn a_local_counter_passes_64_bits_too() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let here = registry.local().counter(&counter);
    for _ in 0..4 {
        here.add(u64::MAX);
        counter.add(u64::MAX);
        here.add(u64::MAX);
        assert_eq!(gain(&registry.flush(), "a"), 3 * u128::from(u64::MAX));
    }
}

#[test]
fn a_histogram_sums_past_64_bits_within_one_epoch() {
    let registry = Registry::new();
    let histogram = registry
        .histogram(Instrument::new("a").range(1, u64::MAX))
        .unwrap();
    for epoch in 1..=4_u64 {
        let mut sum = 0;
        for value in [u64::MAX, u64::MAX - 1, 1 << 63, 1, epoch] {
            histogram.record(value);
            histogram.record_n(value, 1_000 * epoch);
            sum += u128::from(value) * u128::from(1_000 * epoch + 1);
        }
        assert!(sum > u128::from(u64::MAX));
        let retired = registry.flush();
        let found = retired.distribution("a", &[]).unwrap();
        assert_eq!(found.sum(), sum);
        assert_eq!(found.count(), 5 * (1_000 * epoch + 1));
        assert_eq!(found.clamped(), 0);
    }
}

#[test]
fn a_product_past_64_bits_is_carried_in_full() {
    let registry = Registry::new();
    let histogram = registry
        .histogram(Instrument::new("a").range(1, u64::MAX))
        .unwrap();
    for n in [1_u64 << 40, u64::MAX >> 3] {
        histogram.record_n(u64::MAX - 5, n);
        let retired = registry.flush();
        let found = retired.distribution("a", &[]).unwrap();
        assert_eq!(found.sum(), u128::from(u64::MAX - 5) * u128::from(n));
        assert_eq!(found.count(), n);
    }
}

#[test]
fn a_bucket_that_wraps_to_zero_is_reported_once() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    // Every other flush, so that all three land in the same bank.
    for n in [1 << 63, 1 << 63, 3] {
        histogram.record_n(5, n);
        let epoch = registry.flush();
        assert_eq!(epoch.distribution("a", &[]).unwrap().buckets(), [(5, n)]);
        assert_eq!(epoch.distribution("a", &[]).unwrap().count(), n);
        assert_eq!(epoch.mid_record(), 0);
        registry.flush();
    }
}

#[test]
fn a_count_past_64_bits_saturates_as_hdrhistograms_does() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    let mut fed = Hdr::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    for value in [1, 2] {
        // Here first, so that the other thread needs a shard of its own: no
        // single cell holds more than 2^64 records.
        histogram.record_n(value, 10);
        thread::scope(|scope| scope.spawn(|| histogram.record_n(value, u64::MAX)).join()).unwrap();
        fed.record_n(value, u64::MAX).unwrap();
        fed.record_n(value, 10).unwrap();
    }
    let epoch = registry.flush();
    assert!(*epoch.histogram("a").unwrap() == fed);
    assert_eq!(epoch.distribution("a", &[]).unwrap().count(), fed.len());
}
