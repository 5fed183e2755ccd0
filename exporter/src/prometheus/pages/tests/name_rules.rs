//! Names of metrics against a naive reading of the rules.

use pqcnet_telemetry_core::Kind;
use proptest::prelude::*;

use crate::prometheus::pages::escape::NameOf;
use crate::prometheus::pages::format::Escaping;
use crate::prometheus::pages::name::MetricName;
use crate::prometheus::pages::translation::Translation;
use Kind::{Counter, Gauge, Histogram, UpDownCounter};
use Translation::{
    NoUtf8EscapingWithSuffixes, UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes,
};

fn name(name: &str, unit: &str, kind: Kind, translation: Translation) -> String {
    MetricName::new(name, unit, kind, translation).name
}

/// The rules one after the other, on strings.
fn naive(given: &str, unit: &str, kind: Kind) -> String {
    let valid = |char: char| char.is_ascii_alphanumeric() || char == ':';
    let mut name: String = given
        .chars()
        .map(|char| if valid(char) { char } else { '_' })
        .collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    let mut name = name.trim_matches('_').to_owned();
    if kind == Counter && name.ends_with("_total") {
        name.truncate(name.len() - "_total".len());
    }
    let (main, per) = match (unit, kind) {
        ("1", Gauge) => ("ratio", ""),
        ("s", _) => ("seconds", ""),
        ("By/s", _) => ("bytes", "per_second"),
        ("{x}/s", _) => ("", "per_second"),
        _ => ("", ""),
    };
    let ends = |name: &str, word: &str| name == word || name.ends_with(&format!("_{word}"));
    let whole = format!("{main}_{per}");
    let whole = whole.trim_matches('_');
    if !whole.is_empty() && !ends(&name, whole) {
        if !main.is_empty() && ends(&name, main) {
            name = format!("{name}_{per}");
        } else {
            name = format!("{name}_{whole}");
        }
    }
    if kind == Counter {
        name = format!("{name}_total");
    }
    let name = name.trim_matches('_').to_owned();
    match name.chars().next() {
        None => "_".to_owned(),
        Some('0'..='9') => format!("_{name}"),
        _ => name,
    }
}

proptest! {
    #[test]
    fn names_are_those_of_a_naive_reading(
        first in prop::sample::select(vec!["foo", "total", "seconds", "bytes", "1", "."]),
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "foo", "total", "seconds", "bytes", "per", "second", "ratio", "_", ".", "/", "é",
                "1", ":", "__",
            ]),
            0..8,
        ),
        unit in prop::sample::select(vec!["", "1", "s", "By/s", "{x}/s", "{x}"]),
        kind in prop::sample::select(vec![Counter, Gauge, Histogram]),
    ) {
        let given = format!("{first}a{}", parts.concat());
        let found = name(&given, unit, kind, UnderscoreEscapingWithSuffixes);
        prop_assert_eq!(&found, &naive(&given, unit, kind));
        prop_assert!(NameOf::Metric.is_plain(&found));
        // A name that is right already stays.
        prop_assert_eq!(&name(&found, unit, kind, UnderscoreEscapingWithSuffixes), &found);
    }

    #[test]
    fn every_name_can_be_written(
        given in ".{0,12}",
        unit in "[!-~]{0,12}",
        kind in prop::sample::select(vec![Counter, UpDownCounter, Gauge, Histogram]),
    ) {
        for translation in [UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes] {
            let found = MetricName::new(&given, &unit, kind, translation);
            prop_assert!(NameOf::Metric.is_plain(&found.name));
            prop_assert!(!found.name.contains("__"));
        }
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            let name = name(&given, &unit, kind, NoUtf8EscapingWithSuffixes);
            let escaped = NameOf::Metric.escaped(&name, escaping);
            prop_assert!(name.is_empty() || NameOf::Metric.is_plain(&escaped));
        }
    }
}
