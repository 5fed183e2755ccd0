//! Fields of objects, each with its key and the comma before. What is zero or
//! empty is left out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{double, integer, small, string};
use crate::trace::fields::FieldValue;

/// A text.
pub(super) fn text(out: &mut Vec<u8>, key: &[u8], text: &str) {
    if !text.is_empty() {
        out.extend_from_slice(key);
        string(out, text);
    }
}

/// A 32-bit integer.
pub(super) fn count(out: &mut Vec<u8>, key: &[u8], count: u32) {
    if count > 0 {
        out.extend_from_slice(key);
        small(out, count);
    }
}

/// `,"attributes":[…]`.
pub(super) fn attributes<'a>(
    out: &mut Vec<u8>,
    pairs: impl Iterator<Item = (&'a str, FieldValue<'a>)>,
) {
    let start = out.len();
    let mut opening = ",\"attributes\":[{\"key\":";
    for (key, value) in pairs {
        out.extend_from_slice(opening.as_bytes());
        opening = ",{\"key\":";
        string(out, key);
        out.extend_from_slice(b",\"value\":");
        any_value(out, value);
        out.push(b'}');
    }
    if out.len() > start {
        out.push(b']');
    }
}

/// `{"stringValue":…}`, or what the type is.
pub(super) fn any_value(out: &mut Vec<u8>, value: FieldValue<'_>) {
    match value {
        FieldValue::Bool(true) => out.extend_from_slice(b"{\"boolValue\":true"),
        FieldValue::Bool(false) => out.extend_from_slice(b"{\"boolValue\":false"),
        FieldValue::Int(value) => {
            out.extend_from_slice(b"{\"intValue\":");
            integer(out, value);
        }
        FieldValue::Double(value) => {
            out.extend_from_slice(b"{\"doubleValue\":");
            double(out, value);
        }
        FieldValue::Text(text) => {
            out.extend_from_slice(b"{\"stringValue\":");
            string(out, text);
        }
        FieldValue::Bytes(bytes) => {
            out.extend_from_slice(b"{\"bytesValue\":\"");
            base64(out, bytes);
            out.push(b'"');
        }
    }
    out.push(b'}');
}

fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + 4 * bytes.len().div_ceil(3), 0);
    STANDARD
        .encode_slice(bytes, &mut out[start..])
        .expect("four characters for three bytes, begun or whole");
}
