//! Histograms as Prometheus holds them, against naive counts of the values.

use serde_json::Value;

use crate::handle::handle;
use crate::load::scattered;
use crate::prometheus::Prometheus;
use crate::promql::{float, number, only, query};

/// Values that fill an HDR bucket alone, zero among them.
pub(crate) fn values() -> Vec<u64> {
    let small = scattered(1).take(1_000).map(|bits| bits % 2_048);
    small.chain([0, 0, 1]).collect()
}

fn count(values: &[u64], is_in: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|value| is_in(**value as f64)).count() as f64
}

/// Whether a bucket `[rule, lower, upper, count]` has `value` in it.
fn bucket_has(bucket: &Value, value: f64) -> bool {
    let (lower, upper) = (float(&bucket[1]), float(&bucket[2]));
    let (open_left, open_right) = match bucket[0].as_u64().unwrap() {
        0 => (true, false),
        1 => (false, true),
        2 => (true, true),
        _ => (false, false),
    };
    let above = if open_left {
        value > lower
    } else {
        value >= lower
    };
    let below = if open_right {
        value < upper
    } else {
        value <= upper
    };
    above && below
}

fn exponential_buckets_are_found(lines: &str) {
    let values = values();
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), lines);
    let sizes = telemetry.histogram("sizes").unwrap();
    for value in &values {
        sizes.record(*value);
    }
    telemetry.flush().unwrap();

    assert_buckets(&only(&prometheus.url(), "sizes"), &values);
}

/// That a native histogram, as it was found, has these values in its buckets.
pub(crate) fn assert_buckets(found: &Value, values: &[u64]) {
    let histogram = &found["histogram"][1];
    assert_eq!(histogram["count"], values.len().to_string());
    let sum: u64 = values.iter().sum();
    assert_eq!(histogram["sum"], sum.to_string());
    let buckets = histogram["buckets"].as_array().unwrap();
    assert!(buckets.len() > 50, "{}", buckets.len());
    let mut in_buckets = 0.0;
    for bucket in buckets {
        let expected = count(values, |value| bucket_has(bucket, value));
        assert_eq!(bucket[3], expected.to_string(), "{bucket}");
        in_buckets += expected;
    }
    assert_eq!(in_buckets.to_string(), values.len().to_string());
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_native_histogram_has_the_buckets_of_a_naive_count() {
    exponential_buckets_are_found("");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_native_histogram_sent_as_protobuf_has_the_buckets_of_a_naive_count() {
    exponential_buckets_are_found("protocol = 'http/protobuf'");
}

fn explicit_buckets_are_found(lines: &str) {
    let values = values();
    let prometheus = Prometheus::start();
    let explicit = "histograms = 'explicit'\nhistogram-bounds = [0, 1, 100.5, 2047]";
    let telemetry = handle(&prometheus.otlp(), &format!("{explicit}\n{lines}"));
    let sizes = telemetry.histogram("sizes").unwrap();
    for value in &values {
        sizes.record(*value);
    }
    telemetry.flush().unwrap();

    let url = prometheus.url();
    let buckets = query(&url, "sizes_bucket");
    let bounds = buckets.iter().map(|bucket| float(&bucket["metric"]["le"]));
    let mut bounds: Vec<_> = bounds.collect();
    bounds.sort_by(f64::total_cmp);
    assert_eq!(bounds, [0.0, 1.0, 100.5, 2_047.0, f64::INFINITY]);
    for bucket in &buckets {
        let bound = float(&bucket["metric"]["le"]);
        let expected = count(&values, |value| value <= bound);
        assert_eq!(bucket["value"][1], expected.to_string(), "{bound}");
    }
    let total = count(&values, |_| true);
    assert!((number(&url, "sizes_count") - total).abs() < 0.5);
    let sum = values.iter().sum::<u64>() as f64;
    assert!((number(&url, "sizes_sum") - sum).abs() < 0.5);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn explicit_buckets_hold_what_is_up_to_their_bounds() {
    explicit_buckets_are_found("");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn explicit_buckets_sent_as_protobuf_hold_what_is_up_to_their_bounds() {
    explicit_buckets_are_found("protocol = 'http/protobuf'");
}
