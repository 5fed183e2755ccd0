//! The `OTEL_*` layer, by the specification's rules: an empty value is unset;
//! a number or choice that can't be read is warned of and ignored; values of
//! headers are never shown.

use std::time::Duration;

use super::check::is_header;
use super::choice::{
    COMPRESSIONS, DEFAULT_BOUNDS, PROTOCOLS, compression_of, protocol_of, temporality_of,
};
use super::signals::SIGNALS;
use super::tls::PemFile;
use super::{
    ConfigError, Endpoint, HistogramEncoding, RequestOptions, TelemetryConfig, Temporality,
};

mod list;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "tracing")]
mod trace;

use list::pairs;

impl TelemetryConfig {
    pub(super) fn apply_env(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());

        let name = "OTEL_SDK_DISABLED";
        if let Some(value) = get(name) {
            match value.trim().to_ascii_lowercase().as_str() {
                "true" => self.is_disabled = true,
                "false" => {}
                _ => self.ignore(name, &value, "it is true or false"),
            }
        }
        if let Some(interval) = self.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", &get) {
            self.flush_interval = interval;
        }
        let general = self.read_requests("", RequestOptions::default(), &get)?;
        self.apply_general(general);
        let below = std::mem::take(&mut self.signals);
        self.signals = below.try_map(|signal, options| {
            if !SIGNALS.contains(&signal) {
                return Ok(options);
            }
            let prefix = signal.to_ascii_uppercase() + "_";
            self.read_requests(&prefix, options, &get)
        })?;
        self.apply_exporters(&get);
        self.apply_metrics(&get);
        #[cfg(feature = "prometheus")]
        self.apply_prometheus(&get);
        #[cfg(feature = "tracing")]
        self.apply_trace(&get);
        self.apply_resource(&get);
        Ok(())
    }

    /// `options`, with what is said of all requests or, by the signal's
    /// `prefix`, of some.
    fn read_requests(
        &mut self,
        prefix: &str,
        mut options: RequestOptions,
        get: &impl Fn(&str) -> Option<String>,
    ) -> Result<RequestOptions, ConfigError> {
        let name = |option| format!("OTEL_EXPORTER_OTLP_{prefix}{option}");

        let at = name("ENDPOINT");
        if let Some(value) = get(&at) {
            options.endpoint = Some(Endpoint::parse(&at, value.trim())?);
        }
        let protocol = self.choice(&name("PROTOCOL"), get, protocol_of, PROTOCOLS);
        options.protocol = protocol.or(options.protocol);
        let compression = self.choice(&name("COMPRESSION"), get, compression_of, COMPRESSIONS);
        options.compression = compression.or(options.compression);
        let timeout = self.milliseconds(&name("TIMEOUT"), get);
        options.timeout = timeout.or(options.timeout);
        for (option, slot) in [
            ("CERTIFICATE", &mut options.tls.certificate),
            ("CLIENT_CERTIFICATE", &mut options.tls.client_certificate),
            ("CLIENT_KEY", &mut options.tls.client_key),
        ] {
            let at = name(option);
            if let Some(value) = get(&at) {
                *slot = Some(PemFile::new(at, value.trim()));
            }
        }
        let at = name("HEADERS");
        if let Some(list) = get(&at) {
            self.read_headers(&at, &list, &mut options);
        }
        Ok(options)
    }

    /// A list of which nothing can be used still stands in place of the
    /// general headers: those may be meant for another receiver.
    fn read_headers(&mut self, name: &str, list: &str, options: &mut RequestOptions) {
        options.headers.get_or_insert_default();
        for (index, pair) in pairs(list).enumerate() {
            match pair {
                Some((header, value)) if is_header(&header, &value) => {
                    options.insert_header(&header, &value);
                }
                _ => self.warn(format!(
                    "{name}: entry {} is no header name=value and is ignored",
                    index + 1
                )),
            }
        }
    }

    /// Whether a signal is sent. Other exporters than this one are other
    /// libraries' to read; the endpoint for Prometheus has variables of its own.
    fn apply_exporters(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let mut unsent = self.unsent;
        for (signal, is_unsent) in unsent.iter_mut() {
            let name = format!("OTEL_{}_EXPORTER", signal.to_ascii_uppercase());
            let Some(value) = get(&name).filter(|_| SIGNALS.contains(&signal)) else {
                continue;
            };
            let mut exporters = value.split(',').map(str::trim);
            if exporters.clone().any(|name| name == "otlp") {
                *is_unsent = false;
            } else if exporters.all(|name| name == "none") {
                *is_unsent = true;
            } else {
                self.ignore(&name, &value, "it is otlp or none");
            }
        }
        self.unsent = unsent;
    }

    fn apply_metrics(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let temporality = self.choice(
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            get,
            |name| match name {
                // It differs from delta in asynchronous instruments, which
                // there are not.
                "lowmemory" => Some(Temporality::Delta),
                name => temporality_of(name),
            },
            "it is cumulative, delta or lowmemory",
        );
        self.temporality = temporality.unwrap_or(self.temporality);
        let is_explicit = self.choice(
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            get,
            |name| match name {
                "explicit_bucket_histogram" => Some(true),
                "base2_exponential_bucket_histogram" => Some(false),
                _ => None,
            },
            "it is explicit_bucket_histogram or base2_exponential_bucket_histogram",
        );
        match (is_explicit, &self.histograms) {
            (Some(true), HistogramEncoding::Exponential) => {
                self.histograms = HistogramEncoding::Explicit(DEFAULT_BOUNDS.into());
            }
            (Some(false), _) => self.histograms = HistogramEncoding::Exponential,
            // Explicit histograms keep the bounds they have.
            (Some(true) | None, _) => {}
        }
    }

    fn apply_resource(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        if let Some(value) = get(name) {
            match pairs(&value).collect::<Option<Vec<_>>>() {
                Some(pairs)
                    if pairs
                        .iter()
                        .any(|(key, _)| key.starts_with("telemetry.sdk.")) =>
                {
                    self.ignore(name, &value, "telemetry.sdk.* is set by the library");
                }
                Some(pairs) => self.labels.extend(pairs),
                None => self.ignore(name, &value, "all of it, as one entry is not key=value"),
            }
        }
        if let Some(value) = get("OTEL_SERVICE_NAME") {
            self.labels.insert("service.name".into(), value);
        }
    }

    /// What `find` knows under the value in lower case.
    fn choice<T>(
        &mut self,
        name: &str,
        get: &impl Fn(&str) -> Option<String>,
        find: impl Fn(&str) -> Option<T>,
        reason: &str,
    ) -> Option<T> {
        let value = get(name)?;
        let found = find(&value.trim().to_ascii_lowercase());
        if found.is_none() {
            self.ignore(name, &value, reason);
        }
        found
    }

    fn milliseconds(
        &mut self,
        name: &str,
        get: &impl Fn(&str) -> Option<String>,
    ) -> Option<Duration> {
        let value = get(name)?;
        match value.trim().parse::<u64>() {
            Ok(milliseconds) if milliseconds > 0 => Some(Duration::from_millis(milliseconds)),
            _ => {
                self.ignore(
                    name,
                    &value,
                    "it is not a number of milliseconds above zero",
                );
                None
            }
        }
    }

    fn ignore(&mut self, name: &str, value: &str, reason: &str) {
        self.warn(format!("{name}={value:?} is ignored: {reason}"));
    }
}
