//! What `instruments!` declares: the handles are those of registration by
//! hand, the descriptors say what was written, and instruments above a level
//! leave nothing anywhere.

use pqcnet_telemetry_core::{
    Counter, ExemplarContext, Family, Gauge, Histogram, RegisterError, Registry, UpDownCounter,
    instruments, label_set,
};

mod declared;
/// Of a build without a limit.
#[cfg(not(any(
    feature = "max_level_off",
    feature = "max_level_warn",
    feature = "max_level_info"
)))]
mod recorded;

label_set! {
    enum Direction: "direction" {
        Upstream = "upstream",
        Downstream = "downstream",
    }
}

instruments! {
    /// One of each kind.
    struct Relayer {
        /// Messages taken in
        /// from clients,
        ///
        ///    as they come.
        #[name = "relayer.ingest", unit = "{message}", level = warn, group = "Traffic"]
        ingest: Counter,
        /// Clients now.
        #[name = "relayer.connections", unit = "{connection}"]
        connections: UpDownCounter,
        /// How full the queue is.
        #[name = "relayer.fill", unit = "1", level = debug]
        fill: Gauge,
        /// Time a message waits.
        #[name = "relayer.wait", range = 1..=60_000_000, unit = "s", digits = 2, decimals = 6,]
        wait: Histogram,
        /// Bytes moved.
        #[name = "relayer.bytes", unit = "By"]
        bytes: Family<Direction, Counter>,
        /// Sizes of chunks.
        #[name = "relayer.chunk", unit = "By", level = debug]
        chunk: Family<Direction, Histogram>,
        /// Messages of each peer.
        #[name = "relayer.by_peer", labels = ["peer", "peer.zone"], level = info]
        by_peer: Counter,
        /// Counted no more.
        #[name = "relayer.old", deprecated = "use relayer.ingest", level = off]
        old: Counter,
    }
}

/// Names of what `registry` has, in order of registration.
fn names(registry: &Registry) -> Vec<String> {
    let catalog = registry.catalog();
    let instruments = catalog.instruments().iter();
    instruments.map(|info| info.name().to_owned()).collect()
}

/// Records through every handle.
fn record(metrics: &Relayer, registry: &Registry) -> Result<(), RegisterError> {
    metrics.ingest.increment();
    metrics.ingest.try_add(2).expect("far below the limit");
    metrics.connections.increment();
    metrics.fill.set(0.5);
    let example = ExemplarContext::correlation("request-1").expect("short enough");
    metrics.wait.record_with_exemplar(7, &example);
    metrics.wait.record_n(8, 2);
    metrics.wait.start_timer().discard();
    metrics.bytes.add(Direction::Upstream, 5);
    metrics.bytes.get(Direction::Downstream).add(6);
    metrics.chunk.record(Direction::Upstream, 1_024);
    let bound = metrics.by_peer.bind(&[("peer", "a"), ("peer.zone", "b")])?;
    bound.increment();
    metrics.old.add_with_exemplar(1, &example);
    metrics.old.clone().end();
    metrics.old.bind(&[("any", true)])?.add(1);
    let local = registry.local();
    local.of(&metrics.ingest).increment();
    local.of(&metrics.connections).add(-1);
    local.of(&metrics.wait).record_with_exemplar(9, &example);
    local.of(&metrics.old).add(1);
    Ok(())
}
