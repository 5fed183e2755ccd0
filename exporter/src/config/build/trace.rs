//! What calls say of spans and log records.

use std::time::Duration;

use crate::config::{FOREVER, TelemetryConfig};
use crate::trace::sampler::Sampler;

impl TelemetryConfig {
    /// Which spans are recorded. Default: those whose parent is, and all that
    /// have none.
    ///
    /// A ratio that is not 0 to 1 is refused by [`validate`](Self::validate).
    pub fn with_sampler(mut self, sampler: Sampler) -> Self {
        self.trace.spans.sampler = Some(sampler);
        self
    }

    /// How many spans to keep while they are undelivered; what has waited longest
    /// is dropped, and counted, when more come. Between 1 and 16777216. Default:
    /// 2048.
    ///
    /// As many may lie between the threads that trace and their collector, for
    /// each processor (16 at most), and those wait in addition until the next come;
    /// as many records are kept to be used again.
    pub fn with_span_capacity(mut self, spans: usize) -> Self {
        self.trace.spans.queue.capacity = Some(spans);
        self.refuse_zero("spans.capacity", &spans, spans == 0);
        self
    }

    /// How many ended spans don't wait for the interval. Not zero, and at most
    /// the capacity. Default: 512, or the capacity if that is less.
    pub fn with_span_batch(mut self, spans: usize) -> Self {
        self.trace.spans.queue.batch = Some(spans);
        self.refuse_zero("spans.batch", &spans, spans == 0);
        self
    }

    /// The longest that an ended span waits to be sent. Not zero. Default: 5 s.
    pub fn with_span_interval(mut self, interval: Duration) -> Self {
        self.trace.spans.queue.interval = Some(interval.min(FOREVER));
        self.refuse_zero("spans.interval", &interval, interval.is_zero());
        self
    }

    /// Whether events of `tracing` go out as log records. Default: `true`.
    pub fn with_log_records(mut self, is_on: bool) -> Self {
        self.trace.log_records.is_on = Some(is_on);
        self
    }

    /// Whether events of `tracing` are added to the span they happen in, too.
    /// Default: `true`.
    pub fn with_span_events(mut self, is_on: bool) -> Self {
        self.trace.spans.has_events = Some(is_on);
        self
    }
}
