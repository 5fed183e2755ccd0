//! The `OTEL_*` layer, by the specification's rules: an empty value is unset;
//! a number or choice that can't be read is warned of and ignored; values of
//! headers are never shown.

use std::time::Duration;

use super::{
    ConfigError, DEFAULT_BOUNDS, Endpoint, HistogramEncoding, OWN_HEADERS, TelemetryConfig,
    Temporality, is_header,
};

impl TelemetryConfig {
    pub(super) fn apply_env(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());

        if get("OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            self.is_disabled = true;
        }
        if let Some(value) = get("OTEL_EXPORTER_OTLP_ENDPOINT") {
            self.endpoint = Endpoint::parse("OTEL_EXPORTER_OTLP_ENDPOINT", value.trim())?;
        }
        for (name, slot) in [
            (
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                &mut self.metrics_endpoint,
            ),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &mut self.logs_endpoint),
        ] {
            if let Some(value) = get(name) {
                *slot = Some(Endpoint::parse(name, value.trim())?);
            }
        }
        if let Some(interval) = self.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", &get) {
            self.flush_interval = interval;
        }
        if let Some(timeout) = self.milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", &get) {
            self.timeout = timeout;
        }
        self.apply_choices(&get);
        self.warn_of_signals(&get);
        self.apply_resource(&get);
        if let Some(headers) = get("OTEL_EXPORTER_OTLP_HEADERS") {
            self.apply_headers(&headers);
        }
        Ok(())
    }

    fn apply_choices(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        if let Some(value) = get(name) {
            match value.trim().to_ascii_lowercase().as_str() {
                "cumulative" => self.temporality = Temporality::Cumulative,
                // They differ in asynchronous instruments, which there are not.
                "delta" | "lowmemory" => self.temporality = Temporality::Delta,
                _ => self.ignore(name, &value, "it is cumulative, delta or lowmemory"),
            }
        }
        let name = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
        if let Some(value) = get(name) {
            match value.trim().to_ascii_lowercase().as_str() {
                "base2_exponential_bucket_histogram" => {
                    self.histograms = HistogramEncoding::Exponential;
                }
                "explicit_bucket_histogram" => {
                    if self.histograms == HistogramEncoding::Exponential {
                        self.histograms = HistogramEncoding::Explicit(DEFAULT_BOUNDS.into());
                    }
                }
                _ => self.ignore(
                    name,
                    &value,
                    "it is explicit_bucket_histogram or base2_exponential_bucket_histogram",
                ),
            }
        }
        for signal in ["", "METRICS_", "LOGS_"] {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}PROTOCOL");
            if let Some(value) = get(&name)
                && !value.trim().eq_ignore_ascii_case("http/json")
            {
                self.ignore(&name, &value, "this exporter speaks http/json");
            }
            let name = format!("OTEL_EXPORTER_OTLP_{signal}COMPRESSION");
            if let Some(value) = get(&name)
                && !value.trim().eq_ignore_ascii_case("none")
            {
                self.ignore(&name, &value, "this exporter sends uncompressed");
            }
            for kind in ["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"] {
                let name = format!("OTEL_EXPORTER_OTLP_{signal}{kind}");
                if let Some(value) = get(&name) {
                    self.ignore(
                        &name,
                        &value,
                        "this exporter trusts the web's root CAs only",
                    );
                }
            }
        }
    }

    /// What the specification knows for each signal and this exporter only for
    /// all; the values may be secrets.
    fn warn_of_signals(&mut self, get: &impl Fn(&str) -> Option<String>) {
        for signal in ["METRICS", "LOGS"] {
            for option in ["HEADERS", "TIMEOUT"] {
                let name = format!("OTEL_EXPORTER_OTLP_{signal}_{option}");
                if get(&name).is_some() {
                    self.warn(format!(
                        "{name} is ignored: OTEL_EXPORTER_OTLP_{option} serves all signals"
                    ));
                }
            }
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

    fn apply_headers(&mut self, headers: &str) {
        for (index, pair) in pairs(headers).enumerate() {
            match pair {
                Some((name, value))
                    if is_header(&name, &value)
                        && !OWN_HEADERS.contains(&&*name.to_ascii_lowercase()) =>
                {
                    self.insert_header(&name, &value);
                }
                _ => self.warn(format!(
                    "OTEL_EXPORTER_OTLP_HEADERS: entry {} is no header name=value and is ignored",
                    index + 1
                )),
            }
        }
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

/// The `key=value` pairs of a list in W3C Baggage style; `None` for an entry
/// that is none.
fn pairs(list: &str) -> impl Iterator<Item = Option<(String, String)>> {
    list.split(',')
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| {
            let (key, value) = entry.split_once('=')?;
            let key = percent_decode(key.trim())?;
            (!key.is_empty()).then_some((key, percent_decode(value.trim())?))
        })
}

fn percent_decode(text: &str) -> Option<String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    Some(text.ok()?.into_owned())
}
