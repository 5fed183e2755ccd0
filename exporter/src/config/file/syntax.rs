//! What is said of text that is not TOML.

use crate::config::ConfigError;
use crate::config::error::excerpt;

/// What the parser says, without the line it would quote: that may hold a
/// header's value.
pub(super) fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
    let message = error.message().to_owned();
    if message.contains("duplicate key") {
        let key = text.get(span.clone()).unwrap_or_default();
        let key = key.trim_matches(['"', '\'']).to_owned();
        let rest = text.get(span.end..).unwrap_or_default();
        let rest = rest.lines().next().unwrap_or_default();
        let value = rest.split_once('=').map_or("", |(_, value)| value);
        let is_label = text[..span.start.min(text.len())]
            .lines()
            .rev()
            .find(|line| line.trim_start().starts_with('['))
            .is_some_and(|table| table.trim() == "[telemetry.labels]");
        if is_label {
            return ConfigError::DuplicateLabel {
                key,
                value: excerpt(value.trim().trim_matches(['"', '\''])),
            };
        }
        return ConfigError::Syntax {
            line,
            message: format!("duplicate key `{key}`"),
        };
    }
    ConfigError::Syntax { line, message }
}
