//! `[[telemetry.destination]]`.

use toml::{Table, Value};

use super::histograms_of;
use super::value::{choice, refuse, table_of, text_of};
use crate::config::choice::temporality_of;
use crate::config::destination::check_name;
use crate::config::{ConfigError, DestinationConfig, RequestOptions};

const KEYS: &[&str] = &[
    "name",
    "endpoint",
    "signals",
    "temporality",
    "histograms",
    "histogram-bounds",
    "protocol",
    "compression",
    "certificate",
    "client-certificate",
    "client-key",
    "timeout-ms",
    "connect-timeout-ms",
    "max-request-bytes",
    "max-response-bytes",
    "headers",
    "metrics",
    "logs",
];

/// Reads the list of them.
pub(super) fn destinations_of(value: &Value) -> Result<Vec<DestinationConfig>, ConfigError> {
    let reason = "it must be a list of tables, [[telemetry.destination]]";
    let Value::Array(list) = value else {
        return Err(refuse("destination", value, reason));
    };
    let tables = list.iter().enumerate();
    tables
        .map(|(index, value)| {
            // By its place, until the name is known.
            let at = format!("destination[{index}]");
            destination_of(&at, table_of(&at, value)?)
        })
        .collect()
}

fn destination_of(at: &str, table: &Table) -> Result<DestinationConfig, ConfigError> {
    let at_name = format!("{at}.name");
    let name = text_of(&at_name, required(&at_name, table, "name")?)?;
    check_name(&at_name, name)?;
    let prefix = format!("destination.{name}.");
    let at_endpoint = format!("{prefix}endpoint");
    let endpoint = required(&at_endpoint, table, "endpoint")?;
    let mut config = DestinationConfig::new(name, text_of(&at_endpoint, endpoint)?);
    for (key, value) in table {
        let at = format!("{prefix}{key}");
        match key.as_str() {
            "temporality" => {
                let reason = "it is cumulative or delta";
                config.temporality = Some(choice(&at, value, temporality_of, reason)?);
            }
            "signals" => (config.has_metrics, config.has_logs) = signals_of(&at, value)?,
            // Read above, or below, together.
            "name" | "endpoint" | "histograms" | "histogram-bounds" | "metrics" | "logs" => {}
            _ => {
                if !config.general.read(&prefix, key, value)? {
                    return Err(ConfigError::UnknownKey {
                        key: format!("telemetry.{at}"),
                        known: KEYS,
                    });
                }
            }
        }
    }
    config.histograms = histograms_of(&prefix, table)?;
    [config.metrics, config.logs] = RequestOptions::of_signals(&prefix, table)?;
    for (signal, is_sent) in [("metrics", config.has_metrics), ("logs", config.has_logs)] {
        if let Some(value) = table.get(signal).filter(|_| !is_sent) {
            let reason = "this signal is not among the destination's signals";
            return Err(refuse(&format!("{prefix}{signal}"), value, reason));
        }
    }
    config.validate()?;
    Ok(config)
}

fn required<'a>(at: &str, table: &'a Table, key: &str) -> Result<&'a Value, ConfigError> {
    table.get(key).ok_or_else(|| ConfigError::InvalidValue {
        key: at.into(),
        value: String::new(),
        reason: "it is missing, and every destination has one".into(),
    })
}

/// Whether metrics are among them, and whether logs are.
fn signals_of(at: &str, value: &Value) -> Result<(bool, bool), ConfigError> {
    let has = |signal| {
        value
            .as_array()
            .is_some_and(|list| list.contains(&Value::from(signal)))
    };
    let is_known = |value: &Value| matches!(value.as_str(), Some("metrics" | "logs"));
    match value {
        Value::Array(list) if !list.is_empty() && list.iter().all(is_known) => {
            Ok((has("metrics"), has("logs")))
        }
        _ => Err(refuse(
            at,
            value,
            "it must be a list of \"metrics\", \"logs\" or both",
        )),
    }
}
