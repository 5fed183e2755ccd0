//! Collectors that go away and come back: nothing is lost, nothing comes twice.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use pqcnet_telemetry::{Failure, KemUsageReason, Signal, Temporality};

use crate::fixture::{Collector, PATIENCE, lasting_address};
use crate::load::Load;
use crate::read::{Received, assert_windows_follow_one_another};
use crate::record::{delivered, failure, ids, kem, telemetry, telemetry_of};

/// Records before, during and after an outage of the Collector. Returns what
/// both Collectors have written down, and the ids of the events recorded.
fn through_an_outage(temporality: Temporality) -> (Received, Received, Vec<String>) {
    let address = lasting_address();
    let first = Collector::start_at(&address, &[]);
    let telemetry = telemetry_of(&first, temporality);
    let load = Load::register(&telemetry);
    let event = |label| telemetry.record_kem_event(kem(label, KemUsageReason::Drill, true));

    event("before");
    load.run(|| {});
    let snapshot = telemetry.flush().unwrap();
    let mut recorded = ids(&snapshot);
    let before = first.stop();

    load.run(|| {
        for label in ["down 1", "down 2", "down 3"] {
            event(label);
            telemetry.record_counter("down", 1).unwrap();
            let flushed = telemetry.flush();
            for signal in [Signal::Metrics, Signal::Logs] {
                // Definite: nothing was sent.
                let failure = failure(flushed.clone(), signal);
                assert!(
                    matches!(failure, Some(Failure::Connect { .. })),
                    "{failure:?}"
                );
            }
        }
    });

    let second = Collector::start_at(&address, &[]);
    event("after");
    load.run(|| {});
    let snapshot = delivered(&telemetry);
    recorded.extend(ids(&snapshot));
    assert_eq!(recorded.len(), 5);
    recorded.sort();
    (before, second.stop(), recorded)
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn the_first_cumulative_report_after_an_outage_holds_everything() {
    let (before, after, _) = through_an_outage(Temporality::Cumulative);
    Load::assert_last_is(&before, 1);
    Load::assert_last_is(&after, 3);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn delta_windows_add_up_through_an_outage() {
    let (before, after, _) = through_an_outage(Temporality::Delta);
    let both = before.and(after);
    Load::assert_sum_is(&both, 3);
    assert_windows_follow_one_another(&both);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn every_event_arrives_once_through_an_outage() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let (before, after, recorded) = through_an_outage(temporality);
        assert_eq!(before.event_ids().len(), 1);
        assert_eq!(before.and(after).event_ids(), recorded);
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_restart_between_flushes_goes_unnoticed() {
    let address = lasting_address();
    let first = Collector::start_at(&address, &[]);
    let telemetry = telemetry_of(&first, Temporality::Delta);
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.flush().unwrap();
    let before = first.stop();
    // The connection that was kept is dead, and nobody has said so.
    let second = Collector::start_at(&address, &[]);
    telemetry.record_counter("requests", 2).unwrap();
    telemetry.flush().unwrap();
    let both = before.and(second.stop());
    assert_eq!(both.integers("requests", "asInt"), [1, 2]);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_crash_under_a_running_flusher_costs_no_cumulative_total() {
    let address = lasting_address();
    let first = Collector::start_at(&address, &[]);
    let often = Duration::from_millis(1);
    let telemetry = telemetry(&first, |config| config.with_flush_interval(often));
    let load = Load::register(&telemetry);
    let (sender, outcomes) = channel();
    let flusher = telemetry.spawn_flusher_with(move |flushed| {
        let _ = sender.send(flushed.is_ok());
    });
    let wait_for = |success| {
        let deadline = Instant::now() + PATIENCE;
        while outcomes.recv_timeout(deadline - Instant::now()).unwrap() != success {}
    };
    load.run(|| wait_for(true));
    // At once, whatever it is about to answer.
    drop(first);
    load.run(|| wait_for(false));
    let second = Collector::start_at(&address, &[]);
    load.run(|| wait_for(true));
    flusher.stop().expect("the flusher lives").unwrap();
    Load::assert_last_is(&second.stop(), 3);
}
