use super::*;
use crate::config::SpoolSync;

#[cfg(feature = "tracing")]
mod traces;

fn under(text: &str, variables: &[(&str, &str)]) -> TelemetryConfig {
    TelemetryConfig::from_toml_and_env(text, |name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

fn parse(text: &str) -> TelemetryConfig {
    under(text, &[])
}

/// The routes of the first destination: metrics, logs.
fn routes(config: &TelemetryConfig) -> (Route, Route) {
    let first = config.destinations().unwrap().swap_remove(0);
    (first.metrics.unwrap(), first.logs.unwrap())
}

fn headers(route: &Route) -> Vec<(&str, &str)> {
    let headers = route.headers.iter();
    headers.map(|(k, v)| (&**k, v.reveal())).collect()
}

#[test]
fn the_defaults_go_to_localhost_as_plain_json() {
    let destinations = TelemetryConfig::default().destinations().unwrap();
    let [only] = &destinations[..] else {
        panic!("{destinations:?}");
    };
    assert_eq!(only.name, "default");
    assert_eq!(only.temporality, Temporality::Cumulative);
    assert_eq!(only.histograms, HistogramEncoding::Exponential);
    for (route, url) in [
        (&only.metrics, "http://localhost:4318/v1/metrics"),
        (&only.logs, "http://localhost:4318/v1/logs"),
    ] {
        let route = route.as_ref().unwrap();
        assert_eq!(route.url.to_string(), url);
        assert_eq!(route.protocol, Protocol::HttpJson);
        assert_eq!(route.compression, Compression::None);
        assert_eq!(headers(route), []);
        assert_eq!(route.timeout, Duration::from_secs(10));
        assert_eq!(route.connect_timeout, Duration::from_secs(5));
        assert_eq!(route.max_request_bytes, 4 << 20);
        assert_eq!(route.max_response_bytes, 4 << 20);
        assert!(route.tls.roots.is_none() && route.tls.client.is_none());
    }
}

#[test]
fn general_keys_hold_for_both_signals() {
    let config = parse(
        "[telemetry]\nprotocol = \"http/protobuf\"\ncompression = \"gzip\"\ntimeout-ms = 7000\n\
         connect-timeout-ms = 300\nmax-request-bytes = 11\nmax-response-bytes = 12\n\
         headers = { A = \"1\" }",
    );
    let (metrics, logs) = routes(&config);
    for route in [metrics, logs] {
        assert_eq!(route.protocol, Protocol::HttpProtobuf);
        assert_eq!(route.compression, Compression::Gzip);
        assert_eq!(route.timeout, Duration::from_secs(7));
        assert_eq!(route.connect_timeout, Duration::from_millis(300));
        assert_eq!(route.max_request_bytes, 11);
        assert_eq!(route.max_response_bytes, 12);
        assert_eq!(headers(&route), [("a", "1")]);
    }
}

#[test]
fn a_signals_keys_are_over_the_general_ones_for_that_signal_alone() {
    let config = parse(
        r#"
        [telemetry]
        compression = "gzip"
        headers = { general = "1" }
        [telemetry.logs]
        endpoint = "http://audit:1/as-is"
        protocol = "http/protobuf"
        compression = "none"
        timeout-ms = 3000
        connect-timeout-ms = 200
        max-request-bytes = 13
        max-response-bytes = 14
        headers = { Own = "2" }
        "#,
    );
    let (metrics, logs) = routes(&config);
    assert_eq!(logs.url.to_string(), "http://audit:1/as-is");
    assert_eq!(logs.protocol, Protocol::HttpProtobuf);
    assert_eq!(logs.compression, Compression::None);
    assert_eq!(logs.timeout, Duration::from_secs(3));
    assert_eq!(logs.connect_timeout, Duration::from_millis(200));
    assert_eq!((logs.max_request_bytes, logs.max_response_bytes), (13, 14));
    assert_eq!(headers(&logs), [("own", "2")]);
    assert_eq!(metrics.url.to_string(), "http://localhost:4318/v1/metrics");
    assert_eq!(metrics.protocol, Protocol::HttpJson);
    assert_eq!(metrics.compression, Compression::Gzip);
    assert_eq!(metrics.timeout, Duration::from_secs(10));
    assert_eq!(headers(&metrics), [("general", "1")]);
}

#[test]
fn a_signals_toml_is_over_general_variables_and_under_its_own() {
    let text = "[telemetry]\n[telemetry.metrics]\nprotocol = \"http/protobuf\"\ntimeout-ms = 1\n\
                compression = \"gzip\"\nheaders = { a = \"toml\", b = \"toml\" }";
    let config = under(
        text,
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "general=1"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "3"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "NONE"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "A=env"),
        ],
    );
    let (metrics, logs) = routes(&config);
    assert_eq!(metrics.protocol, Protocol::HttpProtobuf);
    assert_eq!(metrics.timeout, Duration::from_millis(3));
    assert_eq!(metrics.compression, Compression::None);
    assert_eq!(headers(&metrics), [("a", "env"), ("b", "toml")]);
    assert_eq!(logs.protocol, Protocol::HttpJson);
    assert_eq!(logs.timeout, Duration::from_millis(2));
    assert_eq!(headers(&logs), [("general", "1")]);
}

