//! Peer-to-peer operations on a real libp2p swarm, as OTLP traces.
//!
//!     cargo run --manifest-path examples/swarm/Cargo.toml
//!
//! Three nodes on loopback join each other, publish a package (Kademlia and
//! gossipsub), search for it, and lose one of them on the way. You should see what
//! they did, and a table of all fourteen spans of `pqcnet_telemetry::p2p` with how
//! many there were of each. It ends by itself after a second or two, and fails if
//! one of them did not happen. With `--endpoint http://127.0.0.1:4318` the traces go
//! to a collector there.
//!
//! It is a workspace of its own, as libp2p takes minutes to compile.

mod args;
mod behaviour;
mod driver;
mod events;
mod node;
mod operations;
mod package;
mod reputation;
mod scene;
mod tally;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::p2p::{
    self, AnnouncePackage, BehaviourEvent, Bootstrap, ConnectionClosed, ConnectionEstablished,
    DhtPeerQuery, IncomingConnectionError, ProcessEvents, Publish, QueryDhtParallel,
    RecordPeerFailure, RecordPeerSuccess, Search, StoreInDht,
};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use tally::Tally;

/// How long the nodes may take, and then delivery, where the collector is in trouble.
const PATIENCE: Duration = Duration::from_secs(30);
const LAST_DELIVERY: Duration = Duration::from_secs(5);

const SPANS: [&str; 14] = [
    Bootstrap::NAME,
    Publish::NAME,
    StoreInDht::NAME,
    AnnouncePackage::NAME,
    Search::NAME,
    QueryDhtParallel::NAME,
    DhtPeerQuery::NAME,
    RecordPeerSuccess::NAME,
    RecordPeerFailure::NAME,
    ProcessEvents::NAME,
    BehaviourEvent::NAME,
    ConnectionEstablished::NAME,
    ConnectionClosed::NAME,
    IncomingConnectionError::NAME,
];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("swarm: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Some(config) = args::config()? else {
        print!("{}", args::USAGE);
        return Ok(());
    };
    let telemetry = TelemetryHandle::from_config(config)?;
    let tally = Tally::default();
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer().with_filter(recorded()))
        .with(tally.clone().with_filter(recorded()))
        .init();
    let flusher = telemetry.spawn_flusher();

    tokio::time::timeout(PATIENCE, scene::play()).await??;

    drop(flusher);
    let report = telemetry.shutdown(LAST_DELIVERY).to_string();
    if !report.is_empty() {
        println!("{report}");
    }
    summarise(&tally)
}

/// This program's own spans and events, and no other crate's: libp2p has many.
fn recorded() -> Targets {
    Targets::new()
        .with_target(p2p::TARGET, Level::INFO)
        .with_target(module_path!(), Level::INFO)
}

/// Prints how many spans there were, and fails if one of them is missing.
fn summarise(tally: &Tally) -> Result<(), Box<dyn Error>> {
    println!("\n{:<28}{:>5}", "span", "count");
    for name in SPANS {
        println!("{name:<28}{:>5}", tally.of(name));
    }
    let mut missing = SPANS.iter().filter(|name| tally.of(name) == 0);
    match missing.next() {
        None => Ok(()),
        Some(name) => Err(format!("there was no {name}").into()),
    }
}
