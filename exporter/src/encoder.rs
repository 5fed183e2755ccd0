//! Metrics as OTLP without a delivery.

use std::time::SystemTime;

use pqcnet_telemetry_core::RetiredEpoch;
use uuid::Uuid;

use crate::accumulate::Accumulator;
use crate::config::{ConfigError, TelemetryConfig};
use crate::otlp::resource::Resource;
use crate::otlp::{Body, MetricsEncoder, MetricsFormat};

/// Retired epochs as OTLP requests, for a file or a transport of one's own;
/// [`TelemetryHandle`](crate::TelemetryHandle) delivers the same bytes.
///
/// ```
/// use pqcnet_telemetry::core::Registry;
/// use pqcnet_telemetry::{OtlpEncoder, TelemetryConfig};
///
/// let registry = Registry::new();
/// registry.counter("relayer.ingest")?.add(3);
///
/// // Of the configuration: labels, protocol, temporality, histograms,
/// // max-request-bytes.
/// let mut encoder = OtlpEncoder::new(&TelemetryConfig::default())?;
/// encoder.add(&registry.flush());
/// for request in encoder.encode() {
///     assert!(request.starts_with(br#"{"resourceMetrics":["#));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OtlpEncoder {
    accumulator: Accumulator,
    encoder: MetricsEncoder,
    requests: Vec<Body>,
}

impl OtlpEncoder {
    /// Checks `config`. Its endpoint, headers and time-out are not used.
    pub fn new(config: &TelemetryConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let resource = Resource::new(config.labels(), Uuid::new_v4());
        let format = MetricsFormat {
            temporality: config.temporality,
            histograms: config.histograms.clone(),
            max_bytes: config.general.max_request_bytes,
        };
        let now = SystemTime::now();
        Ok(Self {
            accumulator: Accumulator::new(format.temporality, &format.histograms, now),
            encoder: MetricsEncoder::new(config.general.protocol, &resource, &format),
            requests: Vec::new(),
        })
    }

    /// Adds an epoch to the totals. Every epoch of one registry, in order.
    pub fn add(&mut self, epoch: &RetiredEpoch) {
        self.accumulator.add(epoch);
    }

    /// The bodies of the requests that report what was added: all totals, or
    /// in delta temporality what came since the last call, whose window ends
    /// here. Each is an `ExportMetricsServiceRequest` and no larger than
    /// `max-request-bytes`, unless a single data point is.
    pub fn encode(&mut self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.encoder.recycle(self.requests.drain(..));
        self.requests = self.encoder.encode(&self.accumulator);
        self.accumulator.close_window();
        let ended = self.accumulator.rows.ended_so_far();
        self.accumulator.forget_ended(ended);
        self.requests.iter().map(|request| request.bytes.as_slice())
    }
}
