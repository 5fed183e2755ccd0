//! Whatever the collector or the network does: a typed error, nothing lost,
//! nothing counted twice, and no record slowed.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{
    DropReason, Failure, KemUsageReason, KemUsageRecord, Signal, SignalReport, SimulatedClock,
    TelemetryConfig, TelemetryError, TelemetryHandle, TelemetrySnapshot, Temporality,
};

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::{Answer, Request, Sink};

const PATIENT: Duration = Duration::from_secs(60);

fn config(url: &str) -> TelemetryConfig {
    TelemetryConfig::new(url)
        .with_timeout(PATIENT)
        .with_self_metrics(false)
}

/// A handle that jumps over every backoff.
fn simulated(config: TelemetryConfig) -> TelemetryHandle {
    TelemetryHandle::simulated(config, &SimulatedClock::new()).unwrap()
}

fn telemetry(url: &str, temporality: Temporality) -> TelemetryHandle {
    simulated(config(url).with_temporality(temporality))
}

/// Flushes until everything is delivered, as a node would.
fn flush_until_delivered(telemetry: &TelemetryHandle) -> TelemetrySnapshot {
    for _ in 0..1_000 {
        if let Ok(snapshot) = telemetry.flush() {
            return snapshot;
        }
    }
    panic!("{:?}", telemetry.flush());
}

fn kem(label: &str) -> KemUsageRecord {
    KemUsageRecord {
        label: label.into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Normal,
        backup_only: false,
    }
}

/// Answers with `answer` until told to succeed.
fn failing_sink(answer: Answer) -> (Sink, Arc<AtomicBool>) {
    let is_up = Arc::new(AtomicBool::new(false));
    let sink = Sink::answering({
        let is_up = Arc::clone(&is_up);
        move |_| {
            if is_up.load(Ordering::SeqCst) {
                Answer::ok()
            } else {
                answer.clone()
            }
        }
    });
    (sink, is_up)
}

fn failure_of(error: &TelemetryError, signal: Signal) -> &Failure {
    let TelemetryError::Export(export) = error else {
        panic!("{error:?}");
    };
    let mut failures = export.failures();
    failures.find(|(s, ..)| *s == signal).unwrap().2
}

fn counter_in(request: &Request, name: &str) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    let metrics = json["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].clone();
    let metric = metrics.as_array()?.iter().find(|m| m["name"] == name)?;
    let point = &metric["sum"]["dataPoints"][0]["asInt"];
    point.as_str()?.parse().ok()
}

fn uids_in(request: &Request) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    let records = &json["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    records.as_array().map_or_else(Vec::new, |records| {
        let uid = |record: &serde_json::Value| {
            let value = &record["attributes"][0]["value"]["stringValue"];
            value.as_str().unwrap().to_owned()
        };
        records.iter().map(uid).collect()
    })
}

/// What became of a signal since the handle was made.
fn report_of(telemetry: &TelemetryHandle, signal: Signal) -> SignalReport {
    let report = telemetry.delivery_report();
    let mut signals = report.signals.into_iter();
    signals.find(|report| report.signal == signal).unwrap()
}

fn status(line: &'static str) -> Answer {
    Answer::Status(line, &[], "<html>no such page</html>".into())
}

