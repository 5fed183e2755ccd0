//! Configuration: defaults, then TOML, then `OTEL_*`, then builder calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

mod build;
mod check;
mod choice;
mod destination;
mod endpoint;
mod env;
mod error;
mod file;
#[cfg(feature = "prometheus")]
mod prometheus;
mod protocol;
mod request;
mod route;
mod secret;
mod signals;
mod tls;
#[cfg(feature = "tracing")]
mod trace;

pub use choice::{HistogramEncoding, SpoolSync, Temporality};
pub use destination::DestinationConfig;
pub(crate) use endpoint::Endpoint;
pub use error::ConfigError;
#[cfg(feature = "prometheus")]
pub use prometheus::{PrometheusConfig, TranslationStrategy};
#[cfg(feature = "prometheus")]
pub(crate) use prometheus::{ScrapeSettings, address_of};
pub use protocol::{Compression, Protocol};
pub(crate) use request::{RequestOptions, RequestSettings};
pub(crate) use route::{Destination, Route};
pub(crate) use secret::Secret;
use signals::BySignal;
#[cfg(feature = "tracing")]
pub(crate) use trace::{LogRecordSettings, TraceSettings};

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
/// | `protocol`: `http/json`, `http/protobuf` | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/json` |
/// | `compression`: `none`, `gzip` | `OTEL_EXPORTER_OTLP_COMPRESSION` | `none` |
/// | `certificate`: PEM file of the only CAs to trust | `OTEL_EXPORTER_OTLP_CERTIFICATE` | the web's root CAs |
/// | `client-certificate`: PEM file of the chain to show | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` | none |
/// | `client-key`: PEM file, with `client-certificate` | `OTEL_EXPORTER_OTLP_CLIENT_KEY` | none |
/// | `timeout-ms`, of one request; the longest a flush waits | `OTEL_EXPORTER_OTLP_TIMEOUT` | 10000 |
/// | `connect-timeout-ms`, of that; at most `timeout-ms` applies | | 5000 |
/// | `max-request-bytes`, before compression | | 4194304 |
/// | `max-response-bytes` | | 4194304 |
/// | `[telemetry.headers]`, kept secret | `OTEL_EXPORTER_OTLP_HEADERS` | none |
/// | `[telemetry.metrics]`, `[telemetry.logs]`, `[telemetry.traces]` | `OTEL_EXPORTER_OTLP_METRICS_…`, `…_LOGS_…`, `…_TRACES_…` | as above |
/// | `metrics-endpoint`, `logs-endpoint`, `traces-endpoint`: `endpoint` in those | | `endpoint` with `/v1/metrics`, `/v1/logs`, `/v1/traces` |
/// | `signals`: which of `"metrics"`, `"logs"`, `"traces"` go there | `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`, `OTEL_TRACES_EXPORTER`: `otlp` or `none` | all |
/// | `flush-interval-ms` | `OTEL_METRIC_EXPORT_INTERVAL` | 5000 |
/// | `temporality`: `cumulative`, `delta` | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative` |
/// | `histograms`: `exponential`, `explicit` | `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` | `exponential` |
/// | `histogram-bounds`, with `explicit` | | the specification's fifteen |
/// | `retry-initial-ms`: wait after a first failure | | 1000 |
/// | `retry-max-ms`: wait after many, at least `retry-initial-ms` | | 30000 |
/// | `queue-bytes`: of delta requests kept unacknowledged, for each destination (what was in them is kept beside them), and of events in memory | | 33554432 |
/// | `queue-items`: how many such requests | | 1000 |
/// | `spool-dir`: where the undelivered outlives the process | | none |
/// | `spool-max-bytes`: on the disk | | 268435456 |
/// | `spool-sync`: `always`, `never` | | `always` |
/// | `self-metrics`: whether the exporter reports on itself | | `true` |
/// | `kem-capacity`: events kept while undelivered | | 65536 |
/// | `counter-capacity`, `gauge-capacity`, `histogram-capacity`, `cardinality-limit` | | the core's |
/// | `[telemetry.labels]` | `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME` | `service.name = "unknown_service"` |
/// | `[[telemetry.destination]]` | | none |
/// | `[telemetry.prometheus]`, with the cargo feature `prometheus` | `OTEL_EXPORTER_PROMETHEUS_HOST`, `…_PORT` | none |
/// | `[telemetry.spans]`, `[telemetry.log-records]`, with the cargo feature `tracing` | see *Spans and log records* | |
///
/// **One signal.** The tables `[telemetry.metrics]`, `[telemetry.logs]` and
/// `[telemetry.traces]`, and the variables of a signal, hold what the first
/// eleven rows name, for that signal: the endpoint is used as it is, headers
/// stand in place of the general ones, all else goes over them. They do so
/// whatever layer they come from: a `protocol` in `[telemetry.metrics]` is over
/// `OTEL_EXPORTER_OTLP_PROTOCOL` and [`with_protocol`](Self::with_protocol), and
/// under `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL`. Only
/// [`with_endpoint`](Self::with_endpoint) takes all signals along. There are
/// traces with the cargo feature `tracing`; without it, what a file says of them
/// is refused, and their variables are not looked at.
///
/// **Further destinations.** Each table has a `name` (1 to 64 letters, digits,
/// `-` and `_`; not `default`) and an `endpoint`, and may have `signals` (by
/// default `["metrics", "logs", "traces"]`, all there are), `temporality`,
/// `histograms`, `histogram-bounds`, the keys of the first eleven rows, and
/// `metrics`, `logs` and `traces` tables of its own. Time-outs, sizes,
/// compression, temporality and histograms come from the top-level keys where it
/// says nothing. Protocol, headers, certificates and keys do not: they are for
/// one receiver alone. The variables are about the destination of the top-level
/// keys.
///
/// **Spans and log records** of the crate `tracing`, with the cargo feature
/// `tracing`. Log records go where logs go.
///
/// | key in `[telemetry.spans]` | variable | default |
/// |---|---|---|
/// | `sampler`: `always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off`, `parentbased_traceidratio` | `OTEL_TRACES_SAMPLER` | `parentbased_always_on` |
/// | `sampler-ratio`: 0 to 1, with `traceidratio` or `parentbased_traceidratio` | `OTEL_TRACES_SAMPLER_ARG`, with the one above | 1 |
/// | `interval-ms`: the longest that an ended span waits to be sent | `OTEL_BSP_SCHEDULE_DELAY` | 5000 |
/// | `capacity`: spans kept while undelivered, at most 16777216 | `OTEL_BSP_MAX_QUEUE_SIZE` | 2048 |
/// | `batch`: so many spans don't wait for the interval, at most `capacity` | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | 512, or `capacity` if that is less |
/// | `span-events`: whether events are added to their span too | | `true` |
/// | `attribute-count-limit`: of one span | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 |
/// | `attribute-value-length-limit`: in characters, of spans, their events and links; of names and descriptions too, which are attributes in the program | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | 4096 |
/// | `event-count-limit`: of one span | `OTEL_SPAN_EVENT_COUNT_LIMIT` | 128 |
/// | `link-count-limit`: of one span | `OTEL_SPAN_LINK_COUNT_LIMIT` | 128 |
/// | `event-attribute-count-limit`: of one event | `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 |
/// | `link-attribute-count-limit`: of one link | `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 |
///
/// | key in `[telemetry.log-records]` | variable | default |
/// |---|---|---|
/// | `enabled`: whether events become log records | | `true` |
/// | `interval-ms` | `OTEL_BLRP_SCHEDULE_DELAY` | 1000 |
/// | `capacity` | `OTEL_BLRP_MAX_QUEUE_SIZE` | 2048 |
/// | `batch` | `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | 512, or `capacity` if that is less |
/// | `attribute-count-limit` | `OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 |
/// | `attribute-value-length-limit`: in characters, of the body too | `OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | 4096 |
///
/// A general `OTEL_ATTRIBUTE_…` variable is under whatever is said of the limit
/// by its own key or variable. The specification has no limit for lengths unless
/// one is asked for; here there is one, since a value may be all that a peer has
/// sent. `OTEL_BSP_EXPORT_TIMEOUT` and `OTEL_BLRP_EXPORT_TIMEOUT` are not read:
/// the time-out is that of a request, as for all else.
///
/// Requests go through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` or
/// `ALL_PROXY` names, headers included, but for the hosts in `NO_PROXY`.
///
/// `OTEL_SDK_DISABLED=true` turns delivery off: flushes succeed and send
/// nothing.
#[derive(Clone, Debug)]
#[must_use]
pub struct TelemetryConfig {
    /// Of all signals; their paths are appended.
    pub(crate) endpoint: Endpoint,
    /// Of all signals, under what is said of each.
    pub(crate) general: RequestSettings,
    signals: BySignal<RequestOptions>,
    /// What the destination of the top-level keys does not get.
    unsent: BySignal<bool>,
    destinations: Vec<DestinationConfig>,
    /// `Some` once anything is said of it.
    #[cfg(feature = "prometheus")]
    prometheus: Option<PrometheusConfig>,
    #[cfg(feature = "tracing")]
    trace: trace::TraceConfig,
    pub(crate) flush_interval: Duration,
    pub(crate) temporality: Temporality,
    pub(crate) histograms: HistogramEncoding,
    pub(crate) retry_initial: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) queue_bytes: usize,
    pub(crate) queue_items: usize,
    pub(crate) spool_dir: Option<PathBuf>,
    pub(crate) spool_max_bytes: u64,
    pub(crate) spool_sync: SpoolSync,
    pub(crate) has_self_metrics: bool,
    pub(crate) kem_capacity: usize,
    pub(crate) counter_capacity: Option<u32>,
    pub(crate) gauge_capacity: Option<u32>,
    pub(crate) histogram_capacity: Option<u32>,
    pub(crate) cardinality_limit: Option<u32>,
    pub(crate) labels: BTreeMap<String, String>,
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
            general: RequestSettings::default(),
            signals: BySignal::default(),
            unsent: BySignal::default(),
            destinations: Vec::new(),
            #[cfg(feature = "prometheus")]
            prometheus: None,
            #[cfg(feature = "tracing")]
            trace: trace::TraceConfig::default(),
            flush_interval: Duration::from_secs(5),
            temporality: Temporality::default(),
            histograms: HistogramEncoding::default(),
            retry_initial: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            queue_bytes: 32 << 20,
            queue_items: 1000,
            spool_dir: None,
            spool_max_bytes: 256 << 20,
            spool_sync: SpoolSync::default(),
            has_self_metrics: true,
            kem_capacity: 1 << 16,
            counter_capacity: None,
            gauge_capacity: None,
            histogram_capacity: None,
            cardinality_limit: None,
            labels: BTreeMap::new(),
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

    /// The endpoints that signals' paths are appended to, by their keys.
    pub(crate) fn base_endpoints(&self) -> impl Iterator<Item = (String, &Endpoint)> {
        let further = self.destinations.iter();
        let further = further.filter_map(|destination| {
            let key = destination.prefix() + "endpoint";
            Some((key, destination.endpoint.as_ref().ok()?))
        });
        std::iter::once(("endpoint".into(), &self.endpoint)).chain(further)
    }

    /// Whether there is somebody else than the node to tell of the library.
    pub(crate) fn has_receiver(&self) -> bool {
        #[cfg(feature = "prometheus")]
        if self.is_scraped() {
            return true;
        }
        !self.is_disabled
    }

    /// Whether there may be a scrape endpoint.
    #[cfg(feature = "prometheus")]
    pub(crate) fn is_scraped(&self) -> bool {
        self.prometheus.is_some()
    }

    /// What a layer says of all signals. Its headers go over those of the
    /// layers below, name by name.
    fn apply_general(&mut self, mut layer: RequestOptions) {
        self.endpoint = layer.endpoint.take().unwrap_or(self.endpoint.clone());
        let headers = layer.headers.take().unwrap_or_default();
        self.general = self.general.under(&layer);
        self.general.headers.extend(headers);
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}
