//! Attributes on pages.

use proptest::prelude::*;

use crate::prometheus::pages::escape::NameOf;
use crate::prometheus::pages::format::Escaping;
use crate::prometheus::pages::label::{LabelNames, Labels};
use crate::prometheus::pages::translation::Translation;

pub(super) const NAMES: LabelNames = LabelNames {
    translation: Translation::UnderscoreEscapingWithSuffixes,
    escaping: Escaping::Underscores,
    is_histogram: false,
};

fn labels(names: LabelNames, pairs: &[(&str, &str)]) -> Labels {
    names.labels(pairs.iter().map(|(key, value)| (*key, (*value).to_owned())))
}

fn name(names: LabelNames, key: &str) -> String {
    labels(names, &[(key, "x")]).remove(0).0
}

#[test]
fn names_are_those_of_the_translator() {
    let table = [
        ("label:with:colons", "label_with_colons"),
        ("LabelWithCapitalLetters", "LabelWithCapitalLetters"),
        ("label!with&special$chars)", "label_with_special_chars_"),
        (
            "label_with_foreign_characters_字符",
            "label_with_foreign_characters_",
        ),
        ("label.with.dots", "label_with_dots"),
        ("123label", "key_123label"),
        (
            "label__with__double__underscores",
            "label_with_double_underscores",
        ),
        (
            "label.name__with&&special##chars",
            "label_name_with_special_chars",
        ),
        ("trailing_underscores___", "trailing_underscores_"),
        // OpenMetrics reserves names that begin so: the translator's option
        // for that.
        (".foo", "key_foo"),
        (
            "_label_starting_with_underscore",
            "key_label_starting_with_underscore",
        ),
        (
            "__label_starting_with_2underscores",
            "key_label_starting_with_2underscores",
        ),
        ("__name__", "key_name_"),
        ("ようこそ", "key_"),
        ("__", "key_"),
    ];
    for (key, expected) in table {
        assert_eq!(name(NAMES, key), expected);
    }
}

#[test]
fn reserved_names_do_not_reach_prometheus() {
    let utf8 = LabelNames {
        translation: Translation::NoTranslation,
        escaping: Escaping::AllowUtf8,
        is_histogram: true,
    };
    assert_eq!(name(utf8, "__name__"), "key__name__");
    assert_eq!(name(utf8, "le"), "key_le");
    assert_eq!(name(utf8, "l.e"), "l.e");
    assert_eq!(name(utf8, ""), "key_");
    let escaped = LabelNames {
        escaping: Escaping::Underscores,
        ..utf8
    };
    assert_eq!(name(escaped, "..name.."), "key__name__");
    let counter = LabelNames {
        is_histogram: false,
        ..utf8
    };
    assert_eq!(name(counter, "le"), "le");
    assert_eq!(name(counter, "quantile"), "quantile");
}

#[test]
fn colliding_values_are_joined_in_order_of_their_keys() {
    let pairs = [("a_b", "3"), ("a.b", "2"), ("a-b", "1"), ("c", "4")];
    let expected = [("a_b", "1;2;3"), ("c", "4")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(labels(NAMES, &pairs), expected);
    // With the scope's name too.
    let pairs = [
        ("otel_scope_name", "scope"),
        ("otel.scope.name", "attribute"),
    ];
    let expected = ("otel_scope_name".to_owned(), "attribute;scope".to_owned());
    assert_eq!(labels(NAMES, &pairs), [expected]);
}

#[test]
fn a_label_without_a_value_is_none() {
    assert_eq!(labels(NAMES, &[("a", ""), ("b.c", "")]), []);
    let expected = ("b_c".to_owned(), ";x".to_owned());
    assert_eq!(labels(NAMES, &[("b.c", ""), ("b_c", "x")]), [expected]);
}

proptest! {
    #[test]
    fn names_are_unique_plain_and_not_reserved(
        keys in prop::collection::btree_set("[a_.0é:]{1,6}|\\PC{1,6}", 0..8),
        is_histogram in any::<bool>(),
    ) {
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            for translation in [Translation::default(), Translation::NoTranslation] {
                let names = LabelNames { translation, escaping, is_histogram };
                let pairs: Vec<_> = keys.iter().map(|key| (&**key, "x")).collect();
                let labels = labels(names, &pairs);
                let values: usize = labels.iter().map(|(_, values)| values.split(';').count()).sum();
                prop_assert_eq!(values, keys.len());
                prop_assert!(labels.windows(2).all(|pair| pair[0].0 < pair[1].0));
                for (name, _) in &labels {
                    prop_assert!(NameOf::Label.is_plain(name), "{}", name);
                    prop_assert!(!name.starts_with("__"));
                    prop_assert!(!is_histogram || name != "le");
                }
            }
        }
    }
}
