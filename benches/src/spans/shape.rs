//! What is recorded: fields of the same names, types and lengths by every
//! subject.

mod fastrace;
mod tracing;

use super::subject::Subject;

/// The text of every span: twelve bytes, which no subject may know beforehand.
const PEER: &str = "198.51.100.7";

/// Records one operation for each value.
pub type Pass = fn(&[u64]);

/// What one operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A span with three fields (a `u64`, a `&str` of twelve bytes, a `bool`),
    /// entered and exited; the first of its trace.
    Span,
    /// The same with a child, which has the same fields.
    Child,
    /// The first with an event in it, which has a message and a `u64`.
    Event,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Span, Self::Child, Self::Event];

    /// As groups of figures are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Child => "span_child",
            Self::Event => "span_event",
        }
    }

    /// Spans of one operation.
    pub fn spans(self) -> u64 {
        match self {
            Self::Span | Self::Event => 1,
            Self::Child => 2,
        }
    }

    /// How `subject` records it.
    pub fn pass(self, subject: Subject) -> Pass {
        match (subject, self) {
            (Subject::Fastrace, Self::Span) => |values| each(values, fastrace::span),
            (Subject::Fastrace, Self::Child) => |values| each(values, fastrace::child),
            (Subject::Fastrace, Self::Event) => |values| each(values, fastrace::event),
            (_, Self::Span) => |values| each(values, tracing::span),
            (_, Self::Child) => |values| each(values, tracing::child),
            (_, Self::Event) => |values| each(values, tracing::event),
        }
    }
}

#[inline(always)]
fn each(values: &[u64], record: impl Fn(u64)) {
    for value in values {
        record(*value);
    }
}
