//! What JSON has beside its decoder: that one answers wrong keys with silence,
//! and does not know doubles that are no numbers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::otlp::Body;

const KEYS: &str = "resourceSpans resourceLogs resource attributes scopeSpans scopeLogs scope \
    name version spans logRecords key value stringValue intValue boolValue doubleValue bytesValue \
    traceId spanId parentSpanId traceState flags kind startTimeUnixNano endTimeUnixNano \
    droppedAttributesCount events timeUnixNano droppedEventsCount links droppedLinksCount status \
    code message observedTimeUnixNano severityNumber severityText body eventName";

/// Every key is one of the protocol's, with a value of the right type, which is
/// not what the lack of it would say.
fn check(value: &Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                check_field(key, value);
                check(value);
            }
        }
        Value::Array(array) => array.iter().for_each(check),
        _ => {}
    }
}

fn check_field(key: &str, value: &Value) {
    assert!(KEYS.split_whitespace().any(|known| known == key), "{key}");
    let text = || value.as_str().unwrap_or_else(|| panic!("{key} {value}"));
    let is_right = match key {
        "key" | "stringValue" => value.is_string(),
        "boolValue" => value.is_boolean(),
        "intValue" => text().parse::<i64>().is_ok(),
        "bytesValue" => STANDARD.decode(text()).is_ok(),
        "doubleValue" => {
            let names = ["NaN", "Infinity", "-Infinity"];
            value.is_number() || names.contains(&text())
        }
        "traceId" => is_hex(text(), 32),
        "spanId" | "parentSpanId" => is_hex(text(), 16),
        _ if key.ends_with("UnixNano") => text().parse::<u64>().is_ok_and(|nanos| nanos > 0),
        "flags" | "kind" | "code" | "severityNumber" => value.as_u64().is_some_and(|n| n > 0),
        _ if key.ends_with("Count") => value.as_u64().is_some_and(|n| n > 0),
        "resource" | "scope" | "status" | "body" | "value" => value.is_object(),
        "name" | "version" | "traceState" | "message" | "severityText" | "eventName" => {
            !text().is_empty()
        }
        _ => value.as_array().is_some_and(|array| !array.is_empty()),
    };
    assert!(is_right, "{key} {value}");
}

fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == digits && text.bytes().all(is_digit)
}

/// Decodes a request, whose doubles are as [`lose`] makes them.
pub(super) fn decoded<T: DeserializeOwned>(body: &Body) -> T {
    let mut value: Value = serde_json::from_slice(&body.bytes).unwrap();
    check(&value);
    name_doubles(&mut value);
    serde_json::from_value(value).unwrap()
}

fn name_doubles(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let text = object.get("doubleValue").and_then(Value::as_str);
            if let Some(text) = text.map(|text| format!("the double {text}")) {
                object.remove("doubleValue");
                object.insert("stringValue".to_owned(), text.into());
            }
            object.values_mut().for_each(name_doubles);
        }
        Value::Array(array) => array.iter_mut().for_each(name_doubles),
        _ => {}
    }
}

/// Makes of attributes what is left of them after JSON: texts of doubles that
/// are no numbers, and others as serde reads them, which may be off in the last
/// bit.
pub(super) fn lose(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        let Some(value) = attribute.value.as_mut().and_then(|any| any.value.as_mut()) else {
            continue;
        };
        if let AnyValue::DoubleValue(double) = value {
            *value = if double.is_nan() {
                AnyValue::StringValue("the double NaN".to_owned())
            } else if double.is_infinite() {
                let sign = if *double > 0.0 { "" } else { "-" };
                AnyValue::StringValue(format!("the double {sign}Infinity"))
            } else {
                let text = serde_json::to_string(double).unwrap();
                AnyValue::DoubleValue(serde_json::from_str(&text).unwrap())
            };
        }
    }
}
