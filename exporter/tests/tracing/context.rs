//! Traces that come from other processes and go on to others.

use std::collections::HashMap;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pqcnet_telemetry::trace::{Sampler, SpanContext, SpanExt, SpanId, TraceId, current_context};
use tracing::{Dispatch, debug_span, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::received::Traced;
use crate::support::read::{metrics_in, points_of, value_of};

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
fn a_span_starts_once_whatever_parent_it_is_given() {
    let traced = Traced::with(|config| config.with_self_metrics(true));
    let parent = |flags| {
        let parent = PARENT.replace("-01", flags);
        let pairs = [("traceparent", &*parent)];
        traced.telemetry.extract_context(headers(&pairs)).unwrap()
    };
    let open = traced.run(|| {
        info_span!("sampled").set_parent(&parent("-01"));
        let unsampled = info_span!("unsampled");
        unsampled.set_parent(&parent("-00"));
        let again = info_span!("again");
        again.set_parent(&parent("-00"));
        again.set_parent(&parent("-01"));
        (unsampled, again)
    });
    // What is found at one cut is in the report of the next.
    for _ in 0..2 {
        traced.telemetry.record_counter("c", 1).unwrap();
        traced.telemetry.flush().unwrap();
    }
    let requests = traced.sink.received();
    let metrics: Vec<_> = requests.iter().flat_map(metrics_in).collect();
    let last = |name: &str| {
        let metric = metrics.iter().rfind(|metric| metric.name == name).unwrap();
        let points = points_of(metric).iter();
        points.map(value_of).sum::<i64>()
    };
    assert_eq!(last("otel.sdk.span.started"), 3);
    assert_eq!(last("otel.sdk.span.live"), 1);
    assert_eq!(traced.telemetry.delivery_report().open_spans, 2);
    drop(open);
    assert_eq!(traced.telemetry.delivery_report().open_spans, 0);
}

#[test]
fn a_span_that_begins_under_a_remote_one_has_its_fields() {
    let ratio = Sampler::parent_based(Sampler::ratio(0.0));
    let traced = Traced::with(|config| config.with_sampler(ratio));
    let parent = traced
        .telemetry
        .extract_context(headers(&[("traceparent", PARENT)]));
    let parent = parent.unwrap();
    traced.run(|| {
        let begin = || info_span!("request", otel.kind = "server", path = "/");
        let request = parent.scope(|| {
            let caught = std::panic::catch_unwind(|| {
                SpanContext::remote(
                    parent.trace_id(),
                    SpanId::from_bytes([9; 8]).unwrap(),
                    false,
                )
                .scope(|| panic!("in a scope"));
            });
            assert!(caught.is_err());
            begin()
        });
        request.in_scope(|| parent.scope(|| info_span!("child").in_scope(|| {})));
        begin().in_scope(|| {});
    });
    let spans = traced.spans();
    assert_eq!(spans.names(), ["child", "request"]);
    let request = spans.named("request");
    assert_eq!(request.parent_span_id, parent.span_id().to_bytes());
    assert_eq!(request.trace_id, parent.trace_id().to_bytes());
    assert_eq!(
        (request.kind(), request.attributes.len()),
        (SpanKind::Server, 1)
    );
    spans.assert_child("child", "request");
}

#[test]
fn a_span_that_the_layer_leaves_out_hands_on_the_one_above() {
    let traced = Traced::new();
    let layer = traced
        .telemetry
        .tracing_layer()
        .with_filter(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(layer).with(AllSpans);
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        info_span!("request").in_scope(|| {
            let above = current_context().unwrap();
            debug_span!("inner").in_scope(|| {
                assert!(!tracing::Span::current().is_disabled());
                assert_eq!(current_context(), Some(above));
            });
        });
    });
    assert_eq!(traced.spans().names(), ["request"]);
}

/// A layer that takes what the other leaves out.
struct AllSpans;

impl<S: tracing::Subscriber> Layer<S> for AllSpans {}

#[test]
fn a_context_can_be_made_of_ids() {
    let traced = Traced::new();
    let (trace, span) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
    let parent = SpanContext::remote(trace.unwrap(), span.unwrap(), true);
    traced.run(|| info_span!("child").set_parent(&parent));
    let spans = traced.spans();
    let child = spans.named("child");
    assert_eq!(
        (&*child.trace_id, &*child.parent_span_id),
        (&[1; 16][..], &[2; 8][..])
    );
    // The parent is remote, says OTLP.
    assert_eq!(child.flags & 0x300, 0x300);
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
