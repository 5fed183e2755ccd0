//! What is in a request, whatever its format.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, number_data_point};
use prost::Message;
use serde::de::DeserializeOwned;

use super::sink::Request;

/// Attributes by name, as text.
pub(crate) type Attributes = BTreeMap<String, String>;

pub(crate) fn decoded<T: Message + Default + DeserializeOwned>(request: &Request) -> T {
    match request.header("content-type") {
        Some("application/x-protobuf") => T::decode(&request.bytes[..]).unwrap(),
        _ => serde_json::from_slice(&request.bytes).unwrap(),
    }
}

/// The metrics of a request; none of one that holds events.
pub(crate) fn metrics_in(request: &Request) -> Vec<Metric> {
    if request.path != "/v1/metrics" {
        return Vec::new();
    }
    let decoded: ExportMetricsServiceRequest = decoded(request);
    let scopes = decoded
        .resource_metrics
        .into_iter()
        .flat_map(|r| r.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// The ids and labels of a request's events.
pub(crate) fn events_in(request: &Request) -> Vec<(String, String)> {
    if request.path != "/v1/logs" {
        return Vec::new();
    }
    let decoded: ExportLogsServiceRequest = decoded(request);
    let scopes = decoded.resource_logs.into_iter().flat_map(|r| r.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    let event = |attributes: Attributes| {
        let text = |key: &str| attributes[key].clone();
        (text("log.record.uid"), text("pqcnet.kem.label"))
    };
    records
        .map(|record| event(texts(&record.attributes)))
        .collect()
}

/// The labels of the events in these requests, in order.
pub(crate) fn labels_in(requests: &[Request]) -> Vec<String> {
    let events = requests.iter().flat_map(events_in);
    events.map(|(_, label)| label).collect()
}

/// The points of a sum.
pub(crate) fn points_of(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(Data::Sum(sum)) => &sum.data_points,
        other => panic!("{} is no sum: {other:?}", metric.name),
    }
}

pub(crate) fn value_of(point: &NumberDataPoint) -> i64 {
    match point.value {
        Some(number_data_point::Value::AsInt(value)) => value,
        ref other => panic!("{other:?}"),
    }
}

/// The sum of this name, if it is in the request and has one series.
pub(crate) fn counter_in(request: &Request, name: &str) -> Option<u64> {
    let metrics = metrics_in(request);
    let metric = metrics.iter().find(|metric| metric.name == name)?;
    let [point] = points_of(metric) else {
        panic!("{name} has several series");
    };
    u64::try_from(value_of(point)).ok()
}

pub(crate) fn texts(attributes: &[KeyValue]) -> Attributes {
    let text = |pair: &KeyValue| match pair.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some((pair.key.clone(), text.clone())),
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}
