//! `ExportLogsServiceRequest`: KEM events as log records.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::{Envelope, SCOPE_ITEM, field_len, key_values, open_field};
use crate::otlp::event::{EVENT_NAME, attributes, severity};
use crate::otlp::resource::Resource;
use crate::otlp::{Body, unix_nanos};
use crate::snapshot::KemEvent;

/// Encodes KEM events.
pub(crate) struct LogsEncoder {
    envelope: Envelope,
    max_bytes: usize,
}

impl LogsEncoder {
    pub(crate) fn new(resource: &Resource, max_bytes: usize) -> Self {
        Self {
            envelope: Envelope::new(resource),
            max_bytes,
        }
    }

    /// As many of the first events as fit one request, at least one.
    pub(crate) fn encode<'a>(&self, events: impl IntoIterator<Item = &'a KemEvent>) -> Body {
        let mut records = Vec::new();
        let mut items = 0;
        let mut first = None;
        for event in events {
            first.get_or_insert(event.id);
            let record = log_record(event);
            let len = record.encoded_len();
            let request = self.envelope.request_len(records.len() + field_len(len));
            if items > 0 && request > self.max_bytes {
                break;
            }
            open_field(&mut records, SCOPE_ITEM, len);
            record.encode(&mut records).expect("a Vec takes all");
            items += 1;
        }
        let mut bytes = self.envelope.open(records.len());
        bytes.extend_from_slice(&records);
        let oversized = first.filter(|_| bytes.len() > self.max_bytes);
        Body {
            bytes,
            items,
            oversized: oversized.map(|id| format!("the event {id}")),
            rows: Vec::new(),
        }
    }
}

fn log_record(event: &KemEvent) -> LogRecord {
    let (severity_number, severity_text) = severity(event);
    let time = unix_nanos(event.timestamp);
    let attributes = attributes(event);
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number,
        severity_text: severity_text.to_owned(),
        event_name: EVENT_NAME.to_owned(),
        attributes: key_values(attributes.iter().map(|(key, value)| (*key, value))),
        ..Default::default()
    }
}
