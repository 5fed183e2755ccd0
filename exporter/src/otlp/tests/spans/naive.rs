//! Any span, and the naive way to make OTLP of it.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status as StatusMessage, span as message,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::otlp::tests::in_json;
use crate::otlp::tests::records::{
    Clocks, by_target, contexts, event_records, fields, key_value, key_values, metadata, moments,
    resource_message, scope, span_ids, texts,
};
use crate::trace::context::SpanId;
use crate::trace::event::EventRecord;
use crate::trace::fields::FieldValue;
use crate::trace::span::{Extras, Link, SpanKind, SpanRecord, Status};

fn extras() -> impl Strategy<Value = Extras> {
    let link = (contexts(), fields()).prop_map(|(context, attributes)| Link {
        context,
        attributes,
    });
    let dropped = || prop_oneof![Just(0), any::<u32>()];
    let parts = (
        vec(event_records(), 0..3),
        dropped(),
        vec(link, 0..3),
        dropped(),
    );
    parts.prop_map(|(events, dropped_events, links, dropped_links)| Extras {
        events,
        dropped_events,
        links,
        dropped_links,
    })
}

pub(super) fn spans() -> impl Strategy<Value = SpanRecord> {
    let kinds = select(vec![
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ]);
    let status = prop_oneof![
        Just(Status::Unset),
        Just(Status::Ok),
        texts().prop_map(|message| Status::Error(message.into())),
    ];
    let parts = (
        contexts(),
        option::of((span_ids(), any::<bool>())),
        metadata(),
        option::of(texts()),
        kinds,
        (moments(), moments()),
        fields(),
        status,
        option::of(extras()),
    );
    parts.prop_map(
        |(context, parent, metadata, name, kind, (start, end), attributes, status, extras)| {
            SpanRecord {
                context,
                parent,
                metadata,
                name: name.map(String::into_boxed_str),
                kind,
                start,
                end,
                attributes,
                status,
                extras: extras.map(Box::new),
            }
        },
    )
}

fn flags(flags: u8, is_remote: bool) -> u32 {
    u32::from(flags) + 256 + if is_remote { 512 } else { 0 }
}

fn event_message(event: &EventRecord, clocks: Clocks) -> message::Event {
    let mut attributes = key_values(&event.attributes, event.metadata);
    let text = event.message.as_deref();
    if let Some(text) = text.filter(|_| event.is_exception) {
        let is_there = attributes
            .iter()
            .any(|pair| pair.key == "exception.message");
        let key = if is_there {
            "message"
        } else {
            "exception.message"
        };
        attributes.push(key_value(key, FieldValue::Text(text)));
    }
    let name = if event.is_exception {
        "exception"
    } else {
        let text = text.filter(|text| !text.is_empty());
        text.unwrap_or(event.metadata.name())
    };
    message::Event {
        time_unix_nano: clocks.unix_nanos(event.time),
        name: name.to_owned(),
        attributes,
        dropped_attributes_count: event.attributes.dropped(),
    }
}

fn link_message(link: &Link, span: &SpanRecord) -> message::Link {
    message::Link {
        trace_id: link.context.trace_id.to_bytes().to_vec(),
        span_id: link.context.span_id.to_bytes().to_vec(),
        trace_state: link.context.state.as_deref().unwrap_or_default().to_owned(),
        attributes: key_values(&link.attributes, span.metadata),
        dropped_attributes_count: link.attributes.dropped(),
        flags: flags(link.context.flags, link.context.is_remote),
    }
}

fn span_message(span: &SpanRecord, clocks: Clocks) -> Span {
    let none = Extras::default();
    let extras = span.extras.as_deref().unwrap_or(&none);
    let parent_id = |(id, _): (SpanId, bool)| id.to_bytes().to_vec();
    let (code, text) = match &span.status {
        Status::Unset => (0, ""),
        Status::Ok => (1, ""),
        Status::Error(text) => (2, &**text),
    };
    let status = StatusMessage {
        message: text.to_owned(),
        code,
    };
    let is_remote = matches!(span.parent, Some((_, true)));
    let events = extras.events.iter();
    let links = extras.links.iter();
    Span {
        trace_id: span.context.trace_id.to_bytes().to_vec(),
        span_id: span.context.span_id.to_bytes().to_vec(),
        trace_state: span.context.state.as_deref().unwrap_or_default().to_owned(),
        parent_span_id: span.parent.map(parent_id).unwrap_or_default(),
        flags: flags(span.context.flags, is_remote),
        name: span.name().to_owned(),
        kind: span.kind as i32,
        start_time_unix_nano: clocks.unix_nanos(span.start),
        end_time_unix_nano: clocks.unix_nanos(span.end),
        attributes: key_values(&span.attributes, span.metadata),
        dropped_attributes_count: span.attributes.dropped(),
        events: events.map(|event| event_message(event, clocks)).collect(),
        dropped_events_count: extras.dropped_events,
        links: links.map(|link| link_message(link, span)).collect(),
        dropped_links_count: extras.dropped_links,
        status: (span.status != Status::Unset).then_some(status),
    }
}

pub(super) fn request(spans: &[SpanRecord], clocks: Clocks) -> ExportTraceServiceRequest {
    let target = |span: &SpanRecord| span.metadata.target();
    let groups = by_target(spans, target, |span| span_message(span, clocks));
    let scope_spans = groups.into_iter().map(|(target, spans)| ScopeSpans {
        scope: Some(scope(target)),
        spans,
        ..Default::default()
    });
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource_message()),
            scope_spans: scope_spans.collect(),
            ..Default::default()
        }],
    }
}

pub(super) fn lose_what_json_loses(request: &mut ExportTraceServiceRequest) {
    let resources = request.resource_spans.iter_mut();
    let scopes = resources.flat_map(|resource| &mut resource.scope_spans);
    for span in scopes.flat_map(|scope| &mut scope.spans) {
        in_json::lose(&mut span.attributes);
        for event in &mut span.events {
            in_json::lose(&mut event.attributes);
        }
        for link in &mut span.links {
            in_json::lose(&mut link.attributes);
        }
    }
}
