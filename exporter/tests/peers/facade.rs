//! What the macros of the `metrics` crate are told, found in Prometheus under
//! the names they were given.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
    with_local_recorder,
};

use crate::handle::handle;
use crate::prometheus::Prometheus;
use crate::promql::number;

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_the_macros_of_metrics_record_is_found_under_its_name() {
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), "");
    with_local_recorder(&telemetry.metrics_recorder(), || {
        describe_counter!("http_requests_total", Unit::Count, "Requests");
        describe_gauge!("connections", Unit::Count, "Open connections");
        describe_histogram!("wait_seconds", Unit::Seconds, "Time in the queue");
        counter!("http_requests_total", "route" => "/login").increment(42);
        counter!("bytes_sent").absolute(7);
        gauge!("connections").increment(3);
        gauge!("connections").decrement(1);
        for millis in [1, 2, 3] {
            histogram!("wait_seconds").record(Duration::from_millis(millis));
        }
    });
    telemetry.flush().unwrap();

    let url = prometheus.url();
    for (promql, expected) in [
        ("http_requests_total{route='/login'}", 42.0),
        ("bytes_sent_total", 7.0),
        ("connections", 2.0),
        ("histogram_count(wait_seconds)", 3.0),
        ("histogram_sum(wait_seconds)", 0.006),
    ] {
        let value = number(&url, promql);
        assert!((value - expected).abs() < 1e-9, "{promql}: {value}");
    }
}
