//! `[telemetry.spans]` and `[telemetry.log-records]`.

use toml::{Table, Value};

use super::value::{count, is_on, milliseconds, refuse, table_of, text_of};
use crate::config::trace::{
    AttributeOptions, LogRecordOptions, QueueOptions, SAMPLERS, SpanOptions, is_ratio,
    refuse_ratio, sampler_of, takes_ratio,
};
use crate::config::{ConfigError, FOREVER};

const SPAN_KEYS: &[&str] = &[
    "sampler",
    "sampler-ratio",
    "interval-ms",
    "capacity",
    "batch",
    "span-events",
    "attribute-count-limit",
    "attribute-value-length-limit",
    "event-count-limit",
    "link-count-limit",
    "event-attribute-count-limit",
    "link-attribute-count-limit",
];

const LOG_RECORD_KEYS: &[&str] = &[
    "enabled",
    "interval-ms",
    "capacity",
    "batch",
    "attribute-count-limit",
    "attribute-value-length-limit",
];

/// Reads the table of spans. An empty one asks for the defaults.
pub(super) fn spans_of(value: &Value) -> Result<SpanOptions, ConfigError> {
    let table = table_of("spans", value)?;
    let mut options = SpanOptions::default();
    for (key, value) in table {
        let at = &*format!("spans.{key}");
        match key.as_str() {
            "span-events" => options.has_events = Some(is_on(at, value)?),
            "event-count-limit" => options.events = Some(limit(at, value)?),
            "link-count-limit" => options.links = Some(limit(at, value)?),
            "event-attribute-count-limit" => options.event_attributes = Some(limit(at, value)?),
            "link-attribute-count-limit" => options.link_attributes = Some(limit(at, value)?),
            // Read below, together.
            "sampler" | "sampler-ratio" => {}
            _ => {
                if !options.queue.read(at, key, value)?
                    && !options.attributes.read(at, key, value)?
                {
                    return Err(unknown(at, SPAN_KEYS));
                }
            }
        }
    }
    options.read_sampler(table)?;
    Ok(options)
}

/// Reads the table of log records.
pub(super) fn log_records_of(value: &Value) -> Result<LogRecordOptions, ConfigError> {
    let mut options = LogRecordOptions::default();
    for (key, value) in table_of("log-records", value)? {
        let at = &*format!("log-records.{key}");
        if key == "enabled" {
            options.is_on = Some(is_on(at, value)?);
        } else if !options.queue.read(at, key, value)?
            && !options.attributes.read(at, key, value)?
        {
            return Err(unknown(at, LOG_RECORD_KEYS));
        }
    }
    Ok(options)
}

fn unknown(at: &str, known: &'static [&'static str]) -> ConfigError {
    ConfigError::UnknownKey {
        key: format!("telemetry.{at}"),
        known,
    }
}

impl SpanOptions {
    fn read_sampler(&mut self, table: &Table) -> Result<(), ConfigError> {
        let name = match table.get("sampler") {
            Some(value) => Some((value, text_of("spans.sampler", value)?)),
            None => None,
        };
        let at = "spans.sampler-ratio";
        if let Some(value) = table.get("sampler-ratio") {
            if !name.is_some_and(|(_, name)| takes_ratio(name)) {
                let reason = "it goes with sampler = \"traceidratio\" or \
                              \"parentbased_traceidratio\"";
                return Err(refuse(at, value, reason));
            }
            self.ratio = Some(ratio_of(at, value)?);
        }
        if let Some((value, name)) = name {
            let sampler = sampler_of(name, self.ratio.unwrap_or(1.0));
            let sampler = sampler.ok_or_else(|| refuse("spans.sampler", value, SAMPLERS))?;
            self.sampler = Some(sampler);
        }
        Ok(())
    }
}

impl QueueOptions {
    /// Takes `value` if `key` is one of these, and says whether it is.
    /// Messages call it `at`.
    fn read(&mut self, at: &str, key: &str, value: &Value) -> Result<bool, ConfigError> {
        match key {
            "interval-ms" => self.interval = Some(milliseconds(at, value)?.min(FOREVER)),
            "capacity" => self.capacity = Some(count(at, value)?),
            "batch" => self.batch = Some(count(at, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl AttributeOptions {
    /// The same.
    fn read(&mut self, at: &str, key: &str, value: &Value) -> Result<bool, ConfigError> {
        match key {
            "attribute-count-limit" => self.count = Some(limit(at, value)?),
            "attribute-value-length-limit" => self.value_length = Some(limit(at, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// How many there may be; none, perhaps.
fn limit(at: &str, value: &Value) -> Result<u32, ConfigError> {
    value
        .as_integer()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| refuse(at, value, "it must be a whole number, 0 to 4294967295"))
}

fn ratio_of(at: &str, value: &Value) -> Result<f64, ConfigError> {
    let ratio = match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return Err(refuse(at, value, "it must be a number from 0 to 1")),
    };
    is_ratio(ratio)
        .then_some(ratio)
        .ok_or_else(|| refuse_ratio(at, ratio))
}