#[test]
fn refusals_keep_everything_and_the_next_success_has_exact_totals() {
    let redirect = &[("location", "http://127.0.0.1:1/login?token=hunter2")];
    for (answer, status, is_retried) in [
        (status("401 Unauthorized"), 401, false),
        (status("404 Not Found"), 404, false),
        (status("408 Request Timeout"), 408, false),
        (status("500 Internal Server Error"), 500, false),
        (
            Answer::Status("302 Found", redirect, String::new()),
            302,
            false,
        ),
        (
            Answer::Status("307 Temporary Redirect", redirect, String::new()),
            307,
            false,
        ),
        (status("429 Too Many Requests"), 429, true),
        (status("502 Bad Gateway"), 502, true),
        (status("503 Service Unavailable"), 503, true),
        (status("504 Gateway Timeout"), 504, true),
    ] {
        for temporality in [Temporality::Cumulative, Temporality::Delta] {
            let (sink, is_up) = failing_sink(answer.clone());
            let telemetry = telemetry(&sink.url(), temporality);
            for round in 1..=3_u64 {
                telemetry.record_counter("c", round).unwrap();
                telemetry.record_latency_ms("l", round);
                telemetry.record_kem_event(kem(&round.to_string()));
                let error = telemetry.flush().unwrap_err();
                for signal in [Signal::Metrics, Signal::Logs] {
                    match failure_of(&error, signal) {
                        Failure::Status { status: found, .. } => assert_eq!(*found, status),
                        other => panic!("{other:?}"),
                    }
                }
                let text = error.to_string();
                assert!(text.contains(&status.to_string()), "{text}");
                assert!(text.contains(&sink.url()), "{text}");
                assert!(!text.contains("hunter2"), "{text}");
            }
            let metrics = |requests: &[Request]| -> Vec<u64> {
                let metrics = requests.iter().filter(|r| r.path == "/v1/metrics");
                metrics.filter_map(|r| counter_in(r, "c")).collect()
            };
            let refused = metrics(&sink.received());
            if !is_retried {
                assert!(refused.len() <= 3, "{status} is not retried: {refused:?}");
            }

            is_up.store(true, Ordering::SeqCst);
            let snapshot = flush_until_delivered(&telemetry);
            assert_eq!(snapshot.counters["c"], 6);
            assert_eq!(snapshot.latencies_ms["l"].count, 3);
            assert_eq!(snapshot.latencies_ms["l"].sum, 6);
            assert_eq!(snapshot.kem_events.len(), 3);
            let report = report_of(&telemetry, Signal::Metrics);
            assert_eq!(report.error, None);

            // A repetition under way when the sink came up may be refused yet.
            let requests = sink.received();
            let counts = metrics(&requests);
            match (temporality, is_retried) {
                (Temporality::Cumulative, _) => assert_eq!(counts.last(), Some(&6)),
                // The windows as they were offered, one after the other.
                (_, true) => {
                    assert!(counts.ends_with(&[1, 2, 3]), "{counts:?}");
                    assert_eq!(report.merged, 0);
                }
                // Surely not taken: they go out as one.
                (_, false) => {
                    assert_eq!(counts, [6]);
                    assert!(report.merged > 0);
                }
            }
            let uids: BTreeSet<String> = requests
                .iter()
                .filter(|r| r.path == "/v1/logs")
                .flat_map(uids_in)
                .collect();
            assert_eq!(uids.len(), 3);
            assert_eq!(report_of(&telemetry, Signal::Logs).delivered, 3);

            let empty = telemetry.flush().unwrap();
            assert!(empty.counters.is_empty() && empty.kem_events.is_empty());
        }
    }
}

#[test]
fn an_event_refused_for_its_content_is_found_and_costs_no_other() {
    let sink = Sink::answering(|request| {
        if request.body.contains("poison") {
            status("400 Bad Request")
        } else {
            Answer::ok()
        }
    });
    let telemetry = telemetry(&sink.url(), Temporality::Cumulative);
    for index in 0..100 {
        telemetry.record_kem_event(kem(&format!("{index}")));
        if index % 40 == 7 {
            telemetry.record_kem_event(kem(&format!("poison{index}")));
        }
    }
    let error = telemetry.flush().unwrap_err();
    let failure = failure_of(&error, Signal::Logs);
    assert!(
        matches!(failure, Failure::Status { status: 400, .. }),
        "{failure:?}"
    );
    telemetry.flush().unwrap();
    let requests = sink.received();
    let taken = requests.iter().filter(|r| !r.body.contains("poison"));
    assert_eq!(taken.flat_map(uids_in).collect::<BTreeSet<_>>().len(), 100);
    // By bisection, not one by one.
    assert!(requests.len() < 60, "{} requests", requests.len());
    let report = report_of(&telemetry, Signal::Logs);
    assert_eq!((report.delivered, report.waiting), (100, 0));
    assert_eq!(report.dropped[&DropReason::Refused], 3);
}

#[test]
fn a_refused_connection_is_a_connect_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let telemetry = telemetry(&url, Temporality::Cumulative);
    telemetry.record_counter("c", 1).unwrap();
    let error = telemetry.flush().unwrap_err();
    assert!(
        matches!(failure_of(&error, Signal::Metrics), Failure::Connect { .. }),
        "{error}"
    );
}

#[test]
fn delta_requests_of_unknown_fate_are_repeated_byte_for_byte() {
    for answer in [
        Answer::Reset,
        Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        Answer::Raw(b"nonsense\r\n\r\n".to_vec()),
    ] {
        let (sink, is_up) = failing_sink(answer.clone());
        let telemetry = telemetry(&sink.url(), Temporality::Delta);
        telemetry.record_counter("c", 5).unwrap();
        let error = telemetry.flush().unwrap_err();
        assert!(
            matches!(failure_of(&error, Signal::Metrics), Failure::Broken { .. }),
            "{answer:?}: {error}"
        );
        let first = sink.received();
        telemetry.record_counter("c", 7).unwrap();
        is_up.store(true, Ordering::SeqCst);
        flush_until_delivered(&telemetry);
        let later = sink.received();
        let (last, repetitions) = later.split_last().unwrap();
        assert!(!repetitions.is_empty());
        for repetition in first.iter().chain(repetitions) {
            assert_eq!(repetition.body, first[0].body);
        }
        assert_eq!(counter_in(&first[0], "c"), Some(5));
        assert_eq!(counter_in(last, "c"), Some(7));
    }
}

