//! Values of a table: what they must be, and what is said of others.

use std::path::PathBuf;
use std::time::Duration;

use toml::{Table, Value};

use crate::config::ConfigError;
use crate::config::error::excerpt;

pub(super) fn refuse(key: &str, value: &Value, reason: &'static str) -> ConfigError {
    ConfigError::InvalidValue {
        key: key.into(),
        value: match value {
            Value::String(text) => excerpt(text),
            // May hold the headers.
            Value::Table(_) => "a table".into(),
            Value::Array(list) if list.iter().any(holds_a_table) => "a list of tables".into(),
            other => excerpt(&other.to_string()),
        },
        reason: reason.into(),
    }
}

fn holds_a_table(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(list) => list.iter().any(holds_a_table),
        _ => false,
    }
}

pub(super) fn text_of<'a>(key: &str, value: &'a Value) -> Result<&'a str, ConfigError> {
    value
        .as_str()
        .ok_or_else(|| refuse(key, value, "it must be a string"))
}

/// What `find` knows under the text.
pub(super) fn choice<T>(
    key: &str,
    value: &Value,
    find: impl Fn(&str) -> Option<T>,
    reason: &'static str,
) -> Result<T, ConfigError> {
    find(text_of(key, value)?).ok_or_else(|| refuse(key, value, reason))
}

pub(super) fn path_of(key: &str, value: &Value) -> Result<PathBuf, ConfigError> {
    let path = text_of(key, value)?;
    if path.is_empty() {
        return Err(refuse(key, value, "it must be a path"));
    }
    Ok(path.into())
}

pub(super) fn table_of<'a>(key: &str, value: &'a Value) -> Result<&'a Table, ConfigError> {
    value
        .as_table()
        .ok_or_else(|| refuse(key, value, "it must be a table"))
}

pub(super) fn is_on(key: &str, value: &Value) -> Result<bool, ConfigError> {
    value
        .as_bool()
        .ok_or_else(|| refuse(key, value, "it must be true or false"))
}

pub(super) fn positive(key: &str, value: &Value) -> Result<u64, ConfigError> {
    value
        .as_integer()
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| refuse(key, value, "it must be a whole number above zero"))
}

pub(super) fn milliseconds(key: &str, value: &Value) -> Result<Duration, ConfigError> {
    positive(key, value).map(Duration::from_millis)
}

pub(super) fn count<T: TryFrom<u64>>(key: &str, value: &Value) -> Result<T, ConfigError> {
    T::try_from(positive(key, value)?).map_err(|_| refuse(key, value, "it is too large"))
}

pub(super) fn numbers(key: &str, value: &Value) -> Result<Vec<f64>, ConfigError> {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    value
        .as_array()
        .and_then(|numbers| numbers.iter().map(number).collect())
        .ok_or_else(|| refuse(key, value, "it must be a list of numbers"))
}
