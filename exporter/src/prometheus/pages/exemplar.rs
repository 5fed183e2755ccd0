//! One record to stand for many: a link from a bucket or a counter to a trace.

use std::time::SystemTime;

use pqcnet_telemetry_core::Exemplar as Recorded;

use super::label::{LabelNames, Labels};
use crate::accumulate::in_unit;
use crate::otlp::points::CORRELATION_KEY;

/// An exemplar, as pages have them.
#[derive(Clone, Debug)]
pub(super) struct Exemplar<'a> {
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    /// What the record had besides the series' own attributes.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// In the unit.
    pub(super) value: f64,
    pub(super) time: SystemTime,
}

/// `OpenMetrics`, *Exemplars*: characters of all names and values together.
const MAX_CHARS: usize = 128;

impl<'a> Exemplar<'a> {
    /// One of the core's, of a series with so many decimals.
    pub(super) fn new(exemplar: &'a Recorded, decimals: u8) -> Self {
        let (trace_id, span_id) = exemplar.context.span().unzip();
        let id = exemplar.context.correlation_id();
        Self {
            trace_id,
            span_id,
            attributes: id.map(|id| (CORRELATION_KEY, id)).into_iter().collect(),
            value: in_unit(exemplar.value as f64, decimals),
            time: exemplar.time,
        }
    }

    /// `trace_id` and `span_id` first: they win over attributes of their name,
    /// and attributes are left out where they are too long.
    pub(super) fn labels(&self, names: LabelNames) -> Labels {
        let mut labels = Labels::new();
        if let Some(id) = self.trace_id {
            labels.push((
                "trace_id".to_owned(),
                format!("{:032x}", u128::from_be_bytes(id)),
            ));
        }
        if let Some(id) = self.span_id {
            labels.push((
                "span_id".to_owned(),
                format!("{:016x}", u64::from_be_bytes(id)),
            ));
        }
        let mut chars: usize = labels.iter().map(chars_of).sum();
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(key, value)| (*key, (*value).to_owned()));
        for label in names.labels(attributes) {
            let is_taken = labels.iter().any(|(name, _)| *name == label.0);
            if !is_taken && chars + chars_of(&label) <= MAX_CHARS {
                chars += chars_of(&label);
                labels.push(label);
            }
        }
        labels
    }
}

fn chars_of((name, value): &(String, String)) -> usize {
    name.chars().count() + value.chars().count()
}
