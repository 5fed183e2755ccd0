//! OTLP/HTTP JSON, and the pieces it is made of.
//!
//! Written by hand, because the constant part of a series (its name, unit and
//! attributes) is rendered once and a flush writes numbers between ready-made
//! pieces. The rules are those of the OTLP specification, *JSON Protobuf
//! Encoding*: lowerCamelCase keys, enums as integers, 64-bit integers as
//! decimal strings, doubles that are no JSON numbers as strings.

use std::time::SystemTime;

use pqcnet_telemetry_core::AttributeValue;

use super::unix_nanos;

pub(crate) mod envelope;
mod exemplars;
#[cfg(feature = "tracing")]
mod field;
#[cfg(feature = "tracing")]
pub(crate) mod log_records;
pub(crate) mod logs;
pub(crate) mod metrics;
#[cfg(feature = "tracing")]
pub(crate) mod spans;

/// A string with its quotes, escaped.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("strings serialise, and a Vec takes all");
}

/// A 64-bit integer: a decimal string.
pub(crate) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.push(b'"');
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.push(b'"');
}

/// 64-bit integers as an array of decimal strings.
///
/// Bucket counts are mostly small, and most of a report: numbers below
/// [`SMALL`] are copied whole from a table, always eight bytes of which some
/// are taken back, as a copy of known length is one instruction.
pub(crate) fn integers(out: &mut Vec<u8>, values: &[u64]) {
    out.push(b'[');
    out.reserve(values.len() * size_of::<Piece>());
    for value in values {
        if let Some(piece) = PIECES.get(usize::try_from(*value).unwrap_or(usize::MAX)) {
            let end = out.len() + usize::from(piece.len);
            out.extend_from_slice(&piece.text);
            out.truncate(end);
        } else {
            integer(out, *value);
            out.push(b',');
        }
    }
    if !values.is_empty() {
        out.pop(); // the last comma
    }
    out.push(b']');
}

/// `"n",` in its first `len` bytes.
#[derive(Clone, Copy)]
struct Piece {
    text: [u8; 8],
    len: u8,
}

const SMALL: usize = 1_000;

static PIECES: [Piece; SMALL] = pieces();

const fn pieces() -> [Piece; SMALL] {
    let empty = Piece {
        text: [0; 8],
        len: 0,
    };
    let mut pieces = [empty; SMALL];
    let mut n = 0;
    while n < SMALL {
        let digits = 1 + (n >= 10) as usize + (n >= 100) as usize;
        let text = &mut pieces[n].text;
        text[0] = b'"';
        let mut rest = n;
        let mut at = digits;
        while at > 0 {
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            at -= 1;
        }
        text[digits + 1] = b'"';
        text[digits + 2] = b',';
        pieces[n].len = digits as u8 + 3;
        n += 1;
    }
    pieces
}

/// A 32-bit integer: a number.
pub(crate) fn small(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A double: a number, or one of the three strings for what JSON has no
/// numbers for.
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        serde_json::to_writer(out, &value).expect("finite doubles serialise");
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value > 0.0 {
        out.extend_from_slice(b"\"Infinity\"");
    } else {
        out.extend_from_slice(b"\"-Infinity\"");
    }
}

/// Bytes of an id: hexadecimal digits, in quotes.
pub(crate) fn hex<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    let digits = bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    out.push(b'"');
    out.extend_from_slice(digits.as_flattened());
    out.push(b'"');
}

/// A moment in nanoseconds since 1970, as a decimal string.
pub(crate) fn time(out: &mut Vec<u8>, time: SystemTime) {
    integer(out, unix_nanos(time));
}

/// `"attributes":[…]`.
pub(crate) fn attributes<'a>(
    out: &mut Vec<u8>,
    pairs: impl Iterator<Item = (&'a str, &'a AttributeValue)>,
) {
    out.extend_from_slice(b"\"attributes\":[");
    for (index, (key, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"key\":");
        string(out, key);
        out.extend_from_slice(b",\"value\":{");
        match value {
            AttributeValue::Bool(true) => out.extend_from_slice(b"\"boolValue\":true"),
            AttributeValue::Bool(false) => out.extend_from_slice(b"\"boolValue\":false"),
            AttributeValue::Int(value) => {
                out.extend_from_slice(b"\"intValue\":");
                integer(out, *value);
            }
            AttributeValue::String(text) => {
                out.extend_from_slice(b"\"stringValue\":");
                string(out, text);
            }
            // The core's enum may grow; its text is always there.
            other => {
                out.extend_from_slice(b"\"stringValue\":");
                string(out, &other.to_string());
            }
        }
        out.extend_from_slice(b"}}");
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_are_numbers_or_the_three_strings() {
        assert_eq!(text(|out| double(out, 1.5)), "1.5");
        assert_eq!(text(|out| double(out, -0.0)), "-0.0");
        assert_eq!(text(|out| double(out, 1e300)), "1e+300");
        assert_eq!(text(|out| double(out, f64::NAN)), "\"NaN\"");
        assert_eq!(text(|out| double(out, f64::INFINITY)), "\"Infinity\"");
        assert_eq!(text(|out| double(out, f64::NEG_INFINITY)), "\"-Infinity\"");
    }

    #[test]
    fn integers_of_64_bits_are_strings() {
        assert_eq!(
            text(|out| integer(out, u64::MAX)),
            "\"18446744073709551615\""
        );
        assert_eq!(
            text(|out| integer(out, i64::MIN)),
            "\"-9223372036854775808\""
        );
        assert_eq!(text(|out| small(out, -3)), "-3");
        assert_eq!(text(|out| small(out, u32::MAX)), "4294967295");
    }

    #[test]
    fn ids_are_in_hexadecimal_digits() {
        let id = u128::to_be_bytes(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        let digits = text(|out| hex(out, id));
        assert_eq!(digits, "\"0123456789abcdeffedcba9876543210\"");
    }

    #[test]
    fn arrays_of_integers_are_those_of_serde_json() {
        let mut values: Vec<u64> = (0..1_100).collect();
        values.extend((0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, u64::MAX >> bit]));
        for values in [&values[..], &[], &[7], &[12_345], &[u64::MAX, 999, 1_000]] {
            let strings: Vec<_> = values.iter().map(u64::to_string).collect();
            let expected = serde_json::to_string(&strings).unwrap();
            assert_eq!(text(|out| integers(out, values)), expected);
        }
    }

    #[test]
    fn times_are_never_zero() {
        assert_eq!(text(|out| time(out, UNIX_EPOCH)), "\"1\"");
        let before = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(text(|out| time(out, before)), "\"1\"");
        let later = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001);
        assert_eq!(text(|out| time(out, later)), "\"1700000000000000001\"");
    }

    #[test]
    fn hostile_text_stays_inside_its_quotes() {
        let hostile = "\"},{\\ \u{0}\u{1f}\u{7f}\n\u{2028} 🦀";
        let json = text(|out| string(out, hostile));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
        assert!(!json.contains('\n'));
    }
}
