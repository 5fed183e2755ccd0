//! What is said of one signal: it goes over what is said of both, and for that
//! signal only.

use pqcnet_telemetry::TelemetryConfig;

use crate::sink::Sink;
use crate::support::{
    all_of, assert_names, assert_names_without_secret, error_in, flush_to, only_warning, parse,
    parse_under, paths, refusal, text_for, under,
};

#[test]
fn an_endpoint_of_a_signals_table_is_used_as_it_is() {
    let sink = Sink::start();
    let url = sink.url();
    let text = format!(
        "[telemetry]\nendpoint = \"http://127.0.0.1:9\"\nmetrics.endpoint = \"{url}/m\"\n\
         [telemetry.logs]\nendpoint = \"{url}\""
    );
    let requests = flush_to(&sink, parse(&text).unwrap());
    assert_eq!(paths(&requests), ["/", "/m"]);
}

#[test]
fn an_endpoint_by_call_is_over_those_of_the_signals_tables() {
    let sink = Sink::start();
    let text = "[telemetry]\nmetrics.endpoint = \"http://127.0.0.1:9\"\n\
                logs.endpoint = \"http://127.0.0.1:9\"";
    let config = parse(text).unwrap().with_endpoint(&sink.url());
    assert_eq!(paths(&flush_to(&sink, config)), ["/v1/logs", "/v1/metrics"]);
}

#[test]
fn two_ways_to_say_one_endpoint_are_refused_together() {
    for signal in ["metrics", "logs"] {
        let said = refusal(&format!(
            "{signal}-endpoint = \"http://a/\"\n{signal}.endpoint = \"http://b/\""
        ));
        let (key, table) = (
            format!("`{signal}-endpoint`"),
            format!("{signal}.endpoint,"),
        );
        assert_names(&said, &[&key, &table, "http://a/"]);
    }
    // A table that says something else is no conflict.
    let text = "[telemetry]\nlogs-endpoint = \"http://a/\"\nlogs.timeout-ms = 5";
    parse(text).unwrap().validate().unwrap();
}

#[test]
fn headers_of_a_signal_stand_in_place_of_the_general_ones() {
    let sink = Sink::start();
    let rest = "headers = { general = \"1\", api-key = \"general\" }\n\
                [telemetry.logs.headers]\nAPI-Key = \"logs\"";
    let config = parse(&text_for(&sink, rest)).unwrap();
    let requests = flush_to(&sink, config.with_header("x-call", "1"));
    let [logs, metrics] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(all_of(logs, "api-key"), ["logs"]);
    assert_eq!(logs.header("general"), None);
    assert_eq!(logs.header("x-call"), None);
    assert_eq!(all_of(metrics, "api-key"), ["general"]);
    assert_eq!(metrics.header("general"), Some("1"));
    assert_eq!(metrics.header("x-call"), Some("1"));
}

#[test]
fn an_empty_table_of_headers_takes_the_general_ones_away() {
    let sink = Sink::start();
    let rest = "headers = { general = \"1\" }\nmetrics.headers = {}";
    let requests = flush_to(&sink, parse(&text_for(&sink, rest)).unwrap());
    assert_eq!(requests[0].header("general"), Some("1"));
    assert_eq!(requests[1].header("general"), None);
}

#[test]
fn a_signals_list_of_headers_stands_in_place_of_the_general_ones() {
    let sink = Sink::start();
    let config = parse_under(
        &text_for(&sink, "headers = { toml = \"1\" }"),
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "general=1"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "own=a%20b"),
        ],
    );
    let requests = flush_to(&sink, config.unwrap());
    assert_eq!(requests[0].header("general"), Some("1"));
    assert_eq!(requests[0].header("toml"), Some("1"));
    assert_eq!(requests[0].header("own"), None);
    assert_eq!(requests[1].header("own"), Some("a b"));
    assert_eq!(requests[1].header("general"), None);
    assert_eq!(requests[1].header("toml"), None);
}

#[test]
fn a_signals_headers_that_are_no_pairs_are_warned_of_without_their_text() {
    for name in [
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
    ] {
        let config = under(&[(name, "a=1,hunter2")]);
        assert_names_without_secret(only_warning(&config), &[name, "entry 2"]);
    }
}

#[test]
fn a_key_in_a_signals_table_is_named_with_the_table() {
    let said = refusal("metrics.timeout = 5");
    assert_names(&said, &["telemetry.metrics.timeout`", "timeout-ms"]);
    let said = refusal("logs.kem-capacity = 5");
    assert_names(&said, &["telemetry.logs.kem-capacity`", "headers"]);
    assert!(!said.contains("flush-interval-ms"), "{said}");
    for (body, parts) in [
        ("metrics = 5", ["`metrics`", "\"5\"", "table"]),
        ("metrics = [{}]", ["`metrics`", "list of tables", "table"]),
        ("logs.timeout-ms = 0", ["`logs.timeout-ms`", "0", "above"]),
        ("logs.endpoint = \"h\"", ["`logs.endpoint`", "h", "scheme"]),
        (
            "metrics.protocol = \"grpc\"",
            ["`metrics.protocol`", "grpc", "http/protobuf"],
        ),
        (
            "metrics.compression = \"zstd\"",
            ["`metrics.compression`", "zstd", "none or gzip"],
        ),
        (
            "logs.certificate = \"\"",
            ["`logs.certificate`", "", "path"],
        ),
    ] {
        assert_names(&refusal(body), &parts);
    }
}

#[test]
fn headers_of_a_signal_are_refused_without_their_values() {
    for (text, key) in [
        (
            "[telemetry.logs.headers]\n\"a b\" = \"hunter2\"",
            "`logs.headers.a b`",
        ),
        (
            "[telemetry.metrics.headers]\nhost = \"hunter2\"",
            "`metrics.headers.host`",
        ),
        (
            "[telemetry.metrics.headers]\na = [\"hunter2\"]",
            "`metrics.headers.a`",
        ),
        (
            "[telemetry.metrics]\nheaders = \"a=hunter2\"",
            "`metrics.headers`",
        ),
    ] {
        assert_names_without_secret(&error_in(text), &[key, "***"]);
    }
}

#[test]
fn a_list_that_holds_a_table_anywhere_is_not_shown() {
    let said = refusal("timeout-ms = [[{ headers = { a = \"hunter2\" } }]]");
    assert_names_without_secret(&said, &["`timeout-ms`", "a list of tables"]);
}

#[test]
fn debug_output_of_a_configuration_shows_no_header_of_a_signal() {
    let text = "[telemetry.logs.headers]\napi-key = \"hunter2\"";
    let variables = [("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-token=hunter2")];
    let config: TelemetryConfig = parse_under(text, &variables).unwrap();
    for shown in [format!("{config:?}"), format!("{config:#?}")] {
        assert_names_without_secret(&shown, &["api-key", "x-token"]);
    }
}