#[test]
fn a_signals_list_without_a_usable_header_keeps_the_general_ones_away() {
    let config = under(
        "[telemetry.headers]\napi-key = \"hunter2\"",
        &[("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "broken")],
    );
    let (metrics, logs) = routes(&config);
    assert_eq!(headers(&metrics), [("api-key", "hunter2")]);
    assert_eq!(headers(&logs), []);
}

#[test]
fn connecting_takes_no_longer_than_the_request() {
    let config = parse("[telemetry]\ntimeout-ms = 100\n[telemetry.logs]\ntimeout-ms = 60000");
    let (metrics, logs) = routes(&config);
    assert_eq!(metrics.connect_timeout, Duration::from_millis(100));
    assert_eq!(logs.connect_timeout, Duration::from_secs(5));
    let config = config
        .with_timeout(Duration::MAX)
        .with_connect_timeout(Duration::MAX);
    let (metrics, _) = routes(&config);
    assert_eq!(metrics.timeout, FOREVER);
    assert_eq!(metrics.connect_timeout, FOREVER);
}

#[test]
fn a_further_destination_inherits_no_credential() {
    let config = parse(
        r#"
        [telemetry]
        protocol = "http/protobuf"
        compression = "gzip"
        temporality = "delta"
        histograms = "explicit"
        timeout-ms = 7000
        max-request-bytes = 11
        max-response-bytes = 12
        certificate = "/does/not/exist.pem"
        headers = { api-key = "hunter2" }
        [telemetry.metrics]
        headers = { api-key = "hunter2" }
        timeout-ms = 1
        [[telemetry.destination]]
        name = "backup"
        endpoint = "http://backup:4318/x"
        "#,
    );
    let backup = config.resolve(&config.destinations[0]).unwrap();
    assert_eq!(backup.name, "backup");
    assert_eq!(backup.temporality, Temporality::Delta);
    assert!(matches!(backup.histograms, HistogramEncoding::Explicit(_)));
    for (route, url) in [
        (&backup.metrics, "http://backup:4318/x/v1/metrics"),
        (&backup.logs, "http://backup:4318/x/v1/logs"),
    ] {
        let route = route.as_ref().unwrap();
        assert_eq!(route.url.to_string(), url);
        assert_eq!(headers(route), []);
        assert!(route.tls.roots.is_none());
        assert_eq!(route.protocol, Protocol::HttpJson);
        assert_eq!(route.compression, Compression::Gzip);
        assert_eq!(route.timeout, Duration::from_secs(7));
        assert_eq!(route.max_request_bytes, 11);
        assert_eq!(route.max_response_bytes, 12);
    }
}

#[test]
fn headers_of_a_destination_go_nowhere_else() {
    let config = parse(
        r#"
        [telemetry.headers]
        first = "1"
        [[telemetry.destination]]
        name = "a"
        endpoint = "http://a"
        headers = { of-a = "2" }
        logs = { endpoint = "http://audit/x", headers = { of-a-logs = "3" } }
        [[telemetry.destination]]
        name = "b"
        endpoint = "http://b"
        "#,
    );
    let config = config.with_destination(
        DestinationConfig::new("c", "http://c")
            .with_header("Of-C", "4")
            .with_timeout(Duration::from_secs(1))
            .with_protocol(Protocol::HttpProtobuf)
            .with_temporality(Temporality::Delta)
            .logs_only(),
    );
    let all = config.destinations().unwrap();
    let names: Vec<_> = all.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["default", "a", "b", "c"]);
    let of = |index: usize| {
        let shown = |route: &Option<Route>| {
            let route = route.as_ref()?;
            Some((route.url.to_string(), format!("{:?}", headers(route))))
        };
        (shown(&all[index].metrics), shown(&all[index].logs))
    };
    let some = |url: &str, headers: &[(&str, &str)]| Some((url.into(), format!("{headers:?}")));
    assert_eq!(
        of(1),
        (
            some("http://a/v1/metrics", &[("of-a", "2")]),
            some("http://audit/x", &[("of-a-logs", "3")]),
        )
    );
    assert_eq!(
        of(2),
        (
            some("http://b/v1/metrics", &[]),
            some("http://b/v1/logs", &[])
        )
    );
    assert_eq!(of(3), (None, some("http://c/v1/logs", &[("of-c", "4")])));
    let c = all[3].logs.as_ref().unwrap();
    assert_eq!(c.timeout, Duration::from_secs(1));
    assert_eq!(c.protocol, Protocol::HttpProtobuf);
    assert_eq!(all[3].temporality, Temporality::Delta);
}

#[test]
fn variables_are_about_the_first_destination() {
    let config = under(
        "[telemetry]\n[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"\n\
         metrics = { timeout-ms = 5 }",
        &[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://first/m"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "9"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/Protobuf"),
        ],
    );
    let all = config.destinations().unwrap();
    let (first, second) = (
        all[0].metrics.as_ref().unwrap(),
        all[1].metrics.as_ref().unwrap(),
    );
    assert_eq!(first.url.to_string(), "http://first/m");
    assert_eq!(first.timeout, Duration::from_millis(9));
    assert_eq!(first.protocol, Protocol::HttpProtobuf);
    assert_eq!(second.url.to_string(), "http://b/v1/metrics");
    assert_eq!(second.timeout, Duration::from_millis(5));
    assert_eq!(second.protocol, Protocol::HttpJson);
    assert_eq!(headers(second), []);
}

#[test]
fn the_first_destination_gets_the_signals_that_are_named() {
    let sent = |config: &TelemetryConfig| {
        let first = &config.destinations().unwrap()[0];
        (first.metrics.is_some(), first.logs.is_some())
    };
    let otlp = ("OTEL_LOGS_EXPORTER", "console, otlp");
    let none = ("OTEL_METRICS_EXPORTER", "none");
    let other = ("OTEL_METRICS_EXPORTER", "prometheus");
    for (text, variables, expected) in [
        ("[telemetry]", &[][..], (true, true)),
        ("[telemetry]\nsignals = [\"metrics\"]", &[], (true, false)),
        (
            "[telemetry]\nsignals = [\"metrics\"]",
            &[otlp],
            (true, true),
        ),
        ("[telemetry]\nsignals = [\"logs\"]", &[other], (false, true)),
        ("[telemetry]", &[none], (false, true)),
        ("[telemetry]", &[other], (true, true)),
    ] {
        let config = under(text, variables);
        assert_eq!(sent(&config), expected, "{text} {variables:?}");
        let warnings = usize::from(variables.contains(&other));
        assert_eq!(config.warnings().len(), warnings, "{:?}", config.warnings());
    }
    assert_eq!(
        sent(&TelemetryConfig::default().metrics_only()),
        (true, false)
    );
    assert_eq!(sent(&TelemetryConfig::default().logs_only()), (false, true));
}

#[test]
fn what_is_said_of_a_signal_that_is_not_sent_is_refused() {
    let text = "[telemetry]\nsignals = [\"logs\"]\n[telemetry.metrics]\ntimeout-ms = 1";
    let error = TelemetryConfig::from_toml_and_env(text, |_| None).unwrap_err();
    assert!(error.to_string().contains("metrics"), "{error}");
    let text = "[telemetry]\nsignals = [\"spans\"]";
    let error = TelemetryConfig::from_toml_and_env(text, |_| None).unwrap_err();
    assert!(error.to_string().contains("signals"), "{error}");
}

#[test]
fn a_destination_gets_the_signals_it_names() {
    for (signals, expected) in [
        ("", (true, true)),
        ("signals = [\"metrics\"]", (true, false)),
        ("signals = [\"logs\"]", (false, true)),
        ("signals = [\"logs\", \"metrics\"]", (true, true)),
    ] {
        let config = parse(&format!(
            "[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"\n{signals}"
        ));
        let backup = &config.destinations().unwrap()[1];
        assert_eq!((backup.metrics.is_some(), backup.logs.is_some()), expected);
    }
}

#[cfg(not(feature = "tracing"))]
#[test]
fn a_build_without_traces_sends_none() {
    let config = under(
        "[telemetry]\n[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"",
        &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces")],
    );
    let all = config.destinations().unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|destination| destination.traces.is_none()));
}

