//! An event: of a span, and a log record of its own.

use std::sync::Arc;

use tracing::Metadata;

use super::context::{SpanId, TraceId};
use super::fields::{FieldValue, Fields};
use super::moment::Moment;

/// The attribute of what an error says (semantic conventions, *Exceptions*).
pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";

/// What a `tracing::event!` has recorded.
#[derive(Debug)]
pub(crate) struct EventRecord {
    pub(crate) time: Moment,
    pub(crate) metadata: &'static Metadata<'static>,
    /// Its message, if it has one: the name of a span's event, and the body of a
    /// log record.
    pub(crate) message: Option<String>,
    pub(crate) attributes: Fields,
    /// Whether it tells of an error: the span's event is named `exception` then
    /// (semantic conventions, *Exceptions*).
    pub(crate) is_exception: bool,
}

impl EventRecord {
    /// What it has to say of an error.
    pub(crate) fn reason(&self) -> &str {
        let mut attributes = self.attributes.iter(self.metadata);
        let found = attributes.find_map(|(name, value)| match value {
            FieldValue::Text(text) if name == EXCEPTION_MESSAGE => Some(text),
            _ => None,
        });
        found.or(self.message.as_deref()).unwrap_or_default()
    }
}

/// An event as a log record.
#[derive(Clone, Debug)]
pub(crate) struct LogRecord {
    pub(crate) event: Arc<EventRecord>,
    /// The span it happened in, and that span's flags.
    pub(crate) span: Option<(TraceId, SpanId, u8)>,
}
