//! What a sequence does: all of it follows from its seed.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use pqcnet_telemetry::{Protocol, TelemetryConfig, Temporality};

use crate::answer::MAX_RESPONSE_BYTES;
use crate::fault::Fault;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) temporality: Temporality,
    pub(crate) protocol: Protocol,
    is_gzip: bool,
    is_explicit: bool,
    /// Small ones force splits.
    pub(crate) max_request_bytes: Option<usize>,
    /// Small ones keep delta windows open.
    queue_items: Option<usize>,
    timeout: Duration,
    pub(crate) has_spool: bool,
    pub(crate) rounds: Vec<Round>,
    pub(crate) end: End,
    pub(crate) metrics: Vec<Fault>,
    pub(crate) logs: Vec<Fault>,
}

/// What is recorded before a flush.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// By counter.
    pub(crate) counts: Vec<u64>,
    pub(crate) latencies: Vec<u64>,
    pub(crate) level: i64,
    pub(crate) events: usize,
}

/// How a sequence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Flushing until all is delivered.
    Flushes,
    /// A shutdown that has so long.
    Shutdown(Duration),
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let may_stall = rng.u8(..40) == 0;
        let counters = rng.usize(1..12);
        let rounds = rng.usize(1..8);
        let end = match rng.u8(..8) {
            0 => End::Shutdown(Duration::from_secs(rng.u64(1..60))),
            // Past every wait but the longest.
            1 => End::Shutdown(Duration::from_secs(3_600 * 24 * 365 * 50)),
            _ => End::Flushes,
        };
        Self {
            seed,
            temporality: either(rng, Temporality::Delta, Temporality::Cumulative),
            protocol: either(rng, Protocol::HttpJson, Protocol::HttpProtobuf),
            is_gzip: rng.u8(..4) == 0,
            is_explicit: rng.bool(),
            max_request_bytes: rng.bool().then(|| rng.usize(1_600..3_000)),
            queue_items: (rng.u8(..4) == 0).then(|| rng.usize(1..6)),
            // Only where it is to run out: a busy machine is slow.
            timeout: Duration::from_millis(if may_stall { 700 } else { 60_000 }),
            has_spool: rng.u8(..8) == 0,
            rounds: (0..rounds).map(|_| Round::of(rng, counters)).collect(),
            end,
            metrics: Fault::script(rng, may_stall),
            logs: Fault::script(rng, may_stall),
        }
    }

    pub(crate) fn may_stall(&self) -> bool {
        self.timeout < Duration::from_secs(60)
    }

    /// The names of its series.
    pub(crate) fn counter(index: usize) -> String {
        format!("counter.{index}")
    }

    pub(crate) fn config(&self, metrics: &str, logs: &str, spool: &Path) -> TelemetryConfig {
        let mut text = format!(
            "[telemetry]\nmetrics-endpoint = \"{metrics}\"\nlogs-endpoint = \"{logs}\"\n\
             self-metrics = false\nspool-sync = \"never\"\n\
             max-response-bytes = {MAX_RESPONSE_BYTES}\ntimeout-ms = {}\n",
            self.timeout.as_millis()
        );
        let mut key = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                writeln!(text, "{key} = {value}").expect("a String takes all");
            }
        };
        key("compression", self.is_gzip.then(|| "\"gzip\"".into()));
        key(
            "histograms",
            self.is_explicit.then(|| "\"explicit\"".into()),
        );
        key(
            "max-request-bytes",
            self.max_request_bytes.map(|n| n.to_string()),
        );
        key("queue-items", self.queue_items.map(|n| n.to_string()));
        key(
            "spool-dir",
            self.has_spool.then(|| format!("\"{}\"", spool.display())),
        );
        let config = TelemetryConfig::from_toml_and_env(&text, |_| None);
        config
            .expect("the plan's configuration is valid")
            .with_temporality(self.temporality)
            .with_protocol(self.protocol)
    }
}

impl Round {
    fn of(rng: &mut Rng, counters: usize) -> Self {
        let count = |rng: &mut Rng| match rng.u8(..4) {
            0 => 0,
            1 => rng.u64(..1 << 40),
            _ => rng.u64(..100),
        };
        Self {
            counts: (0..counters).map(|_| count(rng)).collect(),
            latencies: (0..rng.usize(..5)).map(|_| rng.u64(1..40)).collect(),
            level: rng.i64(-50..50),
            events: if rng.bool() { rng.usize(..25) } else { 0 },
        }
    }
}

fn either<T>(rng: &mut Rng, one: T, other: T) -> T {
    if rng.bool() { one } else { other }
}
