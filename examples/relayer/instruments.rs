//! What the relay records, declared once: the relay registers it, and
//! `metrics_json` writes it down.

use pqcnet_telemetry::core::{Counter, Family, Histogram, UpDownCounter, instruments, label_set};

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

instruments! {
    /// A chunk is what one read or one write moves, at most 64 KiB.
    pub(crate) struct RelayerMetrics {
        /// Clients now
        #[name = "relayer.connections", unit = "{connection}", group = "Sessions"]
        pub(crate) connections: UpDownCounter,
        /// Repeated upstream connects
        #[name = "relayer.retries", unit = "{attempt}", level = warn, group = "Sessions"]
        pub(crate) retries: Counter,
        /// Ended sessions
        #[name = "relayer.sessions", unit = "{session}", level = warn, group = "Sessions"]
        pub(crate) sessions: Family<Outcome, Counter>,
        /// Chunks read from clients
        #[name = "relayer.ingest", unit = "{chunk}", group = "Traffic"]
        pub(crate) ingest: Counter,
        /// Chunks written to either side
        #[name = "relayer.egress", unit = "{chunk}", group = "Traffic"]
        pub(crate) egress: Counter,
        /// Bytes written
        #[name = "relayer.bytes", unit = "By", group = "Traffic"]
        pub(crate) bytes: Family<Direction, Counter>,
        /// From accepting a client to the first chunk of its upstream
        #[name = "relayer.latency", unit = "s", decimals = 3, range = 1..=3_600_000,
          group = "Traffic"]
        pub(crate) latency: Histogram,
    }
}
