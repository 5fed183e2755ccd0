//! Environment variables: what is read, warned of, or an error.

use std::time::Duration;

use crate::sink::Sink;
use crate::support::{
    SEED, assert_names, assert_names_without_secret, flush_to, only_warning, parse, parse_under,
    paths, under,
};

/// Every variable that is read.
pub(crate) const NAMES: &[&str] = &[
    "OTEL_SDK_DISABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_EXPORTER_OTLP_HEADERS",
];

#[test]
fn an_empty_variable_is_an_unset_one() {
    for empty in ["", " ", "\t"] {
        let variables: Vec<_> = NAMES.iter().map(|name| (*name, empty)).collect();
        let config = parse_under(SEED, &variables).unwrap();
        let unset = parse(SEED).unwrap();
        assert_eq!(format!("{config:?}"), format!("{unset:?}"));
    }
}

#[test]
fn a_number_that_cannot_be_read_is_warned_of_and_ignored() {
    for name in ["OTEL_METRIC_EXPORT_INTERVAL", "OTEL_EXPORTER_OTLP_TIMEOUT"] {
        for value in ["0", "-1", "1e3", "5s", "99999999999999999999"] {
            let config = parse_under(SEED, &[(name, value)]).unwrap();
            let warning = only_warning(&config);
            assert_names(warning, &[name, &format!("{value:?}"), "ignored"]);
            assert_eq!(config.flush_interval(), Duration::from_millis(500));
            assert_names(&format!("{config:?}"), &["timeout: 10s"]);
        }
    }
}

#[test]
fn a_choice_that_is_none_is_warned_of_and_ignored() {
    for name in [
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    ] {
        let config = under(&[(name, "sideways")]);
        let warning = only_warning(&config);
        assert_names(warning, &[name, "\"sideways\"", "ignored"]);
        assert_names(
            &format!("{config:?}"),
            &["temporality: Cumulative", "histograms: Exponential"],
        );
    }
}

#[test]
fn choices_are_read_in_any_case() {
    let temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    for value in ["delta", "DELTA", " LowMemory "] {
        let config = under(&[(temporality, value)]);
        assert_eq!(config.warnings(), [""; 0]);
        assert_names(&format!("{config:?}"), &["temporality: Delta"]);
    }
    let histograms = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    let config = under(&[(histograms, "EXPLICIT_bucket_histogram")]);
    assert_names(&format!("{config:?}"), &["Explicit([0.0, 5.0"]);
}

#[test]
fn what_this_exporter_does_not_speak_is_warned_of() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
    ] {
        let config = under(&[(name, value)]);
        let warning = only_warning(&config);
        assert_names(warning, &[name, &format!("{value:?}")]);
    }
    let spoken = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
    ];
    assert_eq!(under(&spoken).warnings(), [""; 0]);
}

#[test]
fn a_bad_endpoint_is_an_error_by_the_variables_name() {
    for name in [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ] {
        let error = parse_under(SEED, &[(name, "collector:4318")]).unwrap_err();
        assert_names(&error.to_string(), &[name, "\"collector:4318\"", "scheme"]);
        let url = "http://user:hunter2@collector";
        let error = parse_under(SEED, &[(name, url)]).unwrap_err();
        assert_names_without_secret(&error.to_string(), &[name]);
    }
}

#[test]
fn endpoints_of_one_signal_are_used_as_they_are() {
    let sink = Sink::start();
    let (metrics, logs) = (format!("{}/m", sink.url()), sink.url());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*metrics),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &*logs),
    ];
    assert_eq!(paths(&flush_to(&sink, under(&variables))), ["/", "/m"]);
}

#[test]
fn the_general_endpoint_takes_the_signals_paths() {
    let sink = Sink::start();
    let url = format!("{}/tenant", sink.url());
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)];
    assert_eq!(
        paths(&flush_to(&sink, under(&variables))),
        ["/tenant/v1/logs", "/tenant/v1/metrics"]
    );
}

#[test]
fn a_disabled_sdk_sends_nothing_and_succeeds() {
    let sink = Sink::start();
    for value in ["true", "TRUE", "True"] {
        let config = under(&[("OTEL_SDK_DISABLED", value)]);
        let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
        assert_eq!(requests.len(), 0);
    }
    let config = under(&[("OTEL_SDK_DISABLED", "false")]);
    let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
    assert_eq!(requests.len(), 2);
}
