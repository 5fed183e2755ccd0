//! The TOML layer: the `[telemetry]` table, key by key.

use toml::{Table, Value};

use super::check::check_bounds;
use super::choice::{DEFAULT_BOUNDS, temporality_of};
use super::signals::SIGNALS;
use super::{
    ConfigError, Endpoint, FOREVER, HistogramEncoding, RequestOptions, SpoolSync, TelemetryConfig,
};

mod destination;
#[cfg(feature = "prometheus")]
mod prometheus;
mod request;
mod syntax;
#[cfg(feature = "tracing")]
mod trace;
mod value;

use value::{
    choice, count, is_on, milliseconds, numbers, path_of, positive, refuse, table_of, text_of,
};

const KEYS: &[&str] = &[
    "endpoint",
    "metrics-endpoint",
    "logs-endpoint",
    "traces-endpoint",
    "flush-interval-ms",
    "timeout-ms",
    "connect-timeout-ms",
    "protocol",
    "compression",
    "certificate",
    "client-certificate",
    "client-key",
    "temporality",
    "histograms",
    "histogram-bounds",
    "max-request-bytes",
    "max-response-bytes",
    "retry-initial-ms",
    "retry-max-ms",
    "queue-bytes",
    "queue-items",
    "spool-dir",
    "spool-max-bytes",
    "spool-sync",
    "self-metrics",
    "kem-capacity",
    "counter-capacity",
    "gauge-capacity",
    "histogram-capacity",
    "cardinality-limit",
    "labels",
    "headers",
    "metrics",
    "logs",
    "traces",
    "signals",
    "destination",
    "prometheus",
    "spans",
    "log-records",
];

impl TelemetryConfig {
    pub(super) fn apply_toml(&mut self, text: &str) -> Result<(), ConfigError> {
        let document: Table = text.parse().map_err(|error| syntax::syntax(text, &error))?;
        let Some(table) = document.get("telemetry") else {
            return Err(ConfigError::MissingTable);
        };
        let Value::Table(table) = table else {
            return Err(refuse("telemetry", table, "it must be a table"));
        };
        #[cfg(not(feature = "tracing"))]
        refuse_traces("", table)?;
        let mut general = RequestOptions::default();
        for (key, value) in table {
            if !general.read("", key, value)? {
                self.apply_key(key, value)?;
            }
        }
        self.apply_general(general);
        if let Some(histograms) = histograms_of("", table)? {
            self.histograms = histograms;
        }
        self.signals = RequestOptions::of_signals("", table)?;
        for (signal, options) in self.signals.iter_mut() {
            read_synonym(options, table, signal)?;
        }
        for signal in SIGNALS {
            if let Some(value) = table.get(*signal).filter(|_| !self.sends(signal)) {
                return Err(refuse(signal, value, "this signal is not among `signals`"));
            }
        }
        self.validate()
    }

