//! Headers: they are sent, each name once, and no message shows a value.

use pqcnet_telemetry::{ConfigError, TelemetryConfig, TelemetryHandle};

use crate::sink::Sink;
use crate::support::{
    SECRET, all_of, assert_hides_secret, assert_names, assert_names_without_secret, error_in,
    flush_to, parse, parse_under, refusal_of, text_for,
};

#[test]
fn headers_are_sent_with_both_signals() {
    let sink = Sink::start();
    let text = text_for(
        &sink,
        &format!("[telemetry.headers]\napi-key = \"{SECRET}\""),
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
    let text = text_for(&sink, "[telemetry.headers]\nAuthorization = \"toml\"");
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
        assert_names_without_secret(&shown, &["api-key", "x-token", "x-call", "***"]);
    }
}

#[test]
fn debug_output_of_a_handle_shows_no_header() {
    let config = TelemetryConfig::default().with_header("api-key", SECRET);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    for shown in [format!("{telemetry:?}"), format!("{telemetry:#?}")] {
        assert_names_without_secret(&shown, &["api-key"]);
    }
}

#[test]
fn a_header_of_an_invalid_name_is_named() {
    for name in ["api key", "", "x:y", "é"] {
        let text = format!("[telemetry.headers]\n\"{name}\" = \"{SECRET}\"");
        let said = error_in(&text);
        assert_names_without_secret(&said, &[&format!("`headers.{name}`")]);
        let said = refusal_of(TelemetryConfig::default().with_header(name, SECRET));
        assert_names_without_secret(&said, &[&format!("`headers.{name}`")]);
    }
}

#[test]
fn a_header_of_an_invalid_value_is_named_without_it() {
    for ending in ["\\n", "\\r\\nx-smuggled: 1", "\\u0000", "\\u007f"] {
        let text = format!("[telemetry.headers]\napi-key = \"{SECRET}{ending}\"");
        let said = error_in(&text);
        assert_names_without_secret(&said, &["`headers.api-key`", "***"]);
    }
    let config = TelemetryConfig::default();
    let said = refusal_of(config.with_header("api-key", format!("{SECRET}\n")));
    assert_names_without_secret(&said, &["`headers.api-key`", "***"]);
}

#[test]
fn a_header_that_is_not_text_is_named_without_its_value() {
    for value in ["[\"hunter2\"]", "{ a = \"hunter2\" }", "5"] {
        let text = format!("[telemetry.headers]\napi-key = {value}");
        let said = error_in(&text);
        assert_names_without_secret(&said, &["`headers.api-key`", "***", "string"]);
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
        let said = error_in(text);
        assert_names_without_secret(&said, &["headers", "table"]);
    }
}

#[test]
fn a_list_of_tables_is_refused_without_what_is_in_it() {
    let text = "[[telemetry]]\n[telemetry.headers]\nauthorization = \"hunter2\"";
    let said = error_in(text);
    assert_names_without_secret(&said, &["`telemetry`", "table"]);
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
