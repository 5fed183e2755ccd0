//! How tracing begins and ends.

use std::time::{Duration, Instant};

use pqcnet_telemetry::{DropReason, Signal, TelemetryHandle};
use tracing::{Dispatch, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::received::{Traced, records_in, spans_in};
use crate::support::sink::{Answer, Sink};
use crate::support::telemetry::{PATIENT, REFUSING, config, kem, report_of, signal_in};

#[test]
fn a_layer_made_after_the_first_flush_delivers() {
    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(config(&sink.url())).unwrap();
    telemetry.flush().unwrap();
    let layer = telemetry.tracing_layer();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || info_span!("late").in_scope(|| {}));
    telemetry.flush().unwrap();
    assert_eq!(sink.received().iter().flat_map(spans_in).count(), 1);
}

#[test]
fn a_full_batch_goes_out_without_a_flush() {
    let traced = Traced::with(|config| {
        config
            .with_span_batch(8)
            .with_span_interval(Duration::MAX)
            .with_log_records(false)
    });
    traced.telemetry.flush().unwrap(); // delivery begins
    traced.run(|| (0..8).for_each(|_| info_span!("span").in_scope(|| {})));
    let request = traced.sink.next().unwrap();
    assert_eq!(spans_in(&request).len(), 8);
}

#[test]
fn a_flusher_delivers_from_its_start_on() {
    let traced = Traced::with(|config| {
        config
            .with_flush_interval(Duration::from_secs(3_600))
            .with_span_interval(Duration::from_millis(1))
    });
    let _flusher = traced.telemetry.spawn_flusher();
    traced.run(|| info_span!("span").in_scope(|| {}));
    assert_eq!(spans_in(&traced.sink.next().unwrap()).len(), 1);
}

#[test]
fn a_shutdown_drains_and_counts_what_is_open() {
    let traced = Traced::new();
    let open = traced.run(|| {
        info_span!("closed").in_scope(|| info!("event"));
        info_span!("open")
    });
    let report = traced.telemetry.shutdown(PATIENT);
    assert_eq!(report.open_spans, 1);
    assert!(
        report.to_string().contains("1 spans have not ended"),
        "{report}"
    );
    assert_eq!(signal_in(report, Signal::Traces).delivered, 1);
    let requests = traced.sink.received();
    assert_eq!(requests.iter().flat_map(spans_in).count(), 1);
    assert_eq!(requests.iter().flat_map(records_in).count(), 1);
    drop(open);
}

#[test]
fn a_shutdown_waits_no_longer_than_asked_for_spans() {
    let hanging = Sink::answering(|_| Answer::Hang);
    let traced = Traced::to(hanging, |config| config.with_log_records(false));
    traced.run(|| (0..3).for_each(|_| info_span!("lost").in_scope(|| {})));
    let start = Instant::now();
    let report = traced.telemetry.shutdown(Duration::from_millis(100));
    // Far below what a request may take, far above what a busy machine does.
    assert!(start.elapsed() < PATIENT / 2, "{:?}", start.elapsed());
    let of_spans = signal_in(report, Signal::Traces);
    assert_eq!(of_spans.total_dropped() + of_spans.waiting, 3, "{of_spans}");
}

#[test]
fn a_shutdown_without_a_receiver_counts_all_as_lost() {
    let telemetry = TelemetryHandle::from_config(config(REFUSING)).unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(telemetry.tracing_layer()));
    tracing::dispatcher::with_default(&dispatch, || {
        (0..3).for_each(|_| info_span!("lost").in_scope(|| {}));
    });
    telemetry.shutdown(Duration::from_millis(1));
    let traces = report_of(&telemetry, Signal::Traces);
    assert_eq!(traces.dropped[&DropReason::Shutdown], 3);
    assert_eq!((traces.delivered, traces.waiting), (0, 0));
}

#[test]
fn a_backend_of_traces_is_asked_for_nothing_else() {
    let traced = Traced::with(|config| config.with_self_metrics(true).traces_only());
    traced.telemetry.record_counter("c", 1).unwrap();
    traced.telemetry.record_kem_event(kem("k"));
    traced.run(|| info_span!("span").in_scope(|| info!("event")));
    let snapshot = traced.telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["c"], 1);
    let requests = traced.sink.received();
    let paths: Vec<_> = requests.iter().map(|request| &*request.path).collect();
    assert_eq!(paths, ["/v1/traces"]);
    let report = traced.telemetry.shutdown(PATIENT);
    assert_eq!(report.signals.len(), 1, "{report}");
}

#[test]
fn a_disabled_sdk_traces_nothing() {
    let sink = Sink::start();
    let toml = "[telemetry]\n";
    let disabled = |name: &str| (name == "OTEL_SDK_DISABLED").then(|| "true".to_owned());
    let config = pqcnet_telemetry::TelemetryConfig::from_toml_and_env(toml, disabled).unwrap();
    let config = config.with_endpoint(&sink.url());
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(telemetry.tracing_layer()));
    tracing::dispatcher::with_default(&dispatch, || info_span!("span").in_scope(|| info!("event")));
    telemetry.flush().unwrap();
    assert!(sink.received().is_empty());
    assert_eq!(telemetry.delivery_report().open_spans, 0);
}

/// The collector is called in the middle of each round, and is at work when this
/// thread flushes.
#[test]
fn a_flush_delivers_what_the_collector_has_just_taken() {
    const SPANS: u64 = 300;
    let traced = Traced::with(|config| config.with_span_batch(250).with_log_records(false));
    traced.telemetry.flush().unwrap(); // delivery begins
    for round in 1..=100 {
        traced.run(|| (0..SPANS).for_each(|_| info_span!("span").in_scope(|| {})));
        traced.telemetry.flush().unwrap();
        let report = report_of(&traced.telemetry, Signal::Traces);
        assert_eq!(report.delivered, round * SPANS);
    }
}
