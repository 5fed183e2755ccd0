//! Several receivers: each gets everything that is meant for it, at its own
//! pace, in its own format.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{
    Compression, DestinationConfig, Failure, Protocol, Signal, SignalReport, TelemetryError,
    TelemetryHandle, Temporality,
};

mod support;

use support::read::{counter_in, labels_in};
use support::sink::{Answer, Request, Sink};
use support::telemetry::{
    REFUSING, config, failing_sink, flush_until_delivered, kem, simulated, status,
};

/// The values of counter `c`, request by request.
fn counts(requests: &[Request]) -> Vec<u64> {
    let metrics = requests.iter().filter(|r| r.path == "/v1/metrics");
    metrics.filter_map(|r| counter_in(r, "c")).collect()
}

fn record(telemetry: &TelemetryHandle, gain: u64) {
    telemetry.record_counter("c", gain).unwrap();
    telemetry.record_kem_event(kem(&gain.to_string()));
}

fn report_of(telemetry: &TelemetryHandle, name: &str, signal: Signal) -> SignalReport {
    let signals = telemetry.delivery_report().signals.into_iter();
    let mut found = signals.filter(|s| s.destination == name && s.signal == signal);
    found.next().unwrap()
}

#[test]
fn each_gets_exact_totals_in_its_own_format_and_temporality() {
    let (json, delta, binary) = (Sink::start(), Sink::start(), Sink::start());
    let config = config(&json.url())
        .with_destination(
            DestinationConfig::new("delta", &delta.url()).with_temporality(Temporality::Delta),
        )
        .with_destination(
            DestinationConfig::new("binary", &binary.url())
                .with_protocol(Protocol::HttpProtobuf)
                .with_compression(Compression::None)
                .with_temporality(Temporality::Delta),
        );
    let telemetry = simulated(config);
    for gain in [1, 2, 4] {
        record(&telemetry, gain);
        telemetry.flush().unwrap();
    }
    for (sink, name, content_type, expected) in [
        (&json, "default", "application/json", [1, 3, 7]),
        (&delta, "delta", "application/json", [1, 2, 4]),
        (&binary, "binary", "application/x-protobuf", [1, 2, 4]),
    ] {
        let requests = sink.received();
        assert_eq!(counts(&requests), expected, "{name}");
        assert_eq!(labels_in(&requests), ["1", "2", "4"], "{name}");
        for request in &requests {
            assert_eq!(request.header("content-type"), Some(content_type));
        }
        for signal in [Signal::Metrics, Signal::Logs] {
            let report = report_of(&telemetry, name, signal);
            assert_eq!((report.delivered, report.waiting), (3, 0));
            assert!(report.url.starts_with(&sink.url()), "{report}");
        }
    }
}

/// No clock decides: the flush is not over when the requests are there.
#[test]
fn one_that_hangs_holds_up_no_other() {
    let hanging = Sink::answering(|_| Answer::Hang);
    let (second, third) = (Sink::start(), Sink::start());
    let config = config(&hanging.url())
        .with_destination(DestinationConfig::new("second", &second.url()))
        .with_destination(
            DestinationConfig::new("third", &third.url()).with_protocol(Protocol::HttpProtobuf),
        );
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    record(&telemetry, 5);
    thread::scope(|scope| {
        let flush = scope.spawn(|| telemetry.flush());
        for sink in [&second, &third] {
            let requests = [sink.next().unwrap(), sink.next().unwrap()];
            assert_eq!(counts(&requests), [5]);
            assert_eq!(labels_in(&requests), ["5"]);
        }
        hanging.next().unwrap();
        assert!(!flush.is_finished());
        telemetry.shutdown(Duration::from_millis(100));
        let _ = flush.join().unwrap();
    });
}

