//! OTLP/HTTP binary protobuf, and the pieces it is made of.
//!
//! The messages of metrics and KEM events are those of `opentelemetry-proto`,
//! so that no field's number or type is written down for them but for the few
//! that enclose points and records. What is the same in every report is encoded
//! once, as a message without the rest: bytes of one message's fields, joined in
//! any order, are that message. Spans and events of `tracing`, of which nothing
//! is the same twice, are written field by field.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use pqcnet_telemetry_core::AttributeValue;

mod envelope;
#[cfg(feature = "tracing")]
mod field;
#[cfg(feature = "tracing")]
pub(crate) mod log_records;
pub(crate) mod logs;
pub(crate) mod metrics;
#[cfg(feature = "tracing")]
pub(crate) mod spans;

pub(crate) use envelope::Envelope;
use envelope::SCOPE_ITEM;

/// The length of an embedded message with its key and length.
pub(crate) fn field_len(message: usize) -> usize {
    1 + prost::length_delimiter_len(message) + message
}

/// The key and the length of an embedded message.
pub(crate) fn open_field(out: &mut Vec<u8>, number: u8, message: usize) {
    const LENGTH_DELIMITED: u8 = 2;
    debug_assert!(number < 16, "greater numbers take longer keys");
    let key = (number << 3) | LENGTH_DELIMITED;
    if message < 0x80 {
        // Most are so short: their length is one byte.
        out.extend_from_slice(&[key, message as u8]);
    } else {
        out.push(key);
        prost::encode_length_delimiter(message, out).expect("a Vec takes all");
    }
}

/// Appends an embedded message, whose length is known once it is written.
fn message(out: &mut Vec<u8>, number: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let end = out.len();
    open_field(out, number, end - start);
    let opening = out.len() - end;
    out[start..].rotate_right(opening);
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
