//! Spans and log records of `tracing`: which are kept, how many, and how much
//! of each.

use std::time::Duration;

use crate::trace::sampler::Sampler;

mod check;
mod settings;

pub(super) use check::{is_ratio, refuse_ratio};
pub(crate) use settings::{LogRecordSettings, TraceSettings};

/// All that is said of either; `None` where nothing is.
#[derive(Clone, Debug, Default)]
pub(super) struct TraceConfig {
    pub(super) spans: SpanOptions,
    pub(super) log_records: LogRecordOptions,
    /// Of both, under what is said of each.
    pub(super) attributes: AttributeOptions,
}

/// What is said of spans.
#[derive(Clone, Debug, Default)]
pub(super) struct SpanOptions {
    pub(super) sampler: Option<Sampler>,
    /// For a sampler by ratio that a layer above names without one.
    pub(super) ratio: Option<f64>,
    pub(super) queue: QueueOptions,
    pub(super) attributes: AttributeOptions,
    pub(super) events: Option<u32>,
    pub(super) links: Option<u32>,
    pub(super) event_attributes: Option<u32>,
    pub(super) link_attributes: Option<u32>,
    pub(super) has_events: Option<bool>,
}

/// What is said of log records.
#[derive(Clone, Debug, Default)]
pub(super) struct LogRecordOptions {
    pub(super) is_on: Option<bool>,
    pub(super) queue: QueueOptions,
    pub(super) attributes: AttributeOptions,
}

/// What waits, and for how long.
#[derive(Clone, Debug, Default)]
pub(super) struct QueueOptions {
    pub(super) interval: Option<Duration>,
    pub(super) capacity: Option<usize>,
    pub(super) batch: Option<usize>,
}

/// How much there may be of attributes.
#[derive(Clone, Debug, Default)]
pub(super) struct AttributeOptions {
    pub(super) count: Option<u32>,
    pub(super) value_length: Option<u32>,
}

/// What the samplers are called.
pub(super) const SAMPLERS: &str = "it is always_on, always_off, traceidratio, \
     parentbased_always_on, parentbased_always_off or parentbased_traceidratio";

/// The sampler of the specification's name, with `ratio` if it takes one.
pub(super) fn sampler_of(name: &str, ratio: f64) -> Option<Sampler> {
    let (is_parent_based, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, name),
    };
    let root = match root {
        "always_on" => Sampler::always_on(),
        "always_off" => Sampler::always_off(),
        "traceidratio" => Sampler::ratio(ratio),
        _ => return None,
    };
    Some(if is_parent_based {
        Sampler::parent_based(root)
    } else {
        root
    })
}

/// Whether the sampler of this name takes a ratio.
pub(super) fn takes_ratio(name: &str) -> bool {
    name.ends_with("traceidratio")
}

#[cfg(test)]
mod tests;
