//! Histograms, against naive counts of the values recorded.

use std::collections::BTreeMap;

use pqcnet_telemetry::{HistogramEncoding, TelemetryHandle};
use serde_json::{Value, json};

use crate::load::scattered;
use crate::read::{integer, integers, points_of, without_times};
use crate::record::{collected_under, flushed};

/// Index of the bucket of `value` by the definition: the least `i` with
/// `value <= 2^((i + 1) / 2^scale)`.
fn naive_index(value: u64, scale: i32) -> i32 {
    let per_octave = 2_f64.powi(scale);
    let position = if value.is_power_of_two() {
        f64::from(value.ilog2()) * per_octave
    } else {
        let position = (value as f64).log2() * per_octave;
        let distance = (position - position.round()).abs();
        assert!(distance > 1e-9, "{value} is too near a bound for doubles");
        position
    };
    let index = position.ceil() - 1.0;
    assert!(index.abs() < 1e6);
    index as i32
}

/// The positive buckets that hold anything, by index.
fn buckets(point: &Value) -> BTreeMap<i32, i128> {
    let offset = point["positive"]["offset"].as_i64().unwrap_or(0);
    let offset = i32::try_from(offset).unwrap();
    let counts = integers(&point["positive"]["bucketCounts"]);
    let counts = (offset..).zip(counts);
    counts.filter(|(_, count)| *count != 0).collect()
}

fn scale(point: &Value) -> i32 {
    // Zero is left out.
    i32::try_from(point["scale"].as_i64().unwrap_or(0)).unwrap()
}

/// Checks a point against the values recorded, all of which fill an HDR
/// bucket alone or begin one.
fn assert_is_of(point: &Value, values: &[u64]) {
    let scale = scale(point);
    let mut naive = BTreeMap::<i32, i128>::new();
    for value in values.iter().filter(|value| **value > 0) {
        *naive.entry(naive_index(*value, scale)).or_default() += 1;
    }
    assert_eq!(buckets(point), naive);
    let zeroes = values.iter().filter(|value| **value == 0).count();
    assert_eq!(integer(&point["zeroCount"]), zeroes as i128);
    assert_eq!(point["negative"], json!({}));
    assert_eq!(integer(&point["count"]), values.len() as i128);
    let sum: u64 = values.iter().sum();
    assert_eq!(point["sum"].as_f64(), Some(sum as f64));
}

fn record(telemetry: &TelemetryHandle, name: &str, values: &[u64]) {
    let histogram = telemetry.histogram(name.to_owned()).unwrap();
    for value in values {
        histogram.record(*value);
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn exponential_buckets_are_those_of_a_naive_count() {
    let small = scattered(1).take(1_000).map(|bits| bits % 2_048);
    let narrow = scattered(2).take(500).map(|bits| 1_000 + bits % 200);
    // From 1 to 2^41, each the first of its HDR bucket.
    let wide = scattered(3)
        .take(1_000)
        .map(|bits| (1_024 + bits % 1_024) << ((bits >> 32) % 31));
    let sets: [(&str, Vec<u64>); 5] = [
        ("small", small.collect()),
        ("narrow", narrow.collect()),
        ("wide", wide.chain(0..2).collect()),
        ("powers", (0..42).map(|exponent| 1 << exponent).collect()),
        ("zeroes", vec![0; 7]),
    ];
    let received = flushed(|telemetry| {
        for (name, values) in &sets {
            record(telemetry, name, values);
        }
    });
    for (name, values) in &sets {
        assert_is_of(received.last_point(name), values);
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn the_scale_is_the_finest_that_160_buckets_allow() {
    let sets: [&[u64]; 4] = [&[1_000], &[1_000, 1_500], &[1, 2_000], &[1, 1 << 41]];
    let received = flushed(|telemetry| {
        for (index, values) in sets.iter().enumerate() {
            record(telemetry, &format!("h{index}"), values);
        }
    });
    for (index, values) in sets.iter().enumerate() {
        let least = *values.iter().min().unwrap();
        let greatest = *values.iter().max().unwrap();
        let fits = |scale: &i32| naive_index(greatest, *scale) - naive_index(least, *scale) < 160;
        let finest = (-10..=8).rev().find(fits).unwrap();
        let point = received.last_point(&format!("h{index}"));
        assert_eq!(scale(point), finest, "{values:?}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn least_and_greatest_arrive_to_the_histograms_digits() {
    let received = flushed(|telemetry| {
        record(telemetry, "exact", &[3, 2_047]);
        record(telemetry, "large", &[777_777, 123_456_789]);
    });
    let exact = received.last_point("exact");
    assert_eq!((&exact["min"], &exact["max"]), (&json!(3), &json!(2_047)));
    let large = received.last_point("large");
    for (key, value) in [("min", 777_777.0), ("max", 123_456_789.0)] {
        let arrived = large[key].as_f64().unwrap();
        assert!((arrived / value - 1.0).abs() <= 1e-3, "{key} {arrived}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn an_empty_histogram_arrives_empty() {
    let received = flushed(|telemetry| {
        let _empty = telemetry.histogram("empty").unwrap();
    });
    assert_eq!(
        without_times(received.metric("empty")),
        // A count of zero is left out, as are least and greatest.
        json!({
            "name": "empty",
            "exponentialHistogram": {
                "aggregationTemporality": 2,
                "dataPoints": [{"scale": 8, "sum": 0, "positive": {}, "negative": {}}],
            },
        })
    );
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn explicit_buckets_are_those_of_a_naive_search() {
    let bounds = [-1.0, 0.0, 5.0, 7.5, 100.0, 1_000.0];
    let values: Vec<u64> = (0..2_048).chain([0, 5, 5, 100, 1_000]).collect();
    let explicit = HistogramEncoding::Explicit(bounds.into());
    let received = collected_under(
        |config| config.with_histograms(explicit),
        |telemetry| {
            record(telemetry, "wait", &values);
            telemetry.flush().unwrap();
        },
    );

    // Bounds are upper-inclusive.
    let mut naive = vec![0; bounds.len() + 1];
    for value in &values {
        let below = bounds.iter().filter(|bound| **bound < *value as f64);
        naive[below.count()] += 1;
    }
    let point = received.last_point("wait");
    let arrived = point["explicitBounds"].as_array().unwrap().iter();
    let arrived = arrived.map(|bound| bound.as_f64().unwrap());
    assert!(arrived.eq(bounds), "{point}");
    assert_eq!(integers(&point["bucketCounts"]), naive);
    assert_eq!(integer(&point["count"]), values.len() as i128);
    let sum: u64 = values.iter().sum();
    assert_eq!(point["sum"].as_f64(), Some(sum as f64));
    assert_eq!((&point["min"], &point["max"]), (&json!(0), &json!(2_047)));
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_latency_by_name_arrives_in_milliseconds() {
    let received = flushed(|telemetry| {
        telemetry.record_latency_ms("wait", 42);
        telemetry.record_latency_ms("wait", 54);
    });
    let metric = received.metric("wait");
    assert_eq!(metric["unit"], "ms");
    assert_is_of(points_of(metric)[0], &[42, 54]);
}
