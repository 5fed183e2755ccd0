//! What a file and the code do not agree on.

use std::fmt;

use serde_json::{Map, Value};

use super::entry::Entry;

/// How one metric in the file is not what the code declares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The code declares it, the file does not have it.
    Added {
        /// The metric.
        name: String,
    },
    /// Both have it.
    Changed {
        /// The metric.
        name: String,
        /// Fields that differ, at least one.
        changes: Vec<Change>,
    },
    /// The code does not declare it any more, and the file does not say that
    /// it is deprecated.
    Vanished {
        /// The metric.
        name: String,
    },
}

/// A field of a metric whose value in the file is not what the code declares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The field, as the file names it.
    pub field: String,
    /// Its value in the file, as JSON; `null` where it has none.
    pub from: String,
    /// Its value in the code, as JSON.
    pub to: String,
}

impl Difference {
    /// Of what is in the file from what should be.
    pub(super) fn between(
        committed: Option<&Entry>,
        expected: &Entry,
        is_declared: bool,
    ) -> Option<Self> {
        let name = expected.name.clone();
        let Some(committed) = committed else {
            return Some(Self::Added { name });
        };
        if committed == expected {
            return None;
        }
        Some(if is_declared {
            let changes = committed.changes(expected);
            Self::Changed { name, changes }
        } else {
            Self::Vanished { name }
        })
    }
}

impl Entry {
    /// The fields in which `to` differs from this, in the file's order.
    pub(super) fn changes(&self, to: &Self) -> Vec<Change> {
        let (old, new) = (self.fields(), to.fields());
        let value = |fields: &Map<String, Value>, field: &str| {
            fields.get(field).unwrap_or(&Value::Null).to_string()
        };
        let fields = [
            "kind",
            "unit",
            "description",
            "labels",
            "level",
            "group",
            "deprecated",
            "deprecated_reason",
        ];
        let changes = fields.into_iter().map(|field| Change {
            field: field.into(),
            from: value(&old, field),
            to: value(&new, field),
        });
        changes.filter(|change| change.from != change.to).collect()
    }

    fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            other => unreachable!("an entry is an object, not {other:?}"),
        }
    }
}

impl fmt::Display for Difference {
    /// One line, or one for each change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name } => write!(f, "+ {name}"),
            Self::Vanished { name } => write!(f, "- {name}: not declared any more"),
            Self::Changed { name, changes } => {
                for (number, change) in changes.iter().enumerate() {
                    let Change { field, from, to } = change;
                    let line = if number == 0 { "" } else { "\n" };
                    write!(f, "{line}~ {name}: {field} {from} -> {to}")?;
                }
                Ok(())
            }
        }
    }
}
