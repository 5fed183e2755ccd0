//! Environment variables: what is read, warned of, or an error.

use std::time::Duration;

use crate::sink::Sink;
use crate::support::{
    SEED, assert_names, assert_names_without_secret, flush_to, only_warning, parse, parse_under,
    paths, under,
};
use crate::traces;

/// Every variable that is read in any build.
const NAMES: &[&str] = &[
    "OTEL_SDK_DISABLED",
    "OTEL_METRICS_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
];

/// Every variable that is read in some build.
pub(crate) fn names() -> Vec<&'static str> {
    [NAMES, traces::NAMES].concat()
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    for empty in ["", " ", "\t"] {
        let names = names();
        let variables: Vec<_> = names.iter().map(|name| (*name, empty)).collect();
        let config = parse_under(SEED, &variables).unwrap();
        let unset = parse(SEED).unwrap();
        assert_eq!(format!("{config:?}"), format!("{unset:?}"));
    }
}

#[test]
fn a_number_that_cannot_be_read_is_warned_of_and_ignored() {
    for name in [
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
    ] {
        for value in ["0", "-1", "1e3", "5s", "99999999999999999999"] {
            let config = parse_under(SEED, &[(name, value)]).unwrap();
            let warning = only_warning(&config);
            assert_names(warning, &[name, &format!("{value:?}"), "ignored"]);
            assert_eq!(config.flush_interval(), Duration::from_millis(500));
            let shown = format!("{config:?}");
            assert_names(&shown, &["timeout: 10s"]);
            assert_eq!(
                shown,
                format!("{:?}", parse(SEED).unwrap()).replace(
                    "warnings: []",
                    &format!("warnings: {:?}", config.warnings()),
                )
            );
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
    for signal in ["", "METRICS_", "LOGS_"] {
        for (option, value, reason) in [
            (
                "PROTOCOL",
                "grpc",
                "this exporter speaks http/json and http/protobuf",
            ),
            ("COMPRESSION", "zstd", "it is none or gzip"),
        ] {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}{option}");
            let config = under(&[(&name, value)]);
            let warning = only_warning(&config);
            assert_names(warning, &[&name, &format!("{value:?}"), "ignored", reason]);
            let shown = format!("{config:?}");
            assert!(!shown.contains("HttpProtobuf") && !shown.contains("Gzip"));
        }
    }
}

#[test]
fn what_this_exporter_speaks_is_taken_in_any_case() {
    for signal in ["", "METRICS_", "LOGS_"] {
        for (option, value, shown) in [
            ("PROTOCOL", "HTTP/Protobuf", "HttpProtobuf"),
            ("PROTOCOL", " http/json", "HttpJson"),
            ("COMPRESSION", "GZIP", "Gzip"),
            ("COMPRESSION", "None", "compression: "),
            ("TIMEOUT", "77", "77ms"),
            ("CERTIFICATE", "/etc/ca.pem", "/etc/ca.pem"),
            ("CLIENT_CERTIFICATE", "/etc/me.pem", "/etc/me.pem"),
            ("CLIENT_KEY", "/etc/key.pem", "/etc/key.pem"),
        ] {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}{option}");
            let config = under(&[(&name, value)]);
            assert_eq!(config.warnings(), [""; 0]);
            assert_names(&format!("{config:?}"), &[shown]);
        }
    }
}

#[cfg(not(feature = "tracing"))]
#[test]
fn variables_of_traces_are_nobodys_here() {
    let variables = traces::NAMES.iter().map(|name| (*name, "no such thing"));
    let config = under(&variables.collect::<Vec<_>>());
    assert_eq!(format!("{config:?}"), format!("{:?}", under(&[])));
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

#[test]
fn no_word_but_true_disables() {
    let sink = Sink::start();
    for value in ["1", "yes", "on", "truth", "t"] {
        let config = under(&[("OTEL_SDK_DISABLED", value)]);
        let warning = only_warning(&config);
        assert_names(warning, &["OTEL_SDK_DISABLED", value, "ignored"]);
        let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
        assert_eq!(requests.len(), 2, "{value}");
    }
}
