//! The layer: from `tracing`'s spans and events to records.
//!
//! A span's record lives in the subscriber's own store of spans, and leaves it
//! when the span closes. Nothing happens when a span is entered or left: which
//! span is the current one is the store's to know.
//!
//! A program's own code runs while a field is formatted. It may panic, or trace
//! by itself; so no lock is held then.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pqcnet_telemetry_core::Histogram;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::context::{SpanContext, flags};
use super::event::{EXCEPTION_MESSAGE, EventRecord, LogRecord};
use super::fields::{AttributeLimits, FieldValue, Fields, Key};
use super::hub::Hub;
use super::ids;
use super::moment::Moment;
use super::own_thread;
use super::remote;
use super::span::{Beginning, Link, SpanRecord};
use super::visit::{FieldVisitor, Said, Specials};

/// A layer that sends spans as OTLP traces and events as OTLP log records: see
/// [`TelemetryHandle::tracing_layer`](crate::TelemetryHandle::tracing_layer).
#[derive(Clone)]
pub struct TracingLayer {
    pub(super) hub: Arc<Hub>,
    durations: Arc<HashMap<String, Histogram>>,
}

/// A span's record while the span is open.
#[derive(Debug)]
pub(super) struct OpenSpan {
    pub(super) record: Box<SpanRecord>,
    /// Whose it is: a subscriber may have layers of two handles.
    pub(super) hub: u64,
}

impl TracingLayer {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            durations: Arc::default(),
        }
    }

    /// Records how long spans of this name last into `histogram`, in its unit,
    /// sampled or not, from creation to close. The trace and span ids of a
    /// sampled one go with the value as an exemplar, so that a bucket leads to a
    /// trace. A later call for the same name takes the place of an earlier.
    ///
    /// `name` is that in the code, not one given by `otel.name`.
    #[must_use]
    pub fn with_duration(mut self, name: impl Into<String>, histogram: &Histogram) -> Self {
        let durations = Arc::make_mut(&mut self.durations);
        durations.insert(name.into(), histogram.clone());
        self
    }

    /// Whether nothing is to be traced here.
    fn is_idle(&self) -> bool {
        !self.hub.is_on || own_thread::is_this()
    }

    /// The record of a new span, with all that is known of it at its start.
    fn begin(&self, attributes: &Attributes<'_>, parent: Option<SpanContext>) -> Box<SpanRecord> {
        let start = self.hub.now();
        let trace_id = parent
            .as_ref()
            .map_or_else(|| ids::trace_id(start), |parent| parent.trace_id);
        let sampler = &self.hub.traces.sampler;
        let is_sampled = sampler.is_sampled(parent.as_ref(), trace_id);
        let beginning = Beginning {
            context: SpanContext {
                trace_id,
                span_id: ids::span_id(start),
                flags: flags(parent.as_ref(), is_sampled),
                is_remote: false,
                state: parent.as_ref().and_then(|parent| parent.state.clone()),
            },
            parent: parent.map(|parent| (parent.span_id, parent.is_remote)),
            metadata: attributes.metadata(),
            time: start,
        };
        let mut record = self.hub.record(beginning);
        if is_sampled {
            let fields = attributes.metadata().fields().len();
            record.attributes.reserve(fields);
            let mut specials = Specials::default();
            attributes.record(&mut FieldVisitor {
                attributes: &mut record.attributes,
                texts: &mut specials,
                limits: self.hub.traces.limits.attributes,
            });
            specials.apply(&mut record);
        }
        record
    }

    /// The next span above, of those that are this layer's.
    pub(super) fn parent_of<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
    ) -> Option<SpanContext> {
        // Not by `scope`, which would look this one up again.
        let mut above = span.parent();
        while let Some(span) = above {
            if let Some(context) = self.context_of(&span) {
                return Some(context);
            }
            above = span.parent();
        }
        None
    }

    pub(super) fn context_of<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
    ) -> Option<SpanContext> {
        let extensions = span.extensions();
        let open = extensions.get::<OpenSpan>().filter(|open| self.owns(open));
        open.map(|open| open.record.context.clone())
    }

    /// Changes the record of a span that is sampled.
    pub(super) fn change<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
        change: impl FnOnce(&mut SpanRecord),
    ) {
        let mut extensions = span.extensions_mut();
        if let Some(open) = extensions.get_mut::<OpenSpan>()
            && self.owns(open)
            && open.record.context.is_sampled()
        {
            change(&mut open.record);
        }
    }

    pub(super) fn owns(&self, open: &OpenSpan) -> bool {
        open.hub == self.hub.id
    }

    /// A span's record, out of the store.
    fn take<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>) -> Option<Box<SpanRecord>> {
        let mut extensions = span.extensions_mut();
        let open = extensions.remove::<OpenSpan>()?;
        if self.owns(&open) {
            return Some(open.record);
        }
        extensions.insert(open);
        None
    }

    /// Whether the span is one whose fields anybody will read.
    fn is_recording<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>) -> bool {
        let extensions = span.extensions();
        let open = extensions.get::<OpenSpan>();
        open.is_some_and(|open| self.owns(open) && open.record.context.is_sampled())
    }

    /// The event as its span has it, if it has, and as a log record.
    fn read_both(&self, event: &Event<'_>, is_of_span: bool) -> [Option<Arc<EventRecord>>; 2] {
        let time = self.hub.now();
        let read = |limits| Arc::new(read_event(event, time, limits));
        let limits = self.hub.span_event_limits();
        let of_span = is_of_span.then(|| read(limits));
        let records = &self.hub.log_records;
        let of_record = records.is_on.then(|| match &of_span {
            Some(same) if limits == records.attributes => Arc::clone(same),
            _ => read(records.attributes),
        });
        [of_span, of_record]
    }
}

