//! The JSON in which Jaeger answers, of which [`super::trace`] is made.

use std::collections::HashMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::trace::{self, Link, Log, Process, Tag, Tags};

/// A trace, whose spans name their processes.
#[derive(Deserialize)]
pub(super) struct Trace {
    spans: Vec<Span>,
    processes: HashMap<String, Process>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    id: String,
    operation_name: String,
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    #[serde(deserialize_with = "tags")]
    tags: Tags,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "refType")]
    kind: ReferenceKind,
    #[serde(flatten)]
    to: Link,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ReferenceKind {
    ChildOf,
    FollowsFrom,
}

impl From<Trace> for trace::Trace {
    fn from(trace: Trace) -> Self {
        let Trace { spans, processes } = trace;
        let mut spans: Vec<_> = spans
            .into_iter()
            .map(|span| {
                let process = processes[&span.process_id].clone();
                span.of(process)
            })
            .collect();
        spans.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        Self { spans }
    }
}

impl Span {
    fn of(self, process: Process) -> trace::Span {
        let is_parent = |reference: &Reference| {
            reference.kind == ReferenceKind::ChildOf && reference.to.trace_id == self.trace_id
        };
        let mut references = self.references;
        let parent = references.iter().position(is_parent);
        let parent = parent.map(|parent| references.remove(parent).to.span_id);
        trace::Span {
            trace_id: self.trace_id,
            id: self.id,
            parent_span_id: parent,
            links: references.into_iter().map(|link| link.to).collect(),
            operation: self.operation_name,
            start: self.start_time,
            duration: self.duration,
            tags: self.tags,
            logs: self.logs,
            process,
            warnings: self.warnings.unwrap_or_default(),
        }
    }
}

/// Tags, of which each key is told once.
pub(super) fn tags<'de, D: Deserializer<'de>>(tags: D) -> Result<Tags, D::Error> {
    #[derive(Deserialize)]
    struct KeyValue {
        key: String,
        #[serde(flatten)]
        value: Tag,
    }

    let mut found = Tags::new();
    for KeyValue { key, value } in Vec::deserialize(tags)? {
        if found.contains_key(&key) {
            return Err(D::Error::custom(format_args!("{key} is told twice")));
        }
        found.insert(key, value);
    }
    Ok(found)
}

/// An integer, which is a string where JavaScript would round it.
pub(super) fn integer<'de, D: Deserializer<'de>>(value: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Integer {
        Number(i64),
        Text(String),
    }

    match Integer::deserialize(value)? {
        Integer::Number(number) => Ok(number),
        Integer::Text(text) => text.parse().map_err(D::Error::custom),
    }
}
