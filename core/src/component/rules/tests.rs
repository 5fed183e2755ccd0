//! Each rule, by what it refuses and what it lets by; and, against naive forms
//! of the same: that names are those registration takes, that twins are equal
//! once translated, and that no unit stops the parser.

use proptest::prelude::*;

use super::*;
use crate::component::{Level, Options};
use crate::{Counter, Gauge, Histogram, Registry};

const FINE: Descriptor = Descriptor::of::<Counter>("relayer.x", "Doc.", Options::DEFAULT);

/// A gauge, a histogram, a counter.
fn of_kind(kind: Kind, options: Options) -> Descriptor {
    match kind {
        Kind::Gauge => Descriptor::of::<Gauge>("relayer.x", "Doc.", options),
        Kind::Histogram => Descriptor::of::<Histogram>("relayer.x", "Doc.", options),
        _ => Descriptor::of::<Counter>("relayer.x", "Doc.", options),
    }
}

fn rule_of(descriptor: Descriptor) -> Option<&'static str> {
    first_broken(&[descriptor]).map(|broken| broken.rule)
}

fn rule_of_keys(kind: Kind, keys: &'static [&'static str]) -> Option<&'static str> {
    let labels: Vec<_> = keys.iter().map(|key| Label::open(key)).collect();
    let options = Options {
        labels: labels.leak(),
        ..Options::DEFAULT
    };
    rule_of(of_kind(kind, options))
}

fn text(broken: &Broken) -> String {
    let (message, len) = broken.message();
    String::from_utf8(message[..len].to_vec()).unwrap()
}

#[test]
fn units_of_ucum_pass() {
    for unit in [
        "",
        "1",
        "%",
        "s",
        "ms",
        "us",
        "ns",
        "min",
        "h",
        "d",
        "By",
        "KiBy",
        "MiBy",
        "GBy",
        "bit",
        "By/s",
        "m/s",
        "m/s2",
        "m.s-2",
        "kg.m2/s3",
        "/min",
        "1/s",
        "10*6/l",
        "10^-3",
        "{message}",
        "{message}/s",
        "By{payload}",
        "1{a~!b}",
        "Cel",
        "[degF]",
        "m[H2O]",
        "B[SPL]",
        "mm[Hg]",
        "(m.s)/(A.K)",
        "(/s)",
        "[m/s2/Hz^0.5]",
        "W.h",
        "'",
        "''",
        "mo_g",
        "dar",
        "ug/(24.h)",
    ] {
        assert_eq!(unit::broken_rule(unit), None, "{unit:?}");
    }
}

#[test]
fn what_is_no_unit_of_ucum_does_not() {
    for unit in [
        // Words for codes, words for annotations, other cases.
        "bytes", "seconds", "sec", "percent", "ratio", "messages", "message", "event", "peer",
        "chunk", "block", "count", "BY", "ks2s", "10s", "1a", // Pairs.
        "{", "}", "{message", "message}", "{a{b}}", "{}", "[", "]", "[in_i", "m]", "[]", "[[x]]",
        "(", ")", "()", "(m", "m)", "(m))", // Operators.
        ".", "/", "m.", "m/", "m//s", "m..s", ".s", "m./s", "{a}{b}", "{a}s", "m(s)", "(m)s",
        // Characters.
        "m s", "µs", "m\n", "\0", "m*s", "m,s", "s-", "+", "-1",
    ] {
        assert!(unit::broken_rule(unit).is_some(), "{unit:?}");
    }
    let long = "m.".repeat(31) + "m";
    assert_eq!(unit::broken_rule(&long), None);
    assert!(unit::broken_rule(&(long + "m")).is_some());
}

#[test]
fn the_message_names_instrument_culprit_and_rule() {
    let unit = Descriptor {
        unit: "bytes",
        ..FINE
    };
    let broken = first_broken(&[
        FINE,
        Descriptor {
            name: "relayer.y",
            ..unit
        },
    ])
    .unwrap();
    assert_eq!(
        text(&broken),
        "relayer.y: unit bytes: a unit is made of UCUM's codes, and what is counted is in \
         braces: `s`, `ms`, `By`, `KiBy/s`, `%`, `1`, `{message}`"
    );
    let twins = [
        FINE,
        Descriptor {
            name: "relayer/x",
            ..FINE
        },
    ];
    let broken = first_broken(&twins).unwrap();
    assert_eq!(
        text(&broken),
        "relayer/x: beside relayer.x: no two instruments have one name, nor one that is the \
         same once every character but letters and digits is '_' (Prometheus)"
    );
    let undocumented = Descriptor {
        description: "",
        ..FINE
    };
    assert_eq!(
        text(&first_broken(&[undocumented]).unwrap()),
        "relayer.x: an instrument has a doc comment, which is its description"
    );
}

#[test]
fn the_longest_message_is_whole() {
    let longest = "x".repeat(255).leak();
    let key = "__".repeat(100).leak();
    let labels = vec![Label::open(key)].leak();
    let descriptor = Descriptor {
        name: longest,
        labels,
        ..FINE
    };
    let message = text(&first_broken(&[descriptor]).unwrap());
    assert!(message.ends_with(KEY), "{message}");
}

