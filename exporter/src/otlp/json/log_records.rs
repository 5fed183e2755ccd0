//! Events of `tracing` as log records.

use super::field::{any_value, attributes, count, text};
use super::{hex, integer, small, string};
use crate::otlp::log_record::{event_name, severity};
use crate::trace::event::LogRecord;
use crate::trace::fields::FieldValue;
use crate::trace::moment::Anchor;

/// Appends a log record.
pub(crate) fn write(out: &mut Vec<u8>, record: &LogRecord, anchor: &Anchor) {
    let event = &*record.event;
    let nanos = anchor.unix_nanos(event.time);
    let (severity_number, severity_text) = severity(event.metadata);
    out.extend_from_slice(b"{\"timeUnixNano\":");
    integer(out, nanos);
    out.extend_from_slice(b",\"observedTimeUnixNano\":");
    integer(out, nanos);
    out.extend_from_slice(b",\"severityNumber\":");
    small(out, severity_number);
    out.extend_from_slice(b",\"severityText\":");
    string(out, severity_text);
    text(out, b",\"eventName\":", event_name(event.metadata));
    if let Some(message) = &event.message {
        out.extend_from_slice(b",\"body\":");
        any_value(out, FieldValue::Text(message));
    }
    attributes(out, event.attributes.iter(event.metadata));
    count(
        out,
        b",\"droppedAttributesCount\":",
        event.attributes.dropped(),
    );
    if let Some((trace_id, span_id, flags)) = record.span {
        out.extend_from_slice(b",\"traceId\":");
        hex(out, trace_id.to_bytes());
        out.extend_from_slice(b",\"spanId\":");
        hex(out, span_id.to_bytes());
        count(out, b",\"flags\":", flags.into());
    }
    out.push(b'}');
}
