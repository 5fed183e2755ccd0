//! KEM events as log records.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::key_values;
use crate::otlp::event::{EVENT_NAME, attributes, severity};
use crate::otlp::unix_nanos;
use crate::snapshot::KemEvent;

/// Appends the log record of an event.
pub(crate) fn write(out: &mut Vec<u8>, event: &KemEvent) {
    let (severity_number, severity_text) = severity(event);
    let time = unix_nanos(event.timestamp);
    let attributes = attributes(event);
    let record = LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number,
        severity_text: severity_text.to_owned(),
        event_name: EVENT_NAME.to_owned(),
        attributes: key_values(attributes.iter().map(|(key, value)| (*key, value))),
        ..Default::default()
    };
    record.encode(out).expect("a Vec takes all");
}