#[test]
fn a_hanging_collector_times_out_and_slows_no_record() {
    let (sink, is_up) = failing_sink(Answer::Hang);
    let telemetry = simulated(config(&sink.url()).with_timeout(Duration::from_millis(400)));
    let counter = telemetry.counter("c").unwrap();
    telemetry.record_kem_event(kem("k"));

    // No clock decides: the flush is under way while the sink holds it, and
    // the other threads must get through all their records in the meantime.
    let recorded = AtomicU64::new(0);
    let is_flushing = AtomicBool::new(true);
    let during = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while is_flushing.load(Ordering::Relaxed) {
                    for _ in 0..1_000 {
                        counter.increment();
                    }
                    telemetry.record_counter("by.name", 1).unwrap();
                    recorded.fetch_add(1_000, Ordering::Relaxed);
                }
            });
        }
        let error = telemetry.flush().unwrap_err();
        let during = recorded.load(Ordering::Relaxed);
        is_flushing.store(false, Ordering::Relaxed);
        for signal in [Signal::Metrics, Signal::Logs] {
            let failure = failure_of(&error, signal);
            assert!(matches!(failure, Failure::Timeout { .. }), "{failure:?}");
        }
        during
    });
    // 400 ms of waiting; a record that waited along would make it a handful.
    assert!(during > 100_000, "{during} records during the flush");
    is_up.store(true, Ordering::SeqCst);
    let snapshot = flush_until_delivered(&telemetry);
    assert_eq!(snapshot.counters["c"], recorded.load(Ordering::Relaxed));
    assert_eq!(snapshot.kem_events, [kem("k")]);
}

#[test]
fn a_partial_success_is_said_and_not_repeated() {
    let answers = Arc::new(AtomicUsize::new(0));
    let sink = Sink::answering({
        let answers = Arc::clone(&answers);
        move |request| {
            let field = if request.path == "/v1/logs" {
                "rejectedLogRecords"
            } else {
                "rejectedDataPoints"
            };
            if answers.fetch_add(1, Ordering::SeqCst) < 2 {
                let body = format!(
                    "{{\"partialSuccess\":{{\"{field}\":\"1\",\"errorMessage\":\"too old\"}}}}"
                );
                Answer::Status("200 OK", &[("content-type", "application/json")], body)
            } else {
                Answer::ok()
            }
        }
    });
    let telemetry = telemetry(&sink.url(), Temporality::Delta);
    telemetry.record_counter("c", 5).unwrap();
    telemetry.record_kem_event(kem("k"));
    let error = telemetry.flush().unwrap_err();
    for signal in [Signal::Metrics, Signal::Logs] {
        let expected = Failure::PartialSuccess {
            rejected: 1,
            message: "too old".into(),
        };
        assert_eq!(*failure_of(&error, signal), expected);
    }
    assert_eq!(sink.received().len(), 2);
    // The snapshot still has it; the wire does not get it again.
    let snapshot = telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["c"], 5);
    assert_eq!(snapshot.kem_events.len(), 1);
    assert!(sink.received().is_empty());
}

#[test]
fn every_success_status_and_any_body_of_it_is_success() {
    for (status, body) in [
        ("200 OK", "<html>hello</html>"),
        ("200 OK", ""),
        ("202 Accepted", "{\"partialSuccess\":null}"),
        ("204 No Content", ""),
        (
            "200 OK",
            "{\"partialSuccess\":{\"errorMessage\":\"just saying\"}}",
        ),
    ] {
        let sink = Sink::answering(move |_| Answer::Status(status, &[], body.into()));
        let telemetry = telemetry(&sink.url(), Temporality::Cumulative);
        telemetry.record_counter("c", 1).unwrap();
        telemetry.flush().unwrap();
    }
}

#[test]
fn an_answer_past_the_limit_is_not_read_and_not_repeated() {
    let sink = Sink::answering(|_| Answer::Status("200 OK", &[], "x".repeat(5 << 20)));
    let telemetry = telemetry(&sink.url(), Temporality::Delta);
    telemetry.record_counter("c", 1).unwrap();
    telemetry.flush().unwrap();
    telemetry.flush().unwrap();
    assert_eq!(sink.received().len(), 1);
}

