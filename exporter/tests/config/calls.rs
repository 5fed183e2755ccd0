//! Builder calls: those that can mean nothing are refused, the longest times
//! are not.

use std::time::Duration;

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::sink::Sink;
use crate::support::{assert_names, paths, refusal_of, to};

#[test]
fn calls_that_can_mean_nothing_are_refused() {
    let default = TelemetryConfig::default;
    for (config, key) in vec![
        (default().with_flush_interval(Duration::ZERO), "interval"),
        (default().with_timeout(Duration::ZERO), "timeout"),
        (default().with_max_request_bytes(0), "max-request-bytes"),
        (default().with_kem_capacity(0), "kem-capacity"),
        (
            default().with_connect_timeout(Duration::ZERO),
            "connect-timeout",
        ),
        (
            default().with_retry(Duration::ZERO, Duration::MAX),
            "retry-initial",
        ),
        (default().with_queue_limits(0, 1), "queue-bytes"),
        (default().with_queue_limits(1, 0), "queue-items"),
        (default().with_spool_max_bytes(0), "spool-max-bytes"),
    ] {
        let said = refusal_of(config);
        assert_names(&said, &[key, "0", "above zero"]);
    }
}

#[test]
fn a_spool_without_a_name_is_refused() {
    let said = refusal_of(TelemetryConfig::default().with_spool(""));
    assert_names(&said, &["`spool-dir`", "directory"]);
}

#[test]
fn retries_that_grow_shorter_are_refused() {
    let (long, short) = (Duration::from_secs(2), Duration::from_secs(1));
    let said = refusal_of(TelemetryConfig::default().with_retry(long, short));
    assert_names(&said, &["`retry-max-ms`", "\"1000\"", "2000"]);
    let config = TelemetryConfig::default().with_retry(long, long);
    config.validate().unwrap();
}

#[test]
fn the_first_of_several_bad_calls_is_told() {
    let config = TelemetryConfig::default()
        .with_endpoint("first")
        .with_kem_capacity(0);
    assert_names(&refusal_of(config), &["\"first\""]);
}

#[test]
fn the_longest_timeout_there_is_lets_a_flush_succeed() {
    let sink = Sink::start();
    let config = to(&sink).with_timeout(Duration::MAX);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.flush().unwrap();
    assert_eq!(paths(&sink.received()), ["/v1/metrics"]);
}

#[test]
fn the_longest_interval_there_is_lets_the_flusher_flush_at_its_end() {
    let sink = Sink::start();
    let config = to(&sink).with_flush_interval(Duration::MAX);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    let last = telemetry.spawn_flusher().stop();
    last.expect("the flusher lives").unwrap();
    assert_eq!(paths(&sink.received()), ["/v1/metrics"]);
}
