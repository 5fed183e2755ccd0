//! What a program can do with a `tracing::Span` beyond `tracing`'s own.

use tracing::{Metadata, Span};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::context::{SpanContext, flags};
use super::fields::{AttributeLimits, FieldValue, Fields, Key, cut};
use super::layer::{OpenSpan, TracingLayer};
use super::span::Status;
use super::w3c::{TRACEPARENT, TRACESTATE, TraceParent};

/// What OpenTelemetry's spans can do and `tracing`'s can't: for
/// [`tracing::Span`].
///
/// All of it is for spans of a subscriber that is built on
/// [`tracing_subscriber::Registry`] and has a [`TracingLayer`]; for others, and
/// for spans that are disabled, nothing happens and there is no context.
pub trait SpanExt {
    /// What the span passes on to its children. Of a span that a filter of the
    /// layer leaves out, that of the next one above it.
    fn context(&self) -> Option<SpanContext>;

    /// Makes it the child of a span that is elsewhere, such as in a request's
    /// headers, with that one's trace and by the sampler's decision for it.
    ///
    /// To be called before it has children: those it has stay in the trace it
    /// was in. Fields that were recorded while it was not sampled are lost, such as
    /// those it began with where the sampler takes few traces of its own:
    /// [`SpanContext::scope`] is for these.
    fn set_parent(&self, parent: &SpanContext);

    /// Links it to another span. One more than `link-count-limit` is counted and
    /// left out, and so is an attribute without a name.
    fn add_link(&self, to: &SpanContext, attributes: &[(&str, FieldValue<'_>)]);

    /// Sets an attribute whose name is known at run time only; fields that are
    /// declared with the span cost less. Takes the place of one of the same name,
    /// declared or not; one without a name is counted and left out.
    fn set_attribute<'a>(&self, name: &str, value: impl Into<FieldValue<'a>>);

    /// Says that the operation went well, whatever is said of errors afterwards.
    fn set_ok(&self);

    /// Says that the operation failed, and how, unless it was said to have gone
    /// well. The last description stays.
    fn set_error(&self, description: &str);

    /// Calls `header` with the name and the value of each header that carries
    /// the span's context into a request: `traceparent`, and `tracestate` where
    /// there is one.
    fn inject(&self, header: impl FnMut(&'static str, String));
}

impl SpanExt for Span {
    fn context(&self) -> Option<SpanContext> {
        let context = with_span(self, |layer, span| {
            // A span that this layer does not take is as if it were not there.
            layer.context_of(span).or_else(|| layer.parent_of(span))
        });
        context.flatten()
    }

    fn set_parent(&self, parent: &SpanContext) {
        with_span(self, |layer, span| layer.set_parent(span, parent));
    }

    fn add_link(&self, to: &SpanContext, attributes: &[(&str, FieldValue<'_>)]) {
        with_span(self, |layer, span| {
            let limits = AttributeLimits {
                count: layer.hub.traces.limits.link_attributes,
                ..layer.hub.traces.limits.attributes
            };
            let attributes = fields_of(attributes, None, limits);
            layer.add_link(span, to.clone(), attributes);
        });
    }

    fn set_attribute<'a>(&self, name: &str, value: impl Into<FieldValue<'a>>) {
        let attribute = [(name, value.into())];
        with_span(self, |layer, span| {
            let limits = layer.hub.traces.limits.attributes;
            let attribute = fields_of(&attribute, Some(span.metadata()), limits);
            layer.change(span, |record| {
                record.attributes.set_all(&attribute, limits);
            });
        });
    }

    fn set_ok(&self) {
        with_span(self, |layer, span| {
            layer.change(span, |record| record.status = Status::Ok);
        });
    }

    fn set_error(&self, description: &str) {
        with_span(self, |layer, span| {
            let most = layer.hub.traces.limits.attributes.value_length;
            let description = cut(description, most);
            layer.change(span, |record| record.status.explain(description.into()));
        });
    }

    fn inject(&self, mut header: impl FnMut(&'static str, String)) {
        let Some(context) = self.context() else {
            return;
        };
        header(TRACEPARENT, TraceParent(&context).to_string());
        if let Some(state) = &context.state {
            header(TRACESTATE, state.to_string());
        }
    }
}

impl TracingLayer {
    fn set_parent<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>, parent: &SpanContext) {
        let mut extensions = span.extensions_mut();
        let open = extensions.get_mut::<OpenSpan>();
        let Some(open) = open.filter(|open| self.owns(open)) else {
            return;
        };
        let record = &mut open.record;
        let sampler = &self.hub.traces.sampler;
        let is_sampled = sampler.is_sampled(Some(parent), parent.trace_id);
        if is_sampled != record.context.is_sampled() {
            self.hub.resampled(is_sampled);
        }
        record.parent = Some((parent.span_id, parent.is_remote));
        record.context.trace_id = parent.trace_id;
        record.context.flags = flags(Some(parent), is_sampled);
        record.context.state.clone_from(&parent.state);
    }
}

/// The context of the span that is current on this thread.
pub fn current_context() -> Option<SpanContext> {
    Span::current().context()
}

fn with_span<R>(
    span: &Span,
    act: impl FnOnce(&TracingLayer, &SpanRef<'_, Registry>) -> R,
) -> Option<R> {
    let found = span.with_subscriber(|(id, dispatch)| {
        let layer = dispatch.downcast_ref::<TracingLayer>()?;
        let registry = dispatch.downcast_ref::<Registry>()?;
        Some(act(layer, &registry.span(id)?))
    });
    found.flatten()
}

/// Attributes by their names; those of the span whose metadata this is by their
/// fields, where they are declared with it.
fn fields_of(
    attributes: &[(&str, FieldValue<'_>)],
    span: Option<&'static Metadata<'static>>,
    limits: AttributeLimits,
) -> Fields {
    let mut all = Fields::default();
    for (name, value) in attributes {
        if name.is_empty() {
            all.refuse();
            continue;
        }
        let field = span.and_then(|metadata| metadata.fields().field(*name));
        let key = field.map_or(Key::Text(name), |field| Key::Field(field.index()));
        let mut one = Fields::default();
        one.add(key, *value, limits);
        all.set_all(&one, limits);
    }
    all
}
