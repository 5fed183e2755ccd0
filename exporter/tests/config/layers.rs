//! Which layer is over which: variables over TOML, calls over both.

use std::time::Duration;

use pqcnet_telemetry::{HistogramEncoding, Temporality};
use serde_json::json;

use crate::sink::Sink;
use crate::support::{SEED, all_of, assert_names, flush_to, metric, parse_under, text_for, under};

#[test]
fn variables_are_over_toml() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://from-env:1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "77"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "88"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "cumulative",
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_RESOURCE_ATTRIBUTES", "component=from-env"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=from-env"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/from-env.pem"),
    ];
    let text = "protocol = \"http/json\"\ncompression = \"gzip\"\ncertificate = \"/toml.pem\"\n\
                timeout-ms = 5\ntemporality = \"delta\"\nhistograms = \"explicit\"\n";
    let text = SEED.replace("[telemetry]\n", &format!("[telemetry]\n{text}"));
    let config = parse_under(&text, &variables).unwrap();
    assert_eq!(config.flush_interval(), Duration::from_millis(77));
    assert_eq!(config.labels()["component"], "from-env");
    assert_eq!(config.labels()["cluster"], "validator-net");
    assert_names(
        &format!("{config:?}"),
        &[
            "from-env:1",
            "timeout: 88ms",
            "protocol: HttpProtobuf",
            "compression: None",
            "/from-env.pem",
            "temporality: Cumulative",
            "histograms: Exponential",
        ],
    );
}

#[test]
fn a_header_of_the_environment_is_over_that_of_toml() {
    let sink = Sink::start();
    let text = text_for(&sink, "[telemetry.headers]\na = \"toml\"\nb = \"toml\"");
    let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "a=env")];
    let requests = flush_to(&sink, parse_under(&text, &variables).unwrap());
    assert_eq!(all_of(&requests[0], "a"), ["env"]);
    assert_eq!(all_of(&requests[0], "b"), ["toml"]);
}

#[test]
fn calls_are_over_variables() {
    let sink = Sink::start();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "77"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ("OTEL_SERVICE_NAME", "from-env"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=from-env"),
    ];
    let config = under(&variables)
        .with_endpoint(&sink.url())
        .with_flush_interval(Duration::from_millis(99))
        .with_temporality(Temporality::Cumulative)
        .with_histograms(HistogramEncoding::Explicit(vec![1.0]))
        .with_label("service.name", "from-call")
        .with_header("api-key", "from-call");
    assert_eq!(config.flush_interval(), Duration::from_millis(99));
    assert_eq!(config.labels()["service.name"], "from-call");
    let requests = flush_to(&sink, config);
    assert_eq!(all_of(&requests[1], "api-key"), ["from-call"]);
    let sum = &metric(&requests, "requests")["sum"];
    assert_eq!(sum["aggregationTemporality"], 2);
    let point = &metric(&requests, "wait")["histogram"]["dataPoints"][0];
    assert_eq!(point["explicitBounds"], json!([1.0]));
}
