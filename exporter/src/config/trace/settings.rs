//! What the configuration comes to.

use std::time::Duration;

use super::{AttributeOptions, QueueOptions};
use crate::config::{FOREVER, TelemetryConfig};
use crate::trace::fields::AttributeLimits;
use crate::trace::sampler::Sampler;

/// The specification's, of everything that is counted.
const COUNT: u32 = 128;

/// A value may be all that a peer has sent, so there is a limit; the
/// specification has none.
const VALUE_LENGTH: u32 = 4096;

/// The specification's.
const CAPACITY: usize = 2048;

/// The specification's.
const BATCH: usize = 512;

/// How spans are recorded and sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TraceSettings {
    pub(crate) sampler: Sampler,
    pub(crate) limits: SpanLimits,
    /// The longest that an ended span waits to be sent.
    pub(crate) interval: Duration,
    /// Spans kept while undelivered.
    pub(crate) capacity: usize,
    /// So many don't wait for the interval; at most the capacity.
    pub(crate) batch: usize,
    /// Whether events are added to their span too.
    pub(crate) has_span_events: bool,
}

/// How much one span may have (OpenTelemetry, *Span limits*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanLimits {
    /// Its own; the length is that of its events' and links' values too.
    pub(crate) attributes: AttributeLimits,
    pub(crate) events: u32,
    pub(crate) links: u32,
    /// Of each event.
    pub(crate) event_attributes: u32,
    /// Of each link.
    pub(crate) link_attributes: u32,
}

/// How events are recorded and sent as log records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogRecordSettings {
    /// Whether they are at all.
    pub(crate) is_on: bool,
    /// The longest that one waits to be sent.
    pub(crate) interval: Duration,
    /// Log records kept while undelivered.
    pub(crate) capacity: usize,
    /// So many don't wait for the interval; at most the capacity.
    pub(crate) batch: usize,
    pub(crate) attributes: AttributeLimits,
}

impl TelemetryConfig {
    /// How to record and send spans.
    pub(crate) fn trace_settings(&self) -> TraceSettings {
        let (spans, general) = (&self.trace.spans, &self.trace.attributes);
        let sampler = spans.sampler;
        let count = |own: Option<u32>| own.or(general.count).unwrap_or(COUNT);
        TraceSettings {
            sampler: sampler.unwrap_or(Sampler::parent_based(Sampler::always_on())),
            limits: SpanLimits {
                attributes: spans.attributes.limits(general),
                events: spans.events.unwrap_or(COUNT),
                links: spans.links.unwrap_or(COUNT),
                event_attributes: count(spans.event_attributes),
                link_attributes: count(spans.link_attributes),
            },
            interval: spans.queue.interval(Duration::from_secs(5)),
            capacity: spans.queue.capacity(),
            batch: spans.queue.batch(),
            has_span_events: spans.has_events.unwrap_or(true),
        }
    }

    /// How to record and send events as log records.
    pub(crate) fn log_record_settings(&self) -> LogRecordSettings {
        let records = &self.trace.log_records;
        let mut further = self.destinations.iter();
        let is_sent = self.sends("logs") || further.any(|to| to.signals.logs.is_some());
        LogRecordSettings {
            is_on: is_sent && records.is_on.unwrap_or(true),
            interval: records.queue.interval(Duration::from_secs(1)),
            capacity: records.queue.capacity(),
            batch: records.queue.batch(),
            attributes: records.attributes.limits(&self.trace.attributes),
        }
    }
}

impl QueueOptions {
    fn interval(&self, default: Duration) -> Duration {
        self.interval.unwrap_or(default).min(FOREVER)
    }

    pub(in crate::config) fn capacity(&self) -> usize {
        self.capacity.unwrap_or(CAPACITY)
    }

    /// One that nobody has asked for is never above the capacity.
    fn batch(&self) -> usize {
        self.batch.unwrap_or(BATCH.min(self.capacity()))
    }
}

impl AttributeOptions {
    /// By the specification, *Attribute limits*: those of this kind, then the
    /// general ones, then the defaults.
    fn limits(&self, general: &Self) -> AttributeLimits {
        let value_length = self.value_length.or(general.value_length);
        AttributeLimits {
            count: self.count.or(general.count).unwrap_or(COUNT),
            value_length: value_length.unwrap_or(VALUE_LENGTH),
        }
    }
}
