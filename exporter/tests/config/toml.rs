//! The `[telemetry]` table: what is read from it, and what is said of text that
//! holds none.

use std::time::Duration;

use pqcnet_telemetry::{ConfigError, TelemetryConfig, TelemetryHandle};

use crate::sink::Sink;
use crate::support::{SEED, assert_names, error_in, flush_to, parse, paths, refusal};

#[test]
fn the_seed_configuration_is_read() {
    let config = parse(SEED).unwrap();
    assert_eq!(config.flush_interval(), Duration::from_millis(500));
    assert_eq!(config.labels()["component"], "relayer");
    assert_eq!(config.labels()["cluster"], "validator-net");
    assert_eq!(config.labels().len(), 2);
    assert_eq!(config.warnings(), [""; 0]);
    let shown = format!("{config:?}");
    assert_names(&shown, &["collector.validator-net:4318"]);
}

#[test]
fn the_seed_configuration_reaches_its_endpoint_and_resource() {
    let sink = Sink::start();
    let text = SEED.replace("http://collector.validator-net:4318", &sink.url());
    let requests = flush_to(&sink, parse(&text).unwrap());
    assert_eq!(paths(&requests), ["/v1/logs", "/v1/metrics"]);
    for request in requests {
        assert_names(
            &request.body,
            &[r#"{"key":"component","value":{"stringValue":"relayer"}}"#],
        );
    }
}

#[test]
fn the_handle_tells_the_interval_in_milliseconds() {
    let telemetry = TelemetryHandle::from_config(parse(SEED).unwrap()).unwrap();
    assert_eq!(telemetry.flush_interval(), 500);
}

#[test]
fn tables_of_others_are_not_looked_at() {
    let text = format!("{SEED}\n[relayer]\nendpoint = 5\n[telemetry-old]\nx = 1\n");
    let config = parse(&text).unwrap();
    assert_eq!(config.labels(), parse(SEED).unwrap().labels());
}

#[test]
fn an_empty_table_gives_the_defaults() {
    let config = parse("[telemetry]").unwrap();
    assert_eq!(
        format!("{config:?}"),
        format!("{:?}", TelemetryConfig::default())
    );
    assert_eq!(config.flush_interval(), Duration::from_secs(5));
}

#[test]
fn every_documented_key_is_read() {
    let config = parse(
        r#"
        [telemetry]
        endpoint = "http://collector:1"
        metrics-endpoint = "http://collector:2/m"
        logs-endpoint = "http://collector:3/l"
        flush-interval-ms = 11
        timeout-ms = 12
        temporality = "delta"
        histograms = "explicit"
        histogram-bounds = [1, 2.5]
        max-request-bytes = 13
        max-response-bytes = 14
        kem-capacity = 15
        counter-capacity = 16
        gauge-capacity = 17
        histogram-capacity = 18
        cardinality-limit = 19
        protocol = "http/protobuf"
        compression = "gzip"
        certificate = "/ca.pem"
        client-certificate = "/cert.pem"
        client-key = "/key.pem"
        connect-timeout-ms = 20
        retry-initial-ms = 21
        retry-max-ms = 22
        queue-bytes = 23
        queue-items = 24
        spool-dir = "/spool"
        spool-max-bytes = 25
        spool-sync = "never"
        self-metrics = false
        metrics = { timeout-ms = 26 }
        logs = { timeout-ms = 27 }
        destination = [{ name = "backup", endpoint = "http://collector:4" }]
        labels = { component = "relayer" }
        headers = { api-key = "hunter2" }
        "#,
    );
    let shown = format!("{:?}", config.unwrap());
    assert_names(
        &shown,
        &[
            "collector:1",
            "collector:2",
            "collector:3",
            "flush_interval: 11ms",
            "timeout: 12ms",
            "temporality: Delta",
            "Explicit([1.0, 2.5])",
            "max_request_bytes: 13",
            "max_response_bytes: 14",
            "kem_capacity: 15",
            "counter_capacity: Some(16)",
            "gauge_capacity: Some(17)",
            "histogram_capacity: Some(18)",
            "cardinality_limit: Some(19)",
            "protocol: HttpProtobuf",
            "compression: Gzip",
            "\"/ca.pem\"",
            "\"/cert.pem\"",
            "\"/key.pem\"",
            "connect_timeout: 20ms",
            "retry_initial: 21ms",
            "retry_max: 22ms",
            "queue_bytes: 23",
            "queue_items: 24",
            "spool_dir: Some(\"/spool\")",
            "spool_max_bytes: 25",
            "spool_sync: Never",
            "has_self_metrics: false",
            "Some(26ms)",
            "Some(27ms)",
            "collector:4",
            r#"labels: {"component": "relayer"}"#,
            r#"headers: {"api-key": ***}"#,
        ],
    );
}

#[test]
fn a_missing_table_is_said() {
    for text in ["", "[other]\nx = 1", "telemetry-old = 1"] {
        assert_eq!(parse(text).unwrap_err(), ConfigError::MissingTable);
    }
    assert_names(&ConfigError::MissingTable.to_string(), &["[telemetry]"]);
}

#[test]
fn an_unknown_key_is_named_with_the_known_ones() {
    let said = refusal("flush_interval_ms = 500");
    assert_names(&said, &["telemetry.flush_interval_ms", "flush-interval-ms"]);
}

#[test]
fn a_table_of_another_type_is_named() {
    assert_names(
        &error_in("telemetry = 5"),
        &["`telemetry`", "\"5\"", "table"],
    );
    assert_names(&refusal("labels = 5"), &["`labels`", "\"5\"", "table"]);
}

#[test]
fn text_that_is_not_toml_is_located() {
    let error = parse("[telemetry]\nendpoint = \"http://h\"\nnot toml\n").unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { line: 3, .. }));
    assert_names(&error.to_string(), &["line 3"]);
}

#[test]
fn a_key_given_twice_is_located_and_named() {
    let said = refusal("endpoint = \"http://a\"\nendpoint = \"http://b\"");
    assert_names(&said, &["line 3", "endpoint"]);
}