    fn apply_key(&mut self, key: &str, value: &Value) -> Result<(), ConfigError> {
        match key {
            "flush-interval-ms" => self.flush_interval = milliseconds(key, value)?,
            "temporality" => {
                self.temporality = choice(key, value, temporality_of, "it is cumulative or delta")?;
            }
            "retry-initial-ms" => self.retry_initial = milliseconds(key, value)?.min(FOREVER),
            "retry-max-ms" => self.retry_max = milliseconds(key, value)?.min(FOREVER),
            "queue-bytes" => self.queue_bytes = count(key, value)?,
            "queue-items" => self.queue_items = count(key, value)?,
            "spool-dir" => self.spool_dir = Some(path_of(key, value)?),
            "spool-max-bytes" => self.spool_max_bytes = positive(key, value)?,
            "spool-sync" => {
                let find = |name: &str| match name {
                    "always" => Some(SpoolSync::Always),
                    "never" => Some(SpoolSync::Never),
                    _ => None,
                };
                self.spool_sync = choice(key, value, find, "it is always or never")?;
            }
            "self-metrics" => self.has_self_metrics = is_on(key, value)?,
            "kem-capacity" => self.kem_capacity = count(key, value)?,
            "counter-capacity" => self.counter_capacity = Some(count(key, value)?),
            "gauge-capacity" => self.gauge_capacity = Some(count(key, value)?),
            "histogram-capacity" => self.histogram_capacity = Some(count(key, value)?),
            "cardinality-limit" => self.cardinality_limit = Some(count(key, value)?),
            "labels" => {
                for (label, value) in table_of(key, value)? {
                    let value = text_of(&format!("labels.{label}"), value)?;
                    self.labels.insert(label.clone(), value.into());
                }
            }
            "signals" => {
                self.send_only(&destination::signals_of(key, value)?);
            }
            "destination" => self.destinations = destination::destinations_of(value)?,
            #[cfg(feature = "prometheus")]
            "prometheus" => self.prometheus = Some(prometheus::prometheus_of(value)?),
            // Not ignored: somebody waits for the endpoint.
            #[cfg(not(feature = "prometheus"))]
            "prometheus" => {
                let reason = "this build serves no metrics: it lacks the cargo feature prometheus";
                return Err(refuse(key, value, reason));
            }
            #[cfg(feature = "tracing")]
            "spans" => self.trace.spans = trace::spans_of(value)?,
            #[cfg(feature = "tracing")]
            "log-records" => self.trace.log_records = trace::log_records_of(value)?,
            // Read together, whichever comes first.
            "histograms" | "histogram-bounds" | "metrics" | "metrics-endpoint" | "logs"
            | "logs-endpoint" | "traces" | "traces-endpoint" => {}
            _ => {
                return Err(ConfigError::UnknownKey {
                    key: format!("telemetry.{key}"),
                    known: KEYS,
                });
            }
        }
        Ok(())
    }
}

/// Says that this build has none, if there is anything about traces in `table`.
/// Messages have `prefix` before its key.
#[cfg(not(feature = "tracing"))]
fn refuse_traces(prefix: &str, table: &Table) -> Result<(), ConfigError> {
    let keys = ["traces", "traces-endpoint", "spans", "log-records"];
    match keys.iter().find_map(|key| table.get_key_value(*key)) {
        Some((key, value)) => {
            let key = format!("{prefix}{key}");
            Err(refuse(&key, value, super::signals::NO_TRACES))
        }
        None => Ok(()),
    }
}

/// `metrics-endpoint` is `endpoint` in `[telemetry.metrics]`, and so for other
/// signals.
fn read_synonym(
    options: &mut RequestOptions,
    table: &Table,
    signal: &str,
) -> Result<(), ConfigError> {
    let key = format!("{signal}-endpoint");
    let Some(value) = table.get(&key) else {
        return Ok(());
    };
    let endpoint = Endpoint::parse(&key, text_of(&key, value)?)?;
    if options.endpoint.is_some() {
        return Err(ConfigError::InvalidValue {
            key,
            value: endpoint.to_string(),
            reason: format!("{signal}.endpoint, which means the same, is given too").into(),
        });
    }
    options.endpoint = Some(endpoint);
    Ok(())
}

/// `histograms` and `histogram-bounds`, which go together. Messages have
/// `prefix` before them.
fn histograms_of(prefix: &str, table: &Table) -> Result<Option<HistogramEncoding>, ConfigError> {
    let key = format!("{prefix}histogram-bounds");
    let own = table.get("histogram-bounds");
    let chosen = match table.get("histograms") {
        None => None,
        Some(value) => {
            let find = |name: &str| match name {
                "exponential" => Some(HistogramEncoding::Exponential),
                "explicit" => Some(HistogramEncoding::Explicit(DEFAULT_BOUNDS.into())),
                _ => None,
            };
            let key = format!("{prefix}histograms");
            Some(choice(&key, value, find, "it is exponential or explicit")?)
        }
    };
    let Some(own) = own else {
        return Ok(chosen);
    };
    if !matches!(chosen, Some(HistogramEncoding::Explicit(_))) {
        return Err(refuse(&key, own, "it goes with histograms = \"explicit\""));
    }
    let bounds = numbers(&key, own)?;
    check_bounds(&key, &bounds)?;
    Ok(Some(HistogramEncoding::Explicit(bounds)))
}
