//! What this library says of itself, recorded by the core like anything else.
//!
//! Names and attributes are those of the OpenTelemetry semantic conventions
//! for SDKs (`otel.sdk.*`, status Development) where they have one, and
//! `pqcnet.telemetry.*` elsewhere. Durations are recorded in microseconds and
//! reported in seconds.
//!
//! Nothing loops: a report that would hold nothing but these is not sent.

use std::collections::HashMap;
use std::time::Duration;

use pqcnet_telemetry_core::{
    Counter, Histogram, Instrument, RegisterError, Registry, RetiredEpoch, UpDownCounter, Value,
};

use crate::config::{Route, TelemetryConfig};
use crate::deliver::Signal;

#[cfg(feature = "prometheus")]
mod scrape;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(feature = "prometheus")]
pub(crate) use scrape::ScrapeMeters;

/// Series that are ours, on top of what a user has set capacities for. With
/// traces there are twice as many lanes.
pub(crate) const COUNTERS: u32 = if cfg!(feature = "tracing") { 512 } else { 256 };
/// The same, of histograms.
pub(crate) const HISTOGRAMS: u32 = COUNTERS / 4;

/// The instruments, registered before any of the user's.
#[derive(Clone)]
pub(crate) struct SelfMetrics {
    points: Flow,
    records: Flow,
    duration: Histogram,
    collection: Histogram,
    residue: Counter,
    clamped: Counter,
    dropped_events: Counter,
    capacity: UpDownCounter,
    #[cfg(feature = "prometheus")]
    scrapes: Option<scrape::Instruments>,
    #[cfg(feature = "tracing")]
    spans: spans::Instruments,
    /// How many instruments these are.
    instruments: usize,
}

/// What goes through an exporter.
#[derive(Clone)]
struct Flow {
    in_flight: UpDownCounter,
    exported: Counter,
    queued: UpDownCounter,
}

impl SelfMetrics {
    /// Registers them, as the first of `registry`.
    pub(crate) fn register(
        registry: &Registry,
        config: &TelemetryConfig,
    ) -> Result<Self, RegisterError> {
        let microseconds = |name: &'static str, description: &'static str| {
            registry.histogram(
                Instrument::new(name)
                    .unit("s")
                    .decimals(6)
                    .description(description)
                    .digits(2),
            )
        };
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            registry.counter(Instrument::new(name).unit(unit).description(description))
        };
        let metrics = Self {
            points: Flow::register(registry, "metric_data_point", "{data_point}")?,
            records: Flow::register(registry, "log", "{log_record}")?,
            duration: microseconds(
                "otel.sdk.exporter.operation.duration",
                "From sending a request to its answer",
            )?,
            collection: microseconds(
                "otel.sdk.metric_reader.collection.duration",
                "Cutting an epoch and handing it to delivery",
            )?,
            residue: counter(
                "pqcnet.telemetry.residue",
                "{record}",
                "Records that a flush found in the epoch before",
            )?,
            clamped: counter(
                "pqcnet.telemetry.clamped",
                "{record}",
                "Records above a histogram's range, counted as its highest value",
            )?,
            dropped_events: counter(
                "pqcnet.telemetry.event.dropped",
                "{log_record}",
                "Events that found the queue full",
            )?,
            capacity: registry.up_down_counter(
                Instrument::new("otel.sdk.processor.log.queue.capacity")
                    .unit("{log_record}")
                    .description("Events kept while undelivered"),
            )?,
            #[cfg(feature = "prometheus")]
            scrapes: config
                .is_scraped()
                .then(|| scrape::Instruments::register(registry))
                .transpose()?,
            #[cfg(feature = "tracing")]
            spans: spans::Instruments::register(registry, config)?,
            instruments: registry.catalog().instruments().len(),
        };
        metrics.capacity.add(config.kem_capacity as i64);
        Ok(metrics)
    }

    /// How many of the catalog's instruments are these: the first.
    pub(crate) fn instruments(&self) -> usize {
        self.instruments
    }

    /// Records what an epoch has told of the recording side.
    pub(crate) fn found(&self, epoch: &RetiredEpoch, dropped_events: u64) {
        self.residue.add(epoch.residue());
        let values = epoch.changes().map(|(_, value)| value);
        let clamped = values.map(|value| match value {
            Value::Histogram(found) => found.clamped(),
            _ => 0,
        });
        self.clamped.add(clamped.sum());
        self.dropped_events.add(dropped_events);
    }

    /// Records how long a flush took to cut its epoch.
    pub(crate) fn collected(&self, took: Duration) {
        self.collection.record(microseconds(took));
    }

    /// The meters of the lane of this signal to this destination.
    pub(crate) fn meters(
        &self,
        signal: Signal,
        route: &Route,
        destination: &str,
    ) -> Option<Meters> {
        let (kind, flow) = match signal {
            Signal::Metrics => ("metric", &self.points),
            Signal::Logs | Signal::LogRecords => ("log", &self.records),
            #[cfg(feature = "tracing")]
            Signal::Traces => ("span", self.spans.flow()),
            #[cfg(not(feature = "tracing"))]
            Signal::Traces => return None,
        };
        let kind = route.protocol.component_type(kind);
        let mut name = format!("{kind}/{destination}");
        if signal == Signal::LogRecords {
            // Of the same type as the lane of KEM events; no destination's name
            // has a '/'.
            name.push_str("/log-records");
        }
        let attributes = vec![
            ("otel.component.type", kind),
            ("otel.component.name", name),
            ("server.address", route.url.host().to_owned()),
            ("server.port", route.url.port().to_string()),
        ];
        Some(Meters {
            in_flight: flow.in_flight.bind(&attributes).ok()?,
            queued: flow.queued.bind(&attributes).ok()?,
            outcomes: HashMap::new(),
            flow: flow.clone(),
            duration: self.duration.clone(),
            attributes,
            last_queued: 0,
        })
    }
}

