//! What a program can do with a `tracing::Span` beyond `tracing`'s own.

use pqcnet_telemetry_core::AttributeValue;
use tracing::Span;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::context::{SpanContext, flags};
use super::fields::{AttributeLimits, FieldValue, Fields, Key};
use super::layer::{OpenSpan, TracingLayer};
use super::w3c::{TRACEPARENT, TRACESTATE, TraceParent};

/// What OpenTelemetry's spans can do and `tracing`'s can't: for
/// [`tracing::Span`].
///
/// All of it is for spans of a subscriber that is built on
/// [`tracing_subscriber::Registry`] and has a [`TracingLayer`]; for others, and
/// for spans that are disabled, nothing happens and there is no context.
pub trait SpanExt {
    /// What the span passes on to its children.
    fn context(&self) -> Option<SpanContext>;

    /// Makes it the child of a span that is elsewhere, such as in a request's
    /// headers, with that one's trace and by the sampler's decision for it.
    ///
    /// To be called before it has children: those it has stay in the trace it
    /// was in. Fields that were recorded while it was not sampled are lost.
    fn set_parent(&self, parent: &SpanContext);

    /// Links it to another span. One more than `link-count-limit` is counted and
    /// left out.
    fn add_link(&self, to: &SpanContext, attributes: &[(&str, AttributeValue)]);

    /// Sets an attribute whose name is known at run time only; fields that are
    /// declared with the span cost less.
    fn set_attribute(&self, name: &str, value: impl Into<AttributeValue>);

    /// Calls `header` with the name and the value of each header that carries
    /// the span's context into a request: `traceparent`, and `tracestate` where
    /// there is one.
    fn inject(&self, header: impl FnMut(&'static str, String));
}

impl SpanExt for Span {
    fn context(&self) -> Option<SpanContext> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is of one lifetime, the closure of all"
        )]
        let context = with_span(self, |layer, span| layer.context_of(span));
        context.flatten()
    }

    fn set_parent(&self, parent: &SpanContext) {
        with_span(self, |layer, span| layer.set_parent(span, parent));
    }

    fn add_link(&self, to: &SpanContext, attributes: &[(&str, AttributeValue)]) {
        with_span(self, |layer, span| {
            let limits = AttributeLimits {
                count: layer.hub.traces.limits.link_attributes,
                ..layer.hub.traces.limits.attributes
            };
            layer.add_link(span, to.clone(), fields_of(attributes, limits));
        });
    }

    fn set_attribute(&self, name: &str, value: impl Into<AttributeValue>) {
        let attribute = [(name, value.into())];
        with_span(self, |layer, span| {
            let limits = layer.hub.traces.limits.attributes;
            let attribute = fields_of(&attribute, limits);
            layer.change(span, |record| {
                record.attributes.set_all(&attribute, limits);
            });
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
        self.hub.closed(record.context.is_sampled());
        self.hub.opened(is_sampled);
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

fn fields_of(attributes: &[(&str, AttributeValue)], limits: AttributeLimits) -> Fields {
    let mut all = Fields::default();
    for (name, value) in attributes {
        let key = Key::Text(name);
        let mut one = Fields::default();
        match value {
            AttributeValue::Bool(value) => one.add(key, FieldValue::Bool(*value), limits),
            AttributeValue::Int(value) => one.add(key, FieldValue::Int(*value), limits),
            // The core's enum may grow; its text is always there.
            other => one.add_formatted(key, format_args!("{other}"), limits),
        }
        all.set_all(&one, limits);
    }
    all
}
