//! What the library says of itself: it adds up, and it never keeps itself
//! busy.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use pqcnet_telemetry::core::Instrument;
use pqcnet_telemetry::{
    DropReason, Protocol, Signal, TelemetryConfig, TelemetryHandle, Temporality,
};

mod support;

use support::read::{Attributes, metrics_in, points_of, texts, value_of};
use support::sink::{Answer, Sink};
use support::telemetry::{
    PATIENT, config, flush_until_delivered, kem, report_of, simulated, status,
};

const EXPORTED: &str = "otel.sdk.exporter.metric_data_point.exported";
const EXPORTED_LOGS: &str = "otel.sdk.exporter.log.exported";
const DURATION: &str = "otel.sdk.exporter.operation.duration";
const COLLECTION: &str = "otel.sdk.metric_reader.collection.duration";
const DROPPED: &str = "pqcnet.telemetry.event.dropped";
const LOGS_QUEUE: &str = "otel.sdk.processor.log.queue.size";

/// Those of spans and of the events of `tracing`, with their units.
const SPANS: &[(&str, &str)] = if cfg!(feature = "tracing") {
    &[
        ("otel.sdk.exporter.span.exported", "{span}"),
        ("otel.sdk.exporter.span.inflight", "{span}"),
        ("otel.sdk.processor.span.queue.capacity", "{span}"),
        ("otel.sdk.processor.span.queue.size", "{span}"),
        ("otel.sdk.span.live", "{span}"),
        ("otel.sdk.span.started", "{span}"),
        ("pqcnet.telemetry.log_record.dropped", "{log_record}"),
        ("pqcnet.telemetry.span.dropped", "{span}"),
    ]
} else {
    &[]
};

fn with_self_metrics(url: &str) -> TelemetryConfig {
    config(url).with_self_metrics(true)
}

/// The metrics of the flush that is made now, by name.
fn flushed(telemetry: &TelemetryHandle, sink: &Sink) -> BTreeMap<String, Metric> {
    sink.received();
    let _ = telemetry.flush();
    let requests = sink.received();
    let metrics = requests.iter().flat_map(metrics_in);
    metrics
        .map(|metric| (metric.name.clone(), metric))
        .collect()
}

/// The points of a sum that are of this error type, or of none.
fn values(metric: &Metric, error: Option<&str>) -> Vec<i64> {
    let points = points_of(metric).iter();
    let points = points.filter(|point| {
        let attributes = texts(&point.attributes);
        attributes.contains_key("otel.component.name")
            && attributes.get("error.type").map(String::as_str) == error
    });
    points.map(value_of).collect()
}

/// The value of a sum without attributes.
fn total(metric: &Metric) -> i64 {
    let mut points = points_of(metric).iter();
    value_of(points.find(|point| point.attributes.is_empty()).unwrap())
}

#[test]
fn they_are_there_by_default_under_the_names_and_units_of_the_conventions() {
    let sink = Sink::start();
    let telemetry =
        TelemetryHandle::from_config(TelemetryConfig::new(&sink.url()).with_timeout(PATIENT))
            .unwrap();
    telemetry.record_counter("c", 1).unwrap();
    telemetry.record_kem_event(kem("k"));
    flushed(&telemetry, &sink);
    let metrics = flushed(&telemetry, &sink);
    let units = metrics.iter().filter(|(name, _)| *name != "c");
    let units: Vec<_> = units.map(|(name, m)| (&**name, &*m.unit)).collect();
    let mut expected = [
        SPANS,
        &[
            (EXPORTED_LOGS, "{log_record}"),
            ("otel.sdk.exporter.log.inflight", "{log_record}"),
            (EXPORTED, "{data_point}"),
            (
                "otel.sdk.exporter.metric_data_point.inflight",
                "{data_point}",
            ),
            (DURATION, "s"),
            (COLLECTION, "s"),
            ("otel.sdk.processor.log.queue.capacity", "{log_record}"),
            (LOGS_QUEUE, "{log_record}"),
            ("pqcnet.telemetry.clamped", "{record}"),
            (DROPPED, "{log_record}"),
            (
                "pqcnet.telemetry.metric_data_point.queue.size",
                "{data_point}",
            ),
            ("pqcnet.telemetry.residue", "{record}"),
        ],
    ]
    .concat();
    expected.sort_unstable();
    assert_eq!(units, expected);
    assert!(
        metrics
            .values()
            .all(|metric| metric.name == "c" || !metric.description.is_empty())
    );
}

