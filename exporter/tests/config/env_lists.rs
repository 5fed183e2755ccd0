//! Variables that hold lists of percent-encoded pairs: headers and resource
//! attributes.

use crate::sink::Sink;
use crate::support::{
    assert_names, assert_names_without_secret, flush_to, only_warning, parse_under, under,
};

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
fn headers_have_no_metadata_behind_a_semicolon() {
    let sink = Sink::start();
    let config = under(&[("OTEL_EXPORTER_OTLP_HEADERS", "a=1;b=2,c=3")]);
    assert_eq!(config.warnings(), [""; 0]);
    let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
    assert_eq!(requests[1].header("a"), Some("1;b=2"));
    assert_eq!(requests[1].header("b"), None);
    assert_eq!(requests[1].header("c"), Some("3"));
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
    assert_names_without_secret(&warnings, &["OTEL_EXPORTER_OTLP_HEADERS", "1", "3", "4"]);
    let requests = flush_to(&sink, config.with_endpoint(&sink.url()));
    assert_eq!(requests[1].header("a"), Some("1"));
    assert_eq!(requests[1].header("b"), None);
}

#[test]
fn headers_that_http_does_not_know_are_warned_of_and_ignored() {
    for headers in ["api key=hunter2,a=1", "x=hunter2%0d%0ay: z,a=1"] {
        let sink = Sink::start();
        let config = under(&[("OTEL_EXPORTER_OTLP_HEADERS", headers)]);
        let warning = only_warning(&config);
        assert_names_without_secret(warning, &["OTEL_EXPORTER_OTLP_HEADERS"]);
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
        let warning = only_warning(&config);
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
