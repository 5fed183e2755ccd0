//! Numbers, as the text formats have them.

use std::time::SystemTime;

use crate::accumulate::in_unit;
use crate::otlp::unix_nanos;

pub(super) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A double, in the fewest digits that read back as the same one.
pub(super) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        serde_json::to_writer(out, &value).expect("finite doubles serialise");
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value > 0.0 {
        out.extend_from_slice(b"+Inf");
    } else {
        out.extend_from_slice(b"-Inf");
    }
}

/// What was recorded with so many decimals, in its unit: an integer however
/// large, or the quotient.
pub(super) fn total(out: &mut Vec<u8>, recorded: u128, decimals: u8) {
    if decimals == 0 {
        integer(out, recorded);
    } else {
        double(out, in_unit(recorded as f64, decimals));
    }
}

/// The same of a sum that may be below zero.
pub(super) fn signed_total(out: &mut Vec<u8>, recorded: i128, decimals: u8) {
    if decimals == 0 {
        integer(out, recorded);
    } else {
        double(out, in_unit(recorded as f64, decimals));
    }
}

/// A moment in seconds since 1970, to the nanosecond.
pub(super) fn seconds(out: &mut Vec<u8>, time: SystemTime) {
    let nanos = unix_nanos(time);
    integer(out, nanos / 1_000_000_000);
    let fraction = format!(".{:09}", nanos % 1_000_000_000);
    let digits = fraction.trim_end_matches('0').len().max(2);
    out.extend_from_slice(&fraction.as_bytes()[..digits]);
}

/// A bucket's bound as Go's `%g` writes it, which is how `le` looks in text
/// 0.0.4: label values are compared as text, so one number has one text.
pub(super) fn bound(value: f64) -> String {
    if value.is_infinite() {
        return "+Inf".to_owned();
    }
    let shortest = format!("{value:e}");
    let (digits, exponent) = shortest.split_once('e').expect("{:e} has an exponent");
    let exponent: i32 = exponent.parse().expect("and it is a number");
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// The same as `OpenMetrics` wants it (*Canonical Numbers*): never an integer.
pub(super) fn canonical_bound(value: f64) -> String {
    let mut text = bound(value);
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        text.push_str(".0");
    }
    text
}
