//! What each kind of handle records, epoch by epoch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use hdrhistogram::Histogram as Hdr;
use pqcnet_telemetry_core::{Histogram, Instrument, Registry, RetiredEpoch, Value, label_set};

label_set! {
    enum Lane: "lane" {
        Fast = "fast",
        Slow = "slow",
    }
}

// Counters

#[test]
fn a_counter_reports_what_the_epoch_added() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    assert_eq!(registry.flush().counter("a"), Some(0));
    for round in 1..=5 {
        counter.add(round * 1_000);
        counter.increment();
        counter.clone().add(0);
        assert_eq!(registry.flush().counter("a"), Some(round * 1_000 + 1));
        assert_eq!(registry.flush().counter("a"), Some(0));
    }
}

#[test]
fn threads_add_to_one_counter() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    for _ in 0..3 {
        thread::scope(|scope| {
            for n in 1..=4 {
                let counter = &counter;
                scope.spawn(move || counter.add(n));
            }
        });
        assert_eq!(registry.flush().counter("a"), Some(10));
    }
}

#[test]
fn an_accessor_answers_for_its_own_kind_only() {
    let registry = Registry::new();
    registry.counter("counter").unwrap().increment();
    registry.up_down_counter("level").unwrap().increment();
    registry.gauge("gauge").unwrap().set(1.0);
    registry.histogram("histogram").unwrap().record(1);
    let epoch = registry.flush();
    for name in ["counter", "level", "gauge", "histogram", "absent"] {
        assert_eq!(epoch.counter(name).is_some(), name == "counter");
        assert_eq!(epoch.up_down_counter(name).is_some(), name == "level");
        assert_eq!(epoch.gauge(name).is_some(), name == "gauge");
        assert_eq!(epoch.histogram(name).is_some(), name == "histogram");
    }
}

// Up-down counters

#[test]
fn an_up_down_counter_reports_the_epochs_change() {
    let registry = Registry::new();
    let level = registry.up_down_counter("a").unwrap();
    for (changes, expected) in [
        (vec![], 0),
        (vec![5, -8], -3),
        (vec![3], 3),
        (vec![1, -1], 0),
        (vec![i64::MIN], i64::MIN),
        (vec![i64::MAX], i64::MAX),
        (vec![i64::MAX, -1, i64::MIN], -2),
    ] {
        for change in changes {
            level.add(change);
        }
        level.increment();
        level.decrement();
        assert_eq!(registry.flush().up_down_counter("a"), Some(expected));
    }
}

#[test]
fn a_change_past_i64_is_clamped_where_it_is_asked_for_as_one() {
    let registry = Registry::new();
    let level = registry.up_down_counter("a").unwrap();
    for extreme in [i64::MAX, i64::MIN] {
        // Threads that run at the same time, each within its own i64.
        let both = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    level.add(extreme);
                    both.wait();
                });
            }
        });
        let epoch = registry.flush();
        assert_eq!(epoch.up_down_counter("a"), Some(extreme));
        let Value::UpDownCounter(change) = epoch.value(0) else {
            panic!("{:?}", epoch.value(0))
        };
        assert_eq!(change, 2 * i128::from(extreme));
    }
}

// Gauges

#[test]
fn a_gauge_keeps_the_last_value_set() {
    let registry = Registry::new();
    let gauge = registry.gauge("a").unwrap();
    let never = registry.gauge("never").unwrap();
    assert_eq!(registry.flush().gauge("a"), None);
    let values = [
        1.5,
        -0.0,
        0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::NAN,
    ];
    for value in values {
        gauge.set(42.0);
        gauge.set(value);
        for epoch in [registry.flush(), registry.flush()] {
            // By its bits: NaN is not NaN, and zero is minus zero.
            assert_eq!(epoch.gauge("a").map(f64::to_bits), Some(value.to_bits()));
            assert_eq!(epoch.gauge("never"), None);
        }
    }
    drop(never);
}

#[test]
fn a_gauge_set_to_zero_has_a_value() {
    let registry = Registry::new();
    registry.gauge("a").unwrap().set(0.0);
    assert_eq!(registry.flush().gauge("a"), Some(0.0));
}

