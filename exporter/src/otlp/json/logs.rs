//! KEM events as log records.

use crate::otlp::event::{EVENT_NAME, attributes, severity};
use crate::otlp::json;
use crate::snapshot::KemEvent;

/// Appends the log record of an event.
pub(crate) fn write(out: &mut Vec<u8>, event: &KemEvent) {
    let (number, text) = severity(event);
    out.extend_from_slice(b"{\"timeUnixNano\":");
    json::time(out, event.timestamp);
    out.extend_from_slice(b",\"observedTimeUnixNano\":");
    json::time(out, event.timestamp);
    out.extend_from_slice(b",\"severityNumber\":");
    json::small(out, number);
    out.extend_from_slice(b",\"severityText\":");
    json::string(out, text);
    out.extend_from_slice(b",\"eventName\":");
    json::string(out, EVENT_NAME);
    out.push(b',');
    let attributes = attributes(event);
    json::attributes(out, attributes.iter().map(|(key, value)| (*key, value)));
    out.push(b'}');
}