#[test]
fn label_keys_are_those_of_prometheus() {
    let counter = |keys| rule_of_keys(Kind::Counter, keys);
    for keys in [
        &["peer"][..],
        &["a", "b", "c"],
        &["net.peer"],
        &["_x"],
        &["x9", "éx"],
        &["le"],
    ] {
        assert_eq!(counter(keys), None, "{keys:?}");
    }
    for key in ["", "_", "...", "é", "9x"] {
        assert_eq!(counter(vec![key].leak()), Some(KEY), "{key:?}");
    }
    for key in ["__x", "._x", "--x", "é.x"] {
        assert_eq!(counter(vec![key].leak()), Some(RESERVED), "{key:?}");
    }
    for keys in [&["x", "x"], &["a.b", "a_b"], &["a-b", "a//b"]] {
        assert_eq!(counter(keys), Some(KEY_TWIN), "{keys:?}");
    }
    for key in ["le", "quantile"] {
        let rule = rule_of_keys(Kind::Histogram, vec![key].leak());
        assert_eq!(rule, Some(OF_HISTOGRAMS));
    }
}

#[test]
fn label_values_are_there_and_differ() {
    let rule = |values| {
        let labels = vec![Label::of_set("lane", values)].leak();
        rule_of(Descriptor { labels, ..FINE })
    };
    assert_eq!(rule(&["fast", "Fast", "slow"]), None);
    assert_eq!(rule(&["fast", ""]), Some(VALUE));
    assert_eq!(rule(&["fast", "slow", "fast"]), Some(VALUE_TWIN));
}

#[test]
fn options_are_for_their_kinds() {
    let shape = Options {
        range: Some((1, 2)),
        digits: Some(5),
        ..Options::DEFAULT
    };
    assert_eq!(rule_of(of_kind(Kind::Histogram, shape)), None);
    assert_eq!(rule_of(of_kind(Kind::Counter, shape)), Some(SHAPE));
    let decimals = |decimals| Options {
        decimals,
        ..Options::DEFAULT
    };
    assert_eq!(rule_of(of_kind(Kind::Counter, decimals(9))), None);
    assert_eq!(
        rule_of(of_kind(Kind::Counter, decimals(10))),
        Some(DECIMALS)
    );
    assert_eq!(rule_of(of_kind(Kind::Gauge, decimals(1))), Some(FRACTIONS));
    for (low, high) in [(0, 5), (3, 5), (u64::MAX, u64::MAX)] {
        let range = Options {
            range: Some((low, high)),
            ..Options::DEFAULT
        };
        assert_eq!(rule_of(of_kind(Kind::Histogram, range)), Some(RANGE));
    }
    for digits in [0, 6] {
        let digits = Options {
            digits: Some(digits),
            ..Options::DEFAULT
        };
        assert_eq!(rule_of(of_kind(Kind::Histogram, digits)), Some(DIGITS));
    }
    let empty = Options {
        deprecated: Some(""),
        ..Options::DEFAULT
    };
    assert_eq!(rule_of(of_kind(Kind::Counter, empty)), Some(REASON));
    let empty = Options {
        group: Some(""),
        level: Level::Off,
        ..Options::DEFAULT
    };
    assert_eq!(rule_of(of_kind(Kind::Counter, empty)), Some(GROUP));
}

/// What registration says of a range, for the same.
#[test]
fn ranges_are_those_registration_takes() {
    for (low, high) in [
        (0, 0),
        (0, 5),
        (1, 1),
        (1, 2),
        (3, 5),
        (3, 6),
        (1, u64::MAX),
    ] {
        let options = Options {
            range: Some((low, high)),
            digits: Some(1),
            ..Options::DEFAULT
        };
        let descriptor = of_kind(Kind::Histogram, options);
        let is_taken = Registry::new().histogram(descriptor.instrument()).is_ok();
        assert_eq!(rule_of(descriptor).is_none(), is_taken, "{low}..={high}");
    }
}

/// What Prometheus makes of a name, without separators at its ends.
fn translated(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

proptest! {
    #[test]
    fn names_are_those_registration_takes(name in "[a-zA-Z0-9_./ :é-]{0,6}|[a-z]{250,258}") {
        prop_assert_eq!(is_name(&name), Registry::new().counter(name.as_str()).is_ok());
    }

    #[test]
    fn twins_are_one_once_translated(one in "[ab_.é]{0,5}", other in "[ab_.é]{0,5}") {
        prop_assert_eq!(are_twins(&one, &other), translated(&one) == translated(&other));
    }

    #[test]
    fn no_unit_stops_the_parser(unit in "[ms1*.()/{}+\\[\\]-]{0,12}|\\PC{0,80}") {
        let broken = unit::broken_rule(&unit);
        // An open brace is never closed by what has none to close it.
        let opened = format!("{{{}", unit.replace('}', ""));
        prop_assert!(unit::broken_rule(&opened).is_some());
        prop_assert!(broken.is_some() || unit.len() <= 63 && unit.is_ascii());
    }

    /// Terms put together as UCUM says.
    #[test]
    fn every_term_of_good_parts_passes(
        parts in proptest::collection::vec(part_of_a_term(), 1..5), is_quotient: bool,
    ) {
        let term = parts.join(if is_quotient { "/" } else { "." });
        prop_assume!(term.len() <= 63);
        prop_assert_eq!(unit::broken_rule(&term), None, "{}", term);
    }
}

fn part_of_a_term() -> impl Strategy<Value = String> {
    let code = proptest::sample::select(vec!["s", "By", "mol", "[ppm]", "%", "mo_g"]);
    let prefix = proptest::sample::select(vec!["", "m", "Ki", "da"]);
    let exponent = proptest::sample::select(vec!["", "2", "-1", "+3"]);
    let annotation = proptest::sample::select(vec!["", "{message}", "{a.b/c}"]);
    prop_oneof![
        (prefix, code, exponent, annotation).prop_map(|(p, c, e, a)| format!("{p}{c}{e}{a}")),
        Just("{message}".into()),
        Just("10*6".into()),
        Just("1".into()),
        Just("(m/s)".into()),
    ]
}
