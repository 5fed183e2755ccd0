//! What the relay records, and the plain numbers its records are checked by.

use std::time::Instant;

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::component::LocalOf;
use pqcnet_telemetry::core::component::level::Info;
use pqcnet_telemetry::core::{Counter, Histogram, RegisterError};

use crate::instruments::{Direction, RelayerMetrics};
use crate::totals::Totals;
use crate::traced;

/// The instruments, and whom they are delivered by.
pub(crate) struct Metrics {
    pub(crate) telemetry: TelemetryHandle,
    pub(crate) instruments: RelayerMetrics,
}

impl Metrics {
    pub(crate) fn register(telemetry: &TelemetryHandle) -> Result<Self, RegisterError> {
        Ok(Self {
            telemetry: telemetry.clone(),
            instruments: RelayerMetrics::register(telemetry.registry())?,
        })
    }

    /// For one direction of one session, on the thread that pumps it.
    pub(crate) fn meter(&self, direction: Direction, session: Session) -> Meter {
        let local = self.telemetry.registry().local();
        let all = &self.instruments;
        Meter {
            direction,
            session,
            ingest: local.of(&all.ingest),
            egress: local.of(&all.egress),
            bytes: local.of(all.bytes.get(direction)),
            latency: local.of(&all.latency),
            seen: Seen::default(),
        }
    }
}

/// A client's connection.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) number: u64,
    pub(crate) accepted: Instant,
}

/// Records into the thread's own cells, and counts along.
pub(crate) struct Meter {
    direction: Direction,
    session: Session,
    ingest: LocalOf<Info<Counter>>,
    egress: LocalOf<Info<Counter>>,
    bytes: LocalOf<Info<Counter>>,
    latency: LocalOf<Info<Histogram>>,
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
            let elapsed = self.session.accepted.elapsed().as_millis();
            let latency = u64::try_from(elapsed).unwrap_or(u64::MAX);
            // The way from a slow bucket to the session that was slow.
            match traced::exemplar(self.session.number) {
                Some(session) => self.latency.record_with_exemplar(latency, &session),
                None => self.latency.record(latency),
            }
            self.seen.latency = Some(latency);
        }
    }

    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.seen.writes += 1;
        self.seen.bytes += bytes as u64;
        self.egress.increment();
        self.bytes.add(bytes as u64);
    }

    /// How many it has passed on.
    pub(crate) fn bytes(&self) -> u64 {
        self.seen.bytes
    }

    pub(crate) fn add_to(&self, totals: &mut Totals) {
        let (seen, direction) = (&self.seen, self.direction);
        if direction == Direction::Upstream {
            totals.add("relayer.ingest", seen.reads);
        }
        totals.add("relayer.egress", seen.writes);
        totals.add_labelled("relayer.bytes", direction, seen.bytes);
        if let Some(latency) = seen.latency {
            totals.add_histogram("relayer.latency", 1, latency);
        }
    }
}
