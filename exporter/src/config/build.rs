//! The layer of calls, over all others.

use std::path::PathBuf;
use std::time::Duration;

use super::check::{check_bounds, invalid};
use super::error::excerpt;
use super::tls::PemFile;
use super::{
    Compression, ConfigError, DestinationConfig, Endpoint, FOREVER, HistogramEncoding, Protocol,
    Secret, SpoolSync, TelemetryConfig, Temporality,
};

#[cfg(feature = "tracing")]
mod trace;

impl TelemetryConfig {
    /// Where the collector listens: `http://host:4318`. `/v1/metrics`,
    /// `/v1/logs` and `/v1/traces` are appended to its path; endpoints of one
    /// signal that were configured before are forgotten.
    pub fn with_endpoint(mut self, endpoint: &str) -> Self {
        match Endpoint::parse("endpoint", endpoint) {
            Ok(endpoint) => {
                self.endpoint = endpoint;
                for (_, options) in self.signals.iter_mut() {
                    options.endpoint = None;
                }
            }
            Err(error) => self.note(error),
        }
        self
    }

    /// Sends only spans to the endpoint: no metrics, no KEM events and no log
    /// records. For a backend of traces such as Jaeger, which has no place for
    /// them. Further destinations have signals of their own.
    #[cfg(feature = "tracing")]
    pub fn traces_only(mut self) -> Self {
        self.send_only(&["traces"]);
        self
    }

    /// Sends only metrics to the endpoint: no KEM events, log records and spans.
    /// Without another destination that takes them they are dropped.
    pub fn metrics_only(mut self) -> Self {
        self.send_only(&["metrics"]);
        self
    }

    /// Sends only KEM events and the log records of `tracing` to the endpoint: no
    /// metrics and spans.
    pub fn logs_only(mut self) -> Self {
        self.send_only(&["logs"]);
        self
    }

