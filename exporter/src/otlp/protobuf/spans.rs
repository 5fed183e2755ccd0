//! Spans, with their events and links.

use super::field::{attributes, bytes, count, flags, time};
use super::message;
use crate::otlp::span;
use crate::trace::context::SpanContext;
use crate::trace::event::EventRecord;
use crate::trace::moment::Anchor;
use crate::trace::span::{Link, SpanRecord};

// Of `Span`; the first three of `Link`, too.
const TRACE_ID: u8 = 1;
const SPAN_ID: u8 = 2;
const TRACE_STATE: u8 = 3;
const PARENT_SPAN_ID: u8 = 4;
const NAME: u8 = 5;
const KIND: u8 = 6;
const START_TIME: u8 = 7;
const END_TIME: u8 = 8;
const ATTRIBUTES: u8 = 9;
const DROPPED_ATTRIBUTES: u8 = 10;
const EVENTS: u8 = 11;
const DROPPED_EVENTS: u8 = 12;
const LINKS: u8 = 13;
const DROPPED_LINKS: u8 = 14;
const STATUS: u8 = 15;
const FLAGS: u32 = 16;

// Of `Link`.
const LINK_ATTRIBUTES: u8 = 4;
const LINK_DROPPED_ATTRIBUTES: u8 = 5;
const LINK_FLAGS: u32 = 6;

// Of `Event`.
const EVENT_TIME: u8 = 1;
const EVENT_NAME: u8 = 2;
const EVENT_ATTRIBUTES: u8 = 3;
const EVENT_DROPPED_ATTRIBUTES: u8 = 4;

// Of `Status`.
const STATUS_MESSAGE: u8 = 2;
const STATUS_CODE: u8 = 3;

/// Appends a span's fields.
pub(crate) fn write(out: &mut Vec<u8>, span: &SpanRecord, anchor: &Anchor) {
    write_context(out, &span.context);
    if let Some((parent, _)) = span.parent {
        bytes(out, PARENT_SPAN_ID, &parent.to_bytes());
    }
    bytes(out, NAME, span.name().as_bytes());
    count(out, KIND, span.kind as u32);
    time(out, START_TIME, anchor.unix_nanos(span.start));
    time(out, END_TIME, anchor.unix_nanos(span.end));
    attributes(out, ATTRIBUTES, span.attributes.iter(span.metadata));
    count(out, DROPPED_ATTRIBUTES, span.attributes.dropped());
    if let Some(extras) = &span.extras {
        for event in &extras.events {
            message(out, EVENTS, |out| write_event(out, event, anchor));
        }
        count(out, DROPPED_EVENTS, extras.dropped_events);
        for link in &extras.links {
            message(out, LINKS, |out| write_link(out, link, span));
        }
        count(out, DROPPED_LINKS, extras.dropped_links);
    }
    if let Some((code, text)) = span::status(&span.status) {
        message(out, STATUS, |out| {
            bytes(out, STATUS_MESSAGE, text.as_bytes());
            count(out, STATUS_CODE, code);
        });
    }
    flags(out, FLAGS, span::flags(span));
}

fn write_context(out: &mut Vec<u8>, context: &SpanContext) {
    bytes(out, TRACE_ID, &context.trace_id.to_bytes());
    bytes(out, SPAN_ID, &context.span_id.to_bytes());
    let state = context.state.as_deref().unwrap_or_default();
    bytes(out, TRACE_STATE, state.as_bytes());
}

fn write_event(out: &mut Vec<u8>, event: &EventRecord, anchor: &Anchor) {
    time(out, EVENT_TIME, anchor.unix_nanos(event.time));
    bytes(out, EVENT_NAME, span::event_name(event).as_bytes());
    attributes(out, EVENT_ATTRIBUTES, span::event_attributes(event));
    count(out, EVENT_DROPPED_ATTRIBUTES, event.attributes.dropped());
}

fn write_link(out: &mut Vec<u8>, link: &Link, span: &SpanRecord) {
    write_context(out, &link.context);
    attributes(out, LINK_ATTRIBUTES, link.attributes.iter(span.metadata));
    count(out, LINK_DROPPED_ATTRIBUTES, link.attributes.dropped());
    flags(out, LINK_FLAGS, span::link_flags(link));
}
