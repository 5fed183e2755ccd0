//! Numbers in text.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use crate::prometheus::pages::bounds;
use crate::prometheus::pages::number::{
    bound, canonical_bound, double, seconds, signed_total, total,
};

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn bounds_are_written_as_go_does() {
    let table = [
        (0.0, "0"),
        (0.005, "0.005"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e-10, "1e-10"),
        (1.5e-7, "1.5e-07"),
        (1.0, "1"),
        (1.7, "1.7"),
        (10.0, "10"),
        (100_000.0, "100000"),
        (123_456.5, "123456.5"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (1e10, "1e+10"),
        (1e100, "1e+100"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::INFINITY, "+Inf"),
    ];
    for (value, expected) in table {
        assert_eq!(bound(value), expected);
    }
}

#[test]
fn canonical_numbers_are_those_of_open_metrics() {
    let table = "0.0 0.001 0.002 0.01 0.1 0.9 0.95 0.99 0.999 1.0 1.7 10.0 \
                 1e-10 1e-09 1e-05 0.0001 0.1 1.0 100000.0 1e+06 1e+10";
    for text in table.split_whitespace() {
        assert_eq!(canonical_bound(text.parse().unwrap()), text);
    }
    assert_eq!(canonical_bound(f64::INFINITY), "+Inf");
}

#[test]
fn totals_are_exact_or_quotients() {
    assert_eq!(text(|out| total(out, 0, 0)), "0");
    assert_eq!(text(|out| total(out, u128::MAX, 0)), u128::MAX.to_string());
    assert_eq!(text(|out| total(out, 5_000_000, 9)), "0.005");
    assert_eq!(text(|out| total(out, 3_000, 3)), "3.0");
    assert_eq!(
        text(|out| signed_total(out, i128::MIN, 0)),
        i128::MIN.to_string()
    );
    assert_eq!(text(|out| signed_total(out, -1_500, 3)), "-1.5");
}

#[test]
fn doubles_may_be_no_numbers() {
    let table = [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (-0.0, "-0.0"),
        (0.75, "0.75"),
        (5e-324, "5e-324"),
    ];
    for (value, expected) in table {
        assert_eq!(text(|out| double(out, value)), expected);
    }
}

#[test]
fn moments_are_seconds_to_the_nanosecond() {
    let table = [
        (1_520_430_000_123_000_000, "1520430000.123"),
        (1_520_430_000_000_000_001, "1520430000.000000001"),
        (1_520_430_000_000_000_000, "1520430000.0"),
    ];
    for (nanos, expected) in table {
        let time = UNIX_EPOCH + Duration::from_nanos(nanos);
        assert_eq!(text(|out| seconds(out, time)), expected);
    }
}

#[test]
fn bounds_are_put_in_order() {
    let given = [5.0, f64::NAN, 1.0, -0.0, 0.0, -3.0, f64::INFINITY, 5.0];
    assert_eq!(bounds(&given), [0.0, 1.0, 5.0]);
    assert!(bounds(&given)[0].is_sign_positive());
}

proptest! {
    #[test]
    fn every_number_reads_back(value in any::<f64>()) {
        let same = |text: String| {
            let read: f64 = text.parse().unwrap();
            read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan())
        };
        prop_assert!(same(text(|out| double(out, value))));
        if !value.is_nan() {
            let value = value.abs();
            prop_assert_eq!(bound(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
            prop_assert_eq!(canonical_bound(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
            prop_assert!(canonical_bound(value).contains(['.', 'e', 'I']));
        }
    }
}
