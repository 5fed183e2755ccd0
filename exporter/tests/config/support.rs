//! Reading configurations, sending with them, and checking what is said of them.

use std::time::Duration;

use pqcnet_telemetry::{
    ConfigError, KemUsageReason, KemUsageRecord, TelemetryConfig, TelemetryHandle,
};
use serde_json::Value;

use crate::sink::{Request, Sink};

/// The text of the first users, as it stands in their nodes.
pub(crate) const SEED: &str = r#"
[telemetry]
endpoint = "http://collector.validator-net:4318"
flush-interval-ms = 500

[telemetry.labels]
component = "relayer"
cluster = "validator-net"
"#;

/// What no message may show.
pub(crate) const SECRET: &str = "hunter2";

/// A configuration from `text` alone.
pub(crate) fn parse(text: &str) -> Result<TelemetryConfig, ConfigError> {
    parse_under(text, &[])
}

/// A configuration from `text` under these variables.
pub(crate) fn parse_under(
    text: &str,
    variables: &[(&str, &str)],
) -> Result<TelemetryConfig, ConfigError> {
    TelemetryConfig::from_toml_and_env(text, |name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// The defaults under these variables.
pub(crate) fn under(variables: &[(&str, &str)]) -> TelemetryConfig {
    parse_under("[telemetry]", variables).unwrap()
}

/// What is said about `text`.
pub(crate) fn error_in(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// What is said about a `[telemetry]` table that holds `body`.
pub(crate) fn refusal(body: &str) -> String {
    error_in(&format!("[telemetry]\n{body}\n"))
}

/// What is said about a configuration that builder calls have spoilt.
pub(crate) fn refusal_of(config: TelemetryConfig) -> String {
    let said = config.validate().unwrap_err().to_string();
    let error = TelemetryHandle::from_config(config).unwrap_err();
    assert_eq!(error.to_string(), format!("invalid configuration: {said}"));
    said
}

/// A text that sends to `sink`, and holds `rest`.
pub(crate) fn text_for(sink: &Sink, rest: &str) -> String {
    format!("[telemetry]\nendpoint = \"{}\"\n{rest}", sink.url())
}

/// The defaults, sending to `sink`.
pub(crate) fn to(sink: &Sink) -> TelemetryConfig {
    TelemetryConfig::default().with_endpoint(&sink.url())
}

/// The warning of a configuration that has one.
#[track_caller]
pub(crate) fn only_warning(config: &TelemetryConfig) -> &str {
    let [warning] = config.warnings() else {
        panic!("{:?}", config.warnings());
    };
    warning
}

#[track_caller]
pub(crate) fn assert_names(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[track_caller]
pub(crate) fn assert_hides_secret(said: &str) {
    assert!(!said.contains(SECRET), "a secret is shown: {said}");
}

#[track_caller]
pub(crate) fn assert_names_without_secret(said: &str, parts: &[&str]) {
    assert_names(said, parts);
    assert_hides_secret(said);
}

/// Flushes one metric and one event, and returns what the sink received:
/// the logs request first.
pub(crate) fn flush_to(sink: &Sink, config: TelemetryConfig) -> Vec<Request> {
    let patient = config.with_timeout(Duration::from_secs(60));
    let telemetry = TelemetryHandle::from_config(patient).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.record_latency_ms("wait", 7);
    telemetry.record_kem_event(KemUsageRecord {
        label: "relayer::9f3c".into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Normal,
        backup_only: false,
    });
    telemetry.flush().unwrap();
    let mut requests = sink.received();
    // Signals go their ways at the same time.
    requests.sort_by(|one, other| one.path.cmp(&other.path));
    requests
}

pub(crate) fn paths(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| &*request.path).collect()
}

/// The metric of this name in the metrics request.
pub(crate) fn metric(requests: &[Request], name: &str) -> Value {
    let body: Value = serde_json::from_str(&requests[1].body).unwrap();
    let metrics = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let mut metrics = metrics.as_array().unwrap().iter();
    metrics.find(|m| m["name"] == name).unwrap().clone()
}

/// All values of a header, in the order in which they came.
pub(crate) fn all_of<'a>(request: &'a Request, name: &str) -> Vec<&'a str> {
    let headers = request.headers.iter();
    headers
        .filter(|(known, _)| known == name)
        .map(|(_, value)| &**value)
        .collect()
}
