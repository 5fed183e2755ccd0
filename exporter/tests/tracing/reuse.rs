//! Spans whose records other spans have had before them.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pqcnet_telemetry::trace::{SpanContext, SpanExt};
use tracing::{error, info, info_span};

use crate::received::Traced;

/// As many as are used again at once, and more.
const EACH: usize = 100;

/// Has all that a span can have, some of it past the limits.
fn full(parent: &SpanContext) {
    let span = info_span!(
        "full",
        otel.name = "FULL",
        otel.kind = "server",
        long = "x".repeat(2_000),
        second = 2,
        third = 3
    );
    span.set_parent(parent);
    span.add_link(parent, &[("of", "link".into())]);
    span.add_link(parent, &[]);
    span.in_scope(|| {
        error!(attempt = 1, "it failed");
        info!("once more");
    });
}

/// What of a span is the same for all of its kind.
fn without_ids_and_times(mut span: Span) -> Span {
    (span.trace_id, span.span_id) = Default::default();
    (span.start_time_unix_nano, span.end_time_unix_nano) = Default::default();
    for event in &mut span.events {
        event.time_unix_nano = 0;
    }
    span
}

#[test]
fn a_span_has_nothing_of_those_before_it() {
    let traced = Traced::with_span_settings(
        "
        attribute-count-limit = 2
        event-count-limit = 1
        link-count-limit = 1
        ",
    );
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let parent = traced.telemetry.extract_context(|name| match name {
        "traceparent" => Some(parent),
        "tracestate" => Some("vendor=1"),
        _ => None,
    });
    let parent = parent.unwrap();
    let mut first = None;
    for round in 0..4 {
        traced.run(|| {
            for _ in 0..EACH {
                full(&parent);
                info_span!("plain").in_scope(|| {});
            }
        });
        let spans = traced.spans().0;
        let spans = spans.into_iter().map(without_ids_and_times);
        let (plain, full): (Vec<_>, Vec<_>) = spans.partition(|span| span.name == "plain");
        assert_eq!((plain.len(), full.len()), (EACH, EACH));
        for span in plain {
            let expected = Span {
                name: "plain".into(),
                kind: SpanKind::Internal.into(),
                flags: span.flags,
                ..Span::default()
            };
            assert_eq!(span, expected, "round {round}");
        }
        let first: &Span = first.get_or_insert_with(|| {
            let span = &full[0];
            assert_eq!(
                (span.attributes.len(), span.dropped_attributes_count),
                (2, 1)
            );
            assert_eq!((span.events.len(), span.dropped_events_count), (1, 1));
            assert_eq!((span.links.len(), span.dropped_links_count), (1, 1));
            assert_eq!(span.trace_state, "vendor=1");
            assert!(span.status.is_some());
            span.clone()
        });
        for span in &full {
            assert_eq!(span, first, "round {round}");
        }
    }
}
