//! Binary and JSON say the same.

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, NumberDataPoint, exemplar};
use proptest::prelude::*;
use prost::Message;

use super::recorder::{Recorder, Step, formats, steps};
use super::{from_json, from_protobuf, joined, metrics_of, resource};
use crate::accumulate::ClosedWindow;
use crate::config::{HistogramEncoding, Protocol, Temporality};
use crate::otlp::{Body, MetricsEncoder, MetricsFormat};

/// Makes of a message what is left of it after JSON.
///
/// serde's decoder in `opentelemetry-proto` makes "no value" of the strings
/// for what JSON has no numbers for, and serde's numbers may be off in the
/// last bit.
fn lose_what_json_loses(metric: &mut Metric) {
    fn lose(value: &mut f64) {
        *value = serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap();
    }
    fn lose_in_exemplars(exemplars: &mut [Exemplar]) {
        for exemplar in exemplars {
            if let Some(exemplar::Value::AsDouble(value)) = &mut exemplar.value {
                lose(value);
            }
        }
    }
    match metric.data.as_mut().unwrap() {
        Data::Gauge(gauge) => {
            for point in &mut gauge.data_points {
                match &mut point.value {
                    Some(Value::AsDouble(value)) if value.is_finite() => lose(value),
                    value => *value = None,
                }
            }
        }
        Data::Histogram(histogram) => {
            for point in &mut histogram.data_points {
                let numbers = [&mut point.sum, &mut point.min, &mut point.max];
                numbers.into_iter().flatten().for_each(lose);
                point.explicit_bounds.iter_mut().for_each(lose);
                lose_in_exemplars(&mut point.exemplars);
            }
        }
        Data::ExponentialHistogram(histogram) => {
            for point in &mut histogram.data_points {
                let numbers = [&mut point.sum, &mut point.min, &mut point.max];
                numbers.into_iter().flatten().for_each(lose);
                lose_in_exemplars(&mut point.exemplars);
            }
        }
        Data::Sum(sum) => {
            for point in &mut sum.data_points {
                if let Some(Value::AsDouble(value)) = &mut point.value {
                    lose(value);
                }
                lose_in_exemplars(&mut point.exemplars);
            }
        }
        Data::Summary(_) => {}
    }
}

fn assert_same(json: &[Body], protobuf: &[Body]) {
    let mut from_protobuf = joined(protobuf.iter().map(from_protobuf));
    let from_json = joined(json.iter().map(from_json));
    if let Some(request) = &mut from_protobuf {
        metrics_of(request)
            .iter_mut()
            .for_each(lose_what_json_loses);
    }
    assert_eq!(from_json, from_protobuf);
    // Floats by their bits: -0.0 equals 0.0.
    let bytes = [from_json, from_protobuf].map(|request| request.map(|r| r.encode_to_vec()));
    assert_eq!(bytes[0], bytes[1]);
    let items = |bodies: &[Body]| bodies.iter().map(|body| body.items).sum::<usize>();
    assert_eq!(items(json), items(protobuf));
    assert_eq!(series_of(json), series_of(protobuf));
}

fn series_of(bodies: &[Body]) -> Vec<usize> {
    bodies.iter().flat_map(|body| body.rows.clone()).collect()
}

fn assert_within(bodies: &[Body], format: &MetricsFormat) {
    for body in bodies {
        let is_within = body.bytes.len() <= format.max_bytes;
        assert!(is_within || body.items == 1);
        assert_eq!(body.oversized.is_none(), is_within);
        let is_delta = format.temporality == Temporality::Delta;
        assert_eq!(body.rows.len(), if is_delta { body.items } else { 0 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn both_formats_say_the_same(steps in steps(), format in formats()) {
        let mut recorder = Recorder::new(&format);
        let mut json = MetricsEncoder::new(Protocol::HttpJson, &resource(), &format);
        let mut protobuf = MetricsEncoder::new(Protocol::HttpProtobuf, &resource(), &format);
        let mut closed = ClosedWindow::default();
        let mut reported = Vec::new();
        for step in steps.iter().chain([&Step::Report]) {
            match step {
                Step::Report => {
                    recorder.step(&Step::Flush);
                    let bodies = [&mut json, &mut protobuf]
                        .map(|encoder| encoder.encode(&recorder.accumulator));
                    let [in_json, in_protobuf] = &bodies;
                    assert_same(in_json, in_protobuf);
                    assert_within(in_json, &format);
                    assert_within(in_protobuf, &format);
                    reported = series_of(in_protobuf);
                    let [in_json, in_protobuf] = bodies;
                    json.recycle(in_json);
                    protobuf.recycle(in_protobuf);
                    closed = recorder.accumulator.close_window();
                }
                Step::TakeBack(nth) => {
                    let series: Vec<_> = reported.iter().copied().step_by(*nth).collect();
                    recorder.accumulator.take_back(&mut closed, &series);
                }
                other => assert!(recorder.step(other)),
            }
        }
    }
}

fn reported(steps: &[Step]) -> Vec<Metric> {
    reported_as(HistogramEncoding::Exponential, steps)
}

fn reported_as(histograms: HistogramEncoding, steps: &[Step]) -> Vec<Metric> {
    let format = MetricsFormat {
        temporality: Temporality::Cumulative,
        histograms,
        max_bytes: usize::MAX,
    };
    let mut recorder = Recorder::new(&format);
    for step in steps.iter().chain([&Step::Flush]) {
        recorder.step(step);
    }
    let mut encoder = MetricsEncoder::new(Protocol::HttpProtobuf, &resource(), &format);
    let bodies = encoder.encode(&recorder.accumulator);
    metrics_of(&mut from_protobuf(&bodies[0])).clone()
}

fn numbers_of<'a>(metrics: &'a [Metric], name: &str) -> &'a [NumberDataPoint] {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => &gauge.data_points,
        Data::Sum(sum) => &sum.data_points,
        other => panic!("{other:?}"),
    }
}

