//! Records counters, latencies and a KEM event, flushes them to a throwaway
//! HTTP sink, and prints the exact JSON that the sink received, then the
//! snapshot that `flush` returned.
//!
//!     cargo run -p pqcnet-telemetry --example flush_snapshot
//!
//! You should see one request to /v1/logs, one to /v1/metrics, and the
//! snapshot. Nothing else needs to be installed or running.

use pqcnet_telemetry::{KemUsageReason, KemUsageRecord, TelemetryConfig, TelemetryHandle};

#[path = "support/sink.rs"]
mod sink;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sink = sink::Sink::start();
    let config = TelemetryConfig::from_toml(&format!(
        r#"
        [telemetry]
        endpoint = "{}"
        flush-interval-ms = 500
        self-metrics = false # as is, what was recorded here and no more

        [telemetry.labels]
        component = "sentry"
        cluster = "validator-net"
        "#,
        sink.url()
    ))?;
    let telemetry = TelemetryHandle::from_config(config)?;

    // By name, wherever it is convenient ...
    for _ in 0..3 {
        telemetry.record_counter("ingest.success", 1)?;
    }
    telemetry.record_latency_ms("pipeline", 42);
    telemetry.record_latency_ms("pipeline", 54);
    // ... and by handle, where every nanosecond counts.
    let bytes = telemetry.counter("ingest.bytes")?;
    bytes.add(1_536);

    telemetry.record_kem_event(KemUsageRecord {
        label: "sentry::9f3c".into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Drill,
        backup_only: false,
    });

    let snapshot = telemetry.flush()?;

    let mut requests = sink.received();
    requests.sort_by(|one, other| one.path.cmp(&other.path));
    for request in requests {
        println!("POST {}\n{}\n", request.path, request.body);
    }
    println!("snapshot\n{}", serde_json::to_string_pretty(&snapshot)?);
    Ok(())
}
