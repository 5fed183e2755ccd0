//! Traces that come from other processes and go on to others.

use std::collections::HashMap;

use pqcnet_telemetry::trace::{Sampler, SpanExt, current_context};
use tracing::info_span;

use crate::received::Traced;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";

fn headers<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<&'a str> {
    let pairs: HashMap<_, _> = pairs.iter().copied().collect();
    move |name| pairs.get(name).copied()
}

#[test]
fn a_request_goes_on_with_the_trace_it_came_with() {
    let traced = Traced::new();
    let injected = traced.run(|| {
        let pairs = [("traceparent", PARENT), ("tracestate", STATE)];
        let parent = traced.telemetry.extract_context(headers(&pairs)).unwrap();
        let span = info_span!("request");
        span.set_parent(&parent);
        let client = span.in_scope(|| info_span!("upstream", otel.kind = "client"));
        let mut injected = HashMap::new();
        client.inject(|name, value| {
            injected.insert(name, value);
        });
        injected
    });
    let spans = traced.spans();
    let (request, upstream) = (spans.named("request"), spans.named("upstream"));
    assert_eq!(hex(&request.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&request.parent_span_id), "b7ad6b7169203331");
    assert_eq!(request.trace_state, STATE);
    // The parent is another process's; the child's is not.
    assert_eq!((request.flags, upstream.flags), (0x301, 0x101));
    spans.assert_child("upstream", "request");
    let (trace, span) = (hex(&upstream.trace_id), hex(&upstream.span_id));
    assert_eq!(injected["traceparent"], format!("00-{trace}-{span}-01"));
    assert_eq!(injected["tracestate"], STATE);
}

#[test]
fn a_malformed_header_starts_a_new_trace_and_is_counted() {
    let traced = Traced::new();
    let malformed = [
        "",
        "00-x",
        &PARENT.replace("0af7", "0AF7"),
        &"0".repeat(9_999),
    ];
    for text in malformed {
        let pairs = [("traceparent", text), ("tracestate", STATE)];
        let parent = traced.telemetry.extract_context(headers(&pairs));
        assert_eq!(parent, None, "{text}");
    }
    assert_eq!(traced.telemetry.malformed_contexts(), 4);
    assert_eq!(traced.telemetry.extract_context(headers(&[])), None);
    let bytes = |name: &str| (name == "traceparent").then_some([0xff, 0xfe]);
    assert_eq!(traced.telemetry.extract_context(bytes), None);
    assert_eq!(traced.telemetry.malformed_contexts(), 5);
}

#[test]
fn a_parent_that_is_not_sampled_has_children_that_are_not() {
    let traced = Traced::new();
    traced.run(|| {
        let pairs = [("traceparent", &*PARENT.replace("-01", "-00"))];
        let parent = traced.telemetry.extract_context(headers(&pairs)).unwrap();
        let span = info_span!("request");
        span.set_parent(&parent);
        let child = span.in_scope(|| info_span!("child"));
        let context = child.context().unwrap();
        assert_eq!(context.trace_id(), parent.trace_id());
        assert!(!context.is_sampled() && context.exemplar().is_none());
        child.inject(|name, value| {
            assert!(
                name == "traceparent" && value.ends_with("-00"),
                "{name}: {value}"
            );
        });
    });
    assert!(traced.spans().0.is_empty());
    assert_eq!(traced.telemetry.delivery_report().open_spans, 0);
}

#[test]
fn a_sampler_decides_for_whole_traces() {
    let traced = Traced::with(|config| {
        let root = Sampler::ratio(0.5);
        config
            .with_sampler(Sampler::parent_based(root))
            .with_span_capacity(4_096)
    });
    traced.run(|| {
        for _ in 0..1_000 {
            info_span!("root").in_scope(|| info_span!("child").in_scope(|| {}));
        }
    });
    let spans = traced.spans().0;
    let roots = spans.iter().filter(|span| span.name == "root").count();
    assert_eq!(spans.len(), 2 * roots);
    // Six standard deviations of a binomial of 1,000 at a half.
    assert!(roots.abs_diff(500) < 95, "{roots}");
}

#[test]
fn the_current_span_is_known_where_it_is_entered() {
    let traced = Traced::new();
    traced.run(|| {
        assert_eq!(current_context(), None);
        let span = info_span!("entered");
        span.in_scope(|| assert_eq!(current_context(), span.context()));
        assert_eq!(current_context(), None);
    });
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15];
    let digits = bytes.iter().flat_map(digits);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
