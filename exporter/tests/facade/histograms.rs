//! Histograms.

use std::time::Duration;

use metrics::{Unit, describe_histogram, histogram};
use pqcnet_telemetry::facade::{FacadeError, Matcher, Resolution};

use crate::fixture::{Fixture, buckets_of};

/// Of the histogram `h`: that each of `values` is in a bucket of its own size.
fn assert_kept(fixture: &Fixture, values: &[f64]) {
    let arrived = fixture.flushed();
    let point = arrived.histogram("h");
    assert_eq!(point.count, values.len() as u64);
    let mut upper_ends = Vec::new();
    for (end, count) in buckets_of(point) {
        upper_ends.extend((0..count).map(|_| end));
    }
    assert_eq!(upper_ends.len(), values.len(), "none is zero");
    let bucket = 2_f64.powf(2_f64.powi(-point.scale)) - 1.0;
    for (end, value) in upper_ends.iter().zip(values) {
        let error = (end - value).abs() / value;
        assert!(error <= 0.01 + bucket, "{value} is in the bucket to {end}");
    }
    let sum: f64 = values.iter().sum();
    let error = (point.sum.unwrap() - sum).abs() / sum;
    assert!(error < 1e-6, "{:?} for {sum}", point.sum);
}

#[test]
fn without_a_unit_fractions_and_large_numbers_are_kept_to_one_percent() {
    for values in [
        [1e-7, 0.000_3, 0.5],
        [0.25, 1.0, 42.0],
        [1e3, 1e6, 1e9],
        [1e-7, 1.0, 1e10],
    ] {
        let fixture = Fixture::new();
        fixture.record(|| {
            for value in values {
                histogram!("h").record(value);
            }
        });
        assert_kept(&fixture, &values);
    }
}

#[test]
fn with_any_unit_the_values_of_its_field_are_kept() {
    for (unit, values) in [
        (Unit::Seconds, [2e-7, 0.001, 86_400.0]),
        (Unit::Milliseconds, [2e-4, 1.5, 8.64e7]),
        (Unit::Microseconds, [0.2, 1.5e3, 8.64e10]),
        (Unit::Nanoseconds, [1.0, 200.0, 8.64e13]),
        (Unit::Bytes, [1.0, 1_500.0, 1e15]),
        (Unit::Kibibytes, [0.5, 1_500.0, 1e12]),
        (Unit::Mebibytes, [0.000_2, 1_500.0, 1e9]),
        (Unit::Gibibytes, [0.000_2, 64.0, 1e6]),
        (Unit::Tebibytes, [0.000_2, 64.0, 1e6]),
        (Unit::BitsPerSecond, [1.0, 1e9, 1e15]),
        (Unit::KilobitsPerSecond, [0.5, 1e6, 1e12]),
        (Unit::MegabitsPerSecond, [0.000_2, 1e3, 1e9]),
        (Unit::GigabitsPerSecond, [0.000_2, 400.0, 1e6]),
        (Unit::TerabitsPerSecond, [0.000_2, 0.4, 1e6]),
        (Unit::Count, [1.0, 100.0, 1e15]),
        (Unit::CountPerSecond, [0.5, 1e6, 1e12]),
        (Unit::Percent, [0.000_2, 99.99, 1e6]),
    ] {
        let fixture = Fixture::new();
        fixture.record(|| {
            describe_histogram!("h", unit, "");
            for value in values {
                histogram!("h").record(value);
            }
        });
        assert_kept(&fixture, &values);
        assert_eq!(fixture.recorder.dropped().values, 0);
    }
}

#[test]
fn a_duration_is_recorded_in_seconds() {
    let arrived = Fixture::new().recorded(|| {
        describe_histogram!("wait_seconds", Unit::Seconds, "");
        histogram!("wait_seconds").record(Duration::from_micros(1_500));
    });
    assert_eq!(arrived.0["wait_seconds"].unit, "s");
    assert_eq!(arrived.histogram("wait_seconds").sum, Some(0.0015));
}

