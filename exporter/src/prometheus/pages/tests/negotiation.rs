//! Whom which format is sent to.

use proptest::prelude::*;

use crate::prometheus::pages::format::{Escaping, PageFormat, Syntax};
use Escaping::{AllowUtf8, Dots, Underscores, Values};
use Syntax::{OpenMetrics1, Protobuf, Text004, Text100};

fn negotiated(accept: &str) -> (Syntax, Escaping) {
    let format = PageFormat::negotiate(accept);
    (format.syntax(), format.escaping())
}

#[test]
fn what_prometheus_sends_gets_what_it_wants_most() {
    // Prometheus 3, by default and with native histograms; Prometheus 2.
    let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                  application/openmetrics-text;version=0.0.1;q=0.4,\
                  text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                  text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    assert_eq!(negotiated(accept), (OpenMetrics1, AllowUtf8));
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                  encoding=delimited;q=0.5,\
                  application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                  text/plain;version=0.0.4;q=0.1,*/*;q=0.0";
    assert_eq!(negotiated(accept), (Protobuf, Underscores));
    let format = PageFormat::negotiate_text(accept);
    assert_eq!(
        (format.syntax(), format.escaping()),
        (OpenMetrics1, AllowUtf8)
    );
    let accept = "application/openmetrics-text;version=1.0.0,\
                  application/openmetrics-text;version=0.0.1;q=0.75,\
                  text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert_eq!(negotiated(accept), (OpenMetrics1, Underscores));
}

#[test]
fn others_get_text_0_0_4() {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in [
        "",
        "*/*",
        "text/*",
        "text/plain",
        "TEXT/PLAIN; VERSION=0.0.4",
        browser,
    ] {
        assert_eq!(negotiated(accept), (Text004, Underscores), "{accept:?}");
    }
}

#[test]
fn weights_decide_and_then_the_order() {
    let cases = [
        (
            "text/plain;q=0.5, application/openmetrics-text;q=0.6",
            OpenMetrics1,
        ),
        (
            "text/plain;q=0.6, application/openmetrics-text;q=0.5",
            Text004,
        ),
        (
            "text/plain;version=0.0.4, application/openmetrics-text",
            Text004,
        ),
        (
            "application/openmetrics-text, text/plain;version=0.0.4",
            OpenMetrics1,
        ),
        (
            "text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3",
            Text100,
        ),
        ("application/*", OpenMetrics1),
        ("application/*;q=0.2, text/*;q=0.1", OpenMetrics1),
        ("*/*;q=0.9, text/plain;q=0.1", OpenMetrics1),
        ("*/*, text/plain;q=0", OpenMetrics1),
        ("application/openmetrics-text;q=0.001", OpenMetrics1),
        ("application/openmetrics-text; q=1.000", OpenMetrics1),
    ];
    for (accept, expected) in cases {
        assert_eq!(negotiated(accept).0, expected, "{accept:?}");
    }
}

#[test]
fn what_is_not_offered_or_not_wanted_leaves_text_0_0_4() {
    let cases = [
        "application/json",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=0",
        "*/*;q=0",
        "application/vnd.google.protobuf",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/vnd.google.protobuf;proto=other.Message;encoding=delimited",
    ];
    for accept in cases {
        assert_eq!(negotiated(accept), (Text004, Underscores), "{accept:?}");
    }
}

#[test]
fn the_escaping_is_that_of_the_range_which_is_taken() {
    let open_metrics = |escaping: &str| format!("application/openmetrics-text;escaping={escaping}");
    let cases = [
        ("dots", Dots),
        ("values", Values),
        ("allow-utf-8", AllowUtf8),
        ("\"allow-utf-8\"", AllowUtf8),
        ("underscores", Underscores),
        ("nonsense", Underscores),
    ];
    for (name, escaping) in cases {
        assert_eq!(negotiated(&open_metrics(name)), (OpenMetrics1, escaping));
    }
    let accept = format!("{};q=0.1,text/plain;q=0.2", open_metrics("dots"));
    assert_eq!(negotiated(&accept), (Text004, Underscores));
    // 0.0.4 has no quotes.
    assert_eq!(
        negotiated("text/plain;escaping=allow-utf-8"),
        (Text004, Underscores)
    );
    assert_eq!(negotiated("text/plain;escaping=values"), (Text004, Values));
}

