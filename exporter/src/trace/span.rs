//! A span, from its start to its way out.

use std::sync::Arc;

use tracing::Metadata;

use super::context::{SpanContext, SpanId};
use super::event::EventRecord;
use super::fields::Fields;
use super::moment::Moment;

/// What is known of a span. It is sent when it has ended.
#[derive(Debug)]
pub(crate) struct SpanRecord {
    pub(crate) context: SpanContext,
    /// The parent, and whether that is another process's.
    pub(crate) parent: Option<(SpanId, bool)>,
    pub(crate) metadata: &'static Metadata<'static>,
    /// Instead of the metadata's, by `otel.name`.
    pub(crate) name: Option<Box<str>>,
    pub(crate) kind: SpanKind,
    pub(crate) start: Moment,
    pub(crate) end: Moment,
    pub(crate) attributes: Fields,
    pub(crate) status: Status,
    /// What most spans have not.
    pub(crate) extras: Option<Box<Extras>>,
}

/// What is known of a span from its start on, but for its attributes.
pub(crate) struct Beginning {
    pub(crate) context: SpanContext,
    pub(crate) parent: Option<(SpanId, bool)>,
    pub(crate) metadata: &'static Metadata<'static>,
    pub(crate) time: Moment,
}

/// Events and links, each kind with how many were left out.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) events: Vec<Arc<EventRecord>>,
    pub(crate) dropped_events: u32,
    pub(crate) links: Vec<Link>,
    pub(crate) dropped_links: u32,
}

impl Extras {
    /// Forgets them. Whether the room that they took is worth keeping.
    fn clear(&mut self) -> bool {
        const MUCH: usize = 8;
        self.events.clear();
        self.links.clear();
        (self.dropped_events, self.dropped_links) = (0, 0);
        self.events.capacity() <= MUCH && self.links.capacity() <= MUCH
    }
}

/// A span of another trace, or of another part of this, that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) context: SpanContext,
    pub(crate) attributes: Fields,
}

/// A span's place between the parts of a system; the numbers are OTLP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SpanKind {
    #[default]
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// How the span's operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Unset,
    Ok,
    Error(Box<str>),
}

impl Status {
    /// An error of which nobody has said anything yet.
    pub(crate) fn fail(&mut self, description: &str) {
        if *self == Self::Unset {
            *self = Self::Error(description.into());
        }
    }

    /// An error, with this to say of it; a span that was said to be well stays
    /// so (OpenTelemetry, *Set Status*).
    pub(crate) fn explain(&mut self, description: Box<str>) {
        if *self != Self::Ok {
            *self = Self::Error(description);
        }
    }
}

impl SpanRecord {
    /// A span that has just begun.
    pub(crate) fn new(beginning: Beginning) -> Box<Self> {
        Box::new(Self {
            context: beginning.context,
            parent: beginning.parent,
            metadata: beginning.metadata,
            name: None,
            kind: SpanKind::Internal,
            start: beginning.time,
            end: beginning.time,
            attributes: Fields::default(),
            status: Status::Unset,
            extras: None,
        })
    }

    /// The same in the place of one that was cleared: field by field, as each
    /// copy of the whole shows in what a span costs.
    pub(crate) fn begin_again(&mut self, beginning: Beginning) {
        self.context = beginning.context;
        self.parent = beginning.parent;
        self.metadata = beginning.metadata;
        (self.start, self.end) = (beginning.time, beginning.time);
    }

    /// Leaves nothing of it but room for another.
    pub(crate) fn clear(&mut self) {
        self.context.state = None;
        self.name = None;
        self.kind = SpanKind::Internal;
        self.attributes.clear();
        self.status = Status::Unset;
        if let Some(extras) = &mut self.extras
            && !extras.clear()
        {
            self.extras = None;
        }
    }

    /// The span's name.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.metadata.name())
    }
}