fn read_event(event: &Event<'_>, time: Moment, limits: AttributeLimits) -> EventRecord {
    let metadata = event.metadata();
    let mut attributes = Fields::default();
    attributes.reserve(metadata.fields().len());
    let mut said = Said::default();
    event.record(&mut FieldVisitor {
        attributes: &mut attributes,
        texts: &mut said,
        limits,
    });
    let Said { message, error } = said;
    if let Some(error) = &error
        && !attributes.has(EXCEPTION_MESSAGE, metadata)
    {
        let key = Key::Text(EXCEPTION_MESSAGE);
        attributes.add(key, FieldValue::Text(error), limits);
    }
    EventRecord {
        time,
        metadata,
        is_exception: error.is_some(),
        message,
        attributes,
    }
}

fn add_event(record: &mut SpanRecord, event: Arc<EventRecord>, most: u32) {
    let extras = record.extras.get_or_insert_default();
    if extras.events.len() < most as usize {
        extras.events.push(event);
    } else {
        extras.dropped_events += 1;
    }
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if self.is_idle() {
            return;
        }
        let Some(span) = context.span(id) else {
            return;
        };
        let parent = self.parent_of(&span).or_else(remote::parent);
        let record = self.begin(attributes, parent);
        let is_sampled = record.context.is_sampled();
        let hub = self.hub.id;
        let mut extensions = span.extensions_mut();
        match extensions.replace(OpenSpan { record, hub }) {
            None => self.hub.opened(is_sampled),
            // Another layer's, which came first.
            Some(first) => {
                extensions.replace(first);
            }
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| self.is_recording(span)) else {
            return;
        };
        let limits = self.hub.traces.limits.attributes;
        let mut attributes = Fields::default();
        let mut specials = Specials::default();
        values.record(&mut FieldVisitor {
            attributes: &mut attributes,
            texts: &mut specials,
            limits,
        });
        self.change(&span, |record| {
            record.attributes.set_all(&attributes, limits);
            specials.apply(record);
        });
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let (Some(span), Some(follows)) = (context.span(id), context.span(follows)) else {
            return;
        };
        if let Some(other) = self.context_of(&follows) {
            self.add_link(&span, other, Fields::default());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.is_idle() {
            return;
        }
        let span = context.event_span(event);
        let inside = span.as_ref().and_then(|span| self.context_of(span));
        let is_added = self.hub.traces.has_span_events;
        let is_error = *event.metadata().level() == Level::ERROR;
        let is_of_span =
            (is_added || is_error) && inside.as_ref().is_some_and(SpanContext::is_sampled);
        if !is_of_span && !self.hub.log_records.is_on {
            return;
        }
        let [of_span, of_record] = self.read_both(event, is_of_span);
        if let (Some(span), Some(event)) = (span, of_span) {
            let most = self.hub.traces.limits.events;
            self.change(&span, |open| {
                if is_error {
                    open.status.fail(event.reason());
                }
                if is_added {
                    add_event(open, event, most);
                }
            });
        }
        if let Some(event) = of_record {
            let span = inside.map(|span| (span.trace_id, span.span_id, span.flags));
            self.hub.send_record(LogRecord { event, span });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(mut record) = self.take(&span) else {
            return;
        };
        record.end = self.hub.now();
        let is_sampled = record.context.is_sampled();
        self.hub.closed(is_sampled);
        if !self.durations.is_empty() {
            self.record_duration(&record);
        }
        if is_sampled {
            self.hub.send_span(record);
        } else {
            self.hub.put_record(record);
        }
    }
}

impl TracingLayer {
    fn record_duration(&self, record: &SpanRecord) {
        let Some(histogram) = self.durations.get(record.metadata.name()) else {
            return;
        };
        let nanos = self.hub.nanos_between(record.start, record.end);
        let duration = Duration::from_nanos(nanos);
        match record.context.exemplar() {
            Some(exemplar) => histogram.record_duration_with_exemplar(duration, &exemplar),
            None => histogram.record_duration(duration),
        }
    }

    pub(super) fn add_link<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
        context: SpanContext,
        attributes: Fields,
    ) {
        let most = self.hub.traces.limits.links;
        self.change(span, |record| {
            let extras = record.extras.get_or_insert_default();
            if extras.links.len() < most as usize {
                extras.links.push(Link {
                    context,
                    attributes,
                });
            } else {
                extras.dropped_links += 1;
            }
        });
    }
}

impl fmt::Debug for TracingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingLayer").finish_non_exhaustive()
    }
}