#[test]
fn debug_output_of_a_destination_shows_no_header() {
    let config = parse("[telemetry.headers]\napi-key = \"hunter2\"").with_destination(
        DestinationConfig::new("b", "http://b").with_header("x-token", "hunter2"),
    );
    let shown = format!("{config:?} {:#?}", config.destinations().unwrap());
    assert!(
        shown.contains("api-key") && shown.contains("x-token"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_configuration_that_is_not_valid_has_no_destinations() {
    let config = TelemetryConfig::default().with_destination(DestinationConfig::new("b", "b:1"));
    let error = config.destinations().unwrap_err();
    assert_eq!(config.validate().unwrap_err(), error);
    assert!(error.to_string().contains("`destination.b.endpoint`"));
}

#[test]
fn the_engines_limits_are_read_and_called() {
    let config = parse(
        "[telemetry]\nretry-initial-ms = 1\nretry-max-ms = 2\nqueue-bytes = 3\nqueue-items = 4\n\
         spool-dir = \"/var/spool/t\"\nspool-max-bytes = 5\nspool-sync = \"never\"\n\
         self-metrics = false",
    );
    assert_eq!(config.retry_initial, Duration::from_millis(1));
    assert_eq!(config.retry_max, Duration::from_millis(2));
    assert_eq!((config.queue_bytes, config.queue_items), (3, 4));
    assert_eq!(config.spool_dir.as_deref(), Some("/var/spool/t".as_ref()));
    assert_eq!(config.spool_max_bytes, 5);
    assert_eq!(config.spool_sync, SpoolSync::Never);
    assert!(!config.has_self_metrics);
    let config = config
        .with_retry(Duration::from_secs(1), Duration::MAX)
        .with_queue_limits(6, 7)
        .with_spool("/elsewhere")
        .with_spool_max_bytes(8)
        .with_spool_sync(SpoolSync::Always)
        .with_self_metrics(true);
    config.validate().unwrap();
    assert_eq!(config.retry_initial, Duration::from_secs(1));
    assert_eq!(config.retry_max, FOREVER);
    assert_eq!((config.queue_bytes, config.queue_items), (6, 7));
    assert_eq!(config.spool_dir.as_deref(), Some("/elsewhere".as_ref()));
    assert_eq!(config.spool_max_bytes, 8);
    assert_eq!(config.spool_sync, SpoolSync::Always);
    assert!(config.has_self_metrics);
}
