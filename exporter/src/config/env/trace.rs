//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_BLRP_*` and the limits of spans
//! and log records.
//!
//! `OTEL_BSP_EXPORT_TIMEOUT` and `OTEL_BLRP_EXPORT_TIMEOUT` are not read:
//! requests have a time-out.

use std::str::FromStr;

use crate::config::TelemetryConfig;
use crate::config::check::MOST_EVENTS;
use crate::config::trace::{
    AttributeOptions, QueueOptions, SAMPLERS, TraceConfig, is_ratio, sampler_of, takes_ratio,
};
use crate::trace::sampler::Sampler;

impl TelemetryConfig {
    pub(super) fn apply_trace(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let TraceConfig {
            mut spans,
            mut log_records,
            mut attributes,
        } = std::mem::take(&mut self.trace);
        let ratio = spans.ratio.unwrap_or(1.0);
        spans.sampler = self.read_sampler(ratio, get).or(spans.sampler);
        spans.queue = self.read_queue("OTEL_BSP", "spans.batch", spans.queue, get);
        let queue = log_records.queue;
        log_records.queue = self.read_queue("OTEL_BLRP", "log-records.batch", queue, get);
        for (kind, options) in [
            ("", &mut attributes),
            ("SPAN_", &mut spans.attributes),
            ("LOGRECORD_", &mut log_records.attributes),
        ] {
            self.read_attributes(kind, options, get);
        }
        for (name, slot) in [
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", &mut spans.events),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", &mut spans.links),
            (
                "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
                &mut spans.event_attributes,
            ),
            (
                "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
                &mut spans.link_attributes,
            ),
        ] {
            *slot = self.limit(name, get).or(*slot);
        }
        self.trace = TraceConfig {
            spans,
            log_records,
            attributes,
        };
    }

    /// The sampler of the variables, if they name one. An argument that is not
    /// for it is as none, by the specification; `ratio` is that of the layers
    /// below.
    fn read_sampler(
        &mut self,
        ratio: f64,
        get: &impl Fn(&str) -> Option<String>,
    ) -> Option<Sampler> {
        let (name, argument) = ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG");
        let find = |name: &str| sampler_of(name, ratio).map(|_| name.to_owned());
        let sampler = self.choice(name, get, find, SAMPLERS);
        let has_ratio = sampler.as_deref().is_some_and(takes_ratio);
        let given = get(argument).and_then(|value| {
            let ratio = value.trim().parse().ok().filter(|ratio| is_ratio(*ratio));
            if !has_ratio {
                let reason = "it goes with an OTEL_TRACES_SAMPLER of traceidratio or \
                              parentbased_traceidratio";
                self.ignore(argument, &value, reason);
            } else if ratio.is_none() {
                self.ignore(argument, &value, "it is a number from 0 to 1");
            }
            ratio
        });
        sampler_of(&sampler?, given.unwrap_or(ratio))
    }

    /// `options`, with what the variables of a processor say. The result is
    /// valid if `options` are; those call their batch `key`.
    fn read_queue(
        &mut self,
        processor: &str,
        key: &str,
        mut options: QueueOptions,
        get: &impl Fn(&str) -> Option<String>,
    ) -> QueueOptions {
        let interval = self.milliseconds(&format!("{processor}_SCHEDULE_DELAY"), get);
        options.interval = interval.or(options.interval);
        let count = 1..=MOST_EVENTS;
        let reason = "it is 1 to 16777216";
        let name = format!("{processor}_MAX_QUEUE_SIZE");
        let capacity = self.number(&name, get, |size| count.contains(size), reason);
        options.capacity = capacity.or(options.capacity);

        let most = options.capacity();
        let reason = format!("it is 1 to {most}, the most that are kept");
        let at = format!("{processor}_MAX_EXPORT_BATCH_SIZE");
        let batch = self.number(&at, get, |size| (1..=most).contains(size), &reason);
        options.batch = batch.or(options.batch);
        if let Some(batch) = options.batch.filter(|batch| *batch > most) {
            let reason = format!("it must be at most {name}, which is {most}");
            self.warn(format!("{key} = {batch} is ignored: {reason}"));
            options.batch = None;
        }
        options
    }

    /// What is said of attributes in general, or of those of a `kind`.
    fn read_attributes(
        &mut self,
        kind: &str,
        options: &mut AttributeOptions,
        get: &impl Fn(&str) -> Option<String>,
    ) {
        let count = self.limit(&format!("OTEL_{kind}ATTRIBUTE_COUNT_LIMIT"), get);
        options.count = count.or(options.count);
        let name = format!("OTEL_{kind}ATTRIBUTE_VALUE_LENGTH_LIMIT");
        let length = self.limit(&name, get);
        options.value_length = length.or(options.value_length);
    }

    fn limit(&mut self, name: &str, get: &impl Fn(&str) -> Option<String>) -> Option<u32> {
        self.number(name, get, |_| true, "it is 0 to 4294967295")
    }

    /// A number that `fits`.
    fn number<T: FromStr>(
        &mut self,
        name: &str,
        get: &impl Fn(&str) -> Option<String>,
        fits: impl Fn(&T) -> bool,
        reason: &str,
    ) -> Option<T> {
        let value = get(name)?;
        let number = value.trim().parse().ok().filter(fits);
        if number.is_none() {
            self.ignore(name, &value, reason);
        }
        number
    }
}
