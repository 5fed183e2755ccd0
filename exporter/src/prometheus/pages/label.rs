//! Attributes into labels: PCOMPAT, *Metric Attributes*.

use super::escape::NameOf;
use super::format::Escaping;
use super::translation::Translation;

/// How the names of labels are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabelNames {
    pub(super) translation: Translation,
    pub(super) escaping: Escaping,
    /// Whether `le` is taken: that of a histogram's buckets.
    pub(super) is_histogram: bool,
}

/// Labels in order of their names, each name once, none without a value.
pub(super) type Labels = Vec<(String, String)>;

impl LabelNames {
    /// Values whose keys become the same name are joined by `;`, in order of
    /// the keys. A label without a value is to Prometheus one that is not
    /// there, so it is left out, lest two series be told apart that are one.
    pub(super) fn labels<'a>(
        self,
        attributes: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Labels {
        let named = attributes
            .into_iter()
            .map(|(key, value)| (self.name(key), key, value));
        let mut named: Vec<_> = named.collect();
        named.sort_by(|(name, key, _), (other, other_key, _)| (name, key).cmp(&(other, other_key)));
        let mut labels = Labels::with_capacity(named.len());
        for (name, _, value) in named {
            match labels.last_mut() {
                Some((last, values)) if *last == name => {
                    values.push(';');
                    values.push_str(&value);
                }
                _ => labels.push((name, value)),
            }
        }
        labels.retain(|(_, value)| !value.is_empty());
        labels
    }

    /// A name that Prometheus, or a histogram, has a use of its own for gets
    /// `key` in front, as does one that begins with what no name may.
    fn name(self, key: &str) -> String {
        let name = if self.translation.escapes() {
            collapsed(key)
        } else {
            key.to_owned()
        };
        let name = NameOf::Label.escaped(&name, self.escaping);
        let is_reserved = if self.translation.escapes() {
            // Of the names that OpenMetrics reserves.
            name.starts_with('_')
        } else {
            name.starts_with("__")
        };
        if is_reserved {
            return format!("key{name}");
        }
        if name.is_empty() || (self.is_histogram && name == "le") {
            return format!("key_{name}");
        }
        name.into_owned()
    }
}

/// With single underscores for all that is no letter or digit; a digit does not
/// come first.
fn collapsed(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    if key.starts_with(|char: char| char.is_ascii_digit()) {
        name.push_str("key_");
    }
    for char in key.chars() {
        if char.is_ascii_alphanumeric() {
            name.push(char);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name
}
