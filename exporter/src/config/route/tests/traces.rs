//! Where traces go: as the other signals do, by what is said of traces.

use super::*;

/// The route of the first destination's traces.
fn traces(config: &TelemetryConfig) -> Route {
    let first = config.destinations().unwrap().swap_remove(0);
    first.traces.unwrap()
}

fn with_backup(rest: &str) -> Destination {
    let config = parse(&format!(
        "[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b/x\"\n{rest}"
    ));
    config.destinations().unwrap().swap_remove(1)
}

#[test]
fn by_default_they_go_to_localhost_as_plain_json() {
    let route = traces(&TelemetryConfig::default());
    assert_eq!(route.url.to_string(), "http://localhost:4318/v1/traces");
    assert_eq!(route.protocol, Protocol::HttpJson);
    assert_eq!(route.timeout, Duration::from_secs(10));
}

#[test]
fn a_backend_of_traces_gets_nothing_else() {
    let with = |calls: TelemetryConfig| {
        let records = calls.log_record_settings().is_on;
        let first = calls.destinations().unwrap().swap_remove(0);
        let sent = [&first.metrics, &first.logs, &first.traces];
        (sent.map(Option::is_some), records)
    };
    let traces_only = ([false, false, true], false);
    assert_eq!(with(TelemetryConfig::default().traces_only()), traces_only);
    let text = "[telemetry]\nsignals = [\"traces\"]";
    assert_eq!(with(parse(text)), traces_only);
    let variables = [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_TRACES_EXPORTER", "otlp"),
    ];
    assert_eq!(with(under("[telemetry]", &variables)), traces_only);
    // Log records are made where somebody gets them.
    let backup = DestinationConfig::new("b", "http://b").logs_only();
    let config = TelemetryConfig::default()
        .traces_only()
        .with_destination(backup);
    assert_eq!(with(config), ([false, false, true], true));
}

#[test]
fn general_keys_hold_for_them() {
    let route = traces(&parse(
        "[telemetry]\nendpoint = \"http://c/base/\"\nprotocol = \"http/protobuf\"\n\
         compression = \"gzip\"\ntimeout-ms = 7000\nheaders = { A = \"1\" }",
    ));
    assert_eq!(route.url.to_string(), "http://c/base/v1/traces");
    assert_eq!(route.protocol, Protocol::HttpProtobuf);
    assert_eq!(route.compression, Compression::Gzip);
    assert_eq!(route.timeout, Duration::from_secs(7));
    assert_eq!(headers(&route), [("a", "1")]);
}

#[test]
fn their_own_keys_hold_for_them_alone() {
    let config = parse(
        r#"
        [telemetry]
        headers = { general = "1" }
        [telemetry.traces]
        endpoint = "http://spans:1/as-is"
        protocol = "http/protobuf"
        compression = "gzip"
        timeout-ms = 3000
        connect-timeout-ms = 200
        max-request-bytes = 13
        max-response-bytes = 14
        headers = { Own = "2" }
        "#,
    );
    let route = traces(&config);
    assert_eq!(route.url.to_string(), "http://spans:1/as-is");
    assert_eq!(route.protocol, Protocol::HttpProtobuf);
    assert_eq!(route.compression, Compression::Gzip);
    assert_eq!(route.timeout, Duration::from_secs(3));
    assert_eq!(route.connect_timeout, Duration::from_millis(200));
    assert_eq!(
        (route.max_request_bytes, route.max_response_bytes),
        (13, 14)
    );
    assert_eq!(headers(&route), [("own", "2")]);
    let (metrics, logs) = routes(&config);
    for (route, url) in [
        (metrics, "http://localhost:4318/v1/metrics"),
        (logs, "http://localhost:4318/v1/logs"),
    ] {
        assert_eq!(route.url.to_string(), url);
        assert_eq!(route.protocol, Protocol::HttpJson);
        assert_eq!(headers(&route), [("general", "1")]);
    }
}

