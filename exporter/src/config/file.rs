//! The TOML layer: the `[telemetry]` table, key by key.

use std::time::Duration;

use toml::{Table, Value};

use super::error::excerpt;
use super::{
    ConfigError, DEFAULT_BOUNDS, Endpoint, HistogramEncoding, TelemetryConfig, Temporality,
    check_bounds,
};

const KEYS: &[&str] = &[
    "endpoint",
    "metrics-endpoint",
    "logs-endpoint",
    "flush-interval-ms",
    "timeout-ms",
    "temporality",
    "histograms",
    "histogram-bounds",
    "max-request-bytes",
    "max-response-bytes",
    "kem-capacity",
    "counter-capacity",
    "gauge-capacity",
    "histogram-capacity",
    "cardinality-limit",
    "labels",
    "headers",
];

impl TelemetryConfig {
    pub(super) fn apply_toml(&mut self, text: &str) -> Result<(), ConfigError> {
        let document: Table = text.parse().map_err(|error| syntax(text, &error))?;
        let Some(table) = document.get("telemetry") else {
            return Err(ConfigError::MissingTable);
        };
        let Value::Table(table) = table else {
            return Err(refuse("telemetry", table, "it must be a table"));
        };
        for (key, value) in table {
            self.apply_key(key, value)?;
        }
        if let HistogramEncoding::Explicit(bounds) = &mut self.histograms {
            if let Some(own) = table.get("histogram-bounds") {
                *bounds = numbers("histogram-bounds", own)?;
            }
            check_bounds("histogram-bounds", bounds)?;
        } else if let Some(own) = table.get("histogram-bounds") {
            return Err(refuse(
                "histogram-bounds",
                own,
                "it goes with histograms = \"explicit\"",
            ));
        }
        self.validate()
    }

    fn apply_key(&mut self, key: &str, value: &Value) -> Result<(), ConfigError> {
        match key {
            "endpoint" => self.endpoint = Endpoint::parse(key, text_of(key, value)?)?,
            "metrics-endpoint" => {
                self.metrics_endpoint = Some(Endpoint::parse(key, text_of(key, value)?)?);
            }
            "logs-endpoint" => {
                self.logs_endpoint = Some(Endpoint::parse(key, text_of(key, value)?)?);
            }
            "flush-interval-ms" => {
                self.flush_interval = Duration::from_millis(positive(key, value)?);
            }
            "timeout-ms" => self.timeout = Duration::from_millis(positive(key, value)?),
            "temporality" => {
                self.temporality = match text_of(key, value)? {
                    "cumulative" => Temporality::Cumulative,
                    "delta" => Temporality::Delta,
                    _ => return Err(refuse(key, value, "it is cumulative or delta")),
                }
            }
            "histograms" => {
                self.histograms = match text_of(key, value)? {
                    "exponential" => HistogramEncoding::Exponential,
                    "explicit" => HistogramEncoding::Explicit(DEFAULT_BOUNDS.into()),
                    _ => return Err(refuse(key, value, "it is exponential or explicit")),
                }
            }
            // Read with `histograms`, whichever comes first.
            "histogram-bounds" => {}
            "max-request-bytes" => self.max_request_bytes = count(key, value)?,
            "max-response-bytes" => self.max_response_bytes = positive(key, value)?,
            "kem-capacity" => self.kem_capacity = count(key, value)?,
            "counter-capacity" => self.counter_capacity = Some(count(key, value)?),
            "gauge-capacity" => self.gauge_capacity = Some(count(key, value)?),
            "histogram-capacity" => self.histogram_capacity = Some(count(key, value)?),
            "cardinality-limit" => self.cardinality_limit = Some(count(key, value)?),
            "labels" => {
                for (label, value) in table_of(key, value)? {
                    let value = text_of(&format!("labels.{label}"), value)?;
                    self.labels.insert(label.clone(), value.into());
                }
            }
            "headers" => {
                // Neither `table_of` nor `text_of`: their errors would show
                // what may be a secret.
                let Value::Table(table) = value else {
                    return Err(ConfigError::InvalidValue {
                        key: key.into(),
                        value: "***".into(),
                        reason: "it must be a table".into(),
                    });
                };
                for (name, value) in table {
                    let Value::String(value) = value else {
                        return Err(ConfigError::InvalidValue {
                            key: format!("headers.{name}"),
                            value: "***".into(),
                            reason: "it must be a string".into(),
                        });
                    };
                    self.insert_header(name, value);
                }
            }
            _ => {
                return Err(ConfigError::UnknownKey {
                    key: format!("telemetry.{key}"),
                    known: KEYS,
                });
            }
        }
        Ok(())
    }
}

/// What the parser says, without the line it would quote: that may hold a
/// header's value.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
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

fn refuse(key: &str, value: &Value, reason: &'static str) -> ConfigError {
    ConfigError::InvalidValue {
        key: key.into(),
        value: match value {
            Value::String(text) => excerpt(text),
            // May hold the headers.
            Value::Table(_) => "a table".into(),
            Value::Array(list) if list.iter().any(Value::is_table) => "a list of tables".into(),
            other => excerpt(&other.to_string()),
        },
        reason: reason.into(),
    }
}

fn text_of<'a>(key: &str, value: &'a Value) -> Result<&'a str, ConfigError> {
    value
        .as_str()
        .ok_or_else(|| refuse(key, value, "it must be a string"))
}

fn table_of<'a>(key: &str, value: &'a Value) -> Result<&'a Table, ConfigError> {
    value
        .as_table()
        .ok_or_else(|| refuse(key, value, "it must be a table"))
}

fn positive(key: &str, value: &Value) -> Result<u64, ConfigError> {
    value
        .as_integer()
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| refuse(key, value, "it must be a whole number above zero"))
}

fn count<T: TryFrom<u64>>(key: &str, value: &Value) -> Result<T, ConfigError> {
    T::try_from(positive(key, value)?).map_err(|_| refuse(key, value, "it is too large"))
}

fn numbers(key: &str, value: &Value) -> Result<Vec<f64>, ConfigError> {
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
