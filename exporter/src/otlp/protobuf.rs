//! OTLP/HTTP binary protobuf, and the pieces it is made of.
//!
//! The messages are those of `opentelemetry-proto`, so that no field's number
//! or type is written down here but for the few that enclose points and
//! records. What is the same in every report is encoded once, as a message
//! without the rest: bytes of one message's fields, joined in any order, are
//! that message.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1;
use pqcnet_telemetry_core::AttributeValue;
use prost::Message;

use super::resource::{Resource, SCOPE, VERSION};

pub(crate) mod logs;
pub(crate) mod metrics;

/// A request without its metrics or log records.
///
/// The two signals nest alike, under the same numbers: the request has its
/// resource's items as field 1, those have their scope's as field 2, and those
/// the items themselves as field 2.
#[derive(Clone, Debug)]
struct Envelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

const REQUEST_RESOURCE: u8 = 1;
const RESOURCE_SCOPE: u8 = 2;
const SCOPE_ITEM: u8 = 2;

impl Envelope {
    fn new(resource: &Resource) -> Self {
        let resource = ResourceMetrics {
            resource: Some(v1::Resource {
                attributes: key_values(resource.attributes()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let scope = ScopeMetrics {
            scope: Some(InstrumentationScope {
                name: SCOPE.to_owned(),
                version: VERSION.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        Self {
            resource: resource.encode_to_vec(),
            scope: scope.encode_to_vec(),
        }
    }

    /// The length of a request whose items take so many bytes, each with its
    /// key and length.
    fn request_len(&self, items: usize) -> usize {
        field_len(self.resource_len(items))
    }

    /// Such a request up to its items.
    fn open(&self, items: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.request_len(items));
        open_field(&mut out, REQUEST_RESOURCE, self.resource_len(items));
        out.extend_from_slice(&self.resource);
        open_field(&mut out, RESOURCE_SCOPE, self.scope.len() + items);
        out.extend_from_slice(&self.scope);
        out
    }

    fn resource_len(&self, items: usize) -> usize {
        self.resource.len() + field_len(self.scope.len() + items)
    }
}

/// The length of an embedded message with its key and length.
pub(crate) fn field_len(message: usize) -> usize {
    1 + prost::length_delimiter_len(message) + message
}

/// The key and the length of an embedded message.
pub(crate) fn open_field(out: &mut Vec<u8>, number: u8, message: usize) {
    const LENGTH_DELIMITED: u8 = 2;
    debug_assert!(number < 16, "greater numbers take longer keys");
    out.push((number << 3) | LENGTH_DELIMITED);
    prost::encode_length_delimiter(message, out).expect("a Vec takes all");
}

/// Attributes, as every message has them.
fn key_values<'a>(pairs: impl Iterator<Item = (&'a str, &'a AttributeValue)>) -> Vec<KeyValue> {
    let key_value = |(key, value): (&str, &AttributeValue)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value(value)),
        }),
        ..Default::default()
    };
    pairs.map(key_value).collect()
}

fn any_value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(value) => Value::BoolValue(*value),
        AttributeValue::Int(value) => Value::IntValue(*value),
        // The core's enum may grow; its text is always there.
        other => Value::StringValue(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use uuid::Uuid;

    fn resource() -> Resource {
        let labels = [("component", "relayer"), ("empty", ""), ("text", "\0🦀\"")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Resource::new(&BTreeMap::from(labels), Uuid::nil())
    }

    #[test]
    fn both_signals_have_the_envelope() {
        let envelope = Envelope::new(&resource());
        let bytes = envelope.open(0);
        assert_eq!(bytes.len(), envelope.request_len(0));
        let metrics = ExportMetricsServiceRequest::decode(&bytes[..]).unwrap();
        let logs = ExportLogsServiceRequest::decode(&bytes[..]).unwrap();
        let metrics = &metrics.resource_metrics[0];
        let logs = &logs.resource_logs[0];
        assert_eq!(metrics.resource, logs.resource);
        let attributes = &metrics.resource.as_ref().unwrap().attributes;
        assert_eq!(*attributes, key_values(resource().attributes()));
        let scope = metrics.scope_metrics[0].scope.as_ref().unwrap();
        assert_eq!(logs.scope_logs[0].scope.as_ref(), Some(scope));
        assert_eq!((&*scope.name, &*scope.version), (SCOPE, VERSION));
    }

    #[test]
    fn attributes_keep_their_types() {
        let values: [(AttributeValue, Value); 4] = [
            (true.into(), Value::BoolValue(true)),
            (i64::MIN.into(), Value::IntValue(i64::MIN)),
            ("".into(), Value::StringValue(String::new())),
            ("🦀".into(), Value::StringValue("🦀".to_owned())),
        ];
        for (value, expected) in values {
            assert_eq!(any_value(&value), expected);
        }
    }
}
