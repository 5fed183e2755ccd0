//! Receivers that are down, refuse, or take only part.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use pqcnet_telemetry::trace::TracingLayer;
use pqcnet_telemetry::{DropReason, Signal};
use tracing::{Dispatch, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::received::{Traced, records_in, spans_in};
use crate::support::sink::{Answer, Sink};
use crate::support::telemetry::{PATIENT, failing_sink, flush_until_delivered, report_of, status};

#[test]
fn spans_wait_for_the_collector_up_to_their_bound() {
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let traced = Traced::to_simulated(sink, |config| {
        config.with_span_capacity(10).with_span_batch(5)
    });
    for _ in 0..6 {
        traced.run(|| (0..5).for_each(|n| info_span!("span", n).in_scope(|| {})));
        traced.telemetry.flush().unwrap_err();
    }
    let report = report_of(&traced.telemetry, Signal::Traces);
    let dropped = report.dropped[&DropReason::QueueFull];
    // Ten wait, what came last, and a batch that is being sent.
    assert_eq!((dropped, report.waiting), (10, 20));
    traced.sink.received();
    is_up.store(true, Ordering::SeqCst);
    flush_until_delivered(&traced.telemetry);
    let received: Vec<_> = traced.sink.received().iter().flat_map(spans_in).collect();
    let mut ids: Vec<_> = received.iter().map(|span| &span.span_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    let report = report_of(&traced.telemetry, Signal::Traces);
    assert_eq!((report.delivered, report.waiting), (20, 0));
}

#[test]
fn what_many_threads_trace_at_once_gives_way_to_nothing() {
    let traced = Traced::with(|config| {
        config
            .with_span_capacity(8)
            .with_span_batch(8)
            .with_log_records(false)
    });
    let mut made = 0;
    for _ in 0..20 {
        // In one place each, if the machine has several: then more than eight.
        let trace = || {
            let dispatch = traced.dispatch.clone();
            thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    (0..4).for_each(|_| info_span!("span").in_scope(|| {}));
                });
            })
        };
        let threads: Vec<_> = (0..3).map(|_| trace()).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        made += 12;
        traced.telemetry.flush().unwrap();
    }
    let report = traced.telemetry.delivery_report();
    let of_spans = report_of(&traced.telemetry, Signal::Traces);
    assert_eq!(of_spans.total_dropped(), 0, "{of_spans}");
    assert_eq!(of_spans.delivered + report.dropped_spans, made);
}

/// A flush that waited for what comes meanwhile would never end.
#[test]
fn a_flush_waits_for_what_was_there_when_it_came() {
    let (telemetry, ended) = (OnceLock::<TracingLayer>::new(), AtomicBool::new(false));
    let telemetry = Arc::new((telemetry, ended));
    let own = Arc::clone(&telemetry);
    // Each request is answered after two more batches were made.
    let sink = Sink::answering(move |_| {
        if let Some(layer) = own.0.get()
            && !own.1.load(Ordering::SeqCst)
        {
            let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer.clone()));
            tracing::dispatcher::with_default(&dispatch, || {
                (0..2).for_each(|_| info_span!("more").in_scope(|| {}));
            });
        }
        Answer::ok()
    });
    let traced = Traced::to(sink, |config| {
        config
            .with_span_capacity(1_000)
            .with_span_batch(1)
            .with_log_records(false)
            .with_timeout(PATIENT)
    });
    let (layer, ended) = &*telemetry;
    layer.set(traced.telemetry.tracing_layer()).unwrap();
    traced.run(|| info_span!("first").in_scope(|| {}));
    let start = Instant::now();
    traced.telemetry.flush().unwrap();
    assert!(start.elapsed() < PATIENT / 2, "{:?}", start.elapsed());
    ended.store(true, Ordering::SeqCst);
}

#[test]
fn log_records_are_kept_by_their_own_bound() {
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let traced = Traced::to_simulated(sink, |config| {
        config.with_span_capacity(1).with_span_batch(1)
    });
    traced.run(|| {
        for n in 0..100 {
            info!(n, "event");
        }
    });
    traced.telemetry.flush().unwrap_err();
    traced.sink.received();
    is_up.store(true, Ordering::SeqCst);
    flush_until_delivered(&traced.telemetry);
    assert_eq!(
        traced.sink.received().iter().flat_map(records_in).count(),
        100
    );
}

#[test]
fn one_span_that_is_refused_costs_no_other() {
    let sink = Sink::answering(|request| {
        let is_bad = spans_in(request).iter().any(|span| span.name == "bad");
        if is_bad {
            Answer::Status("400 Bad Request", &[], "no".into())
        } else {
            Answer::ok()
        }
    });
    let traced = Traced::to_simulated(sink, |config| config);
    traced.run(|| {
        for n in 0..20 {
            if n == 13 {
                info_span!("bad").in_scope(|| {});
            } else {
                info_span!("good").in_scope(|| {});
            }
        }
    });
    traced.telemetry.flush().unwrap_err();
    let report = report_of(&traced.telemetry, Signal::Traces);
    assert_eq!((report.delivered, report.waiting), (19, 0));
    assert_eq!(report.dropped[&DropReason::Refused], 1);
}

#[test]
fn spans_that_a_receiver_rejects_are_counted_and_not_repeated() {
    let partial = r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#;
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let sink = Sink::answering(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        Answer::Status(
            "200 OK",
            &[("content-type", "application/json")],
            partial.into(),
        )
    });
    let traced = Traced::to(sink, |config| config.with_log_records(false));
    traced.run(|| (0..5).for_each(|_| info_span!("span").in_scope(|| {})));
    traced.telemetry.flush().unwrap_err();
    traced.telemetry.flush().unwrap();
    let report = report_of(&traced.telemetry, Signal::Traces);
    assert_eq!((report.delivered, report.rejected), (3, 2));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[test]
fn what_finds_no_room_before_it_is_collected_is_counted() {
    let traced = Traced::with(|config| config.with_span_capacity(4).with_span_batch(4));
    // Nobody collects before the first flush.
    traced.run(|| (0..10).for_each(|_| info_span!("span").in_scope(|| {})));
    assert_eq!(traced.spans().0.len(), 4);
    assert_eq!(traced.telemetry.delivery_report().dropped_spans, 6);
}
