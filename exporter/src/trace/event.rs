//! An event: of a span, and a log record of its own.

use std::sync::Arc;

use tracing::Metadata;

use super::context::{SpanId, TraceId};
use super::fields::Fields;
use super::moment::Moment;

/// What a `tracing::event!` has recorded.
#[derive(Debug)]
pub(crate) struct EventRecord {
    pub(crate) time: Moment,
    pub(crate) metadata: &'static Metadata<'static>,
    /// Its message, if it has one: the name of a span's event, and the body of a
    /// log record.
    pub(crate) message: Option<Box<str>>,
    pub(crate) attributes: Fields,
    /// Whether it tells of an error: the span's event is named `exception` then
    /// (semantic conventions, *Exceptions*).
    pub(crate) is_exception: bool,
}

/// An event as a log record.
#[derive(Clone, Debug)]
pub(crate) struct LogRecord {
    pub(crate) event: Arc<EventRecord>,
    /// The span it happened in, and that span's flags.
    pub(crate) span: Option<(TraceId, SpanId, u8)>,
}
