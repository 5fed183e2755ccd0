//! Both formats beside each other, decoded by `opentelemetry-proto`.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use uuid::Uuid;

use super::Body;
use super::resource::Resource;

mod agreement;
mod fits;
mod kem_events;
mod recorder;
mod splits;

#[cfg(feature = "tracing")]
mod call_sites;
#[cfg(feature = "tracing")]
mod in_json;
#[cfg(feature = "tracing")]
mod log_records;
#[cfg(feature = "tracing")]
mod records;
#[cfg(feature = "tracing")]
mod spans;

fn resource() -> Resource {
    let labels = [("component", "relayer"), ("text", "\"\0🦀\\")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Resource::new(&BTreeMap::from(labels), Uuid::nil())
}

fn from_json(body: &Body) -> ExportMetricsServiceRequest {
    serde_json::from_slice(&body.bytes).unwrap()
}

fn from_protobuf(body: &Body) -> ExportMetricsServiceRequest {
    let request = ExportMetricsServiceRequest::decode(&body.bytes[..]).unwrap();
    assert_eq!(request.encoded_len(), body.bytes.len());
    request
}

/// The metrics of a request that has them where they belong.
fn metrics_of(request: &mut ExportMetricsServiceRequest) -> &mut Vec<Metric> {
    let [resource] = &mut request.resource_metrics[..] else {
        panic!("one resource");
    };
    let [scope] = &mut resource.scope_metrics[..] else {
        panic!("one scope");
    };
    &mut scope.metrics
}

/// Requests as one; a metric that was parted is whole again.
fn joined(
    requests: impl IntoIterator<Item = ExportMetricsServiceRequest>,
) -> Option<ExportMetricsServiceRequest> {
    requests.into_iter().reduce(|mut all, mut next| {
        append(metrics_of(&mut all), std::mem::take(metrics_of(&mut next)));
        assert!(metrics_of(&mut next).is_empty());
        // What is left are two envelopes.
        let envelope = |request: &ExportMetricsServiceRequest| {
            let resource = &request.resource_metrics[0];
            (
                resource.resource.clone(),
                resource.scope_metrics[0].scope.clone(),
            )
        };
        assert_eq!(envelope(&all), envelope(&next));
        all
    })
}

fn append(metrics: &mut Vec<Metric>, more: Vec<Metric>) {
    for metric in more {
        match metrics.last_mut() {
            Some(last) if last.name == metric.name => extend(last, metric),
            _ => metrics.push(metric),
        }
    }
}

/// Adds the points of one part of a metric to another.
fn extend(metric: &mut Metric, mut part: Metric) {
    use Data::{ExponentialHistogram, Gauge, Histogram, Sum};
    match (metric.data.as_mut().unwrap(), part.data.as_mut().unwrap()) {
        (Sum(to), Sum(from)) => to.data_points.append(&mut from.data_points),
        (Gauge(to), Gauge(from)) => to.data_points.append(&mut from.data_points),
        (Histogram(to), Histogram(from)) => to.data_points.append(&mut from.data_points),
        (ExponentialHistogram(to), ExponentialHistogram(from)) => {
            to.data_points.append(&mut from.data_points);
        }
        (to, from) => panic!("{to:?} is {from:?}"),
    }
    let parts = [metric, &mut part].map(|metric| {
        let mut head = metric.clone();
        truncate(&mut head, 0);
        head
    });
    assert_eq!(parts[0], parts[1]);
}

/// Keeps so many points, and returns how many there were.
fn truncate(metric: &mut Metric, most: usize) -> usize {
    fn cut<T>(points: &mut Vec<T>, most: usize) -> usize {
        let len = points.len();
        points.truncate(most);
        len
    }
    match metric.data.as_mut().expect("data") {
        Data::Sum(sum) => cut(&mut sum.data_points, most),
        Data::Gauge(gauge) => cut(&mut gauge.data_points, most),
        Data::Histogram(histogram) => cut(&mut histogram.data_points, most),
        Data::ExponentialHistogram(histogram) => cut(&mut histogram.data_points, most),
        Data::Summary(summary) => panic!("{summary:?}"),
    }
}

fn count_points(request: &mut ExportMetricsServiceRequest) -> usize {
    let metrics = metrics_of(request).iter_mut();
    metrics.map(|metric| truncate(metric, usize::MAX)).sum()
}
