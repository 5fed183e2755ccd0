//! A Collector that refuses metrics for want of memory, and takes logs
//! meanwhile.

use pqcnet_telemetry::{Failure, Signal, Temporality};

use crate::fixture::{Collector, lasting_address};
use crate::load::Load;
use crate::read::{Received, assert_windows_follow_one_another};
use crate::record::{delivered, failure, kem_event, telemetry_of};

const LIMITER: [&str; 2] = [
    "processors::memory_limiter: {check_interval: 10ms, limit_mib: 1}",
    "service::pipelines::metrics::processors: [memory_limiter]",
];

/// Records into a Collector that is out of memory, and again when it is
/// back. Returns what the second one has written down.
fn through_a_refusal(temporality: Temporality) -> Received {
    let address = lasting_address();
    let full = Collector::start_at(&address, &LIMITER);
    full.wait_for_line("Refusing data.");
    let telemetry = telemetry_of(&full, temporality);
    let load = Load::register(&telemetry);
    load.run(|| {});
    for _ in 0..3 {
        telemetry.record_kem_event(kem_event("a"));
        // A window that nothing came in is not reported.
        telemetry.record_counter("meanwhile", 1).unwrap();
        let flushed = telemetry.flush();
        // Its logs have no limiter.
        assert_eq!(failure(flushed.clone(), Signal::Logs), None);
        let failure = failure(flushed, Signal::Metrics);
        let Some(Failure::Status { status: 503, body }) = failure else {
            panic!("{failure:?}");
        };
        assert!(body.contains("memory"), "{body}");
    }
    let refused = full.stop();
    assert_eq!(refused.metrics().len(), 0);
    assert_eq!(refused.log_records().len(), 3);

    let second = Collector::start_at(&address, &[]);
    load.run(|| {});
    let snapshot = delivered(&telemetry);
    assert_eq!(snapshot.kem_events.len(), 3);
    second.stop()
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_out_of_memory_costs_no_cumulative_total() {
    let received = through_a_refusal(Temporality::Cumulative);
    Load::assert_last_is(&received, 2);
    assert_eq!(received.log_records().len(), 0, "{received:?}");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_out_of_memory_costs_no_delta() {
    let received = through_a_refusal(Temporality::Delta);
    Load::assert_sum_is(&received, 2);
    assert_eq!(received.log_records().len(), 0, "{received:?}");
    // The window that was refused, and the one behind it.
    assert_windows_follow_one_another(&received);
}