#[test]
fn their_variables_are_over_their_keys_and_for_them_alone() {
    let config = under(
        "[telemetry.traces]\ntimeout-ms = 1\nprotocol = \"http/json\"\n\
         headers = { a = \"toml\", b = \"toml\" }",
        &[
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://spans"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "HTTP/Protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "A=env"),
        ],
    );
    let route = traces(&config);
    assert_eq!(route.url.to_string(), "http://spans/");
    assert_eq!(route.timeout, Duration::from_millis(3));
    assert_eq!(route.protocol, Protocol::HttpProtobuf);
    assert_eq!(route.compression, Compression::Gzip);
    assert_eq!(headers(&route), [("a", "env"), ("b", "toml")]);
    let (metrics, logs) = routes(&config);
    for route in [metrics, logs] {
        assert_eq!(route.timeout, Duration::from_millis(2));
        assert_eq!(route.compression, Compression::None);
        assert_eq!(headers(&route), []);
    }
}

#[test]
fn certificates_of_their_variables_are_read_for_them() {
    for option in ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"] {
        let name = format!("OTEL_EXPORTER_OTLP_TRACES_{option}");
        let config = under("[telemetry]", &[(&name, "/does/not/exist.pem")]);
        let error = config.destinations().unwrap_err().to_string();
        assert!(error.contains(&name), "{error}");
    }
}

#[test]
fn an_endpoint_by_call_is_over_theirs() {
    for config in [
        parse("[telemetry]\ntraces-endpoint = \"http://spans\""),
        parse("[telemetry.traces]\nendpoint = \"http://spans\""),
        under(
            "[telemetry]",
            &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://spans")],
        ),
    ] {
        assert_eq!(traces(&config).url.to_string(), "http://spans/");
        let config = config.with_endpoint("http://c");
        assert_eq!(traces(&config).url.to_string(), "http://c/v1/traces");
    }
}

#[test]
fn a_destination_gets_them_if_it_names_them_or_no_signal() {
    for (signals, expected) in [
        ("", [true, true, true]),
        ("signals = [\"traces\"]", [false, false, true]),
        ("signals = [\"traces\", \"metrics\"]", [true, false, true]),
        ("signals = [\"metrics\", \"logs\"]", [true, true, false]),
    ] {
        let backup = with_backup(signals);
        let routes = [&backup.metrics, &backup.logs, &backup.traces];
        assert_eq!(routes.map(Option::is_some), expected);
    }
    let new = || DestinationConfig::new("b", "http://b");
    for (config, expected) in [
        (new(), [true, true, true]),
        (new().metrics_only(), [true, false, false]),
        (new().logs_only(), [false, true, false]),
        (new().traces_only(), [false, false, true]),
        (new().traces_only().logs_only(), [false, true, false]),
    ] {
        let config = TelemetryConfig::default().with_destination(config);
        let backup = config.destinations().unwrap().swap_remove(1);
        let routes = [&backup.metrics, &backup.logs, &backup.traces];
        assert_eq!(routes.map(Option::is_some), expected);
    }
}

#[test]
fn a_destinations_table_of_them_is_for_them_alone() {
    let backup = with_backup(
        "headers = { general = \"1\" }\ntimeout-ms = 5\n\
         traces = { endpoint = \"http://spans/y\", headers = { own = \"2\" }, timeout-ms = 6 }",
    );
    let (metrics, traces) = (backup.metrics.unwrap(), backup.traces.unwrap());
    assert_eq!(traces.url.to_string(), "http://spans/y");
    assert_eq!(headers(&traces), [("own", "2")]);
    assert_eq!(traces.timeout, Duration::from_millis(6));
    assert_eq!(metrics.url.to_string(), "http://b/x/v1/metrics");
    assert_eq!(headers(&metrics), [("general", "1")]);
    assert_eq!(metrics.timeout, Duration::from_millis(5));
}

#[test]
fn a_destination_inherits_no_credential_of_theirs() {
    let config = under(
        "[telemetry.traces]\nheaders = { api-key = \"hunter2\" }\nprotocol = \"http/protobuf\"\n\
         [[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"",
        &[("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "9")],
    );
    let backup = config.destinations().unwrap().swap_remove(1);
    let route = backup.traces.unwrap();
    assert_eq!(route.url.to_string(), "http://b/v1/traces");
    assert_eq!(headers(&route), []);
    assert_eq!(route.protocol, Protocol::HttpJson);
    assert_eq!(route.timeout, Duration::from_secs(10));
}
