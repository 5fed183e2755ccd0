//! Spans, with their events and links.

use super::field::{attributes, count, text};
use super::{hex, integer};
use crate::otlp::span;
use crate::trace::context::SpanContext;
use crate::trace::event::EventRecord;
use crate::trace::moment::Anchor;
use crate::trace::span::{Link, SpanRecord};

const DROPPED_ATTRIBUTES: &[u8] = b",\"droppedAttributesCount\":";

/// Appends a span.
pub(crate) fn write(out: &mut Vec<u8>, span: &SpanRecord, anchor: &Anchor) {
    write_context(out, &span.context);
    if let Some((parent, _)) = span.parent {
        out.extend_from_slice(b",\"parentSpanId\":");
        hex(out, parent.to_bytes());
    }
    text(out, b",\"name\":", span.name());
    count(out, b",\"kind\":", span.kind as u32);
    out.extend_from_slice(b",\"startTimeUnixNano\":");
    integer(out, anchor.unix_nanos(span.start));
    out.extend_from_slice(b",\"endTimeUnixNano\":");
    integer(out, anchor.unix_nanos(span.end));
    attributes(out, span.attributes.iter(span.metadata));
    count(out, DROPPED_ATTRIBUTES, span.attributes.dropped());
    if let Some(extras) = &span.extras {
        list(out, b",\"events\":[", &extras.events, |out, event| {
            write_event(out, event, anchor);
        });
        count(out, b",\"droppedEventsCount\":", extras.dropped_events);
        list(out, b",\"links\":[", &extras.links, |out, link| {
            write_link(out, link, span);
        });
        count(out, b",\"droppedLinksCount\":", extras.dropped_links);
    }
    if let Some((code, message)) = span::status(&span.status) {
        out.extend_from_slice(b",\"status\":{\"code\":");
        super::small(out, code);
        text(out, b",\"message\":", message);
        out.push(b'}');
    }
    count(out, b",\"flags\":", span::flags(span));
    out.push(b'}');
}

/// The beginning of a span or link.
fn write_context(out: &mut Vec<u8>, context: &SpanContext) {
    out.extend_from_slice(b"{\"traceId\":");
    hex(out, context.trace_id.to_bytes());
    out.extend_from_slice(b",\"spanId\":");
    hex(out, context.span_id.to_bytes());
    let state = context.state.as_deref().unwrap_or_default();
    text(out, b",\"traceState\":", state);
}

fn write_event(out: &mut Vec<u8>, event: &EventRecord, anchor: &Anchor) {
    out.extend_from_slice(b"{\"timeUnixNano\":");
    integer(out, anchor.unix_nanos(event.time));
    text(out, b",\"name\":", span::event_name(event));
    attributes(out, span::event_attributes(event));
    count(out, DROPPED_ATTRIBUTES, event.attributes.dropped());
    out.push(b'}');
}

fn write_link(out: &mut Vec<u8>, link: &Link, span: &SpanRecord) {
    write_context(out, &link.context);
    attributes(out, link.attributes.iter(span.metadata));
    count(out, DROPPED_ATTRIBUTES, link.attributes.dropped());
    count(out, b",\"flags\":", span::link_flags(link));
    out.push(b'}');
}

/// An array of objects, left out if empty.
fn list<T>(out: &mut Vec<u8>, opening: &[u8], items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for (index, item) in items.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b"," } else { opening });
        write(out, item);
    }
    if !items.is_empty() {
        out.push(b']');
    }
}
