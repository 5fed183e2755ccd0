//! The exemplars of a data point.

use std::time::SystemTime;

use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar as Message, ExponentialHistogramDataPoint, HistogramDataPoint, exemplar::Value,
};
use pqcnet_telemetry_core::{AttributeValue, Exemplar};
use prost::Message as _;

use crate::accumulate::exemplars::time_within;
use crate::otlp::points::{CORRELATION_KEY, Number};
use crate::otlp::protobuf::key_values;
use crate::otlp::unix_nanos;

/// Of exemplars, with their values, of a point that covers these times.
pub(super) fn messages(
    exemplars: &[(&Exemplar, Number)],
    times: impl Fn() -> (SystemTime, SystemTime),
) -> Vec<Message> {
    if exemplars.is_empty() {
        return Vec::new();
    }
    let (start, end) = times();
    let messages = exemplars.iter().map(|(exemplar, value)| {
        let id = exemplar.context.correlation_id().map(AttributeValue::from);
        let (trace_id, span_id) = exemplar.context.span().unzip();
        Message {
            filtered_attributes: key_values(id.iter().map(|id| (CORRELATION_KEY, id))),
            time_unix_nano: unix_nanos(time_within(exemplar, start, end)),
            span_id: span_id.map(Vec::from).unwrap_or_default(),
            trace_id: trace_id.map(Vec::from).unwrap_or_default(),
            value: Some(match *value {
                Number::Int(value) => Value::AsInt(value),
                Number::Double(value) => Value::AsDouble(value),
            }),
        }
    });
    messages.collect()
}

/// The fields that add exemplars to a histogram's point.
pub(super) fn of_histogram(exemplars: Vec<Message>, is_exponential: bool) -> Vec<u8> {
    if is_exponential {
        return ExponentialHistogramDataPoint {
            exemplars,
            ..Default::default()
        }
        .encode_to_vec();
    }
    HistogramDataPoint {
        exemplars,
        ..Default::default()
    }
    .encode_to_vec()
}
