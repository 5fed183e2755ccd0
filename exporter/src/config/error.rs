//! What can be wrong with a configuration.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with a configuration. Each variant names the key, and the
/// value where it can't be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is not TOML.
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// There is no `[telemetry]` table.
    MissingTable,
    /// A key that this library does not know; perhaps a misspelling.
    UnknownKey {
        /// The key, with its table.
        key: String,
        /// The keys there are.
        known: &'static [&'static str],
    },
    /// A value that does not fit its key.
    InvalidValue {
        /// The key, environment variable or builder call.
        key: String,
        /// The value, or what may be shown of it.
        value: String,
        /// What would fit.
        reason: Cow<'static, str>,
    },
    /// A label without a name.
    EmptyLabel {
        /// The value it came with.
        value: String,
    },
    /// A label given twice in one place.
    DuplicateLabel {
        /// Its name.
        key: String,
        /// The value given last.
        value: String,
    },
    /// A label of a name that this library sets itself.
    ReservedLabel {
        /// Its name.
        key: String,
        /// The value given.
        value: String,
    },
}

/// What of a refused value may be shown: the beginning of its first line. A
/// quote in the wrong place can make the rest of a file part of a value, and
/// with it a header.
pub(super) fn excerpt(value: &str) -> String {
    const MOST: usize = 100;
    let mut lines = value.lines();
    let line = lines.next().unwrap_or_default();
    let shown: String = line.chars().take(MOST).collect();
    let is_whole = shown.len() == line.len() && lines.next().is_none();
    if is_whole { shown } else { shown + "…" }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, message } => write!(f, "line {line}: {message}"),
            Self::MissingTable => f.write_str("there is no [telemetry] table"),
            Self::UnknownKey { key, known } => {
                write!(f, "unknown key `{key}`; known are {}", known.join(", "))
            }
            Self::InvalidValue { key, value, reason } => {
                write!(f, "`{key}` = {value:?}: {reason}")
            }
            Self::EmptyLabel { value } => {
                write!(f, "a label without a name (its value is {value:?})")
            }
            Self::DuplicateLabel { key, value } => {
                write!(
                    f,
                    "label `{key}` given twice (the second value is {value:?})"
                )
            }
            Self::ReservedLabel { key, value } => write!(
                f,
                "label `{key}` = {value:?}: attributes of this name are set by the library"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}