#[test]
fn one_signal_that_fails_does_not_repeat_the_other() {
    let (sink, is_up) = {
        let is_up = Arc::new(AtomicBool::new(false));
        let sink = Sink::answering({
            let is_up = Arc::clone(&is_up);
            move |request| {
                if request.path == "/v1/metrics" && !is_up.load(Ordering::SeqCst) {
                    Answer::Status("503 Busy", &[], String::new())
                } else {
                    Answer::ok()
                }
            }
        });
        (sink, is_up)
    };
    let telemetry = telemetry(&sink.url(), Temporality::Cumulative);
    telemetry.record_counter("c", 1).unwrap();
    telemetry.record_kem_event(kem("k"));
    telemetry.flush().unwrap_err();
    telemetry.flush().unwrap_err();
    is_up.store(true, Ordering::SeqCst);
    let snapshot = flush_until_delivered(&telemetry);
    assert_eq!(snapshot.kem_events, [kem("k")]);
    let requests = sink.received();
    assert_eq!(requests.iter().filter(|r| r.path == "/v1/logs").count(), 1);
}

#[test]
fn what_is_past_the_request_limit_is_named_and_keeps_nothing_else_back() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = Sink::start();
        let config = config(&sink.url())
            .with_temporality(temporality)
            .with_max_request_bytes(2_000);
        let telemetry = simulated(config);
        telemetry.record_counter("before", 1).unwrap();
        let large = telemetry.counter("large").unwrap();
        large.bind(&[("peer", "x".repeat(3_000))]).unwrap().add(1);
        telemetry.record_counter("after", 1).unwrap();
        telemetry.record_kem_event(kem("first"));
        telemetry.record_kem_event(kem(&"x".repeat(3_000)));
        telemetry.record_kem_event(kem("last"));

        let error = telemetry.flush().unwrap_err();
        for (signal, name) in [(Signal::Metrics, "large"), (Signal::Logs, "event")] {
            match failure_of(&error, signal) {
                Failure::TooLarge {
                    item,
                    bytes,
                    limit: 2_000,
                } => {
                    assert!(item.contains(name), "{item}");
                    assert!(*bytes > 3_000);
                }
                other => panic!("{other:?}"),
            }
        }
        let requests = sink.received();
        for name in ["before", "after"] {
            assert!(
                requests.iter().any(|r| counter_in(r, name) == Some(1)),
                "{name}"
            );
        }
        let events = requests.iter().filter(|r| r.path == "/v1/logs");
        assert_eq!(events.flat_map(uids_in).count(), 2);
        if temporality == Temporality::Delta {
            // Dropped, and said; nothing is left of it.
            let snapshot = telemetry.flush().unwrap();
            assert_eq!(snapshot.dropped_kem_events, 1);
        }
    }
}

#[test]
fn a_request_refused_for_its_content_keeps_no_other_back() {
    let sink = Sink::answering(|request| {
        if request.body.contains("\"bad\"") {
            Answer::Status("400 Bad Request", &[], "bad".into())
        } else {
            Answer::ok()
        }
    });
    let telemetry = simulated(config(&sink.url()).with_max_request_bytes(900));
    for name in ["good.a", "bad", "good.b", "good.c"] {
        telemetry.record_counter(name, 1).unwrap();
    }
    let error = telemetry.flush().unwrap_err();
    assert!(
        matches!(
            failure_of(&error, Signal::Metrics),
            Failure::Status { status: 400, .. }
        ),
        "{error}"
    );
    let requests = sink.received();
    for name in ["good.a", "good.b", "good.c"] {
        assert!(
            requests.iter().any(|r| counter_in(r, name) == Some(1)),
            "{name}"
        );
    }
}

#[test]
fn header_secrets_are_sent_and_never_shown() {
    let sink = Sink::answering(|_| Answer::Status("401 Unauthorized", &[], "who?".into()));
    let config = TelemetryConfig::new(&sink.url()).with_header("x-api-key", "hunter2");
    let telemetry = TelemetryHandle::from_config(config.clone()).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    let error = telemetry.flush().unwrap_err();
    let shown = format!("{error} {error:?} {config:?} {telemetry:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(sink.received()[0].header("x-api-key"), Some("hunter2"));
}

#[test]
fn undelivered_events_are_bounded_and_the_dropped_counted() {
    let (sink, is_up) = failing_sink(Answer::Status("503 Busy", &[], String::new()));
    let telemetry = simulated(config(&sink.url()).with_kem_capacity(10));
    for event in 0..50 {
        telemetry.record_kem_event(kem(&event.to_string()));
        if event % 7 == 0 {
            telemetry.flush().unwrap_err();
        }
    }
    is_up.store(true, Ordering::SeqCst);
    let first = flush_until_delivered(&telemetry);
    let second = telemetry.flush().unwrap();
    let kept = first.kem_events.len() + second.kem_events.len();
    assert_eq!(kept as u64 + second.dropped_kem_events, 50);
    // Ten pending, ten in the queue behind them.
    assert_eq!(kept, 20);
    let uids: BTreeSet<String> = sink
        .received()
        .iter()
        .filter(|r| r.path == "/v1/logs")
        .flat_map(uids_in)
        .collect();
    assert_eq!(uids.len(), 20);
}
