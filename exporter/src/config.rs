//! Configuration: defaults, then TOML, then `OTEL_*`, then builder calls.

use std::collections::BTreeMap;
use std::time::Duration;

mod endpoint;
mod env;
mod error;
mod file;
mod secret;

pub(crate) use endpoint::Endpoint;
pub use error::ConfigError;
pub(crate) use secret::Secret;

/// Which time a sum or histogram point covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Temporality {
    /// From the series' start. The specification's default: an undelivered
    /// report is superseded by the next, so an outage loses resolution only.
    #[default]
    Cumulative,
    /// From the report before, for counters and histograms; up-down counters
    /// stay cumulative.
    Delta,
}

/// How histograms go out.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum HistogramEncoding {
    /// Base-2 exponential buckets: keeps the relative resolution.
    #[default]
    Exponential,
    /// Counts between fixed bounds, strictly increasing and finite.
    Explicit(Vec<f64>),
}

/// The specification's default bounds for explicit histograms.
pub(crate) const DEFAULT_BOUNDS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];

/// Headers that every request has, or that would garble it.
const OWN_HEADERS: [&str; 6] = [
    "content-length",
    "content-type",
    "content-encoding",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// The queue is allocated whole: two gigabytes or so.
const MOST_EVENTS: usize = 1 << 24;

/// Longer than a process lives, and no overflow when added to an `Instant`.
pub(crate) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How a [`TelemetryHandle`](crate::TelemetryHandle) labels, flushes and
/// delivers.
///
/// Four layers, each over the one before: defaults, the `[telemetry]` table of
/// a TOML text, the `OTEL_*` environment variables of the OpenTelemetry
/// specification, and the `with_*` calls. A `with_*` call given something
/// invalid is reported by [`validate`](Self::validate), which
/// [`TelemetryHandle::from_config`](crate::TelemetryHandle::from_config) calls.
///
/// | key | variable | default |
/// |---|---|---|
/// | `endpoint` | `OTEL_EXPORTER_OTLP_ENDPOINT` | `http://localhost:4318` |
/// | `metrics-endpoint`, `logs-endpoint` (used as they are) | `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, `…_LOGS_ENDPOINT` | `endpoint` with `/v1/metrics`, `/v1/logs` |
/// | `flush-interval-ms` | `OTEL_METRIC_EXPORT_INTERVAL` | 5000 |
/// | `timeout-ms`, of a whole flush | `OTEL_EXPORTER_OTLP_TIMEOUT` | 10000 |
/// | `temporality`: `cumulative`, `delta` | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative` |
/// | `histograms`: `exponential`, `explicit` | `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` | `exponential` |
/// | `histogram-bounds`, with `explicit` | | the specification's fifteen |
/// | `max-request-bytes` | | 4194304 |
/// | `max-response-bytes` | | 4194304 |
/// | `kem-capacity`: events kept while undelivered | | 65536 |
/// | `counter-capacity`, `gauge-capacity`, `histogram-capacity`, `cardinality-limit` | | the core's |
/// | `[telemetry.labels]` | `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME` | `service.name = "unknown_service"` |
/// | `[telemetry.headers]`, kept secret | `OTEL_EXPORTER_OTLP_HEADERS` | none |
///
/// Requests go through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` or
/// `ALL_PROXY` names, headers included, but for the hosts in `NO_PROXY`.
///
/// `OTEL_SDK_DISABLED=true` turns delivery off: flushes succeed and send
/// nothing.
#[derive(Clone, Debug)]
#[must_use]
pub struct TelemetryConfig {
    pub(crate) endpoint: Endpoint,
    pub(crate) metrics_endpoint: Option<Endpoint>,
    pub(crate) logs_endpoint: Option<Endpoint>,
    pub(crate) flush_interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) temporality: Temporality,
    pub(crate) histograms: HistogramEncoding,
    pub(crate) max_request_bytes: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) kem_capacity: usize,
    pub(crate) counter_capacity: Option<u32>,
    pub(crate) gauge_capacity: Option<u32>,
    pub(crate) histogram_capacity: Option<u32>,
    pub(crate) cardinality_limit: Option<u32>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, Secret>,
    pub(crate) is_disabled: bool,
    warnings: Vec<String>,
    called_labels: BTreeMap<String, String>,
    first_error: Option<ConfigError>,
}

impl Default for TelemetryConfig {
    /// The defaults alone, without the environment.
    fn default() -> Self {
        Self {
            endpoint: Endpoint::parse("endpoint", "http://localhost:4318")
                .expect("the default endpoint is valid"),
            metrics_endpoint: None,
            logs_endpoint: None,
            flush_interval: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            temporality: Temporality::default(),
            histograms: HistogramEncoding::default(),
            max_request_bytes: 4 << 20,
            max_response_bytes: 4 << 20,
            kem_capacity: 1 << 16,
            counter_capacity: None,
            gauge_capacity: None,
            histogram_capacity: None,
            cardinality_limit: None,
            labels: BTreeMap::new(),
            headers: BTreeMap::new(),
            is_disabled: false,
            warnings: Vec::new(),
            called_labels: BTreeMap::new(),
            first_error: None,
        }
    }
}

impl TelemetryConfig {
    /// The defaults under the environment, sending to `endpoint`.
    pub fn new(endpoint: &str) -> Self {
        match Self::from_env() {
            Ok(config) => config.with_endpoint(endpoint),
            Err(error) => Self {
                first_error: Some(error),
                ..Self::default()
            },
        }
    }

