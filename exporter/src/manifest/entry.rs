//! One metric, as the file has it.

use std::collections::BTreeMap;
use std::fmt::Display;

use pqcnet_telemetry_core::Kind;
use pqcnet_telemetry_core::component::{Descriptor, Level};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ManifestError;

/// A metric in `metrics.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The kind: `counter`, `up_down_counter`, `gauge` or `histogram`.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: Kind,
    /// The unit, as UCUM writes it; empty if it has none.
    pub unit: String,
    /// What is measured.
    pub description: String,
    /// The values of each label; `null` where they are known only at run time.
    pub labels: BTreeMap<String, Option<Vec<String>>>,
    /// How important it is: `off`, `warn`, `info` or `debug`.
    #[serde(serialize_with = "write_level", deserialize_with = "read_level")]
    pub level: Level,
    /// The group of panels that it is shown in, or `null`.
    pub group: Option<String>,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Why not, and what to use instead; only there where it is deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_reason: Option<String>,
}

impl Entry {
    pub(super) fn of(descriptor: &Descriptor) -> Self {
        let labels = descriptor.labels.iter().map(|label| {
            let values = label.values.map(|values| {
                let values = values.iter().map(|value| (*value).to_owned());
                values.collect()
            });
            (label.key.to_owned(), values)
        });
        Self {
            name: descriptor.name.into(),
            kind: descriptor.kind,
            unit: descriptor.unit.into(),
            description: descriptor.description.into(),
            labels: labels.collect(),
            level: descriptor.level,
            group: descriptor.group.map(Into::into),
            deprecated: descriptor.deprecated.is_some(),
            deprecated_reason: descriptor.deprecated.map(Into::into),
        }
    }

    /// Takes `other`, of the same name, for the same instrument, or says in
    /// what the two differ.
    pub(super) fn agree(&mut self, other: Self) -> Result<(), ManifestError> {
        let changes = self.changes(&other);
        let conflict = changes.into_iter().find(|c| c.field != "description");
        if let Some(conflict) = conflict {
            return Err(ManifestError::Conflict {
                name: other.name.into(),
                field: conflict.field.into(),
                one: conflict.from.into(),
                other: conflict.to.into(),
            });
        }
        if other.description.len() > self.description.len() {
            self.description = other.description;
        }
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn write_kind<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.as_str())
}

fn read_kind<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
    let kinds = [
        Kind::Counter,
        Kind::UpDownCounter,
        Kind::Gauge,
        Kind::Histogram,
    ];
    read(from, "kind", &kinds, Kind::as_str)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn write_level<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(level.as_str())
}

fn read_level<'de, D: Deserializer<'de>>(from: D) -> Result<Level, D::Error> {
    let levels = [Level::Off, Level::Warn, Level::Info, Level::Debug];
    read(from, "level", &levels, Level::as_str)
}

/// The one of `all` whose text it is.
fn read<'de, D, T>(
    from: D,
    what: impl Display,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Copy,
{
    let text = String::deserialize(from)?;
    let found = all.iter().find(|one| as_str(**one) == text);
    found.copied().ok_or_else(|| {
        let all: Vec<_> = all.iter().map(|one| as_str(*one)).collect();
        let all = all.join(", ");
        D::Error::custom(format_args!("{what} {text:?}: it is one of {all}"))
    })
}
