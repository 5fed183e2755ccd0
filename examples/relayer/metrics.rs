//! What the relay records, and the plain numbers its records are checked by.

use std::time::Instant;

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::{
    Counter, Family, Histogram, Instrument, LocalCounter, LocalHistogram, RegisterError,
    UpDownCounter, label_set,
};

use crate::totals::Totals;

label_set! {
    /// Towards whom.
    pub(crate) enum Direction: "direction" {
        Upstream = "upstream",
        Downstream = "downstream",
    }
}

label_set! {
    /// How a session ended.
    pub(crate) enum Outcome: "outcome" {
        /// Both sides have said that they are done.
        Complete = "complete",
        /// There was no upstream for it, or no key, or no thread.
        Refused = "refused",
        /// A connection broke, or the relay was stopped.
        Broken = "broken",
    }
}

/// The instruments. A chunk is what one read or one write moves, at most 64 KiB.
pub(crate) struct Metrics {
    pub(crate) telemetry: TelemetryHandle,
    pub(crate) connections: UpDownCounter,
    pub(crate) retries: Counter,
    pub(crate) sessions: Family<Outcome, Counter>,
    ingest: Counter,
    egress: Counter,
    bytes: Family<Direction, Counter>,
    latency: Histogram,
}

impl Metrics {
    pub(crate) fn register(telemetry: &TelemetryHandle) -> Result<Self, RegisterError> {
        let registry = telemetry.registry();
        let new = |name: &'static str, unit: &'static str, description: &'static str| {
            let name = format!("relayer.{name}");
            Instrument::new(name).unit(unit).description(description)
        };
        let latency = "From accepting a client to the first chunk of its upstream";
        let latency = new("latency_ms", "ms", latency).range(1, 3_600_000);
        Ok(Self {
            telemetry: telemetry.clone(),
            connections: registry.up_down_counter(new(
                "connections",
                "{connection}",
                "Clients now",
            ))?,
            retries: registry.counter(new("retries", "{attempt}", "Repeated upstream connects"))?,
            sessions: registry.counter_family(new("sessions", "{session}", "Ended sessions"))?,
            ingest: registry.counter(new("ingest", "{chunk}", "Chunks read from clients"))?,
            egress: registry.counter(new("egress", "{chunk}", "Chunks written to either side"))?,
            bytes: registry.counter_family(new("bytes", "By", "Bytes written"))?,
            latency: registry.histogram(latency)?,
        })
    }

    /// For one direction of one session, on the thread that pumps it.
    pub(crate) fn meter(&self, direction: Direction, accepted: Instant) -> Meter {
        let local = self.telemetry.registry().local();
        Meter {
            direction,
            accepted,
            ingest: local.counter(&self.ingest),
            egress: local.counter(&self.egress),
            bytes: local.counter(self.bytes.get(direction)),
            latency: local.histogram(&self.latency),
            seen: Seen::default(),
        }
    }
}

/// Records into the thread's own cells, and counts along.
pub(crate) struct Meter {
    direction: Direction,
    accepted: Instant,
    ingest: LocalCounter,
    egress: LocalCounter,
    bytes: LocalCounter,
    latency: LocalHistogram,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    reads: u64,
    writes: u64,
    bytes: u64,
    latency: Option<u64>,
}

impl Meter {
    pub(crate) fn read(&mut self) {
        self.seen.reads += 1;
        if self.direction == Direction::Upstream {
            self.ingest.increment();
        } else if self.seen.reads == 1 {
            let elapsed = self.accepted.elapsed().as_millis();
            let latency = u64::try_from(elapsed).unwrap_or(u64::MAX);
            self.latency.record(latency);
            self.seen.latency = Some(latency);
        }
    }

    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.seen.writes += 1;
        self.seen.bytes += bytes as u64;
        self.egress.increment();
        self.bytes.add(bytes as u64);
    }

    pub(crate) fn add_to(&self, totals: &mut Totals) {
        let (seen, direction) = (&self.seen, self.direction);
        if direction == Direction::Upstream {
            totals.add("relayer.ingest", seen.reads);
        }
        totals.add("relayer.egress", seen.writes);
        totals.add_labelled("relayer.bytes", direction, seen.bytes);
        if let Some(latency) = seen.latency {
            totals.add_histogram("relayer.latency_ms", 1, latency);
        }
    }
}