#[test]
fn each_series_says_which_exporter_it_is_of() {
    for (protocol, http) in [
        (Protocol::HttpJson, "otlp_http_json"),
        (Protocol::HttpProtobuf, "otlp_http"),
    ] {
        let sink = Sink::start();
        let telemetry = simulated(with_self_metrics(&sink.url()).with_protocol(protocol));
        telemetry.record_counter("c", 1).unwrap();
        telemetry.record_kem_event(kem("k"));
        flushed(&telemetry, &sink);
        let metrics = flushed(&telemetry, &sink);
        let (_, port) = sink
            .url()
            .rsplit_once(':')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        for (name, signal) in [(EXPORTED, "metric"), (EXPORTED_LOGS, "log")] {
            let points = points_of(&metrics[name]).iter();
            let mut attributes = points.map(|point| texts(&point.attributes));
            let found = attributes
                .find(|attributes| !attributes.is_empty())
                .unwrap();
            let kind = format!("{http}_{signal}_exporter");
            let expected: Attributes = [
                ("otel.component.name", format!("{kind}/default")),
                ("otel.component.type", kind),
                ("server.address", "127.0.0.1".into()),
                ("server.port", port.clone()),
            ]
            .map(|(key, value)| (key.to_owned(), value))
            .into();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_was_exported_and_what_failed_adds_up() {
    let is_lost = AtomicBool::new(true);
    let sink = Sink::answering(move |request| {
        if request.body.contains("poison") {
            status("400 Bad Request")
        } else if request.path == "/v1/metrics" && is_lost.swap(false, Ordering::SeqCst) {
            status("404 Not Found")
        } else {
            Answer::ok()
        }
    });
    let telemetry = simulated(with_self_metrics(&sink.url()));
    telemetry.record_counter("c", 1).unwrap();
    for label in ["a", "poison", "b"] {
        telemetry.record_kem_event(kem(label));
    }
    flushed(&telemetry, &sink); // 404, 400
    flush_until_delivered(&telemetry);
    for _ in 0..3 {
        let points = report_of(&telemetry, Signal::Metrics);
        let logs = report_of(&telemetry, Signal::Logs);
        let metrics = flushed(&telemetry, &sink);
        // All that was known before the flush is in it.
        assert_eq!(values(&metrics[EXPORTED], None), [points.delivered as i64]);
        let refused = points.dropped[&DropReason::Refused];
        assert_eq!(values(&metrics[EXPORTED], Some("404")), [refused as i64]);
        assert_eq!(values(&metrics[EXPORTED_LOGS], None), [2]);
        assert_eq!(values(&metrics[EXPORTED_LOGS], Some("400")), [1]);
        assert_eq!((logs.delivered, logs.total_dropped()), (2, 1));
        for (name, metric) in &metrics {
            if name.ends_with("inflight") || name.ends_with("queue.size") {
                let series = values(metric, None);
                assert!(series.iter().all(|value| *value == 0), "{name}: {series:?}");
                // Of spans there may be no lane.
                assert!(!series.is_empty() || name.contains(".span."), "{name}");
            }
        }
    }
}

#[test]
fn the_queue_is_as_long_as_the_report_says_and_nothing_is_in_flight_while_it_waits() {
    let sink = Sink::answering(|request| match &*request.path {
        "/v1/logs" => status("503 Service Unavailable"),
        _ => Answer::ok(),
    });
    // It waits for longer than the test takes.
    let forever = Duration::from_secs(1 << 20);
    let config = with_self_metrics(&sink.url()).with_retry(forever, forever);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    for event in 0..7 {
        telemetry.record_kem_event(kem(&event.to_string()));
    }
    flushed(&telemetry, &sink);
    assert_eq!(report_of(&telemetry, Signal::Logs).waiting, 7);
    let metrics = flushed(&telemetry, &sink);
    assert_eq!(values(&metrics[LOGS_QUEUE], None), [7]);
    assert_eq!(
        values(&metrics["otel.sdk.exporter.log.inflight"], None),
        [0]
    );
    // Not given up, so not counted as exported either.
    assert_eq!(values(&metrics[EXPORTED_LOGS], Some("503")), [0]);
}

#[test]
fn durations_are_counted_by_outcome() {
    let sink = Sink::start();
    let telemetry = simulated(with_self_metrics(&sink.url()));
    telemetry.record_counter("c", 1).unwrap();
    for _ in 0..3 {
        flushed(&telemetry, &sink);
    }
    let metrics = flushed(&telemetry, &sink);
    let count = |name: &str| match &metrics[name].data {
        Some(Data::ExponentialHistogram(h)) => h.data_points.iter().map(|p| p.count).sum::<u64>(),
        other => panic!("{other:?}"),
    };
    assert_eq!((count(DURATION), count(COLLECTION)), (3, 3));
}

#[test]
fn what_was_clamped_or_found_no_room_is_counted() {
    let sink = Sink::start();
    let telemetry = simulated(with_self_metrics(&sink.url()).with_kem_capacity(2));
    let narrow = telemetry
        .histogram(Instrument::new("h").range(1, 100))
        .unwrap();
    for value in [1, 50, 1 << 40, 1 << 50] {
        narrow.record(value);
    }
    for event in 0..5 {
        telemetry.record_kem_event(kem(&event.to_string()));
    }
    flushed(&telemetry, &sink);
    let metrics = flushed(&telemetry, &sink);
    assert_eq!(total(&metrics["pqcnet.telemetry.clamped"]), 2);
    assert_eq!(total(&metrics[DROPPED]), 3);
    assert!(metrics.contains_key("pqcnet.telemetry.residue"));
}

#[test]
fn an_idle_node_sends_nothing_after_its_last_data() {
    let sink = Sink::start();
    let config = with_self_metrics(&sink.url()).with_temporality(Temporality::Delta);
    let telemetry = simulated(config);
    for gain in 1..=3 {
        telemetry.record_counter("c", gain).unwrap();
        telemetry.record_latency_ms("l", gain);
        assert!(flushed(&telemetry, &sink).contains_key("c"));
    }
    for _ in 0..10 {
        telemetry.flush().unwrap();
    }
    assert_eq!(sink.received().len(), 0);
    // What it had to say of that time comes with the next data.
    telemetry.record_counter("c", 1).unwrap();
    let metrics = flushed(&telemetry, &sink);
    let Some(Data::ExponentialHistogram(h)) = &metrics[COLLECTION].data else {
        panic!("{:?}", metrics[COLLECTION]);
    };
    assert_eq!(h.data_points[0].count, 11);
}

#[test]
fn a_handle_without_instruments_sends_no_metrics() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = Sink::start();
        let telemetry = simulated(with_self_metrics(&sink.url()).with_temporality(temporality));
        telemetry.record_kem_event(kem("k"));
        for _ in 0..5 {
            telemetry.flush().unwrap();
        }
        telemetry.shutdown(PATIENT);
        let requests = sink.received();
        let paths: Vec<_> = requests.iter().map(|request| &*request.path).collect();
        assert_eq!(paths, ["/v1/logs"]);
    }
}

#[test]
fn no_snapshot_shows_them() {
    let sink = Sink::start();
    let telemetry = simulated(with_self_metrics(&sink.url()));
    telemetry.record_counter("c", 1).unwrap();
    for _ in 0..3 {
        let snapshot = telemetry.flush().unwrap();
        assert!(snapshot.counters.keys().all(|name| name == "c"));
        assert!(snapshot.up_down_counters.is_empty());
        assert!(snapshot.histograms.is_empty() && snapshot.latencies_ms.is_empty());
    }
}

#[test]
fn they_can_be_left_out() {
    let sink = Sink::start();
    let telemetry = simulated(with_self_metrics(&sink.url()).with_self_metrics(false));
    telemetry.record_counter("c", 1).unwrap();
    for _ in 0..3 {
        let metrics = flushed(&telemetry, &sink);
        assert_eq!(metrics.keys().collect::<Vec<_>>(), ["c"]);
    }
}

#[test]
fn they_take_none_of_the_series_that_a_user_has_asked_for() {
    let sink = Sink::start();
    let config = with_self_metrics(&sink.url())
        .with_counter_capacity(10)
        .with_histogram_capacity(5);
    let telemetry = simulated(config);
    telemetry.record_kem_event(kem("k"));
    telemetry.flush().unwrap(); // all of theirs are there
    for index in 0..10 {
        telemetry.record_counter(&format!("c{index}"), 1).unwrap();
    }
    for index in 0..5 {
        telemetry.record_latency_ms(&format!("l{index}"), 1);
    }
    assert_eq!(telemetry.unregistered(), 0);
    let snapshot = telemetry.flush().unwrap();
    assert_eq!(
        (snapshot.counters.len(), snapshot.latencies_ms.len()),
        (10, 5)
    );
}
