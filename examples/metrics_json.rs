//! Writes what the `relayer` example records to a file, or checks the file
//! that is committed:
//!
//!     cargo run -p pqcnet-telemetry --example metrics_json -- \
//!         --check examples/relayer/metrics.json
//!
//! You should see that it is current; after a change of
//! `relayer/instruments.rs`, in what it is not, and with a status of 1. Without
//! `--check` it is written.

use std::process::ExitCode;

use pqcnet_telemetry::manifest;

#[path = "relayer/instruments.rs"]
mod instruments;

fn main() -> ExitCode {
    manifest::command(
        &[instruments::RelayerMetrics::DESCRIPTORS],
        std::env::args_os(),
    )
}
