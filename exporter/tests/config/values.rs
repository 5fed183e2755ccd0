//! Numbers and choices in TOML: what they may be, and how they are refused.

use pqcnet_telemetry::{TelemetryError, TelemetryHandle};

use crate::sink::Sink;
use crate::support::{assert_names, flush_to, metric, parse, refusal, text_for};

#[test]
fn intervals_that_are_no_positive_number_are_named_with_their_value() {
    for key in [
        "flush-interval-ms",
        "timeout-ms",
        "connect-timeout-ms",
        "retry-initial-ms",
        "retry-max-ms",
        "metrics.timeout-ms",
        "logs.connect-timeout-ms",
    ] {
        for (value, shown) in [
            ("0", "\"0\""),
            ("-5", "\"-5\""),
            ("1.5", "\"1.5\""),
            ("\"500\"", "\"500\""),
            ("true", "\"true\""),
        ] {
            let said = refusal(&format!("{key} = {value}"));
            assert_names(&said, &[&format!("`{key}`"), shown, "above zero"]);
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_named_with_their_value() {
    for key in [
        "max-request-bytes",
        "max-response-bytes",
        "queue-bytes",
        "queue-items",
        "spool-max-bytes",
        "metrics.max-request-bytes",
        "logs.max-response-bytes",
        "kem-capacity",
        "counter-capacity",
        "gauge-capacity",
        "histogram-capacity",
        "cardinality-limit",
    ] {
        let said = refusal(&format!("{key} = 0"));
        assert_names(&said, &[&format!("`{key}`"), "\"0\""]);
    }
    let said = refusal("cardinality-limit = 4294967296");
    assert_names(&said, &["`cardinality-limit`", "4294967296", "too large"]);
}

#[test]
fn a_queue_that_no_memory_holds_is_refused_without_a_panic() {
    let most = i64::MAX;
    let made = parse(&format!("[telemetry]\nkem-capacity = {most}"))
        .map_err(TelemetryError::from)
        .and_then(TelemetryHandle::from_config);
    let said = made.unwrap_err().to_string();
    assert_names(&said, &["kem-capacity", &most.to_string()]);
}

#[test]
fn choices_are_taken_by_name_only() {
    let said = refusal("temporality = \"Delta\"");
    assert_names(
        &said,
        &["`temporality`", "\"Delta\"", "cumulative or delta"],
    );
    let said = refusal("histograms = \"linear\"");
    assert_names(
        &said,
        &["`histograms`", "\"linear\"", "exponential or explicit"],
    );
    let said = refusal("temporality = 1");
    assert_names(&said, &["`temporality`", "\"1\"", "string"]);
}

#[test]
fn the_engines_choices_are_taken_by_name_only() {
    for (body, parts) in [
        (
            "protocol = \"grpc\"",
            ["`protocol`", "\"grpc\"", "http/json"],
        ),
        (
            "protocol = \"HTTP/JSON\"",
            ["`protocol`", "HTTP", "http/json"],
        ),
        (
            "compression = true",
            ["`compression`", "\"true\"", "string"],
        ),
        (
            "compression = \"br\"",
            ["`compression`", "br", "none or gzip"],
        ),
        (
            "spool-sync = \"x\"",
            ["`spool-sync`", "x", "always or never"],
        ),
        ("spool-dir = \"\"", ["`spool-dir`", "\"\"", "path"]),
        ("spool-dir = 5", ["`spool-dir`", "\"5\"", "string"]),
        (
            "self-metrics = 1",
            ["`self-metrics`", "\"1\"", "true or false"],
        ),
        ("certificate = 5", ["`certificate`", "\"5\"", "string"]),
    ] {
        assert_names(&refusal(body), &parts);
    }
}

#[test]
fn retries_that_grow_shorter_are_named_with_both_values() {
    let said = refusal("retry-initial-ms = 40000");
    assert_names(&said, &["`retry-max-ms`", "\"30000\"", "40000"]);
}

#[test]
fn temporality_delta_goes_out_as_delta() {
    let sink = Sink::start();
    let text = text_for(&sink, "temporality = \"delta\"");
    let requests = flush_to(&sink, parse(&text).unwrap());
    let sum = &metric(&requests, "requests")["sum"];
    assert_eq!(sum["aggregationTemporality"], 1);
}