#[test]
fn broken_ranges_are_as_if_not_there() {
    let broken = [
        "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=1.001",
        "application/openmetrics-text;q=0.0001",
        "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=",
        "application/openmetrics-text;q",
        "application/openmetrics-text;version=\"1.0.0",
        "application/openmetrics-text;ver sion=1.0.0",
        "application/openmetrics-text;version=1.0.0\r\nx: y",
        "application",
        "/;q=0.1",
        ",,;,",
        "\"",
    ];
    for accept in broken {
        assert_eq!(negotiated(accept), (Text004, Underscores), "{accept:?}");
        let with_more = format!("text/plain;version=1.0.0;q=0.1, {accept}");
        assert_eq!(negotiated(&with_more).0, Text100, "{accept:?}");
    }
    let empty_parameters = "application/openmetrics-text;;version=1.0.0; ;charset=utf-8;x=y";
    assert_eq!(negotiated(empty_parameters).0, OpenMetrics1);
    let quoted = "text/plain;x=\"a,b;c\\\"d\";q=0.1, application/openmetrics-text;q=0.2";
    assert_eq!(negotiated(quoted).0, OpenMetrics1);
}

#[test]
fn content_types_name_version_and_escaping() {
    let all = [
        (
            Text004,
            Underscores,
            "text/plain; version=0.0.4; charset=utf-8",
        ),
        (
            Text004,
            AllowUtf8,
            "text/plain; version=0.0.4; charset=utf-8",
        ),
        (
            Text004,
            Dots,
            "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
        ),
        (
            Text100,
            AllowUtf8,
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            OpenMetrics1,
            Underscores,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
        (
            Protobuf,
            Values,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
             encoding=delimited; escaping=values",
        ),
    ];
    for (syntax, escaping, expected) in all {
        assert_eq!(PageFormat::new(syntax, escaping).content_type(), expected);
    }
}

proptest! {
    #[test]
    fn what_is_promised_can_be_asked_for(
        syntax in prop::sample::select(vec![Text004, Text100, OpenMetrics1, Protobuf]),
        escaping in prop::sample::select(vec![Underscores, Dots, Values, AllowUtf8]),
    ) {
        let format = PageFormat::new(syntax, escaping);
        prop_assert_eq!(PageFormat::negotiate(format.content_type()), format);
    }

    #[test]
    fn no_header_is_too_strange(accept in "([a-z*/;=,\"\\\\ q0-9.]|\\PC){0,60}") {
        let format = PageFormat::negotiate(&accept);
        prop_assert!(!format.content_type().is_empty());
    }

    /// Against the rule read aloud: the highest weight of those that are
    /// offered, and the earliest of equals.
    #[test]
    fn weights_are_compared_as_numbers(
        ranges in prop::collection::vec((0_usize..4, 0_u16..=1_000), 1..5),
    ) {
        let names = [
            "text/plain;version=0.0.4",
            "text/plain;version=1.0.0",
            "application/openmetrics-text;version=1.0.0",
            "application/json",
        ];
        let syntaxes = [Text004, Text100, OpenMetrics1];
        // A name twice: the first counts.
        let mut first: Vec<(usize, u16)> = Vec::new();
        for (name, weight) in ranges {
            if !first.iter().any(|(known, _)| *known == name) {
                first.push((name, weight));
            }
        }
        let header = first.iter().map(|(name, weight)| {
            format!("{};q={}.{:03}", names[*name], weight / 1_000, weight % 1_000)
        });
        let header: Vec<_> = header.collect();
        let mut expected = (Text004, 0);
        for (name, weight) in first {
            if name < 3 && weight > expected.1 {
                expected = (syntaxes[name], weight);
            }
        }
        prop_assert_eq!(negotiated(&header.join(", ")).0, expected.0);
    }
}
