//! Events of `tracing` as OTLP log records, whatever the format.

use tracing::{Level, Metadata};

use super::items::Item;
use super::{json, protobuf};
use crate::trace::event::LogRecord;
use crate::trace::moment::Anchor;

/// `severityNumber` and `severityText` (logs data model, *Severity Fields*).
pub(crate) fn severity(metadata: &Metadata<'_>) -> (u32, &'static str) {
    match *metadata.level() {
        Level::TRACE => (1, "TRACE"),
        Level::DEBUG => (5, "DEBUG"),
        Level::INFO => (9, "INFO"),
        Level::WARN => (13, "WARN"),
        Level::ERROR => (17, "ERROR"),
    }
}

/// The name that the program has given the event, which fixes its attributes;
/// else empty. `tracing` names others by their place in the source, and
/// `tracing-log` all of them alike.
pub(crate) fn event_name(metadata: &Metadata<'_>) -> &'static str {
    let name = metadata.name();
    let is_given = !name.starts_with("event ") && name != "log event";
    if is_given { name } else { "" }
}

impl Item for LogRecord {
    const KEYS: json::envelope::Keys = json::envelope::LOGS;

    type Context = Anchor;

    fn scope(&self) -> &'static str {
        self.event.metadata.target()
    }

    fn label(&self) -> String {
        let metadata = self.event.metadata;
        format!("the log record {} ({})", metadata.name(), metadata.target())
    }

    fn write_json(&self, out: &mut Vec<u8>, anchor: &Anchor) {
        json::log_records::write(out, self, anchor);
    }

    fn write_protobuf(&self, out: &mut Vec<u8>, anchor: &Anchor) {
        protobuf::log_records::write(out, self, anchor);
    }
}