#[test]
fn each_failure_names_its_destination_and_the_others_have_theirs() {
    let (busy, is_up) = failing_sink(status("503 Service Unavailable"));
    let third = Sink::start();
    let config = config(REFUSING)
        .with_destination(
            DestinationConfig::new("busy", &busy.url()).with_temporality(Temporality::Delta),
        )
        .with_destination(DestinationConfig::new("third", &third.url()));
    let telemetry = simulated(config);
    for gain in [1, 2, 4] {
        record(&telemetry, gain);
        let TelemetryError::Export(error) = telemetry.flush().unwrap_err() else {
            panic!("an export error");
        };
        for (signal, url, failure) in error.failures() {
            match failure {
                Failure::Connect { .. } => assert!(url.starts_with(REFUSING), "{signal} {url}"),
                Failure::Status { status: 503, .. } => assert!(url.starts_with(&busy.url())),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(error.failures().len(), 4);
        let delivered = error.report().signals.iter();
        let delivered = delivered.filter(|signal| signal.delivered > 0);
        let names: Vec<_> = delivered.map(|signal| &*signal.destination).collect();
        assert_eq!(names, ["third", "third"]);
    }
    let requests = third.received();
    assert_eq!(counts(&requests), [1, 3, 7]);
    assert_eq!(labels_in(&requests), ["1", "2", "4"]);

    is_up.store(true, Ordering::SeqCst);
    while report_of(&telemetry, "busy", Signal::Metrics).waiting > 0
        || report_of(&telemetry, "busy", Signal::Logs).waiting > 0
    {
        telemetry.flush().unwrap_err(); // the first is down yet
    }
    let requests = busy.received();
    assert!(counts(&requests).ends_with(&[1, 2, 4]));
    assert!(labels_in(&requests).ends_with(&["1".into(), "2".into(), "4".into()]));
    let report = report_of(&telemetry, "busy", Signal::Metrics);
    assert_eq!((report.delivered, report.total_dropped()), (3, 0));
    assert_eq!(report.error, None);
    assert_eq!(report_of(&telemetry, "default", Signal::Logs).waiting, 3);
}

#[test]
fn each_gets_the_signals_that_it_is_for() {
    let (all, metrics, logs) = (Sink::start(), Sink::start(), Sink::start());
    let config = config(&all.url())
        .with_destination(DestinationConfig::new("metrics", &metrics.url()).metrics_only())
        .with_destination(DestinationConfig::new("logs", &logs.url()).logs_only());
    let telemetry = simulated(config);
    record(&telemetry, 5);
    flush_until_delivered(&telemetry);
    let paths = |sink: &Sink| {
        let requests = sink.received().into_iter();
        let mut paths: Vec<_> = requests.map(|request| request.path).collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(&all), ["/v1/logs", "/v1/metrics"]);
    assert_eq!(paths(&metrics), ["/v1/metrics"]);
    assert_eq!(paths(&logs), ["/v1/logs"]);
    let signals = telemetry.delivery_report().signals.into_iter();
    let signals: Vec<_> = signals.map(|s| (s.destination, s.signal)).collect();
    let expected = [
        ("default", Signal::Logs),
        ("default", Signal::Metrics),
        ("metrics", Signal::Metrics),
        ("logs", Signal::Logs),
    ];
    assert_eq!(
        signals,
        expected.map(|(name, signal)| (name.to_owned(), signal))
    );
}

/// Events are forgotten when the last destination has them, not the first.
#[test]
fn a_spool_keeps_events_for_the_destination_that_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let (up, later) = (Sink::start(), Sink::start());
    let config = |url: &str| {
        let second = DestinationConfig::new("second", url);
        config(&up.url())
            .with_spool(folder.path())
            .with_destination(second)
    };
    let telemetry = simulated(config(REFUSING));
    record(&telemetry, 5);
    telemetry.flush().unwrap_err();
    let report = telemetry.shutdown(Duration::from_millis(100));
    assert_eq!(report.spool.unwrap().events, 1);
    assert_eq!(labels_in(&up.received()), ["5"]);

    let telemetry = simulated(config(&later.url()));
    telemetry.flush().unwrap();
    assert_eq!(labels_in(&later.received()), ["5"]);
    assert!(labels_in(&up.received()).is_empty());
    assert_eq!(telemetry.delivery_report().spool.unwrap().events, 0);
}