    /// The defaults under the process's `OTEL_*` variables.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.apply_env(|name| std::env::var(name).ok())?;
        Ok(config)
    }

    /// The `[telemetry]` table of `text`, under the process's `OTEL_*`
    /// variables. Other tables are somebody else's and not looked at.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_toml_and_env(text, |name| std::env::var(name).ok())
    }

    /// [`from_toml`](Self::from_toml) with variables from elsewhere than the
    /// process's environment.
    pub fn from_toml_and_env(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.apply_toml(text)?;
        config.apply_env(variable)?;
        Ok(config)
    }

    /// Where the collector listens: `http://host:4318`. `/v1/metrics` and
    /// `/v1/logs` are appended to its path.
    pub fn with_endpoint(mut self, endpoint: &str) -> Self {
        match Endpoint::parse("endpoint", endpoint) {
            Ok(endpoint) => {
                self.endpoint = endpoint;
                self.metrics_endpoint = None;
                self.logs_endpoint = None;
            }
            Err(error) => self.note(error),
        }
        self
    }

    /// How often the background flusher flushes. Not zero.
    pub fn with_flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = interval;
        if interval.is_zero() {
            self.note(invalid(
                "flush-interval",
                &interval,
                "it must be above zero",
            ));
        }
        self
    }

    /// The longest a flush may take, all requests together. Not zero.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        if timeout.is_zero() {
            self.note(invalid("timeout", &timeout, "it must be above zero"));
        }
        self
    }

    /// Cumulative or delta points.
    pub fn with_temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = temporality;
        self
    }

    /// Exponential or explicit histograms.
    pub fn with_histograms(mut self, histograms: HistogramEncoding) -> Self {
        if let HistogramEncoding::Explicit(bounds) = &histograms
            && let Err(error) = check_bounds("histogram-bounds", bounds)
        {
            self.note(error);
        }
        self.histograms = histograms;
        self
    }

    /// A label, which becomes a resource attribute. Takes the place of the
    /// configured label of that name; calling it twice with one name is an
    /// error.
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        if self.called_labels.contains_key(&key) {
            self.note(ConfigError::DuplicateLabel {
                key: key.clone(),
                value: error::excerpt(&value),
            });
        }
        self.called_labels.insert(key.clone(), value.clone());
        self.labels.insert(key, value);
        self
    }

    /// A header of every request, such as a vendor's key. Its value is never
    /// shown.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.insert_header(&name.into(), &value.into());
        self
    }

    /// Turns delivery off, as `OTEL_SDK_DISABLED=true` does: flushes succeed,
    /// yield their snapshot and send nothing.
    pub fn without_delivery(mut self) -> Self {
        self.is_disabled = true;
        self
    }

    /// The largest request to send, in bytes; larger reports are split.
    pub fn with_max_request_bytes(mut self, bytes: usize) -> Self {
        self.max_request_bytes = bytes;
        if bytes == 0 {
            self.note(invalid(
                "max-request-bytes",
                &bytes,
                "it must be above zero",
            ));
        }
        self
    }

    /// How many KEM events to keep while they are undelivered; more are
    /// dropped, and counted.
    pub fn with_kem_capacity(mut self, events: usize) -> Self {
        self.kem_capacity = events;
        if events == 0 {
            self.note(invalid("kem-capacity", &events, "it must be above zero"));
        }
        self
    }

    /// Most series of counters and up-down counters together.
    pub fn with_counter_capacity(mut self, series: u32) -> Self {
        self.counter_capacity = Some(series);
        self
    }

    /// Most series of histograms.
    pub fn with_histogram_capacity(mut self, series: u32) -> Self {
        self.histogram_capacity = Some(series);
        self
    }

    /// The interval of the background flusher.
    pub fn flush_interval(&self) -> Duration {
        self.flush_interval
    }

    /// The labels as configured so far.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// What was ignored on the way here, such as an `OTEL_*` value that can't
    /// be read. Never holds a header's value.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Says what is wrong, if something is.
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
        for (key, value) in &self.labels {
            if key.is_empty() {
                return Err(ConfigError::EmptyLabel {
                    value: error::excerpt(value),
                });
            }
            if key.starts_with("telemetry.sdk.") {
                return Err(ConfigError::ReservedLabel {
                    key: key.clone(),
                    value: error::excerpt(value),
                });
            }
        }
        for (name, value) in &self.headers {
            if OWN_HEADERS.contains(&name.as_str()) {
                return Err(ConfigError::InvalidValue {
                    key: format!("headers.{name}"),
                    value: "***".into(),
                    reason: "the exporter sets this header itself".into(),
                });
            }
            if !is_header(name, value.reveal()) {
                return Err(ConfigError::InvalidValue {
                    key: format!("headers.{name}"),
                    value: "***".into(),
                    reason: "it is not an HTTP header".into(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn metrics_url(&self) -> Endpoint {
        let own = self.metrics_endpoint.clone();
        own.unwrap_or_else(|| self.endpoint.signal("metrics"))
    }

    pub(crate) fn logs_url(&self) -> Endpoint {
        let own = self.logs_endpoint.clone();
        own.unwrap_or_else(|| self.endpoint.signal("logs"))
    }

    pub(crate) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Names of headers are the same in every case.
    fn insert_header(&mut self, name: &str, value: &str) {
        self.headers
            .insert(name.to_ascii_lowercase(), Secret::new(value));
    }

    fn note(&mut self, error: ConfigError) {
        self.first_error.get_or_insert(error);
    }
}

fn invalid(key: &str, value: &dyn std::fmt::Debug, reason: &'static str) -> ConfigError {
    ConfigError::InvalidValue {
        key: key.into(),
        value: format!("{value:?}"),
        reason: reason.into(),
    }
}

/// Whether HTTP knows such a header.
fn is_header(name: &str, value: &str) -> bool {
    ureq::http::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && ureq::http::HeaderValue::from_str(value).is_ok()
}

fn check_bounds(key: &str, bounds: &[f64]) -> Result<(), ConfigError> {
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
