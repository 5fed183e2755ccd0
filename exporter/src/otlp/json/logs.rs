//! `ExportLogsServiceRequest`: KEM events as log records.

use super::envelope::Envelope;
use crate::otlp::event::{EVENT_NAME, attributes, severity};
use crate::otlp::resource::Resource;
use crate::otlp::{Body, json};
use crate::snapshot::KemEvent;

/// Renders KEM events.
pub(crate) struct LogsEncoder {
    envelope: Envelope,
    max_bytes: usize,
}

impl LogsEncoder {
    pub(crate) fn new(resource: &Resource, max_bytes: usize) -> Self {
        Self {
            envelope: Envelope::new(resource, "resourceLogs", "scopeLogs", "logRecords"),
            max_bytes,
        }
    }

    /// As many of the first events as fit one request, at least one.
    pub(crate) fn encode<'a>(&self, events: impl IntoIterator<Item = &'a KemEvent>) -> Body {
        let mut bytes = self.envelope.open.clone();
        let mut items = 0;
        let mut first = None;
        for event in events {
            first.get_or_insert(event.id);
            let before = bytes.len();
            if items > 0 {
                bytes.push(b',');
            }
            write_event(&mut bytes, event);
            if items > 0 && bytes.len() + self.envelope.close.len() > self.max_bytes {
                bytes.truncate(before);
                break;
            }
            items += 1;
        }
        bytes.extend_from_slice(self.envelope.close);
        let oversized = first.filter(|_| bytes.len() > self.max_bytes);
        Body {
            bytes,
            items,
            oversized: oversized.map(|id| format!("the event {id}")),
            rows: Vec::new(),
        }
    }
}

fn write_event(out: &mut Vec<u8>, event: &KemEvent) {
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
