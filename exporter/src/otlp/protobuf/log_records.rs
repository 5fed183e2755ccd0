//! Events of `tracing` as log records.

use super::field::{any_value, attributes, bytes, count, flags, time};
use super::message;
use crate::otlp::log_record::{event_name, severity};
use crate::trace::event::LogRecord;
use crate::trace::fields::FieldValue;
use crate::trace::moment::Anchor;

// Of `LogRecord`.
const TIME: u8 = 1;
const SEVERITY_NUMBER: u8 = 2;
const SEVERITY_TEXT: u8 = 3;
const BODY: u8 = 5;
const ATTRIBUTES: u8 = 6;
const DROPPED_ATTRIBUTES: u8 = 7;
const FLAGS: u32 = 8;
const TRACE_ID: u8 = 9;
const SPAN_ID: u8 = 10;
const OBSERVED_TIME: u8 = 11;
const EVENT_NAME: u8 = 12;

/// Appends a record's fields.
pub(crate) fn write(out: &mut Vec<u8>, record: &LogRecord, anchor: &Anchor) {
    let event = &*record.event;
    let nanos = anchor.unix_nanos(event.time);
    let (number, text) = severity(event.metadata);
    time(out, TIME, nanos);
    count(out, SEVERITY_NUMBER, number);
    bytes(out, SEVERITY_TEXT, text.as_bytes());
    if let Some(text) = &event.message {
        message(out, BODY, |out| any_value(out, FieldValue::Text(text)));
    }
    attributes(out, ATTRIBUTES, event.attributes.iter(event.metadata));
    count(out, DROPPED_ATTRIBUTES, event.attributes.dropped());
    if let Some((trace_id, span_id, trace_flags)) = record.span {
        flags(out, FLAGS, trace_flags.into());
        bytes(out, TRACE_ID, &trace_id.to_bytes());
        bytes(out, SPAN_ID, &span_id.to_bytes());
    }
    time(out, OBSERVED_TIME, nanos);
    bytes(out, EVENT_NAME, event_name(event.metadata).as_bytes());
}