#[test]
fn one_value_is_recorded_many_times_at_once() {
    let arrived = Fixture::new().recorded(|| {
        histogram!("h").record_many(0.5, 1_000);
        histogram!("h").record_many(0.5, 0);
    });
    assert_eq!(arrived.histogram("h").count, 1_000);
    assert_eq!(arrived.histogram("h").sum, Some(500.0));
}

#[test]
fn values_that_are_negative_or_no_number_are_dropped_and_counted() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        let h = histogram!("h");
        h.record(1.0);
        h.record(-1.0);
        h.record(f64::NAN);
        h.record_many(f64::NEG_INFINITY, 3);
        h.record(-0.0);
    });
    assert_eq!(arrived.histogram("h").count, 2);
    assert_eq!(fixture.recorder.dropped().values, 5);
}

#[test]
fn values_past_the_range_count_as_its_highest() {
    let fixture = Fixture::new();
    let recorder = fixture.recorder.clone();
    let recorder = recorder
        .with_resolution(Matcher::Full("h".into()), Resolution::new(3, 60.0))
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        histogram!("h").record(61.0);
        histogram!("h").record(f64::INFINITY);
    });
    let arrived = fixture.flushed();
    assert_eq!(arrived.histogram("h").count, 2);
    assert_eq!(arrived.histogram("h").sum, Some(120.0));
}

#[test]
fn the_first_matcher_that_matches_decides() {
    let fixture = Fixture::new();
    let recorder = fixture.recorder.clone();
    let rules = [
        (Matcher::Full("a.b".into()), 1),
        (Matcher::Prefix("a.".into()), 2),
        (Matcher::Suffix("_ms".into()), 3),
        (Matcher::Suffix(".b_ms".into()), 4),
    ];
    let recorder = rules
        .into_iter()
        .try_fold(recorder, |recorder, (matcher, decimals)| {
            let resolution = Resolution::new(decimals, 1_000.0).digits(3);
            recorder.with_resolution(matcher, resolution)
        });
    metrics::with_local_recorder(&recorder.unwrap(), || {
        for name in ["a.b", "a.b.c", "a b_ms", "x.b_ms", "a_b"] {
            histogram!(name).record(1.0);
        }
    });
    let catalog = fixture.telemetry.registry().catalog();
    let decimals = catalog.instruments().iter();
    let decimals: Vec<_> = decimals.map(|i| (i.name(), i.decimals())).collect();
    assert_eq!(
        decimals,
        [
            ("a.b", 1),
            ("a.b.c", 2),
            ("a_b_ms", 3),
            ("x.b_ms", 3),
            ("a_b", 9),
        ]
    );
}

#[test]
fn a_resolution_that_cannot_be_is_refused_with_its_matcher() {
    let fixture = Fixture::new();
    for resolution in [
        Resolution::new(10, 1.0),
        Resolution::new(3, 0.0),
        Resolution::new(3, -1.0),
        Resolution::new(3, f64::NAN),
        Resolution::new(3, 1.0).digits(0),
        Resolution::new(3, 1.0).digits(6),
    ] {
        let matcher = Matcher::Prefix("rpc.".into());
        let recorder = fixture.recorder.clone();
        let error = recorder.with_resolution(matcher.clone(), resolution);
        let error = error.unwrap_err();
        assert!(error.to_string().contains("the prefix \"rpc.\""), "{error}");
        assert!(matches!(error, FacadeError::InvalidResolution { matcher: m, .. } if m == matcher));
    }
}

#[test]
fn milliseconds_with_decimals_are_no_latencies_in_whole_milliseconds() {
    let fixture = Fixture::new();
    fixture.record(|| {
        describe_histogram!("h", Unit::Milliseconds, "");
        histogram!("h").record(1.5);
    });
    let snapshot = fixture.telemetry.flush().unwrap();
    assert!(snapshot.latencies_ms.is_empty());
    assert_eq!(snapshot.histograms["h"].sum, 1_500_000);
}
