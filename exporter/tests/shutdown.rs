//! The end: what can be delivered is, in the time there is, and the rest is
//! accounted for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::{
    DeliveryReport, DropReason, Signal, TelemetryConfig, TelemetryError, TelemetryHandle,
    Temporality,
};

mod support;

use support::read::{counter_in, labels_in};
use support::sink::{Answer, Sink};
use support::telemetry::{
    PATIENT, config, failing_sink, kem, report_of, signal_in, simulated, status,
};

const SOON: Duration = Duration::from_millis(100);

/// Far below [`PATIENT`], and far above what a busy machine takes.
const IN_TIME: Duration = Duration::from_secs(30);

fn hanging() -> Sink {
    Sink::answering(|_| Answer::Hang)
}

/// A handle with one event and one counter of 1 to deliver.
fn recorded(config: TelemetryConfig) -> TelemetryHandle {
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    telemetry.record_kem_event(kem("k"));
    telemetry
}

fn shut_down_in_time(telemetry: &TelemetryHandle) -> DeliveryReport {
    let start = Instant::now();
    let report = telemetry.shutdown(SOON);
    let took = start.elapsed();
    assert!(took < IN_TIME, "{took:?}");
    report
}

#[test]
fn it_tries_again_until_everything_is_delivered() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let requests = AtomicUsize::new(0);
        let sink = Sink::answering(move |_| {
            if requests.fetch_add(1, Ordering::SeqCst) < 20 {
                status("503 Service Unavailable")
            } else {
                Answer::ok()
            }
        });
        let telemetry = simulated(config(&sink.url()).with_temporality(temporality));
        telemetry.record_counter("c", 5).unwrap();
        for event in 0..10 {
            telemetry.record_kem_event(kem(&event.to_string()));
        }
        let report = telemetry.shutdown(PATIENT);
        for (signal, count) in [(Signal::Metrics, 1), (Signal::Logs, 10)] {
            let report = signal_in(report.clone(), signal);
            assert_eq!((report.delivered, report.waiting), (count, 0), "{report}");
            assert_eq!((report.total_dropped(), report.error), (0, None));
        }
        let mut requests = sink.received();
        requests.retain(|request| request.path == "/v1/metrics");
        assert_eq!(counter_in(requests.last().unwrap(), "c"), Some(5));
    }
}

#[test]
fn a_hanging_collector_holds_it_up_no_longer_than_asked() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = hanging();
        let telemetry = recorded(config(&sink.url()).with_temporality(temporality));
        telemetry.record_kem_event(kem("another"));
        let report = shut_down_in_time(&telemetry);
        for (signal, lost) in [(Signal::Metrics, 1), (Signal::Logs, 2)] {
            let report = signal_in(report.clone(), signal);
            assert_eq!((report.delivered, report.waiting), (0, 0), "{report}");
            assert_eq!(report.dropped, [(DropReason::Shutdown, lost)].into());
        }
    }
}

#[test]
fn events_in_a_spool_are_not_lost_by_it_and_the_next_handle_has_them_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (down, sink) = (hanging(), Sink::start());
    let telemetry = recorded(config(&down.url()).with_spool(folder.path()));
    let report = shut_down_in_time(&telemetry);
    assert_eq!(report.spool.as_ref().unwrap().events, 1);
    let logs = signal_in(report, Signal::Logs);
    assert_eq!(
        (logs.spooled, logs.waiting, logs.total_dropped()),
        (1, 0, 0)
    );

    // Though a request of the first still hangs.
    let next = TelemetryHandle::from_config(config(&sink.url()).with_spool(folder.path())).unwrap();
    next.flush().unwrap();
    assert_eq!(labels_in(&sink.received()), ["k"]);
    assert_eq!(next.delivery_report().spool.unwrap().error, None);
}

#[test]
fn it_comes_once_and_later_calls_say_so() {
    let sink = Sink::start();
    let telemetry = recorded(config(&sink.url()));
    telemetry.flush().unwrap();
    let report = telemetry.shutdown(PATIENT);
    assert_eq!(signal_in(report.clone(), Signal::Logs).delivered, 1);
    sink.received();

    telemetry.record_counter("c", 1).unwrap();
    telemetry.record_latency_ms("l", 1);
    telemetry.record_kem_event(kem("to nowhere"));
    assert_eq!(telemetry.flush().unwrap_err(), TelemetryError::ShutDown);
    assert_eq!(telemetry.clone().shutdown(PATIENT), report);
    assert_eq!(telemetry.delivery_report(), report);
    assert_eq!(telemetry.dead_letters().unwrap(), []);
    assert!(sink.received().is_empty());
}

#[test]
fn a_handle_that_never_flushed_delivers_by_it() {
    let sink = Sink::start();
    let telemetry = recorded(config(&sink.url()));
    assert_eq!(telemetry.delivery_report(), DeliveryReport::default());
    telemetry.shutdown(PATIENT);
    assert_eq!(labels_in(&sink.received()), ["k"]);
}

#[test]
fn a_flush_that_waits_ends_with_it() {
    let sink = hanging();
    let telemetry = recorded(config(&sink.url()));
    thread::scope(|scope| {
        let start = Instant::now();
        let flush = scope.spawn(|| telemetry.flush());
        for _ in 0..2 {
            sink.next().unwrap(); // both lanes wait for an answer
        }
        telemetry.shutdown(SOON);
        // There was no failure yet.
        let _ = flush.join().unwrap();
        let took = start.elapsed();
        assert!(took < IN_TIME, "{took:?}");
    });
}

#[test]
fn what_a_full_queue_held_back_goes_out_with_it() {
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let config = config(&sink.url())
        .with_temporality(Temporality::Delta)
        .with_queue_limits(1 << 20, 1);
    let telemetry = simulated(config);
    for gain in [1, 2, 4] {
        telemetry.record_counter("c", gain).unwrap();
        telemetry.flush().unwrap_err();
    }
    is_up.store(true, Ordering::SeqCst);
    let report = telemetry.shutdown(PATIENT);
    let metrics = signal_in(report, Signal::Metrics);
    assert_eq!(
        (metrics.delivered, metrics.total_dropped()),
        (2, 0),
        "{metrics}"
    );
    let requests = sink.received();
    assert_eq!(counter_in(requests.last().unwrap(), "c"), Some(6));
}

#[test]
fn events_that_found_no_room_yet_go_out_with_it() {
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let telemetry = simulated(config(&sink.url()).with_kem_capacity(10));
    for event in 0..20 {
        telemetry.record_kem_event(kem(&event.to_string()));
        if event == 9 {
            telemetry.flush().unwrap_err();
        }
    }
    assert_eq!(report_of(&telemetry, Signal::Logs).waiting, 10);
    is_up.store(true, Ordering::SeqCst);
    let report = telemetry.shutdown(PATIENT);
    assert_eq!(report.dropped_events, 0);
    assert_eq!(signal_in(report, Signal::Logs).delivered, 20);
}
