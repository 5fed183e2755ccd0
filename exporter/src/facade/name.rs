//! Names and labels of `metrics`, which are free text, as those of the core.

use std::borrow::Cow;
use std::fmt::Write;

use metrics::Key;

/// The longest name the core takes.
const LONGEST: usize = 255;

/// `name` as an instrument name: `_` for each character that may not be in one,
/// `m_` in front where it does not start with a letter. `None` of an empty one,
/// or where the result is too long.
///
/// Names that differ in such characters only are one instrument.
pub(super) fn instrument_name(name: &str) -> Option<Cow<'_, str>> {
    if name.is_empty() {
        return None;
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let name = if starts_well && name.chars().all(is_allowed) {
        Cow::Borrowed(name)
    } else {
        let prefix = if starts_well { "" } else { "m_" };
        let mapped = name.chars().map(|c| if is_allowed(c) { c } else { '_' });
        // No more than it takes to see that it is too long.
        Cow::Owned(prefix.chars().chain(mapped).take(LONGEST + 1).collect())
    };
    (name.len() <= LONGEST).then_some(name)
}

/// A key's labels: sorted, of a key given twice the last.
pub(super) struct Labels<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    text: String,
}

impl<'a> Labels<'a> {
    pub(super) fn of(key: &'a Key) -> Self {
        let pairs = key.labels().map(|label| (label.key(), label.value()));
        let mut pairs: Vec<_> = pairs.collect();
        // Stable, so of one key the last given is the last.
        pairs.sort_by_key(|(key, _)| *key);
        pairs.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                *kept = *later;
            }
            is_same
        });
        let mut text = String::new();
        for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
            // Writing to a `String` does not fail.
            let _ = write!(text, "{}:{part}", part.len());
        }
        Self { pairs, text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether a label has no key, which the core does not take.
    pub(super) fn has_empty_key(&self) -> bool {
        self.pairs.first().is_some_and(|(key, _)| key.is_empty())
    }

    pub(super) fn pairs(&self) -> &[(&'a str, &'a str)] {
        &self.pairs
    }

    /// One text for each set; with the lengths, no two sets have the same.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Label;
    use pqcnet_telemetry_core::Registry;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn valid_names_stay_and_others_are_mapped() {
        for (given, expected) in [
            ("http_requests_total", Some("http_requests_total")),
            ("rpc.server/duration-1", Some("rpc.server/duration-1")),
            ("my metric", Some("my_metric")),
            ("tokio::x", Some("tokio__x")),
            ("größe", Some("gr__e")),
            ("5xx", Some("m_5xx")),
            ("_private", Some("m__private")),
            ("", None),
        ] {
            assert_eq!(instrument_name(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_name_may_be_as_long_as_the_core_takes_it() {
        assert!(instrument_name(&"n".repeat(255)).is_some());
        assert!(instrument_name(&"n".repeat(256)).is_none());
        assert!(instrument_name(&" ".repeat(253)).is_some());
        assert!(instrument_name(&" ".repeat(254)).is_none());
    }

    proptest! {
        #[test]
        fn the_core_takes_every_name_that_is_not_refused(name in ".{0,300}") {
            if let Some(mapped) = instrument_name(&name) {
                prop_assert!(Registry::new().counter(&*mapped).is_ok(), "{mapped:?}");
                prop_assert_eq!(instrument_name(&mapped), Some(Cow::Borrowed(&*mapped)));
            }
        }

        #[test]
        fn labels_are_a_map_that_later_pairs_overwrite(
            pairs in prop::collection::vec(("[a-c:0-9]{0,2}", "[a-c:0-9]{0,2}"), 0..6),
            others in prop::collection::vec(("[a-c:0-9]{0,2}", "[a-c:0-9]{0,2}"), 0..6),
        ) {
            let key = |pairs: &[(String, String)]| {
                let labels = pairs.iter().map(|(k, v)| Label::new(k.clone(), v.clone()));
                Key::from_parts("x", labels.collect::<Vec<_>>())
            };
            let map = |pairs: &[(String, String)]| -> BTreeMap<_, _> {
                pairs.iter().cloned().collect()
            };
            let (one, other) = (key(&pairs), key(&others));
            let (one, other) = (Labels::of(&one), Labels::of(&other));
            let expected = map(&pairs);
            let expected: Vec<_> = expected.iter().map(|(k, v)| (&**k, &**v)).collect();
            prop_assert_eq!(one.pairs(), expected);
            prop_assert_eq!(one.text() == other.text(), map(&pairs) == map(&others));
        }
    }
}
