//! What a configuration must be to be used.

use std::fmt::Debug;

use super::error::excerpt;
use super::{ConfigError, Secret, TelemetryConfig};

/// Headers that every request has, or that would garble it.
const OWN_HEADERS: [&str; 6] = [
    "content-length",
    "content-type",
    "content-encoding",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// The most that is kept of anything undelivered. Queues are allocated whole:
/// two gigabytes or so of events.
pub(super) const MOST_EVENTS: usize = 1 << 24;

impl TelemetryConfig {
    /// Says what is wrong, if something is. Reads no file:
    /// [`TelemetryHandle::from_config`](crate::TelemetryHandle::from_config)
    /// does, and says what is wrong with certificates and keys.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if let Some(error) = &self.first_error {
            return Err(error.clone());
        }
        if self.kem_capacity > MOST_EVENTS {
            return Err(invalid(
                "kem-capacity",
                &self.kem_capacity,
                "it must be at most 16777216",
            ));
        }
        if self.retry_max < self.retry_initial {
            return Err(ConfigError::InvalidValue {
                key: "retry-max-ms".into(),
                value: self.retry_max.as_millis().to_string(),
                reason: format!(
                    "it must be at least retry-initial-ms, which is {}",
                    self.retry_initial.as_millis()
                )
                .into(),
            });
        }
        self.check_labels()?;
        check_headers("", &self.general.headers)?;
        for (signal, options) in self.signals.iter() {
            check_headers(&format!("{signal}."), options.headers.iter().flatten())?;
        }
        #[cfg(feature = "prometheus")]
        if let Some(prometheus) = &self.prometheus {
            prometheus.validate()?;
        }
        #[cfg(feature = "tracing")]
        self.trace.validate()?;
        for (index, destination) in self.destinations.iter().enumerate() {
            destination.validate()?;
            // Files are named after them, and some systems do not tell cases
            // apart.
            let mut before = self.destinations[..index].iter();
            if before.any(|other| other.name.eq_ignore_ascii_case(&destination.name)) {
                return Err(ConfigError::InvalidValue {
                    key: "destination.name".into(),
                    value: destination.name.clone(),
                    reason: "two destinations have this name".into(),
                });
            }
        }
        Ok(())
    }

    fn check_labels(&self) -> Result<(), ConfigError> {
        for (key, value) in &self.labels {
            if key.is_empty() {
                return Err(ConfigError::EmptyLabel {
                    value: excerpt(value),
                });
            }
            if key.starts_with("telemetry.sdk.") {
                return Err(ConfigError::ReservedLabel {
                    key: key.clone(),
                    value: excerpt(value),
                });
            }
        }
        Ok(())
    }
}

/// Checks the headers of the table whose keys begin with `prefix`.
pub(super) fn check_headers<'a>(
    prefix: &str,
    headers: impl IntoIterator<Item = (&'a String, &'a Secret)>,
) -> Result<(), ConfigError> {
    for (name, value) in headers {
        let reason = if OWN_HEADERS.contains(&name.as_str()) {
            "the exporter sets this header itself"
        } else if !is_http(name, value.reveal()) {
            "it is not an HTTP header"
        } else {
            continue;
        };
        return Err(ConfigError::InvalidValue {
            key: format!("{prefix}headers.{name}"),
            value: "***".into(),
            reason: reason.into(),
        });
    }
    Ok(())
}

/// Whether a request can have such a header besides those it has anyway.
pub(super) fn is_header(name: &str, value: &str) -> bool {
    is_http(name, value) && !OWN_HEADERS.contains(&&*name.to_ascii_lowercase())
}

fn is_http(name: &str, value: &str) -> bool {
    ureq::http::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && ureq::http::HeaderValue::from_str(value).is_ok()
}

pub(super) fn check_bounds(key: &str, bounds: &[f64]) -> Result<(), ConfigError> {
    let is_finite = bounds.iter().all(|bound| bound.is_finite());
    if !is_finite || !bounds.is_sorted_by(|a, b| a < b) {
        return Err(invalid(
            key,
            &bounds,
            "bounds must be finite and strictly increasing",
        ));
    }
    Ok(())
}

pub(super) fn invalid(key: &str, value: &dyn Debug, reason: &'static str) -> ConfigError {
    ConfigError::InvalidValue {
        key: key.into(),
        value: format!("{value:?}"),
        reason: reason.into(),
    }
}
