//! Traces as Jaeger tells them, in words and types of its own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::answer;

/// The spans of one trace, by their start, and of the same start by their id.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(from = "answer::Trace")]
pub(crate) struct Trace {
    pub(crate) spans: Vec<Span>,
}

impl Trace {
    /// The only span of this name.
    pub(crate) fn span(&self, operation: &str) -> &Span {
        let mut named = self.spans.iter().filter(|span| span.operation == operation);
        match (named.next(), named.next()) {
            (Some(span), None) => span,
            _ => panic!("not one {operation}: {self:#?}"),
        }
    }
}

/// A span. Times are in microseconds, since 1970 where they are points in time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    /// In 32 hexadecimal digits.
    pub(crate) trace_id: String,
    /// In 16.
    pub(crate) id: String,
    /// Of the span in the same trace whose child it is.
    pub(crate) parent_span_id: Option<String>,
    /// What it refers to besides.
    pub(crate) links: Vec<Link>,
    /// Its name.
    pub(crate) operation: String,
    pub(crate) start: u64,
    pub(crate) duration: u64,
    /// Attributes; kind, status and scope are among them.
    pub(crate) tags: Tags,
    /// Events.
    pub(crate) logs: Vec<Log>,
    pub(crate) process: Process,
    /// What Jaeger finds wrong with it.
    pub(crate) warnings: Vec<String>,
}

/// A span of any trace.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Link {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
}

/// An event, whose name is the field `event`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Log {
    #[serde(rename = "timestamp")]
    pub(crate) time: u64,
    #[serde(deserialize_with = "answer::tags")]
    pub(crate) fields: Tags,
}

/// A resource, with its service's name apart.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Process {
    #[serde(rename = "serviceName")]
    pub(crate) service: String,
    #[serde(deserialize_with = "answer::tags")]
    pub(crate) tags: Tags,
}

/// Values by their keys.
pub(crate) type Tags = BTreeMap<String, Tag>;

/// A value, of the type that Jaeger says it has.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
pub(crate) enum Tag {
    String(String),
    Bool(bool),
    #[serde(deserialize_with = "answer::integer")]
    Int64(i64),
    Float64(f64),
}

impl From<&str> for Tag {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<bool> for Tag {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Tag {
    fn from(value: i64) -> Self {
        Self::Int64(value)
    }
}

impl From<f64> for Tag {
    fn from(value: f64) -> Self {
        Self::Float64(value)
    }
}

/// The tags that are expected somewhere.
pub(crate) fn tags<const N: usize>(tags: [(&str, Tag); N]) -> Tags {
    tags.map(|(key, value)| (key.to_owned(), value)).into()
}
