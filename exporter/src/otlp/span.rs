//! Spans as OTLP has them, whatever the format.

use super::items::Item;
use super::response::printable;
use super::{json, protobuf};
use crate::trace::event::{EXCEPTION_MESSAGE, EventRecord};
use crate::trace::fields::FieldValue;
use crate::trace::moment::Anchor;
use crate::trace::span::{Link, SpanRecord, Status};

// Of `SpanFlags`, whose low eight bits are those of W3C *Trace Context*.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The name of an event that tells of an error (semantic conventions,
/// *Exceptions*).
const EXCEPTION: &str = "exception";

/// A span's `flags`: whether its parent is remote, says the protocol.
pub(crate) fn flags(span: &SpanRecord) -> u32 {
    let is_remote = span.parent.is_some_and(|(_, is_remote)| is_remote);
    with_remote(span.context.flags, is_remote)
}

/// A link's `flags`: whether the linked span is remote.
pub(crate) fn link_flags(link: &Link) -> u32 {
    with_remote(link.context.flags, link.context.is_remote)
}

fn with_remote(flags: u8, is_remote: bool) -> u32 {
    let remote = if is_remote { IS_REMOTE } else { 0 };
    u32::from(flags) | HAS_IS_REMOTE | remote
}

/// The status' code and message, if it has been set.
pub(crate) fn status(status: &Status) -> Option<(u32, &str)> {
    match status {
        Status::Unset => None,
        Status::Ok => Some((1, "")),
        Status::Error(message) => Some((2, message)),
    }
}

/// An event's name in its span.
pub(crate) fn event_name(event: &EventRecord) -> &str {
    match &event.message {
        _ if event.is_exception => EXCEPTION,
        Some(message) if !message.is_empty() => message,
        _ => event.metadata.name(),
    }
}

/// An event's attributes in its span, with the message where that is not its
/// name: as the exception's, or beside it.
pub(crate) fn event_attributes(
    event: &EventRecord,
) -> impl Iterator<Item = (&str, FieldValue<'_>)> {
    let attributes = &event.attributes;
    let has = |name| attributes.has(name, event.metadata);
    let message = event.message.as_deref().filter(|_| event.is_exception);
    let message = message.and_then(|message| {
        let mut names = [EXCEPTION_MESSAGE, "message"].into_iter();
        Some((names.find(|name| !has(name))?, FieldValue::Text(message)))
    });
    attributes.iter(event.metadata).chain(message)
}

impl Item for SpanRecord {
    const KEYS: json::envelope::Keys = json::envelope::SPANS;

    type Context = Anchor;

    fn scope(&self) -> &'static str {
        self.metadata.target()
    }

    fn label(&self) -> String {
        let name = printable(self.name().as_bytes());
        format!("the span {name} ({})", self.context.span_id)
    }

    fn write_json(&self, out: &mut Vec<u8>, anchor: &Anchor) {
        json::spans::write(out, self, anchor);
    }

    fn write_protobuf(&self, out: &mut Vec<u8>, anchor: &Anchor) {
        protobuf::spans::write(out, self, anchor);
    }
}
