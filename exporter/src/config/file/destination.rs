//! `[[telemetry.destination]]`.

use toml::{Table, Value};

use super::histograms_of;
use super::value::{choice, refuse, table_of, text_of};
use crate::config::choice::temporality_of;
use crate::config::destination::check_name;
#[cfg(not(feature = "tracing"))]
use crate::config::signals::NO_TRACES;
use crate::config::signals::SIGNALS;
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
    "traces",
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
    let mut signals = SIGNALS.to_vec();
    #[cfg(not(feature = "tracing"))]
    super::refuse_traces(&prefix, table)?;
    for (key, value) in table {
        let at = format!("{prefix}{key}");
        match key.as_str() {
            "temporality" => {
                let reason = "it is cumulative or delta";
                config.temporality = Some(choice(&at, value, temporality_of, reason)?);
            }
            "signals" => signals = signals_of(&at, value)?,
            // Read above, or below, together.
            "name" | "endpoint" | "histograms" | "histogram-bounds" | "metrics" | "logs"
            | "traces" => {}
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
    let options = RequestOptions::of_signals(&prefix, table)?;
    config.signals = options.try_map(|signal, options| {
        if signals.contains(&signal) {
            return Ok(Some(options));
        }
        let reason = "this signal is not among the destination's signals";
        match table.get(signal) {
            Some(value) => Err(refuse(&format!("{prefix}{signal}"), value, reason)),
            None => Ok(None),
        }
    })?;
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

/// Those that are among the build's signals; others are refused.
pub(super) fn signals_of<'a>(at: &str, value: &'a Value) -> Result<Vec<&'a str>, ConfigError> {
    let names = value.as_array().into_iter().flatten().map(Value::as_str);
    let names = names.collect::<Option<Vec<_>>>().unwrap_or_default();
    #[cfg(not(feature = "tracing"))]
    if names.contains(&"traces") {
        return Err(refuse(at, value, NO_TRACES));
    }
    if names.is_empty() || !names.iter().all(|name| SIGNALS.contains(name)) {
        let reason = "it must be a list of one or more of \"metrics\", \"logs\" and \"traces\"";
        return Err(refuse(at, value, reason));
    }
    Ok(names)
}
