//! Further destinations: what makes one, and what is said of those that are
//! none.

use std::time::Duration;

use pqcnet_telemetry::{
    Compression, DestinationConfig, HistogramEncoding, Protocol, TelemetryConfig, Temporality,
};

use crate::support::{assert_names, assert_names_without_secret, error_in, parse, refusal_of};

/// What is said about a destination "b" that holds `body` too.
fn refusal(body: &str) -> String {
    error_in(&format!(
        "[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"\n{body}\n"
    ))
}

fn refusal_of_call(destination: DestinationConfig) -> String {
    refusal_of(TelemetryConfig::default().with_destination(destination))
}

#[test]
fn every_documented_key_is_read() {
    let config = parse(
        r#"
        [[telemetry.destination]]
        name = "b-1_x"
        endpoint = "https://b:1"
        signals = ["metrics", "logs"]
        temporality = "delta"
        histograms = "explicit"
        histogram-bounds = [1, 2.5]
        protocol = "http/protobuf"
        compression = "gzip"
        certificate = "/ca.pem"
        client-certificate = "/cert.pem"
        client-key = "/key.pem"
        timeout-ms = 11
        connect-timeout-ms = 12
        max-request-bytes = 13
        max-response-bytes = 14
        headers = { api-key = "hunter2" }
        metrics = { endpoint = "https://b:2/m", timeout-ms = 15 }
        [telemetry.destination.logs]
        headers = { x-token = "hunter2" }
        "#,
    );
    let config = config.unwrap();
    assert_names_without_secret(
        &format!("{config:?}"),
        &[
            "\"b-1_x\"",
            "b:1",
            "b:2",
            "Some(Delta)",
            "Explicit([1.0, 2.5])",
            "HttpProtobuf",
            "Gzip",
            "/ca.pem",
            "/cert.pem",
            "/key.pem",
            "Some(11ms)",
            "Some(12ms)",
            "Some(13)",
            "Some(14)",
            "Some(15ms)",
            "api-key",
            "x-token",
        ],
    );
}

#[test]
fn calls_make_a_destination_too() {
    let destination = DestinationConfig::new("b", "http://b")
        .with_temporality(Temporality::Delta)
        .with_histograms(HistogramEncoding::Explicit(vec![1.0]))
        .with_protocol(Protocol::HttpProtobuf)
        .with_compression(Compression::Gzip)
        .with_header("api-key", "hunter2")
        .with_certificate("/ca.pem")
        .with_client_certificate("/cert.pem", "/key.pem")
        .with_timeout(Duration::from_secs(1))
        .metrics_only();
    let config = TelemetryConfig::default().with_destination(destination);
    config.validate().unwrap();
    assert_names_without_secret(&format!("{config:?}"), &["api-key", "/key.pem"]);
}

#[test]
fn a_destination_without_name_or_endpoint_is_refused() {
    let said = error_in("[[telemetry.destination]]\nendpoint = \"http://b\"");
    assert_names(&said, &["`destination[0].name`", "missing"]);
    let said = error_in("[[telemetry.destination]]\nname = \"b\"");
    assert_names(&said, &["`destination.b.endpoint`", "missing"]);
}

#[test]
fn a_name_that_is_none_is_refused() {
    let long = "x".repeat(65);
    for name in ["", "a b", "a/b", "..", "é", &long] {
        let text = format!("[[telemetry.destination]]\nname = \"{name}\"");
        let rule = "1 to 64 letters, digits, - and _";
        assert_names(&error_in(&text), &["`destination[0].name`", name, rule]);
        let said = refusal_of_call(DestinationConfig::new(name, "http://b"));
        assert_names(&said, &["`destination.name`", name, rule]);
    }
    let said = error_in("[[telemetry.destination]]\nname = 5");
    assert_names(&said, &["`destination[0].name`", "\"5\"", "string"]);
}

#[test]
fn the_name_of_the_first_destination_is_taken() {
    for name in ["default", "Default"] {
        let said = refusal_of_call(DestinationConfig::new(name, "http://b"));
        assert_names(&said, &["`destination.name`", name, "top-level"]);
    }
}

