//! What is recorded, in any amounts and over any flushes, decodes back from
//! the OTLP JSON and from the snapshots.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use pqcnet_telemetry::{HistogramEncoding, TelemetryConfig, TelemetryHandle, Temporality};
use proptest::prelude::*;

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::{Request, Sink};

#[derive(Clone, Debug)]
enum Step {
    Count(usize, u64),
    Level(i64),
    Value(u64),
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_usize..3, 0_u64..1 << 40).prop_map(|(series, n)| Step::Count(series, n)),
        2 => (-1_000_000_i64..1_000_000).prop_map(Step::Level),
        4 => (any::<u64>(), 22_u32..64).prop_map(|(bits, shift)| Step::Value(bits >> shift)),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a receiver adds up, by series or by the sum over its deltas.
#[derive(Debug, Default, PartialEq)]
struct Received {
    counters: BTreeMap<String, i64>,
    level: i64,
    count: u64,
    sum: f64,
    in_buckets: u64,
}

impl Received {
    fn add(&mut self, request: &Request, temporality: Temporality) {
        let decoded: ExportMetricsServiceRequest = serde_json::from_str(&request.body).unwrap();
        let is_delta = temporality == Temporality::Delta;
        for metric in &decoded.resource_metrics[0].scope_metrics[0].metrics {
            match metric.data.as_ref().expect("data") {
                metric::Data::Sum(sum) => {
                    let value = match sum.data_points[0].value.expect("a value") {
                        number_data_point::Value::AsInt(value) => value,
                        number_data_point::Value::AsDouble(value) => panic!("{value}"),
                    };
                    if !sum.is_monotonic {
                        self.level = value;
                        continue;
                    }
                    let total = self.counters.entry(metric.name.clone()).or_default();
                    *total = value + if is_delta { *total } else { 0 };
                }
                metric::Data::ExponentialHistogram(histogram) => {
                    let point = &histogram.data_points[0];
                    let positive = point.positive.as_ref();
                    let above = positive.map_or(0, |b| b.bucket_counts.iter().sum());
                    let found = (point.count, point.sum.unwrap(), above + point.zero_count);
                    self.add_histogram(is_delta, found);
                }
                metric::Data::Histogram(histogram) => {
                    let point = &histogram.data_points[0];
                    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                    let all = point.bucket_counts.iter().sum();
                    self.add_histogram(is_delta, (point.count, point.sum.unwrap(), all));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn add_histogram(&mut self, is_delta: bool, (count, sum, in_buckets): (u64, f64, u64)) {
        if !is_delta {
            (self.count, self.sum, self.in_buckets) = (0, 0.0, 0);
        }
        self.count += count;
        self.sum += sum;
        self.in_buckets += in_buckets;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_wire_and_the_snapshots_hold_what_was_recorded(
        steps in steps(),
        is_delta in any::<bool>(),
        is_explicit in any::<bool>(),
    ) {
        let sink = Sink::start();
        let temporality = if is_delta { Temporality::Delta } else { Temporality::Cumulative };
        let encoding = if is_explicit {
            HistogramEncoding::Explicit(vec![0.0, 10.0, 1e3, 1e6])
        } else {
            HistogramEncoding::Exponential
        };
        let config = TelemetryConfig::new(&sink.url())
            .with_timeout(Duration::from_secs(60))
            .with_self_metrics(false)
            .with_temporality(temporality)
            .with_histograms(encoding);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        let counters = [0, 1, 2].map(|n| telemetry.counter(format!("c{n}")).unwrap());
        let level = telemetry.up_down_counter("level").unwrap();
        let histogram = telemetry.histogram("h").unwrap();

        let mut expected = Received::default();
        let mut recorded = 0_u64;
        let (mut snapshot_counts, mut snapshot_sum, mut snapshot_records) = ([0; 3], 0, 0);
        for step in steps.iter().chain([&Step::Flush]) {
            match *step {
                Step::Count(series, n) => {
                    counters[series].add(n);
                    *expected.counters.entry(format!("c{series}")).or_default() += n as i64;
                }
                Step::Level(n) => {
                    level.add(n);
                    expected.level += n;
                }
                Step::Value(value) => {
                    histogram.record(value);
                    recorded += value.min(3_600_000_000_000);
                    expected.count += 1;
                }
                Step::Flush => {
                    let snapshot = telemetry.flush().unwrap();
                    for (n, sum) in snapshot_counts.iter_mut().enumerate() {
                        *sum += snapshot.counters.get(&format!("c{n}")).unwrap_or(&0);
                    }
                    if let Some(found) = snapshot.histograms.get("h") {
                        snapshot_records += found.count;
                        snapshot_sum += found.sum;
                        prop_assert!(found.min <= found.p50 && found.p50 <= found.p90);
                        prop_assert!(found.p99 <= found.p99_9 && found.p99_9 <= found.max);
                    }
                }
            }
        }
        expected.in_buckets = expected.count;
        expected.sum = recorded as f64;
        expected.counters.retain(|_, total| *total != 0);

        let mut received = Received::default();
        for request in sink.received() {
            received.add(&request, temporality);
        }
        received.counters.retain(|_, total| *total != 0);
        // Sums stay below 2^53, where doubles add exactly.
        prop_assert_eq!(&received, &expected);
        for (n, sum) in snapshot_counts.into_iter().enumerate() {
            let total = expected.counters.get(&format!("c{n}")).unwrap_or(&0);
            prop_assert_eq!(sum, *total as u64);
        }
        prop_assert_eq!((snapshot_records, snapshot_sum), (expected.count, recorded));
    }
}
