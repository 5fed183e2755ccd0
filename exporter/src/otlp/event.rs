//! KEM events as OTLP log records, whatever the format.

use pqcnet_telemetry_core::AttributeValue;

use super::items::Item;
use super::{json, protobuf};
use crate::kem::KemUsageReason;
use crate::snapshot::KemEvent;

/// The event's name; fixes the attributes that follow.
pub(crate) const EVENT_NAME: &str = "pqcnet.kem.usage";

/// `severityNumber` and `severityText`: 9 is INFO, 13 is WARN. A fallback is
/// worth a look.
pub(crate) fn severity(event: &KemEvent) -> (i32, &'static str) {
    match event.reason {
        KemUsageReason::Normal | KemUsageReason::Drill => (9, "INFO"),
        KemUsageReason::Fallback => (13, "WARN"),
    }
}

/// Its attributes, the id that tells duplicates first.
pub(crate) fn attributes(event: &KemEvent) -> [(&'static str, AttributeValue); 5] {
    [
        ("log.record.uid", event.id.to_string().into()),
        ("pqcnet.kem.label", event.label.as_str().into()),
        ("pqcnet.kem.scheme", event.scheme.as_str().into()),
        ("pqcnet.kem.reason", event.reason.as_str().into()),
        ("pqcnet.kem.backup_only", event.backup_only.into()),
    ]
}

impl Item for KemEvent {
    const KEYS: json::envelope::Keys = json::envelope::LOGS;

    type Context = ();

    fn scope(&self) -> &'static str {
        ""
    }

    fn label(&self) -> String {
        format!("the event {}", self.id)
    }

    fn write_json(&self, out: &mut Vec<u8>, (): &()) {
        json::logs::write(out, self);
    }

    fn write_protobuf(&self, out: &mut Vec<u8>, (): &()) {
        protobuf::logs::write(out, self);
    }
}
