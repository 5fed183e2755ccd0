//! One handle that delivers to a Collector and to a Prometheus at once.

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::fixture::{Collector, PATIENCE};
use crate::handle::{WAITS, deliver, recorded_while};
use crate::process::eventually;
use crate::prometheus::{Prometheus, next_millisecond};
use crate::promql::{number, query};
use crate::read::Received;
use crate::record::kem_event;

/// Deltas and logs to the Collector, totals to Prometheus.
fn handle(collector: &Collector, prometheus: &Prometheus) -> TelemetryHandle {
    let text = format!(
        "[telemetry]
        endpoint = '{}'
        temporality = 'delta'
        flush-interval-ms = 5
        retry-initial-ms = 10
        retry-max-ms = 100

        [[telemetry.destination]]
        name = 'prometheus'
        endpoint = '{}'
        signals = ['metrics']
        temporality = 'cumulative'
        ",
        collector.url(),
        prometheus.otlp(),
    );
    let config = TelemetryConfig::from_toml_and_env(&text, |_| None).unwrap();
    TelemetryHandle::from_config(config.with_timeout(PATIENCE)).unwrap()
}

/// `runs` are what each [`recorded_while`] has returned.
fn assert_both_have_all(runs: &[u64], received: &Received, prometheus: &Prometheus) {
    let recorded = runs.iter().sum::<u64>();
    let requests = received.integers("requests", "asInt");
    assert_eq!(requests.iter().sum::<i128>(), i128::from(recorded));
    let waits = received.integers("wait", "count");
    assert_eq!(waits.iter().sum::<i128>(), i128::from(recorded));
    let waits = runs.iter().flat_map(|records| 0..*records);
    let sum = waits.map(|n| n % WAITS).sum::<u64>();
    for (promql, expected) in [
        ("requests_total", recorded),
        ("histogram_count(wait_milliseconds)", recorded),
        ("histogram_sum(wait_milliseconds)", sum),
    ] {
        let found = number(&prometheus.url(), promql);
        assert!((found - expected as f64).abs() < 0.5, "{promql}: {found}");
    }
}

#[test]
#[ignore = "needs Prometheus and the OpenTelemetry Collector: run scripts/interop"]
fn deltas_to_one_add_up_to_the_totals_of_the_other() {
    let collector = Collector::start();
    let prometheus = Prometheus::start();
    let telemetry = handle(&collector, &prometheus);
    let recorded = recorded_while(&telemetry, || {
        for _ in 0..20 {
            telemetry.flush().unwrap();
            next_millisecond();
        }
    });
    telemetry.record_kem_event(kem_event("a"));
    telemetry.flush().unwrap();
    let received = collector.stop();
    assert_both_have_all(&[recorded], &received, &prometheus);
    assert_eq!(received.event_ids().len(), 1);
}

#[test]
#[ignore = "needs Prometheus and the OpenTelemetry Collector: run scripts/interop"]
fn a_receiver_that_is_down_holds_up_no_other() {
    let collector = Collector::start();
    let mut prometheus = Prometheus::start();
    let telemetry = handle(&collector, &prometheus);
    let before = recorded_while(&telemetry, || telemetry.flush().map(drop).unwrap());
    // What says that the Collector has the deltas of the outage.
    let is_taken = |text: &str| collector.written().contains(text);
    let mut during = 0;
    prometheus.crash(|| {
        let counter = telemetry.counter("meanwhile").unwrap();
        during = recorded_while(&telemetry, || {
            counter.increment();
            assert!(telemetry.flush().is_err());
        });
        assert!(eventually(|| is_taken("meanwhile")));
    });
    next_millisecond();
    deliver(&telemetry);
    assert!(!query(&prometheus.url(), "meanwhile_total").is_empty());
    assert_both_have_all(&[before, during], &collector.stop(), &prometheus);
}
