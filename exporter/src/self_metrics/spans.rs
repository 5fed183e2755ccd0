//! What is said of the crate `tracing`'s spans and events, before they are
//! delivered and while they are.

use pqcnet_telemetry_core::{Counter, Instrument, RegisterError, Registry, UpDownCounter};

use super::{Flow, SelfMetrics};
use crate::config::TelemetryConfig;

#[derive(Clone)]
pub(super) struct Instruments {
    flow: Flow,
    started_sampled: Counter,
    started_dropped: Counter,
    live: UpDownCounter,
    dropped_spans: Counter,
    dropped_records: Counter,
}

impl Instruments {
    pub(super) fn register(
        registry: &Registry,
        config: &TelemetryConfig,
    ) -> Result<Self, RegisterError> {
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            registry.counter(Instrument::new(name).unit(unit).description(description))
        };
        let up_down = |name: &'static str, description: &'static str| {
            let instrument = Instrument::new(name).unit("{span}");
            registry.up_down_counter(instrument.description(description))
        };
        let started = counter(
            "otel.sdk.span.started",
            "{span}",
            "Spans that have started, by what the sampler made of them",
        )?;
        let started = |result| started.bind(&[("otel.span.sampling_result", result)]);
        let capacity = up_down(
            "otel.sdk.processor.span.queue.capacity",
            "Spans kept while undelivered",
        )?;
        capacity.add(config.trace_settings().capacity as i64);
        Ok(Self {
            flow: Flow::register(registry, "span", "{span}")?,
            started_sampled: started("RECORD_AND_SAMPLE")?,
            started_dropped: started("DROP")?,
            live: up_down(
                "otel.sdk.span.live",
                "Recorded spans that have started and not ended",
            )?,
            dropped_spans: counter(
                "pqcnet.telemetry.span.dropped",
                "{span}",
                "Spans that found their thread's queue full",
            )?,
            dropped_records: counter(
                "pqcnet.telemetry.log_record.dropped",
                "{log_record}",
                "Log records of tracing that found their thread's queue full",
            )?,
        })
    }

    pub(super) fn flow(&self) -> &Flow {
        &self.flow
    }
}

impl SelfMetrics {
    /// Adds what has happened to spans and events since the call before: how
    /// many spans have started, recorded or not, by how many the recorded ones
    /// that have not ended are more, and what found a thread's queue full.
    pub(crate) fn spans_found(
        &self,
        started_sampled: u64,
        started_dropped: u64,
        live_change: i64,
        dropped_spans: u64,
        dropped_records: u64,
    ) {
        let spans = &self.spans;
        spans.started_sampled.add(started_sampled);
        spans.started_dropped.add(started_dropped);
        spans.live.add(live_change);
        spans.dropped_spans.add(dropped_spans);
        spans.dropped_records.add(dropped_records);
    }
}

#[cfg(test)]
mod tests;
