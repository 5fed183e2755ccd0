//! A Prometheus that crashes and comes back while recording goes on.

use std::sync::mpsc::channel;
use std::time::Instant;

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::fixture::PATIENCE;
use crate::handle::{WAITS, deliver, recorded_while};
use crate::prometheus::{Prometheus, next_millisecond};
use crate::promql::{histogram_counts, number, samples};

fn totals_are_exact_through_a_crash(lines: &str) {
    let mut prometheus = Prometheus::start();
    let text = format!("[telemetry]\nflush-interval-ms = 5\n{lines}");
    let config = TelemetryConfig::from_toml_and_env(&text, |_| None).unwrap();
    let config = config.with_endpoint(&prometheus.otlp());
    let telemetry = TelemetryHandle::from_config(config.with_timeout(PATIENCE)).unwrap();
    let (sender, outcomes) = channel();
    let flusher = telemetry.spawn_flusher_with(move |flushed| {
        let _ = sender.send(flushed.is_ok());
    });
    let wait_for = |success: bool, times: usize| {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        while seen < times {
            let left = deadline.saturating_duration_since(Instant::now());
            seen += usize::from(outcomes.recv_timeout(left).unwrap() == success);
        }
    };
    let recorded = recorded_while(&telemetry, || {
        wait_for(true, 10);
        prometheus.crash(|| wait_for(false, 3));
        wait_for(true, 10);
    });
    let _ = flusher.stop();
    next_millisecond();
    deliver(&telemetry);

    let url = prometheus.url();
    let recorded_total = recorded as f64;
    let sum = (0..recorded).map(|n| n % WAITS).sum::<u64>() as f64;
    for (promql, expected) in [
        ("requests_total", recorded_total),
        ("histogram_count(wait_milliseconds)", recorded_total),
        ("histogram_sum(wait_milliseconds)", sum),
    ] {
        let found = number(&url, promql);
        assert!(
            (found - expected).abs() < 0.5,
            "{promql}: {found}, not {expected}"
        );
    }
    for samples in [
        samples(&url, "requests_total"),
        histogram_counts(&url, "wait_milliseconds"),
    ] {
        assert!(samples.len() > 20, "{}", samples.len());
        assert!(samples.is_sorted_by(|a, b| a.0 < b.0), "{samples:?}");
        // No total comes behind a later one.
        assert!(samples.is_sorted_by(|a, b| a.1 <= b.1), "{samples:?}");
    }
    // Each of which is one of the process that was there all the time.
    let resets = number(&url, "resets(requests_total[1h])");
    assert!(resets.abs() < 0.5, "{resets}");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn totals_are_exact_and_samples_in_order_through_a_crash() {
    totals_are_exact_through_a_crash("");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn totals_sent_as_gzipped_protobuf_are_exact_through_a_crash() {
    // The pauses of a test, not of a node.
    totals_are_exact_through_a_crash(
        "protocol = 'http/protobuf'\ncompression = 'gzip'\n\
         retry-initial-ms = 10\nretry-max-ms = 100",
    );
}