#[test]
fn the_last_of_several_threads_sets_the_gauge() {
    let registry = Registry::new();
    let gauge = registry.gauge("a").unwrap();
    for value in [1.0, 2.0, 3.0] {
        thread::scope(|scope| scope.spawn(|| gauge.set(value)).join()).unwrap();
        assert_eq!(registry.flush().gauge("a"), Some(value));
    }
    gauge.set(4.0);
    assert_eq!(registry.flush().gauge("a"), Some(4.0));
}

// Histograms

const HIGH: u64 = 1_000_000;
const QUANTILES: [f64; 7] = [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0];

fn up_to_a_million(registry: &Registry) -> (Histogram, Hdr<u64>) {
    let instrument = Instrument::new("a").range(1, HIGH).digits(2);
    (
        registry.histogram(instrument).unwrap(),
        Hdr::new_with_bounds(1, HIGH, 2).unwrap(),
    )
}

/// As `assert_eq`, which would print every bucket.
fn assert_fed(epoch: &RetiredEpoch, fed: &Hdr<u64>) {
    let found = epoch.histogram("a").unwrap();
    assert!(found == fed, "{} and {} values", found.len(), fed.len());
}

#[test]
fn a_histogram_is_an_hdrhistogram_fed_the_same_values() {
    let registry = Registry::new();
    for epoch in 1..=5 {
        let (histogram, mut fed) = up_to_a_million(&registry);
        let mut sum = 0;
        for round in 0..1_000 {
            let value = round * round * epoch % HIGH;
            histogram.record(value);
            fed.record(value).unwrap();
            sum += u128::from(value);
        }
        let retired = registry.flush();
        let found = retired.histogram("a").unwrap();
        assert!(*found == fed, "in epoch {epoch}");
        assert_eq!((found.min(), found.max()), (fed.min(), fed.max()));
        for quantile in QUANTILES {
            let of = |hdr: &Hdr<u64>| hdr.value_at_quantile(quantile);
            assert_eq!(of(found), of(&fed), "at {quantile}");
        }
        let found = retired.distribution("a", &[]).unwrap();
        assert_eq!((found.count(), found.sum()), (1_000, sum));
        assert_eq!(found.clamped(), 0);
    }
    let quiet = registry.flush();
    assert!(quiet.histogram("a").unwrap().is_empty());
    assert_eq!(quiet.distribution("a", &[]).unwrap().sum(), 0);
}

#[test]
fn threads_record_into_one_histogram() {
    let registry = Registry::new();
    let (histogram, mut fed) = up_to_a_million(&registry);
    for epoch in 1..=3 {
        fed.reset();
        let values = || (0..500).map(|round| round * round * epoch);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| values().for_each(|value| histogram.record(value)));
            }
        });
        values().for_each(|value| fed.record_n(value, 3).unwrap());
        assert_fed(&registry.flush(), &fed);
    }
}

#[test]
fn values_above_the_range_are_clamped_and_counted() {
    let registry = Registry::new();
    let (histogram, mut fed) = up_to_a_million(&registry);
    for epoch in 1..=4 {
        fed.reset();
        histogram.record(HIGH);
        histogram.record(HIGH + 1);
        histogram.record(u64::MAX);
        histogram.record_n(u64::MAX, epoch);
        histogram.record(7);
        fed.record_n(HIGH, 3 + epoch).unwrap();
        fed.record(7).unwrap();
        let retired = registry.flush();
        assert_fed(&retired, &fed);
        let found = retired.distribution("a", &[]).unwrap();
        assert_eq!(found.clamped(), 2 + epoch, "the highest value is in range");
        assert_eq!(found.sum(), u128::from(HIGH * (3 + epoch) + 7));
    }
}

#[test]
fn record_n_is_n_records() {
    let registry = Registry::new();
    let (histogram, mut fed) = up_to_a_million(&registry);
    let mut sum = 0;
    for n in 0..100 {
        histogram.record_n(n * 1_000, n);
        sum += u128::from(n * n * 1_000);
        for _ in 0..n {
            fed.record(n * 1_000).unwrap();
        }
    }
    let retired = registry.flush();
    assert_fed(&retired, &fed);
    assert_eq!(retired.distribution("a", &[]).unwrap().sum(), sum);
}

