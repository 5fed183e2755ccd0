//! Labels of the resource: each is given once, named, and not one of the
//! library's own.

use pqcnet_telemetry::{ConfigError, TelemetryConfig};

use crate::sink::Sink;
use crate::support::{SEED, assert_names, error_in, flush_to, parse, refusal, refusal_of, to};

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
        assert_names(&error_in(text), &["zone"]);
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
    let said = error_in(text);
    assert_names(&said, &["`telemetry.sdk.name`", "\"mine\""]);
    let config = TelemetryConfig::default();
    let said = refusal_of(config.with_label("telemetry.sdk.language", "c"));
    assert_names(&said, &["`telemetry.sdk.language`", "\"c\""]);
}

#[test]
fn labels_take_the_place_of_the_service_defaults() {
    let sink = Sink::start();
    let config = to(&sink)
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
