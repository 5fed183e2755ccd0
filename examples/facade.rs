//! A program that uses the macros of the `metrics` crate, as its libraries may
//! do too, and reports to a throwaway HTTP sink with three lines of this one.
//!
//!     cargo run -p pqcnet-telemetry --features metrics --example facade
//!
//! You should see the JSON of a counter, a gauge and a histogram, and what was
//! dropped: a gauge that has a counter's name.

use std::error::Error;
use std::time::Duration;

use metrics::{Unit, counter, describe_histogram, gauge, histogram};
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

#[path = "support/sink.rs"]
mod sink;

fn main() -> Result<(), Box<dyn Error>> {
    let sink = sink::Sink::start();

    // The guard of the last line flushes, at intervals and at the end.
    let config = TelemetryConfig::new(&sink.url()).with_self_metrics(false);
    let telemetry = TelemetryHandle::from_config(config)?;
    telemetry.install_metrics_recorder()?;
    let flusher = telemetry.spawn_flusher();

    relay();

    drop(flusher);
    for request in sink.received() {
        println!("POST {}\n{}\n", request.path, request.body);
    }
    println!("dropped: {:?}", telemetry.metrics_recorder().dropped());
    Ok(())
}

/// Knows `metrics`, and nothing of who records.
fn relay() {
    describe_histogram!("relay_wait_seconds", Unit::Seconds, "Time in the queue");
    let open = gauge!("relay_connections");
    for message in 0..1_000_u32 {
        let route = if message % 10 == 0 { "slow" } else { "fast" };
        counter!("relay_messages_total", "route" => route).increment(1);
        histogram!("relay_wait_seconds").record(Duration::from_micros(200 + u64::from(message)));
        open.increment(1);
        if message >= 8 {
            open.decrement(1);
        }
    }
    gauge!("relay_messages_total").set(1_000); // is a counter
}