impl Flow {
    fn register(
        registry: &Registry,
        signal: &str,
        unit: &'static str,
    ) -> Result<Self, RegisterError> {
        let name = |what| format!("otel.sdk.exporter.{signal}.{what}");
        let queue = match signal {
            // The conventions have no processor of metrics.
            "metric_data_point" => format!("pqcnet.telemetry.{signal}.queue.size"),
            _ => format!("otel.sdk.processor.{signal}.queue.size"),
        };
        Ok(Self {
            in_flight: registry.up_down_counter(
                Instrument::new(name("inflight"))
                    .unit(unit)
                    .description("Sent, and not answered yet"),
            )?,
            exported: registry.counter(
                Instrument::new(name("exported"))
                    .unit(unit)
                    .description("Taken by the receiver, or with error.type: given up"),
            )?,
            queued: registry.up_down_counter(
                Instrument::new(queue)
                    .unit(unit)
                    .description("Waiting to be delivered"),
            )?,
        })
    }
}

/// One lane's series.
pub(crate) struct Meters {
    flow: Flow,
    duration: Histogram,
    in_flight: UpDownCounter,
    queued: UpDownCounter,
    last_queued: u64,
    /// By error type; empty for success.
    outcomes: HashMap<String, (Counter, Histogram)>,
    attributes: Vec<(&'static str, String)>,
}

impl Meters {
    pub(crate) fn sent(&self, items: usize) {
        self.in_flight.add(items as i64);
    }

    /// A request was answered, or not: how long it took, how many of its items
    /// were taken, and how many given up.
    pub(crate) fn settled(
        &mut self,
        items: usize,
        error: Option<&str>,
        took: Duration,
        taken: u64,
        given_up: u64,
    ) {
        self.in_flight.add(-(items as i64));
        if let Some((exported, _)) = self.outcome("") {
            exported.add(taken);
        }
        if let Some((exported, duration)) = self.outcome(error.unwrap_or_default()) {
            exported.add(given_up);
            duration.record(microseconds(took));
        }
    }

    pub(crate) fn queued(&mut self, items: u64) {
        self.queued.add(items as i64 - self.last_queued as i64);
        self.last_queued = items;
    }

    fn outcome(&mut self, error: &str) -> Option<&(Counter, Histogram)> {
        if !self.outcomes.contains_key(error) {
            let mut attributes = self.attributes.clone();
            if !error.is_empty() {
                attributes.push(("error.type", error.to_string()));
            }
            let exported = self.flow.exported.bind(&attributes).ok()?;
            let duration = self.duration.bind(&attributes).ok()?;
            self.outcomes.insert(error.to_owned(), (exported, duration));
        }
        self.outcomes.get(error)
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
