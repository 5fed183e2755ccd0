//! Configuration: every layer is read, each over the one before; every
//! refusal names its key and value, and no message shows a secret.

use std::time::Duration;

use pqcnet_telemetry::{
    ConfigError, HistogramEncoding, TelemetryConfig, TelemetryError, TelemetryHandle, Temporality,
};
use proptest::prelude::*;
use serde_json::Value;

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::{Request, Sink};

/// The text of the first users, as it stands in their nodes.
const SEED: &str = r#"
[telemetry]
endpoint = "http://collector.validator-net:4318"
flush-interval-ms = 500

[telemetry.labels]
component = "relayer"
cluster = "validator-net"
"#;

/// What no message may show.
const SECRET: &str = "hunter2";

/// A configuration from `text` alone.
fn parse(text: &str) -> Result<TelemetryConfig, ConfigError> {
    parse_under(text, &[])
}

/// A configuration from `text` under these variables.
fn parse_under(text: &str, variables: &[(&str, &str)]) -> Result<TelemetryConfig, ConfigError> {
    TelemetryConfig::from_toml_and_env(text, |name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// The defaults under these variables.
fn under(variables: &[(&str, &str)]) -> TelemetryConfig {
    parse_under("[telemetry]", variables).unwrap()
}

/// What is said about a `[telemetry]` table that holds `body`.
fn refusal(body: &str) -> String {
    let error = parse(&format!("[telemetry]\n{body}\n")).unwrap_err();
    error.to_string()
}

/// What is said about a configuration that builder calls have spoilt.
fn refusal_of(config: TelemetryConfig) -> String {
    let said = config.validate().unwrap_err().to_string();
    let error = TelemetryHandle::from_config(config).unwrap_err();
    assert_eq!(error.to_string(), format!("invalid configuration: {said}"));
    said
}

#[track_caller]
fn assert_names(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[track_caller]
fn assert_hides_secret(said: &str) {
    assert!(!said.contains(SECRET), "a secret is shown: {said}");
}

/// Flushes one metric and one event, and returns what the sink received:
/// the logs request first.
fn flush_to(sink: &Sink, config: TelemetryConfig) -> Vec<Request> {
    let patient = config.with_timeout(Duration::from_secs(60));
    let telemetry = TelemetryHandle::from_config(patient).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.record_latency_ms("wait", 7);
    telemetry.record_kem_event(pqcnet_telemetry::KemUsageRecord {
        label: "relayer::9f3c".into(),
        scheme: "ml-kem-768".into(),
        reason: pqcnet_telemetry::KemUsageReason::Normal,
        backup_only: false,
    });
    telemetry.flush().unwrap();
    sink.received()
}

fn paths(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| &*request.path).collect()
}

/// The metric of this name in the metrics request.
fn metric(requests: &[Request], name: &str) -> Value {
    let body: Value = serde_json::from_str(&requests[1].body).unwrap();
    let metrics = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let mut metrics = metrics.as_array().unwrap().iter();
    metrics.find(|m| m["name"] == name).unwrap().clone()
}

/// All values of a header, in the order in which they came.
fn all_of<'a>(request: &'a Request, name: &str) -> Vec<&'a str> {
    let headers = request.headers.iter();
    headers
        .filter(|(known, _)| known == name)
        .map(|(_, value)| &**value)
        .collect()
}