    /// How often the background flusher flushes. Not zero. Default: 5 s.
    pub fn with_flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = interval;
        self.refuse_zero("flush-interval", &interval, interval.is_zero());
        self
    }

    /// The longest a request may take, and the longest a flush waits. Not
    /// zero. Default: 10 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.general.timeout = timeout;
        self.refuse_zero("timeout", &timeout, timeout.is_zero());
        self
    }

    /// The longest that resolving a name, connecting and TLS may take, of the
    /// time of the request. Not zero. Default: 5 s; never more than the
    /// time-out.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.general.connect_timeout = timeout;
        self.refuse_zero("connect-timeout", &timeout, timeout.is_zero());
        self
    }

    /// The encoding of requests. Default: JSON.
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.general.protocol = protocol;
        self
    }

    /// The compression of requests. Default: none.
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.general.compression = compression;
        self
    }

    /// A PEM file of the CA certificates to trust, and no others. Default: the
    /// web's root CAs.
    pub fn with_certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.general.tls.certificate = Some(PemFile::new("certificate", path));
        self
    }

    /// PEM files of the certificate chain and the private key to show to the
    /// receiver. Default: none.
    pub fn with_client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        let tls = &mut self.general.tls;
        tls.client_certificate = Some(PemFile::new("client-certificate", certificate));
        tls.client_key = Some(PemFile::new("client-key", key));
        self
    }

    /// Cumulative or delta points. Default: cumulative.
    pub fn with_temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = temporality;
        self
    }

    /// Exponential or explicit histograms. Default: exponential.
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
                value: excerpt(&value),
            });
        }
        self.called_labels.insert(key.clone(), value.clone());
        self.labels.insert(key, value);
        self
    }

    /// A header of every request, such as a vendor's key; not of requests to
    /// further destinations, nor of a signal that has headers of its own. Its
    /// value is never shown.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into().to_ascii_lowercase();
        self.general.headers.insert(name, Secret::new(value));
        self
    }

    /// Turns delivery off, as `OTEL_SDK_DISABLED=true` does: flushes succeed,
    /// yield their snapshot and send nothing.
    pub fn without_delivery(mut self) -> Self {
        self.is_disabled = true;
        self
    }

    /// The largest request to send, in bytes before compression; larger
    /// reports are split. Not zero. Default: 4 MiB.
    pub fn with_max_request_bytes(mut self, bytes: usize) -> Self {
        self.general.max_request_bytes = bytes;
        self.refuse_zero("max-request-bytes", &bytes, bytes == 0);
        self
    }

    /// How long to wait after the first failure of a request, and at most
    /// after many. Neither is zero, nor `max` below `initial`. Default: 1 s
    /// and 30 s.
    pub fn with_retry(mut self, initial: Duration, max: Duration) -> Self {
        self.retry_initial = initial.min(FOREVER);
        self.retry_max = max.min(FOREVER);
        self.refuse_zero("retry-initial", &initial, initial.is_zero());
        self.refuse_zero("retry-max", &max, max.is_zero());
        self
    }

    /// How many bytes of delta requests to keep for each destination while
    /// they are unacknowledged, and how many requests. Neither is zero.
    /// Default: 32 MiB and 1000.
    pub fn with_queue_limits(mut self, bytes: usize, items: usize) -> Self {
        self.queue_bytes = bytes;
        self.queue_items = items;
        self.refuse_zero("queue-bytes", &bytes, bytes == 0);
        self.refuse_zero("queue-items", &items, items == 0);
        self
    }

    /// A directory to keep what is undelivered in, so that it outlives the
    /// process. Default: none; it is kept in memory alone.
    pub fn with_spool(mut self, dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        if dir.as_os_str().is_empty() {
            self.note(invalid("spool-dir", &"", "it must name a directory"));
        }
        self.spool_dir = Some(dir);
        self
    }

    /// How many bytes the spool may take on the disk. Not zero. Default:
    /// 256 MiB.
    pub fn with_spool_max_bytes(mut self, bytes: u64) -> Self {
        self.spool_max_bytes = bytes;
        self.refuse_zero("spool-max-bytes", &bytes, bytes == 0);
        self
    }

    /// Whether what is spooled survives a crash of the machine. Default:
    /// [`SpoolSync::Always`].
    pub fn with_spool_sync(mut self, sync: SpoolSync) -> Self {
        self.spool_sync = sync;
        self
    }

    /// Whether the exporter reports on itself among the metrics. Default:
    /// `true`.
    pub fn with_self_metrics(mut self, is_on: bool) -> Self {
        self.has_self_metrics = is_on;
        self
    }

    /// A further receiver, besides those configured before.
    pub fn with_destination(mut self, destination: DestinationConfig) -> Self {
        self.destinations.push(destination);
        self
    }

    /// Metrics for Prometheus to scrape:
    /// [`serve_metrics`](crate::TelemetryHandle::serve_metrics) serves them.
    /// What `prometheus` says goes over TOML and variables, and what it leaves
    /// open does not.
    #[cfg(feature = "prometheus")]
    pub fn with_prometheus(mut self, prometheus: super::PrometheusConfig) -> Self {
        let below = self.prometheus.take().unwrap_or_default();
        self.prometheus = Some(below.under(prometheus));
        self
    }

    /// How many KEM events to keep while they are undelivered; more are
    /// dropped, and counted. Between 1 and 16777216. Default: 65536.
    pub fn with_kem_capacity(mut self, events: usize) -> Self {
        self.kem_capacity = events;
        self.refuse_zero("kem-capacity", &events, events == 0);
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

    fn refuse_zero(&mut self, key: &str, value: &dyn std::fmt::Debug, is_zero: bool) {
        if is_zero {
            self.note(invalid(key, value, "it must be above zero"));
        }
    }

    fn note(&mut self, error: ConfigError) {
        self.first_error.get_or_insert(error);
    }
}
