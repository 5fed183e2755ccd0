//! Names of instruments into names of metrics: PCOMPAT, *Metric Metadata*.
//!
//! Where the specification is silent, as Prometheus's otlptranslator does it,
//! so that a metric has the same name whether it is scraped or pushed.

use pqcnet_telemetry_core::Kind;

use super::translation::Translation;
use super::unit::UnitWords;

/// What a metric is called, before any escaping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MetricName {
    /// With the suffixes of its unit and kind, where they are asked for.
    pub(super) name: String,
    /// The unit in words; empty if there is none.
    pub(super) unit: String,
}

impl MetricName {
    pub(super) fn new(name: &str, unit: &str, kind: Kind, translation: Translation) -> Self {
        let words = match (unit, kind) {
            // Counters of things are often said to have the unit 1.
            ("1", Kind::Gauge) => UnitWords {
                main: "ratio".to_owned(),
                per: String::new(),
            },
            _ => UnitWords::of(unit),
        };
        let name = if translation.escapes() {
            joined_words(name)
        } else {
            name.to_owned()
        };
        let name = if translation.has_suffixes() {
            with_suffixes(&name, &words, kind)
        } else {
            name
        };
        let name = if translation.escapes() && !name.starts_with(can_start) {
            format!("_{name}")
        } else {
            name
        };
        Self {
            name,
            unit: words.joined(),
        }
    }
}

fn with_suffixes(name: &str, unit: &UnitWords, kind: Kind) -> String {
    // The unit comes before the kind's suffix, though that be there already.
    let is_counter = kind == Kind::Counter;
    let stem = if is_counter {
        without_word(name, "total").unwrap_or(name)
    } else {
        name
    };
    let (main, per) = (&*unit.main, &*unit.per);
    let missing = if ends_with_word(stem, &unit.joined()) {
        ["", ""]
    } else if ends_with_word(stem, main) {
        [per, ""]
    } else {
        [main, per]
    };
    let total = if is_counter { "total" } else { "" };
    let suffixes = missing.into_iter().chain([total]);
    suffixes.fold(stem.to_owned(), |name, suffix| match (&*name, suffix) {
        (_, "") => name,
        ("", _) => suffix.to_owned(),
        _ => format!("{name}_{suffix}"),
    })
}

/// Whether it is the word, or ends with it after something that is no letter,
/// digit or colon. Every name ends with the empty word.
fn ends_with_word(name: &str, word: &str) -> bool {
    word.is_empty() || name == word || without_word(name, word).is_some()
}

/// What is before such a word and its delimiter, if anything is.
fn without_word<'a>(name: &'a str, word: &str) -> Option<&'a str> {
    let stem = name.strip_suffix(word)?;
    let delimiter = stem.chars().next_back()?;
    let stem = &stem[..stem.len() - delimiter.len_utf8()];
    let is_delimiter = !delimiter.is_alphanumeric() && delimiter != ':';
    (is_delimiter && !stem.is_empty()).then_some(stem)
}

/// Runs of letters, digits and colons, joined by single underscores.
pub(super) fn joined_words(text: &str) -> String {
    let is_other = |char: char| !char.is_ascii_alphanumeric() && char != ':';
    let words: Vec<&str> = text
        .split(is_other)
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

fn can_start(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_' || char == ':'
}