mod toml_text {
    use super::*;

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
            &parse("telemetry = 5").unwrap_err().to_string(),
            &["`telemetry`", "\"5\"", "table"],
        );
        assert_names(&refusal("labels = 5"), &["`labels`", "\"5\"", "table"]);
    }

    #[test]
    fn intervals_that_are_no_positive_number_are_named_with_their_value() {
        for key in ["flush-interval-ms", "timeout-ms"] {
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
    fn temporality_delta_goes_out_as_delta() {
        let sink = Sink::start();
        let text = format!(
            "[telemetry]\nendpoint = \"{}\"\ntemporality = \"delta\"",
            sink.url()
        );
        let requests = flush_to(&sink, parse(&text).unwrap());
        let sum = &metric(&requests, "requests")["sum"];
        assert_eq!(sum["aggregationTemporality"], 1);
    }

    #[test]
    fn explicit_histograms_have_the_specifications_bounds() {
        let sink = Sink::start();
        let text = format!(
            "[telemetry]\nendpoint = \"{}\"\nhistograms = \"explicit\"",
            sink.url()
        );
        let requests = flush_to(&sink, parse(&text).unwrap());
        let point = &metric(&requests, "wait")["histogram"]["dataPoints"][0];
        let bounds = serde_json::json!([
            0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0,
            7500.0, 10000.0
        ]);
        assert_eq!(point["explicitBounds"], bounds);
    }

    #[test]
    fn bounds_of_ones_own_go_out() {
        let sink = Sink::start();
        // The bounds first: their order in the text does not matter.
        let text = format!(
            "[telemetry]\nhistogram-bounds = [1, 2.5]\nhistograms = \"explicit\"\nendpoint = \"{}\"",
            sink.url()
        );
        let requests = flush_to(&sink, parse(&text).unwrap());
        let point = &metric(&requests, "wait")["histogram"]["dataPoints"][0];
        assert_eq!(point["explicitBounds"], serde_json::json!([1.0, 2.5]));
        assert_eq!(point["bucketCounts"], serde_json::json!(["0", "0", "1"]));
    }

    #[test]
    fn bounds_that_are_not_finite_and_increasing_are_named() {
        for (bounds, shown) in [
            ("[2, 1]", "[2.0, 1.0]"),
            ("[1, 1]", "[1.0, 1.0]"),
            ("[1, nan]", "[1.0, NaN]"),
            ("[1, inf]", "[1.0, inf]"),
            ("[\"x\"]", "x"),
            ("5", "\"5\""),
        ] {
            let said = refusal(&format!(
                "histograms = \"explicit\"\nhistogram-bounds = {bounds}"
            ));
            assert_names(&said, &["`histogram-bounds`", shown]);
        }
    }

    #[test]
    fn bounds_without_explicit_histograms_are_named() {
        for histograms in ["", "histograms = \"exponential\"\n"] {
            let said = refusal(&format!("{histograms}histogram-bounds = [1, 2]"));
            assert_names(&said, &["`histogram-bounds`", "[1, 2]", "explicit"]);
        }
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
}

mod labels {
    use super::*;

    #[test]
    fn a_label_given_twice_in_toml_is_named() {
        for twice in ["zone = \"b\"", "\"zone\" = \"b\"", "'zone' = 'b'"] {
            let text = format!("[telemetry.labels]\nzone = \"a\"\n{twice}\n");
            let expected = ConfigError::DuplicateLabel {
                key: "zone".into(),
                value: "b".into(),
            };
            assert_eq!(parse(&text).unwrap_err(), expected);
            assert_names(&expected.to_string(), &["`zone`", "\"b\"", "twice"]);
        }
    }

    #[test]
    fn a_label_given_twice_is_named_however_the_table_is_written() {
        for text in [
            "[telemetry.labels] # of this node\nzone = \"a\"\nzone = \"b\"",
            "[ telemetry . labels ]\nzone = \"a\"\nzone = \"b\"",
            "[telemetry]\nlabels.zone = \"a\"\nlabels.zone = \"b\"",
            "[telemetry]\nlabels = { zone = \"a\", zone = \"b\" }",
        ] {
            assert_names(&parse(text).unwrap_err().to_string(), &["zone"]);
        }
    }

    #[test]
    fn a_label_without_a_name_is_refused() {
        let expected = ConfigError::EmptyLabel { value: "a".into() };
        let error = parse("[telemetry.labels]\n\"\" = \"a\"").unwrap_err();
        assert_eq!(error, expected);
        let said = refusal_of(TelemetryConfig::default().with_label("", "a"));
        assert_eq!(said, expected.to_string());
        assert_names(&said, &["without a name", "\"a\""]);
    }

    #[test]
    fn a_label_that_is_not_text_is_named_with_its_value() {
        let said = refusal("labels = { zone = 5 }");
        assert_names(&said, &["`labels.zone`", "\"5\"", "string"]);
    }

    #[test]
    fn a_label_given_by_two_calls_is_refused() {
        let config = TelemetryConfig::default();
        let said = refusal_of(config.with_label("zone", "a").with_label("zone", "b"));
        assert_names(&said, &["`zone`", "\"b\"", "twice"]);
    }

    #[test]
    fn a_call_takes_the_place_of_a_configured_label() {
        let config = parse(SEED).unwrap().with_label("component", "sentry");
        config.validate().unwrap();
        assert_eq!(config.labels()["component"], "sentry");
    }

    #[test]
    fn labels_of_the_library_are_reserved() {
        let text = "[telemetry.labels]\n\"telemetry.sdk.name\" = \"mine\"";
        let said = parse(text).unwrap_err().to_string();
        assert_names(&said, &["`telemetry.sdk.name`", "\"mine\""]);
        let config = TelemetryConfig::default();
        let said = refusal_of(config.with_label("telemetry.sdk.language", "c"));
        assert_names(&said, &["`telemetry.sdk.language`", "\"c\""]);
    }

    #[test]
    fn labels_take_the_place_of_the_service_defaults() {
        let sink = Sink::start();
        let config = TelemetryConfig::default()
            .with_endpoint(&sink.url())
            .with_label("service.name", "relayer")
            .with_label("service.instance.id", "seven");
        let body = &flush_to(&sink, config)[1].body;
        assert_names(
            body,
            &[
                r#"{"key":"service.name","value":{"stringValue":"relayer"}}"#,
                r#"{"key":"service.instance.id","value":{"stringValue":"seven"}}"#,
            ],
        );
        assert_eq!(body.matches("\"service.").count(), 2);
    }
}

mod endpoints {
    use super::*;

    #[test]
    fn a_url_without_a_scheme_is_refused() {
        for url in ["collector:4318", "localhost", "//collector", ""] {
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", &format!("{url:?}"), "scheme"]);
        }
    }

    #[test]
    fn a_scheme_other_than_http_is_refused() {
        for url in ["grpc://collector:4317", "unix:///run/otel", " http://h"] {
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", &format!("{url:?}"), "http"]);
        }
    }

    #[test]
    fn a_url_without_a_host_is_refused() {
        for url in ["http://", "http:///v1", "http://:4318", "http://[::1"] {
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", &format!("{url:?}"), "host"]);
        }
    }

    #[test]
    fn a_port_out_of_range_is_refused() {
        for port in ["0", "65536", "99999999999999999999"] {
            let url = format!("http://collector:{port}");
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", &format!("{url:?}"), "port"]);
        }
    }

    #[test]
    fn a_port_that_is_no_number_is_refused() {
        for port in ["http", "43l8", "-1", "+1", "4318x"] {
            for host in ["collector", "[::1]"] {
                let url = format!("http://{host}:{port}");
                let said = refusal(&format!("endpoint = \"{url}\""));
                assert_names(&said, &["`endpoint`", &format!("{url:?}")]);
            }
        }
    }

    #[test]
    fn every_endpoint_is_named_by_its_own_key() {
        for key in ["endpoint", "metrics-endpoint", "logs-endpoint"] {
            let said = refusal(&format!("{key} = \"collector\""));
            assert_names(&said, &[&format!("`{key}`"), "\"collector\""]);
            let said = refusal(&format!("{key} = 4318"));
            assert_names(&said, &[&format!("`{key}`"), "\"4318\"", "string"]);
        }
    }

    #[test]
    fn a_call_with_a_bad_endpoint_is_refused() {
        let said = refusal_of(TelemetryConfig::default().with_endpoint("collector"));
        assert_names(&said, &["`endpoint`", "\"collector\"", "scheme"]);
    }

    #[test]
    fn user_info_is_refused_and_not_shown() {
        for url in [
            "http://user:hunter2@collector:4318",
            "https://hunter2@collector/path",
            "user:hunter2@collector",
            "http://us@er:hunter2@collector",
        ] {
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", "collector", "headers"]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn a_password_of_delimiters_is_refused_and_not_shown() {
        for password in ["hunter2/", "a/hunter2", "hunter2#", "hunter2?", "1/hunter2"] {
            let said = refusal(&format!("endpoint = \"http://user:{password}@collector\""));
            assert_names(&said, &["`endpoint`"]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn a_query_is_refused_and_not_shown() {
        for url in [
            "http://collector?token=hunter2",
            "http://collector/x?hunter2",
            "http://collector/#hunter2",
        ] {
            let said = refusal(&format!("endpoint = \"{url}\""));
            assert_names(&said, &["`endpoint`", "collector", "query"]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn the_signals_paths_follow_that_of_the_endpoint() {
        let sink = Sink::start();
        for base in ["/tenant", "/tenant/"] {
            let url = format!("{}{base}", sink.url());
            let config = TelemetryConfig::default().with_endpoint(&url);
            let requests = flush_to(&sink, config);
            assert_eq!(paths(&requests), ["/tenant/v1/logs", "/tenant/v1/metrics"]);
        }
    }

    #[test]
    fn endpoints_of_one_signal_are_used_as_they_are() {
        let sink = Sink::start();
        let url = sink.url();
        let text = format!(
            "[telemetry]\nendpoint = \"http://127.0.0.1:9\"\n\
             metrics-endpoint = \"{url}/m\"\nlogs-endpoint = \"{url}\"\n"
        );
        let requests = flush_to(&sink, parse(&text).unwrap());
        assert_eq!(paths(&requests), ["/", "/m"]);
    }

    #[test]
    fn an_endpoint_by_call_is_that_of_both_signals() {
        let sink = Sink::start();
        let text = "[telemetry]\nmetrics-endpoint = \"http://127.0.0.1:9\"\n\
                    logs-endpoint = \"http://127.0.0.1:9\"\n";
        let config = parse(text).unwrap().with_endpoint(&sink.url());
        assert_eq!(paths(&flush_to(&sink, config)), ["/v1/logs", "/v1/metrics"]);
    }
}

mod secrets {
    use super::*;

    #[test]
    fn headers_are_sent_with_both_signals() {
        let sink = Sink::start();
        let text = format!(
            "[telemetry]\nendpoint = \"{}\"\n[telemetry.headers]\napi-key = \"{SECRET}\"",
            sink.url()
        );
        let config = parse(&text).unwrap().with_header("x-tenant", "seven");
        let requests = flush_to(&sink, config);
        assert_eq!(requests.len(), 2);
        for request in &requests {
            assert_eq!(request.header("api-key"), Some(SECRET));
            assert_eq!(request.header("x-tenant"), Some("seven"));
        }
    }

    #[test]
    fn a_header_is_one_whatever_the_case_of_its_name() {
        let sink = Sink::start();
        let text = format!(
            "[telemetry]\nendpoint = \"{}\"\n[telemetry.headers]\nAuthorization = \"toml\"",
            sink.url()
        );
        let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=env")];
        let config = parse_under(&text, &variables).unwrap();
        let requests = flush_to(&sink, config);
        assert_eq!(all_of(&requests[1], "authorization"), ["env"]);
    }

    #[test]
    fn debug_output_of_a_configuration_shows_no_header() {
        let text = format!("[telemetry.headers]\napi-key = \"{SECRET}\"");
        let pairs = format!("x-token={SECRET}");
        let variables = [("OTEL_EXPORTER_OTLP_HEADERS", &*pairs)];
        let config = parse_under(&text, &variables).unwrap();
        let config = config.with_header("x-call", SECRET);
        for shown in [format!("{config:?}"), format!("{config:#?}")] {
            assert_names(&shown, &["api-key", "x-token", "x-call", "***"]);
            assert_hides_secret(&shown);
        }
    }

    #[test]
    fn debug_output_of_a_handle_shows_no_header() {
        let config = TelemetryConfig::default().with_header("api-key", SECRET);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        for shown in [format!("{telemetry:?}"), format!("{telemetry:#?}")] {
            assert_names(&shown, &["api-key"]);
            assert_hides_secret(&shown);
        }
    }

    #[test]
    fn a_header_of_an_invalid_name_is_named() {
        for name in ["api key", "", "x:y", "é"] {
            let text = format!("[telemetry.headers]\n\"{name}\" = \"{SECRET}\"");
            let said = parse(&text).unwrap_err().to_string();
            assert_names(&said, &[&format!("`headers.{name}`")]);
            assert_hides_secret(&said);
            let said = refusal_of(TelemetryConfig::default().with_header(name, SECRET));
            assert_names(&said, &[&format!("`headers.{name}`")]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn a_header_of_an_invalid_value_is_named_without_it() {
        for ending in ["\\n", "\\r\\nx-smuggled: 1", "\\u0000", "\\u007f"] {
            let text = format!("[telemetry.headers]\napi-key = \"{SECRET}{ending}\"");
            let said = parse(&text).unwrap_err().to_string();
            assert_names(&said, &["`headers.api-key`", "***"]);
            assert_hides_secret(&said);
        }
        let config = TelemetryConfig::default();
        let said = refusal_of(config.with_header("api-key", format!("{SECRET}\n")));
        assert_names(&said, &["`headers.api-key`", "***"]);
        assert_hides_secret(&said);
    }

    #[test]
    fn a_header_that_is_not_text_is_named_without_its_value() {
        for value in ["[\"hunter2\"]", "{ a = \"hunter2\" }", "5"] {
            let text = format!("[telemetry.headers]\napi-key = {value}");
            let said = parse(&text).unwrap_err().to_string();
            assert_names(&said, &["`headers.api-key`", "***", "string"]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn headers_that_are_no_table_are_named_without_their_values() {
        for text in [
            // As the environment variable is written.
            "[telemetry]\nheaders = \"authorization=hunter2\"",
            "[telemetry]\nheaders = [\"authorization=hunter2\"]",
            "[telemetry]\n[[telemetry.headers]]\nauthorization = \"hunter2\"",
        ] {
            let said = parse(text).unwrap_err().to_string();
            assert_names(&said, &["headers", "table"]);
            assert_hides_secret(&said);
        }
    }

    #[test]
    fn a_list_of_tables_is_refused_without_what_is_in_it() {
        let text = "[[telemetry]]\n[telemetry.headers]\nauthorization = \"hunter2\"";
        let said = parse(text).unwrap_err().to_string();
        assert_names(&said, &["`telemetry`", "table"]);
        assert_hides_secret(&said);
    }

    #[test]
    fn a_line_that_is_not_toml_is_not_quoted() {
        for line in [
            "authorization = hunter2",
            "authorization = \"hunter2",
            "authorization = \"hunter2\\q\"",
            "authorization = \"hunter2\" hunter2",
            "authorization \"hunter2\"",
            "authorization: hunter2",
            "\"hunter2\"",
            "authorization = 'hunter2",
            "authorization = \"\"\"hunter2",
        ] {
            let text = format!("[telemetry]\n[telemetry.headers]\n{line}\n");
            let error = parse(&text).unwrap_err();
            assert!(matches!(error, ConfigError::Syntax { line: 3.., .. }));
            assert_hides_secret(&format!("{error} {error:?}"));
        }
    }

    #[test]
    fn a_header_given_twice_is_named_without_its_values() {
        for text in [
            "[telemetry.headers]\napi-key = \"hunter2\"\napi-key = \"hunter2\"",
            "[telemetry]\nheaders.api-key = \"hunter2\"\nheaders.api-key = \"hunter2\"",
            "[telemetry]\nheaders = { api-key = \"hunter2\", api-key = \"hunter2\" }",
        ] {
            let error = parse(text).unwrap_err();
            assert_names(&error.to_string(), &["key", "line"]);
            assert_hides_secret(&format!("{error} {error:?}"));
        }
    }
}

mod layers {
    use super::*;

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
        ];
        let text = "timeout-ms = 5\ntemporality = \"delta\"\nhistograms = \"explicit\"\n";
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
                "temporality: Cumulative",
                "histograms: Exponential",
            ],
        );
    }

    #[test]
    fn a_header_of_the_environment_is_over_that_of_toml() {
        let sink = Sink::start();
        let text = format!(
            "[telemetry]\nendpoint = \"{}\"\n[telemetry.headers]\na = \"toml\"\nb = \"toml\"",
            sink.url()
        );
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
        assert_eq!(point["explicitBounds"], serde_json::json!([1.0]));
    }

    #[test]
    fn explicit_aggregation_keeps_the_bounds_of_toml() {
        let variables = [(
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "explicit_bucket_histogram",
        )];
        let text = "[telemetry]\nhistograms = \"explicit\"\nhistogram-bounds = [1, 2]";
        let config = parse_under(text, &variables).unwrap();
        assert_names(&format!("{config:?}"), &["Explicit([1.0, 2.0])"]);
    }

    #[test]
    fn calls_that_can_mean_nothing_are_refused() {
        let default = TelemetryConfig::default;
        for (config, key) in [
            (default().with_flush_interval(Duration::ZERO), "interval"),
            (default().with_timeout(Duration::ZERO), "timeout"),
            (default().with_max_request_bytes(0), "max-request-bytes"),
            (default().with_kem_capacity(0), "kem-capacity"),
        ] {
            let said = refusal_of(config);
            assert_names(&said, &[key, "0", "above zero"]);
        }
    }

    #[test]
    fn bounds_by_call_are_checked() {
        for bounds in [vec![2.0, 1.0], vec![1.0, 1.0], vec![f64::NAN]] {
            let explicit = HistogramEncoding::Explicit(bounds.clone());
            let said = refusal_of(TelemetryConfig::default().with_histograms(explicit));
            assert_names(&said, &["histogram-bounds", &format!("{bounds:?}")]);
        }
    }

    #[test]
    fn the_first_of_several_bad_calls_is_told() {
        let config = TelemetryConfig::default()
            .with_endpoint("first")
            .with_kem_capacity(0);
        assert_names(&refusal_of(config), &["\"first\""]);
    }

    #[test]
    fn the_longest_timeout_there_is_lets_a_flush_succeed() {
        let sink = Sink::start();
        let config = TelemetryConfig::default()
            .with_endpoint(&sink.url())
            .with_timeout(Duration::MAX);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        telemetry.record_counter("requests", 1).unwrap();
        telemetry.flush().unwrap();
        assert_eq!(paths(&sink.received()), ["/v1/metrics"]);
    }

    #[test]
    fn the_longest_interval_there_is_lets_the_flusher_flush_at_its_end() {
        let sink = Sink::start();
        let config = TelemetryConfig::default()
            .with_endpoint(&sink.url())
            .with_flush_interval(Duration::MAX);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        telemetry.record_counter("requests", 1).unwrap();
        let last = telemetry.spawn_flusher().stop();
        last.expect("the flusher lives").unwrap();
        assert_eq!(paths(&sink.received()), ["/v1/metrics"]);
    }
}

mod variables {
    use super::*;

    /// Every variable that is read.
    const NAMES: &[&str] = &[
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
                let [warning] = config.warnings() else {
                    panic!("{:?}", config.warnings());
                };
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
            let [warning] = config.warnings() else {
                panic!("{:?}", config.warnings());
            };
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
            let [warning] = config.warnings() else {
                panic!("{:?}", config.warnings());
            };
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
            assert_names(&error.to_string(), &[name]);
            assert_hides_secret(&error.to_string());
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
    fn headers_are_percent_decoded() {
        let sink = Sink::start();
        let config = under(&[(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Basic%20a%3Db%2C, x-t%65nant = seven ,,x-equals=a=b",
        )]);
        assert_eq!(config.warnings(), [""; 0]);
        let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
        assert_eq!(requests[1].header("authorization"), Some("Basic a=b,"));
        assert_eq!(requests[1].header("x-tenant"), Some("seven"));
        assert_eq!(requests[1].header("x-equals"), Some("a=b"));
    }

    #[test]
    fn headers_that_are_no_pairs_are_warned_of_without_their_text() {
        let sink = Sink::start();
        let config = under(&[(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "hunter2,a=1,=hunter2,b=hunter2%ff",
        )]);
        let warnings = config.warnings().join("\n");
        assert_eq!(config.warnings().len(), 3, "{warnings}");
        assert_names(&warnings, &["OTEL_EXPORTER_OTLP_HEADERS", "1", "3", "4"]);
        assert_hides_secret(&warnings);
        let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
        assert_eq!(requests[1].header("a"), Some("1"));
        assert_eq!(requests[1].header("b"), None);
    }

    #[test]
    fn headers_that_http_does_not_know_are_warned_of_and_ignored() {
        for headers in ["api key=hunter2,a=1", "x=hunter2%0d%0ay: z,a=1"] {
            let sink = Sink::start();
            let config = under(&[("OTEL_EXPORTER_OTLP_HEADERS", headers)]);
            let [warning] = config.warnings() else {
                panic!("{headers}: {:?}", config.warnings());
            };
            assert_names(warning, &["OTEL_EXPORTER_OTLP_HEADERS"]);
            assert_hides_secret(warning);
            let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
            assert_eq!(requests[1].header("a"), Some("1"));
        }
    }

    #[test]
    fn resource_attributes_are_percent_decoded_labels() {
        let config = under(&[(
            "OTEL_RESOURCE_ATTRIBUTES",
            "zone=eu%2Dwest, rack = a%2Cb ,empty=,caf%C3%A9=1",
        )]);
        let labels: Vec<_> = config.labels().iter().collect();
        let expected = [
            ("café", "1"),
            ("empty", ""),
            ("rack", "a,b"),
            ("zone", "eu-west"),
        ];
        assert!(labels.iter().map(|(k, v)| (&***k, &***v)).eq(expected));
    }

    #[test]
    fn resource_attributes_are_discarded_whole_on_one_bad_entry() {
        for value in ["zone=b,rack", "zone=b,=a", "zone=b,rack=%ff"] {
            let text = "[telemetry.labels]\nzone = \"a\"";
            let variables = [("OTEL_RESOURCE_ATTRIBUTES", value)];
            let config = parse_under(text, &variables).unwrap();
            assert_eq!(config.labels().len(), 1);
            assert_eq!(config.labels()["zone"], "a");
            let [warning] = config.warnings() else {
                panic!("{:?}", config.warnings());
            };
            assert_names(warning, &["OTEL_RESOURCE_ATTRIBUTES", "ignored"]);
        }
    }

    #[test]
    fn the_service_name_wins_over_attributes_and_labels() {
        let text = "[telemetry.labels]\n\"service.name\" = \"toml\"";
        let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=attributes");
        let name = ("OTEL_SERVICE_NAME", "name");
        let config = parse_under(text, &[attributes]).unwrap();
        assert_eq!(config.labels()["service.name"], "attributes");
        let config = parse_under(text, &[attributes, name]).unwrap();
        assert_eq!(config.labels()["service.name"], "name");
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

    proptest! {
        #[test]
        fn no_value_panics(
            values in prop::collection::vec(
                (
                    prop::sample::select(NAMES),
                    prop_oneof![
                        any::<String>(),
                        "[a-z=,%0-9 é\u{0}]{0,30}",
                        "https?://[a-z@:/?#\\[\\]0-9%é]{0,20}",
                        "-?[0-9]{1,25}",
                    ],
                ),
                0..6,
            ),
        ) {
            let values: Vec<_> = values.iter().map(|(n, v)| (*n, &**v)).collect();
            if let Ok(config) = parse_under(SEED, &values) {
                let _ = (format!("{config:?}"), config.validate());
            }
        }

        #[test]
        fn no_value_of_headers_is_shown(
            before in "[a-z=,%0-9 \n]{0,12}",
            after in "[a-z=,%0-9 \n]{0,12}",
        ) {
            let headers = format!("{before}={SECRET}{after}");
            let config = under(&[("OTEL_EXPORTER_OTLP_HEADERS", &headers)]);
            // Beyond a ',' stands the next pair; its name is no secret.
            prop_assume!(!before.contains(','));
            prop_assert!(!config.warnings().concat().contains(SECRET));
            let shown = format!("{config:?}");
            prop_assert!(!shown.contains(SECRET));
            if let Err(error) = config.validate() {
                prop_assert!(!error.to_string().contains(SECRET));
            }
        }
    }
}

/// A text like [`SEED`], with a secret in its last line.
const SECRETIVE: &str = "[telemetry]
endpoint = \"http://collector:4318\"
histogram-bounds = [1, 2]
histograms = \"explicit\"
[telemetry.labels]
zone = \"é\"
[telemetry.headers]
authorization = \"hunter2\"
";

/// Pieces of TOML, to be put where they do not belong.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "[",
                "]",
                "=",
                "\"",
                "'",
                "\n",
                "#",
                ".",
                ",",
                "{",
                "}",
                "\\",
                "\0",
                "é",
                "\"\"\"",
                "'''",
                "\r",
                "\u{feff}",
                "[telemetry]\n",
                "[[telemetry]]\n",
                "headers = ",
                "1979-05-27",
                "-0x",
                "nan",
                "zone = \"é\"\n",
            ][..]
        )
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ]
}

/// Puts `piece` at about `at`, in place of `cut` characters.
fn edited(text: &str, at: usize, cut: usize, piece: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let end = (at + cut).min(chars.len());
    let (before, after) = (&chars[..at], &chars[end..]);
    let piece = piece.chars();
    before
        .iter()
        .copied()
        .chain(piece)
        .chain(after.iter().copied())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&format!("[telemetry]\n{text}"));
    }

    #[test]
    fn no_text_of_toml_pieces_panics(pieces in prop::collection::vec(piece(), 0..20)) {
        let _ = parse(&pieces.concat());
        let _ = parse(&format!("{SECRETIVE}{}", pieces.concat()));
    }

    #[test]
    fn no_edit_panics_or_makes_an_error_show_a_header(
        edits in prop::collection::vec((any::<usize>(), 0_usize..4, piece()), 1..4),
    ) {
        let mut text = SECRETIVE.to_owned();
        for (at, cut, piece) in edits {
            text = edited(&text, at, cut, &piece);
        }
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains(SECRET), "{text}\n{error}");
            let shown = format!("{error:?}");
            prop_assert!(!shown.contains(SECRET), "{text}\n{shown}");
        }
    }
}
