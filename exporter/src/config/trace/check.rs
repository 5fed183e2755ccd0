//! What the settings of spans and log records must be to be used.

use super::{QueueOptions, TraceConfig};
use crate::config::ConfigError;
use crate::config::check::{MOST_EVENTS, invalid};

impl TraceConfig {
    /// Says what is wrong with it.
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(sampler) = self.spans.sampler
            && !is_ratio(sampler.share())
        {
            return Err(refuse_ratio("spans.sampler-ratio", sampler.share()));
        }
        self.spans.queue.validate("spans")?;
        self.log_records.queue.validate("log-records")
    }
}

impl QueueOptions {
    /// `table` is where its keys are.
    fn validate(&self, table: &str) -> Result<(), ConfigError> {
        let capacity = self.capacity();
        if capacity > MOST_EVENTS {
            let key = format!("{table}.capacity");
            return Err(invalid(&key, &capacity, "it must be at most 16777216"));
        }
        match self.batch {
            Some(batch) if batch > capacity => Err(ConfigError::InvalidValue {
                key: format!("{table}.batch"),
                value: batch.to_string(),
                reason: format!("it must be at most {table}.capacity, which is {capacity}").into(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a sampler can have such a ratio.
pub(in crate::config) fn is_ratio(ratio: f64) -> bool {
    (0.0..=1.0).contains(&ratio)
}

pub(in crate::config) fn refuse_ratio(key: &str, ratio: f64) -> ConfigError {
    invalid(key, &ratio, "it must be a number from 0 to 1")
}