#[test]
fn gauges_that_are_no_json_numbers_stay_what_they_are() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0];
    let steps = values.iter().enumerate();
    let steps: Vec<_> = steps.map(|(at, value)| Step::Set(at, *value)).collect();
    let metrics = reported(&steps);
    let points = numbers_of(&metrics, "load");
    assert_eq!(points.len(), values.len());
    for (point, value) in points.iter().zip(values) {
        let Some(Value::AsDouble(found)) = point.value else {
            panic!("{point:?}");
        };
        assert_eq!(found.to_bits(), value.to_bits());
        assert_eq!(point.start_time_unix_nano, 0);
    }
    assert!(metrics.iter().all(|metric| metric.name != "never.set"));
}

#[test]
fn totals_past_i64_stay_at_its_maximum() {
    let metrics = reported(&[
        Step::Count(1, u64::MAX),
        Step::Count(2, i64::MAX as u64),
        Step::Level(1, i64::MIN),
    ]);
    let points = numbers_of(&metrics, "count");
    // Its base series was never meant.
    let values: Vec<_> = points.iter().map(|point| point.value.unwrap()).collect();
    assert_eq!(
        values,
        [i64::MAX, i64::MAX, 0].map(Value::AsInt),
        "{points:?}"
    );
    let levels = numbers_of(&metrics, "level");
    assert_eq!(levels[0].value, Some(Value::AsInt(i64::MIN)));
    assert_eq!(numbers_of(&metrics, "idle")[0].value, Some(Value::AsInt(0)));
}

#[test]
fn decimals_are_divided_out() {
    let metrics = reported(&[
        Step::Spend(5_000_000),
        Step::Value(1, 1_500),
        Step::Value(1, 2_000_000),
    ]);
    let spent = numbers_of(&metrics, "spent");
    assert_eq!(spent[0].value, Some(Value::AsDouble(0.005)));
    let wait = metrics.iter().find(|metric| metric.name == "wait").unwrap();
    let Some(Data::ExponentialHistogram(wait)) = &wait.data else {
        panic!("{wait:?}");
    };
    let point = &wait.data_points[0];
    assert_eq!((point.count, point.sum), (2, Some(2.001_5)));
    assert_eq!((point.min, point.max), (Some(0.001_5), Some(2.000_895)));
    let positive = point.positive.as_ref().unwrap();
    // 2 s is the upper bound of its bucket at every scale.
    let last = positive.offset + positive.bucket_counts.len() as i32 - 1;
    assert_eq!(last + 1, 1 << point.scale);
}

#[test]
fn exemplars_lie_in_their_points() {
    let bounds = vec![1e-5, 1e-4, 1e-3];
    let values = [3, 5, 9, 20, 40, 90, 200, 5_000, 1_000_000];
    let steps: Vec<_> = values.map(|n| Step::Example(0, n, Some(7))).into();
    let explicit = reported_as(HistogramEncoding::Explicit(bounds.clone()), &steps);
    let wait = explicit.iter().find(|metric| metric.name == "wait");
    let Some(Data::Histogram(wait)) = &wait.unwrap().data else {
        panic!("{wait:?}");
    };
    let point = &wait.data_points[0];
    let value = |exemplar: &Exemplar| match exemplar.value {
        Some(exemplar::Value::AsDouble(value)) => value,
        ref other => panic!("{other:?}"),
    };
    // The latest of each bucket.
    let found: Vec<_> = point.exemplars.iter().map(value).collect();
    assert_eq!(found, [9e-6, 9e-5, 2e-4, 1.0]);
    for exemplar in &point.exemplars {
        assert!(exemplar.time_unix_nano >= point.start_time_unix_nano);
        assert!(exemplar.time_unix_nano <= point.time_unix_nano);
        assert_eq!(exemplar.filtered_attributes[0].key, "correlation_id");
        assert!(exemplar.trace_id.is_empty() && exemplar.span_id.is_empty());
    }

    let exponential = reported(&[Step::Example(0, 300, None)]);
    let wait = exponential.iter().find(|metric| metric.name == "wait");
    let Some(Data::ExponentialHistogram(wait)) = &wait.unwrap().data else {
        panic!("{wait:?}");
    };
    let [exemplar] = &wait.data_points[0].exemplars[..] else {
        panic!("{wait:?}");
    };
    assert_eq!(exemplar.trace_id, [1; 16]);
    assert_eq!(exemplar.span_id, [0xfe; 8]);
    let spent = numbers_of(&exponential, "spent");
    let nanoseconds = value(&spent[0].exemplars[0]);
    assert_eq!(nanoseconds.to_bits(), 3e-7_f64.to_bits());
}
