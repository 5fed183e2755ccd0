//! Whatever the collector or the network does: a typed error, nothing lost,
//! nothing counted twice, and no record slowed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{
    DropReason, Failure, HistogramEncoding, Signal, TelemetryConfig, TelemetryHandle, Temporality,
};

mod support;

use support::read::{counter_in, events_in};
use support::sink::{Answer, Request, Sink};
use support::telemetry::{
    REFUSING, config, failing_sink, failure_of, flush_until_delivered, kem, report_of, simulated,
    status,
};

fn telemetry(url: &str, temporality: Temporality) -> TelemetryHandle {
    simulated(config(url).with_temporality(temporality))
}

fn uids_in(request: &Request) -> Vec<String> {
    let events = events_in(request).into_iter();
    events.map(|(uid, _)| uid).collect()
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
                    assert_eq!(counts.last(), Some(&6));
                    assert_eq!(report.delivered, 2, "one request: {counts:?}");
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

fn sink_that_refuses_poison() -> Sink {
    Sink::answering(|request| {
        if request.body.contains("poison") {
            status("400 Bad Request")
        } else {
            Answer::ok()
        }
    })
}

#[test]
fn an_event_refused_for_its_content_is_found_and_costs_no_other() {
    let sink = sink_that_refuses_poison();
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
fn a_receiver_that_takes_no_event_at_all_costs_none() {
    let (sink, is_up) = failing_sink(status("400 Bad Request"));
    let telemetry = telemetry(&sink.url(), Temporality::Cumulative);
    for label in 0..30 {
        telemetry.record_kem_event(kem(&label.to_string()));
    }
    for _ in 0..20 {
        let error = telemetry.flush().unwrap_err();
        let failure = failure_of(&error, Signal::Logs);
        assert!(
            matches!(failure, Failure::Status { status: 400, .. }),
            "{failure:?}"
        );
    }
    let report = report_of(&telemetry, Signal::Logs);
    assert_eq!((report.waiting, report.total_dropped()), (30, 0));
    sink.received();
    is_up.store(true, Ordering::SeqCst);
    flush_until_delivered(&telemetry);
    let taken = sink.received();
    let taken = taken.iter().filter(|r| r.path == "/v1/logs");
    let labels = taken.flat_map(events_in).map(|(label, _)| label);
    assert_eq!(labels.collect::<BTreeSet<_>>().len(), 30);
    let report = report_of(&telemetry, Signal::Logs);
    assert_eq!((report.waiting, report.total_dropped()), (0, 0));
}

#[test]
fn an_event_refused_alone_waits_for_one_that_is_not() {
    let sink = sink_that_refuses_poison();
    let telemetry = telemetry(&sink.url(), Temporality::Cumulative);
    telemetry.record_kem_event(kem("poison"));
    telemetry.flush().unwrap_err();
    // Said once. Whether it or the receiver is what is wrong, nobody knows yet.
    telemetry.flush().unwrap();
    assert_eq!(report_of(&telemetry, Signal::Logs).waiting, 1);
    telemetry.record_kem_event(kem("good"));
    telemetry.flush().unwrap_or_else(|error| panic!("{error}"));
    let report = report_of(&telemetry, Signal::Logs);
    assert_eq!((report.delivered, report.waiting), (1, 0));
    assert_eq!(report.dropped[&DropReason::Refused], 1);
}

#[test]
fn a_refused_connection_is_a_connect_failure() {
    let telemetry = telemetry(REFUSING, Temporality::Cumulative);
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
fn epochs_that_found_the_queue_full_are_out_when_a_flush_succeeds() {
    let (sink, is_up) = failing_sink(Answer::Status("503 Busy", &[], String::new()));
    let config = config(&sink.url())
        .with_temporality(Temporality::Delta)
        .with_queue_limits(32 << 20, 1);
    let telemetry = simulated(config);
    for _ in 0..3 {
        telemetry.record_counter("c", 1).unwrap();
        telemetry.flush().unwrap_err();
    }
    is_up.store(true, Ordering::SeqCst);
    telemetry.record_counter("c", 1).unwrap();
    flush_until_delivered(&telemetry);
    let bodies: BTreeSet<String> = sink.received().into_iter().map(|r| r.body).collect();
    let gains = bodies.into_iter().map(|body| {
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        let metric = &json["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
        let gain = metric["sum"]["dataPoints"][0]["asInt"].as_str().unwrap();
        gain.parse::<u64>().unwrap()
    });
    assert_eq!(gains.sum::<u64>(), 4);
}

#[test]
fn a_report_that_is_split_midway_goes_on_where_it_was() {
    let mut answers = 0;
    let sink = Sink::answering(move |_| {
        answers += 1;
        if answers == 3 {
            status("413 Content Too Large")
        } else {
            Answer::ok()
        }
    });
    let telemetry = simulated(config(&sink.url()).with_max_request_bytes(2_400));
    let names: Vec<String> = (0..40).map(|n| format!("counter.{n}")).collect();
    for name in &names {
        telemetry.record_counter(name, 1).unwrap();
    }
    telemetry.flush().unwrap();
    let mut requests = sink.received();
    requests.remove(2); // the one that was refused
    let mut taken = BTreeSet::new();
    for request in &requests {
        let before = taken.len();
        taken.extend(
            names
                .iter()
                .filter(|name| counter_in(request, name).is_some()),
        );
        assert!(taken.len() > before, "all of it was taken before");
    }
    assert_eq!(taken.len(), names.len());
}

#[test]
fn a_refused_delta_request_does_not_come_again_with_the_halves_of_another() {
    let mut refusals = 0;
    let sink = Sink::answering(move |request| {
        // The first, which is split; one that can't be; one that can.
        let is_next = match refusals {
            0 => true,
            1 => request.body.contains("\"large\""),
            2 => request.body.contains("\"c0\""),
            _ => false,
        };
        refusals += u8::from(is_next);
        if is_next {
            status("413 Content Too Large")
        } else {
            Answer::ok()
        }
    });
    let config = config(&sink.url())
        .with_temporality(Temporality::Delta)
        .with_histograms(HistogramEncoding::Explicit(
            (0..60).map(f64::from).collect(),
        ))
        .with_max_request_bytes(2_600);
    let telemetry = simulated(config);
    telemetry.record_latency_ms("large", 1);
    for n in 0..20 {
        telemetry.record_counter(&format!("c{n}"), 1).unwrap();
    }
    flush_until_delivered(&telemetry);
    let bodies: Vec<String> = sink.received().into_iter().map(|r| r.body).collect();
    let distinct: BTreeSet<&String> = bodies.iter().collect();
    assert_eq!(distinct.len(), bodies.len());
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
