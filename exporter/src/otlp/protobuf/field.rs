//! Fields of messages that are written by hand. What is zero or empty is not
//! written, as proto3 has it.

use prost::encoding::{self, encode_varint, encoded_len_varint};

use super::{field_len, open_field};
use crate::trace::fields::FieldValue;

/// Bytes, or a text.
pub(super) fn bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        open_field(out, number, bytes.len());
        out.extend_from_slice(bytes);
    }
}

/// A `uint32`, or an enum.
pub(super) fn count(out: &mut Vec<u8>, number: u8, count: u32) {
    if count > 0 {
        varint(out, number, count.into());
    }
}

/// A `fixed64` of nanoseconds since 1970, which are never zero.
pub(super) fn time(out: &mut Vec<u8>, number: u8, nanos: u64) {
    eight_bytes(out, number, nanos.to_le_bytes());
}

fn varint(out: &mut Vec<u8>, number: u8, value: u64) {
    const VARINT: u8 = 0;
    out.push((number << 3) | VARINT);
    encode_varint(value, out);
}

fn eight_bytes(out: &mut Vec<u8>, number: u8, value: [u8; 8]) {
    const EIGHT_BYTES: u8 = 1;
    let mut field = [(number << 3) | EIGHT_BYTES; 9];
    field[1..].copy_from_slice(&value);
    out.extend_from_slice(&field);
}

/// A `fixed32`, of a number of any size.
pub(super) fn flags(out: &mut Vec<u8>, number: u32, flags: u32) {
    if flags > 0 {
        encoding::fixed32::encode(number, &flags, out);
    }
}

// Of `KeyValue`.
const KEY: u8 = 1;
const VALUE: u8 = 2;

/// Attributes, each a `KeyValue`.
pub(super) fn attributes<'a>(
    out: &mut Vec<u8>,
    number: u8,
    pairs: impl Iterator<Item = (&'a str, FieldValue<'a>)>,
) {
    for (key, value) in pairs {
        let key_len = if key.is_empty() {
            0
        } else {
            field_len(key.len())
        };
        let value_len = any_value_len(value);
        open_field(out, number, key_len + field_len(value_len));
        bytes(out, KEY, key.as_bytes());
        open_field(out, VALUE, value_len);
        any_value(out, value);
    }
}

// Of `AnyValue`.
const STRING_VALUE: u8 = 1;
const BOOL_VALUE: u8 = 2;
const INT_VALUE: u8 = 3;
const DOUBLE_VALUE: u8 = 4;
const BYTES_VALUE: u8 = 7;

/// The field of an `AnyValue`, which is written whatever its value: that it is
/// there says which type it is.
pub(super) fn any_value(out: &mut Vec<u8>, value: FieldValue<'_>) {
    match value {
        FieldValue::Bool(value) => varint(out, BOOL_VALUE, value.into()),
        FieldValue::Int(value) => varint(out, INT_VALUE, value.cast_unsigned()),
        FieldValue::Double(value) => eight_bytes(out, DOUBLE_VALUE, value.to_le_bytes()),
        FieldValue::Text(text) => {
            open_field(out, STRING_VALUE, text.len());
            out.extend_from_slice(text.as_bytes());
        }
        FieldValue::Bytes(bytes) => {
            open_field(out, BYTES_VALUE, bytes.len());
            out.extend_from_slice(bytes);
        }
    }
}

fn any_value_len(value: FieldValue<'_>) -> usize {
    match value {
        FieldValue::Bool(_) => 2,
        FieldValue::Int(value) => 1 + encoded_len_varint(value.cast_unsigned()),
        FieldValue::Double(_) => 9,
        FieldValue::Text(text) => field_len(text.len()),
        FieldValue::Bytes(bytes) => field_len(bytes.len()),
    }
}