#[test]
fn recording_a_value_no_times_leaves_no_trace() {
    let registry = Registry::new();
    let (histogram, mut fed) = up_to_a_million(&registry);
    let local = registry.local().histogram(&histogram);
    fed.record_n(5, 2).unwrap();
    for _ in 0..4 {
        for nothing in [5, 5, u64::MAX, u64::MAX] {
            histogram.record_n(nothing, 0);
            local.record_n(nothing, 0);
        }
        let quiet = registry.flush();
        let found = quiet.distribution("a", &[]).unwrap();
        assert_eq!((found.count(), found.sum(), found.clamped()), (0, 0, 0));
        assert!(found.buckets().is_empty());
    }
    // Nor does it disturb the records that follow.
    for _ in 0..4 {
        histogram.record(5);
        local.record(5);
        let epoch = registry.flush();
        let found = epoch.distribution("a", &[]).unwrap();
        assert_eq!(found.buckets(), [(5, 2)]);
        assert_fed(&epoch, &fed);
    }
}

// Families

#[test]
fn a_family_keeps_its_variants_apart() {
    let registry = Registry::new();
    let counters = registry.counter_family::<Lane>("count").unwrap();
    let histograms = registry.histogram_family::<Lane>("wait").unwrap();
    for epoch in 1..=4 {
        counters.add(Lane::Fast, epoch);
        counters.increment(Lane::Slow);
        counters.get(Lane::Slow).add(10);
        histograms.record(Lane::Fast, epoch);
        histograms.get(Lane::Slow).record_n(100, epoch);
        let retired = registry.flush();
        let count = |lane| retired.counter_with("count", &[("lane", lane)]);
        assert_eq!(count("fast"), Some(epoch));
        assert_eq!(count("slow"), Some(11));
        assert_eq!(count("other"), None);
        assert_eq!(retired.counter("count"), None, "no series without a lane");
        let wait = |lane| retired.distribution("wait", &[("lane", lane)]).unwrap();
        assert_eq!(wait("fast").buckets(), [(epoch as u32, 1)]);
        assert_eq!(wait("slow").buckets(), [(100, epoch)]);
    }
}

#[test]
fn families_of_one_name_share_their_series() {
    let registry = Registry::new();
    let first = registry.counter_family::<Lane>("count").unwrap();
    let second = registry.counter_family::<Lane>("count").unwrap();
    let by_hand = Instrument::new("count").attribute("lane", "fast");
    first.increment(Lane::Fast);
    second.increment(Lane::Fast);
    registry.counter(by_hand).unwrap().increment();
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("count", &[("lane", "fast")]), Some(3));
    assert_eq!(epoch.counter_with("count", &[("lane", "slow")]), Some(0));
}

// Local handles

#[test]
fn local_handles_record_into_the_same_series() {
    let registry = Registry::new();
    let counter = registry.counter("count").unwrap();
    let level = registry.up_down_counter("level").unwrap();
    let (histogram, mut fed) = up_to_a_million(&registry);
    let local = registry.local();
    let (here, up_down, distribution) = (
        local.counter(&counter),
        local.up_down_counter(&level),
        local.histogram(&histogram),
    );
    drop(local);
    for epoch in 1..=4 {
        fed.reset();
        here.add(epoch);
        here.clone().increment();
        counter.add(100);
        up_down.add(-(epoch as i64));
        level.increment();
        distribution.record(u64::MAX);
        distribution.record_n(epoch, 3);
        histogram.record(epoch);
        fed.record(HIGH).unwrap();
        fed.record_n(epoch, 4).unwrap();
        let retired = registry.flush();
        assert_eq!(retired.counter("count"), Some(epoch + 101));
        assert_eq!(retired.up_down_counter("level"), Some(1 - epoch as i64));
        assert_fed(&retired, &fed);
        let found = retired.distribution("a", &[]).unwrap();
        assert_eq!(found.clamped(), 1);
        assert_eq!(found.sum(), u128::from(HIGH + epoch * 4));
    }
}

#[test]
fn a_local_takes_no_handle_of_another_registry() {
    let (registry, other) = (Registry::new(), Registry::new());
    let local = registry.local();
    let counter = other.counter("a").unwrap();
    let level = other.up_down_counter("b").unwrap();
    let histogram = other.histogram("c").unwrap();
    let attempts: [&dyn Fn(); 3] = [
        &|| drop(local.counter(&counter)),
        &|| drop(local.up_down_counter(&level)),
        &|| drop(local.histogram(&histogram)),
    ];
    for attempt in attempts {
        let refused = catch_unwind(AssertUnwindSafe(attempt)).unwrap_err();
        let message = refused.downcast_ref::<&str>().unwrap();
        assert!(message.contains("another registry"), "{message}");
    }
}