#[test]
fn two_destinations_of_one_name_are_refused() {
    let one = "[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"\n";
    let said = error_in(&one.repeat(2));
    assert_names(&said, &["`destination.name`", "\"b\"", "two"]);
    let config = parse(one).unwrap();
    let said = refusal_of(config.with_destination(DestinationConfig::new("B", "http://c")));
    assert_names(&said, &["`destination.name`", "\"B\"", "two"]);
}

#[test]
fn a_key_in_a_destination_is_named_with_its_tables() {
    let said = refusal("timeout = 5");
    assert_names(&said, &["telemetry.destination.b.timeout`", "signals"]);
    let said = refusal("metrics.signals = 5");
    assert_names(
        &said,
        &["telemetry.destination.b.metrics.signals`", "timeout-ms"],
    );
    // The engine's keys are of all destinations.
    let said = refusal("queue-bytes = 5");
    assert_names(&said, &["telemetry.destination.b.queue-bytes`"]);
    for (body, parts) in [
        ("timeout-ms = 0", ["`destination.b.timeout-ms`", "0"]),
        (
            "logs.endpoint = \"h\"",
            ["`destination.b.logs.endpoint`", "scheme"],
        ),
        (
            "temporality = \"x\"",
            ["`destination.b.temporality`", "cumulative or delta"],
        ),
        (
            "histograms = \"x\"",
            ["`destination.b.histograms`", "exponential or explicit"],
        ),
        (
            "histogram-bounds = [1]",
            ["`destination.b.histogram-bounds`", "explicit"],
        ),
        (
            "histograms = \"explicit\"\nhistogram-bounds = [2, 1]",
            ["`destination.b.histogram-bounds`", "increasing"],
        ),
        ("metrics = 5", ["`destination.b.metrics`", "table"]),
    ] {
        assert_names(&refusal(body), &parts);
    }
}

#[test]
fn signals_that_are_none_are_refused() {
    for signals in ["[]", "[\"spans\"]", "[\"logs\", 5]", "\"logs\"", "5"] {
        let said = refusal(&format!("signals = {signals}"));
        assert_names(&said, &["`destination.b.signals`", "list of"]);
    }
}

#[test]
fn a_table_of_a_signal_that_is_not_sent_is_refused() {
    let said = refusal("signals = [\"logs\"]\nmetrics = { headers = { a = \"hunter2\" } }");
    assert_names_without_secret(&said, &["`destination.b.metrics`", "signals"]);
}

#[test]
fn headers_of_a_destination_are_refused_without_their_values() {
    for (body, key) in [
        ("headers = { host = \"hunter2\" }", "headers.host"),
        ("headers = { a = [\"hunter2\"] }", "headers.a"),
        ("headers = \"a=hunter2\"", "headers"),
        (
            "logs.headers = { \"a b\" = \"hunter2\" }",
            "logs.headers.a b",
        ),
    ] {
        let key = format!("`destination.b.{key}`");
        assert_names_without_secret(&refusal(body), &[&key, "***"]);
    }
    let call = DestinationConfig::new("b", "http://b").with_header("api-key", "hunter2\n");
    let said = refusal_of_call(call);
    assert_names_without_secret(&said, &["`destination.b.headers.api-key`"]);
}

#[test]
fn a_destination_that_is_no_list_of_tables_is_refused() {
    for body in [
        "5",
        "{ name = \"hunter2\" }",
        "[5]",
        "[[{ a = \"hunter2\" }]]",
    ] {
        let said = error_in(&format!("[telemetry]\ndestination = {body}"));
        assert_names_without_secret(&said, &["`destination", "table"]);
    }
}

#[test]
fn calls_that_can_mean_nothing_are_refused() {
    let new = || DestinationConfig::new("b", "http://b");
    for (destination, parts) in [
        (
            new().with_timeout(Duration::ZERO),
            ["`destination.b.timeout`", "above zero"],
        ),
        (
            new().with_histograms(HistogramEncoding::Explicit(vec![f64::NAN])),
            ["`destination.b.histogram-bounds`", "NaN"],
        ),
        (
            DestinationConfig::new("b", "b:4318"),
            ["`destination.b.endpoint`", "scheme"],
        ),
    ] {
        assert_names(&refusal_of_call(destination), &parts);
    }
    let call = DestinationConfig::new("b", "http://user:hunter2@b");
    assert_names_without_secret(&refusal_of_call(call), &["`destination.b.endpoint`"]);
}
