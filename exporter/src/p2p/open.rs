//! What all operations have while they last.

use std::fmt::Display;
use std::time::Instant;

use tracing::field::{Value, display};
use tracing::{Instrument, Span};

use super::ERROR_LIMIT;
use super::text::Limited;

/// A span, and when it began.
#[derive(Debug)]
pub(super) struct Open {
    span: Span,
    start: Instant,
}

impl Open {
    pub(super) fn new(start: Instant, span: Span) -> Self {
        Self { span, start }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn instrument<F: Instrument>(
        &self,
        future: F,
    ) -> tracing::instrument::Instrumented<F> {
        future.instrument(self.span.clone())
    }

    /// For `operation!`, which declares the field of every name that it passes.
    pub(super) fn record(&self, field: &'static str, value: impl Value) {
        self.span.record(field, value);
    }

    /// Since the start, in whole milliseconds.
    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sets the status; `operation!` declares both fields for all.
    pub(super) fn fail(&self, description: impl Display) {
        self.record("otel.status_code", "error");
        let description = Limited(description, ERROR_LIMIT);
        self.record("otel.status_description", display(description));
    }
}
