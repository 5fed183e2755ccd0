//! What is in a request, as a receiver sees it.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, number_data_point};
use pqcnet_telemetry::Protocol;
use prost::Message;
use serde::de::DeserializeOwned;

/// A data point: count and sum of a histogram, and of anything else the value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) series: String,
    pub(crate) is_delta: bool,
    /// Nanoseconds since 1970; the start is that of a delta point's window.
    pub(crate) start: u64,
    pub(crate) time: u64,
    pub(crate) value: Amount,
}

/// A value, or the count and the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) count: i128,
    pub(crate) sum: i128,
}

impl Amount {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            count: self.count - other.count,
            sum: self.sum - other.sum,
        }
    }
}

/// An event: its id and its label.
pub(crate) type Event = (String, String);

fn decode<T: Message + Default + DeserializeOwned>(protocol: Protocol, body: &[u8]) -> T {
    match protocol {
        Protocol::HttpProtobuf => T::decode(body).expect("a request is protobuf"),
        _ => serde_json::from_slice(body).expect("a request is OTLP JSON"),
    }
}

/// The points of a metrics request, in the order of the wire.
pub(crate) fn points(protocol: Protocol, body: &[u8]) -> Vec<Point> {
    let request: ExportMetricsServiceRequest = decode(protocol, body);
    let scopes = request.resource_metrics.into_iter();
    let metrics = scopes
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics);
    metrics
        .flat_map(|metric| points_of(&metric.name, metric.data.expect("a metric has data")))
        .collect()
}

fn points_of(name: &str, data: Data) -> Vec<Point> {
    let point = |attributes: &[KeyValue], temporality, start, time, count, sum| Point {
        series: series_of(name, attributes),
        is_delta: temporality == AggregationTemporality::Delta as i32,
        start,
        time,
        value: Amount { count, sum },
    };
    match data {
        Data::Sum(sum) => {
            let points = sum.data_points.iter().map(|p| {
                let Some(number_data_point::Value::AsInt(value)) = p.value else {
                    panic!("{name} is no integer: {p:?}");
                };
                let (start, time) = (p.start_time_unix_nano, p.time_unix_nano);
                let (temporality, value) = (sum.aggregation_temporality, value.into());
                point(&p.attributes, temporality, start, time, value, 0)
            });
            points.collect()
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter().map(|p| {
                let counted: u64 = p.bucket_counts.iter().sum();
                assert_eq!(counted, p.count, "{name}: the buckets hold the count");
                let (start, time) = (p.start_time_unix_nano, p.time_unix_nano);
                let (count, sum) = (p.count.into(), p.sum.expect("it has a sum") as i128);
                let temporality = histogram.aggregation_temporality;
                point(&p.attributes, temporality, start, time, count, sum)
            });
            points.collect()
        }
        Data::ExponentialHistogram(histogram) => {
            let points = histogram.data_points.iter().map(|p| {
                let positive = p.positive.iter().flat_map(|buckets| &buckets.bucket_counts);
                let counted: u64 = p.zero_count + positive.sum::<u64>();
                assert_eq!(counted, p.count, "{name}: the buckets hold the count");
                let (start, time) = (p.start_time_unix_nano, p.time_unix_nano);
                let (count, sum) = (p.count.into(), p.sum.expect("it has a sum") as i128);
                let temporality = histogram.aggregation_temporality;
                point(&p.attributes, temporality, start, time, count, sum)
            });
            points.collect()
        }
        other => panic!("{name} was never recorded: {other:?}"),
    }
}

fn series_of(name: &str, attributes: &[KeyValue]) -> String {
    let mut series = name.to_owned();
    for attribute in attributes {
        series.extend(["/", &attribute.key, "=", text_of(attribute)]);
    }
    series
}

fn text_of(attribute: &KeyValue) -> &str {
    let value = attribute.value.as_ref();
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{} is no text: {other:?}", attribute.key),
    }
}

/// The events of a logs request, in the order of the wire.
pub(crate) fn events(protocol: Protocol, body: &[u8]) -> Vec<Event> {
    let request: ExportLogsServiceRequest = decode(protocol, body);
    let scopes = request.resource_logs.iter();
    let records = scopes
        .flat_map(|resource| &resource.scope_logs)
        .flat_map(|scope| &scope.log_records);
    let text = |attributes: &[KeyValue], key: &str| {
        let found = attributes.iter().find(|attribute| attribute.key == key);
        text_of(found.expect("an event has its attributes")).to_owned()
    };
    records
        .map(|record| {
            let of = |key| text(&record.attributes, key);
            (of("log.record.uid"), of("pqcnet.kem.label"))
        })
        .collect()
}
