//! A further receiver, besides that of the top-level keys.

use std::path::PathBuf;
use std::time::Duration;

use super::check::{check_bounds, check_headers, invalid};
use super::signals::BySignal;
use super::tls::PemFile;
use super::{
    Compression, ConfigError, Endpoint, HistogramEncoding, Protocol, RequestOptions, Temporality,
};

/// The longest name there may be, in bytes: it becomes that of a file.
const LONGEST_NAME: usize = 64;

/// A further receiver of what is delivered: the calls' counterpart of
/// `[[telemetry.destination]]`, for
/// [`with_destination`](crate::TelemetryConfig::with_destination).
///
/// It gets metrics, logs and traces, with queues and retries of its own, so one
/// receiver that is down holds up no other. Time-outs, sizes, compression,
/// temporality and histograms are those of the configuration unless said
/// otherwise; protocol, headers and certificates are *not*, as they are
/// credentials of another receiver.
///
/// ```
/// use pqcnet_telemetry::{DestinationConfig, TelemetryConfig, Temporality};
///
/// let vendor = DestinationConfig::new("vendor", "https://otlp.example.com")
///     .with_header("api-key", "…")
///     .with_temporality(Temporality::Delta)
///     .metrics_only();
/// let config = TelemetryConfig::new("http://localhost:4318").with_destination(vendor);
/// config.validate()?;
/// # Ok::<(), pqcnet_telemetry::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DestinationConfig {
    pub(super) name: String,
    pub(super) endpoint: Result<Endpoint, ConfigError>,
    pub(super) temporality: Option<Temporality>,
    pub(super) histograms: Option<HistogramEncoding>,
    /// For all signals.
    pub(super) general: RequestOptions,
    /// `None` for those that are not sent there.
    pub(super) signals: BySignal<Option<RequestOptions>>,
}

impl DestinationConfig {
    /// A receiver of all signals at `endpoint`, such as `http://host:4318`;
    /// `/v1/metrics`, `/v1/logs` and `/v1/traces` are appended to its path.
    ///
    /// `name` is 1 to 64 letters, digits, `-` and `_`, is not `default`, and
    /// differs from those of other destinations in more than case.
    pub fn new(name: impl Into<String>, endpoint: &str) -> Self {
        let name = name.into();
        let endpoint = Endpoint::parse(&format!("destination.{name}.endpoint"), endpoint);
        Self {
            name,
            endpoint,
            temporality: None,
            histograms: None,
            general: RequestOptions::default(),
            signals: BySignal {
                metrics: Some(RequestOptions::default()),
                logs: Some(RequestOptions::default()),
                traces: Some(RequestOptions::default()),
            },
        }
    }

    /// Cumulative or delta points. Default: as the configuration.
    pub fn with_temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = Some(temporality);
        self
    }

    /// Exponential or explicit histograms. Default: as the configuration.
    pub fn with_histograms(mut self, histograms: HistogramEncoding) -> Self {
        self.histograms = Some(histograms);
        self
    }

    /// The encoding of requests. Default: JSON.
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.general.protocol = Some(protocol);
        self
    }

    /// The compression of requests. Default: as the configuration.
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.general.compression = Some(compression);
        self
    }

    /// A header of every request to this receiver, and to no other. Its value
    /// is never shown.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.general.insert_header(&name.into(), &value.into());
        self
    }

    /// A PEM file of the CA certificates to trust, and no others. Default: the
    /// web's root CAs.
    pub fn with_certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.general.tls.certificate = Some(self.file("certificate", path));
        self
    }

    /// PEM files of the certificate chain and the private key to show to this
    /// receiver. Default: none.
    pub fn with_client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.general.tls.client_certificate = Some(self.file("client-certificate", certificate));
        self.general.tls.client_key = Some(self.file("client-key", key));
        self
    }

    /// The longest a request may take. Not zero. Default: as the
    /// configuration.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.general.timeout = Some(timeout);
        self
    }

    /// Sends metrics there, and nothing else. The last of this and the other
    /// `…_only` calls holds.
    pub fn metrics_only(mut self) -> Self {
        self.signals = BySignal {
            metrics: Some(RequestOptions::default()),
            ..BySignal::default()
        };
        self
    }

    /// Sends KEM events and the log records of `tracing` there, and nothing
    /// else.
    pub fn logs_only(mut self) -> Self {
        self.signals = BySignal {
            logs: Some(RequestOptions::default()),
            ..BySignal::default()
        };
        self
    }

    /// Sends spans there, and nothing else.
    #[cfg(feature = "tracing")]
    pub fn traces_only(mut self) -> Self {
        self.signals = BySignal {
            traces: Some(RequestOptions::default()),
            ..BySignal::default()
        };
        self
    }

    /// Says what is wrong with it, the name first, which is in every other
    /// message.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_name("destination.name", &self.name)?;
        if let Err(error) = &self.endpoint {
            return Err(error.clone());
        }
        let prefix = self.prefix();
        if let Some(HistogramEncoding::Explicit(bounds)) = &self.histograms {
            check_bounds(&format!("{prefix}histogram-bounds"), bounds)?;
        }
        if self
            .general
            .timeout
            .is_some_and(|timeout| timeout.is_zero())
        {
            let key = format!("{prefix}timeout");
            return Err(invalid(&key, &Duration::ZERO, "it must be above zero"));
        }
        check_headers(&prefix, self.general.headers.iter().flatten())?;
        for (signal, options) in self.signals.iter() {
            let headers = options
                .iter()
                .filter_map(|options| options.headers.as_ref());
            check_headers(&format!("{prefix}{signal}."), headers.flatten())?;
        }
        Ok(())
    }

    /// What stands before its keys in messages.
    pub(super) fn prefix(&self) -> String {
        format!("destination.{}.", self.name)
    }

    fn file(&self, key: &str, path: impl Into<PathBuf>) -> PemFile {
        PemFile::new(self.prefix() + key, path)
    }
}

/// A name is part of keys in messages, and may become that of a file.
pub(super) fn check_name(key: &str, name: &str) -> Result<(), ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let reason = if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        "a name is 1 to 64 letters, digits, - and _"
    } else if name.eq_ignore_ascii_case("default") {
        "that is the destination of the top-level keys"
    } else {
        return Ok(());
    };
    Err(ConfigError::InvalidValue {
        key: key.into(),
        value: super::error::excerpt(name),
        reason: reason.into(),
    })
}
