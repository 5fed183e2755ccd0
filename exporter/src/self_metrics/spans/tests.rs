use std::time::Duration;

use pqcnet_telemetry_core::{RetiredEpoch, Value};

use super::*;
use crate::config::Destination;
use crate::deliver::Signal;
use crate::self_metrics::Meters;

fn registered(config: &TelemetryConfig) -> (Registry, SelfMetrics) {
    let registry = Registry::builder().build();
    let metrics = SelfMetrics::register(&registry, config).unwrap();
    (registry, metrics)
}

/// What was added to a sum since the flush before.
#[track_caller]
fn added(epoch: &RetiredEpoch, name: &str, attributes: &[(&str, &str)]) -> i64 {
    let index = epoch.catalog().find(name, attributes);
    match epoch.value(index.unwrap_or_else(|| panic!("no {name} {attributes:?}"))) {
        Value::Counter(sum) => sum as i64,
        Value::UpDownCounter(sum) => sum as i64,
        other => panic!("{other:?}"),
    }
}

fn meters(metrics: &SelfMetrics, signal: Signal, to: &Destination) -> Meters {
    let route = match signal {
        Signal::Metrics => &to.metrics,
        Signal::Logs | Signal::LogRecords => &to.logs,
        Signal::Traces => &to.traces,
    };
    let route = route.as_ref().unwrap();
    metrics.meters(signal, route, &to.name).unwrap()
}

#[test]
fn what_is_found_of_spans_is_added() {
    let config = TelemetryConfig::default().with_span_capacity(77);
    let (registry, metrics) = registered(&config);
    let epoch = registry.flush();
    assert_eq!(
        added(&epoch, "otel.sdk.processor.span.queue.capacity", &[]),
        77
    );
    metrics.spans_found(1, 2, 3, 4, 5);
    metrics.spans_found(10, 20, -1, 40, 50);
    let epoch = registry.flush();
    let result = |result| [("otel.span.sampling_result", result)];
    let started = "otel.sdk.span.started";
    assert_eq!(added(&epoch, started, &result("RECORD_AND_SAMPLE")), 11);
    assert_eq!(added(&epoch, started, &result("DROP")), 22);
    assert_eq!(added(&epoch, started, &[]), 0);
    assert_eq!(added(&epoch, "otel.sdk.span.live", &[]), 2);
    assert_eq!(added(&epoch, "pqcnet.telemetry.span.dropped", &[]), 44);
    assert_eq!(
        added(&epoch, "pqcnet.telemetry.log_record.dropped", &[]),
        55
    );
}

#[test]
fn every_lane_of_a_destination_has_series_of_its_own() {
    let config = TelemetryConfig::default();
    let to = config.destinations().unwrap().swap_remove(0);
    let (registry, metrics) = registered(&config);
    let lanes = [
        (
            Signal::Metrics,
            "metric_data_point",
            "metric",
            "otlp_http_json_metric_exporter/default",
        ),
        (
            Signal::Logs,
            "log",
            "log",
            "otlp_http_json_log_exporter/default",
        ),
        (
            Signal::LogRecords,
            "log",
            "log",
            "otlp_http_json_log_exporter/default/log-records",
        ),
        (
            Signal::Traces,
            "span",
            "span",
            "otlp_http_json_span_exporter/default",
        ),
    ];
    for (index, (signal, ..)) in lanes.iter().enumerate() {
        let items = 10 + index;
        let mut meters = meters(&metrics, *signal, &to);
        meters.queued(items as u64);
        meters.sent(items);
        meters.sent(items);
        meters.settled(items, None, Duration::ZERO, items as u64, 0);
    }
    let epoch = registry.flush();
    for (index, (_, flow, kind, name)) in lanes.iter().enumerate() {
        let kind = format!("otlp_http_json_{kind}_exporter");
        let attributes = [
            ("otel.component.type", &*kind),
            ("otel.component.name", name),
            ("server.address", "localhost"),
            ("server.port", "4318"),
        ];
        let exporter = |what| format!("otel.sdk.exporter.{flow}.{what}");
        let queue = match *flow {
            "metric_data_point" => "pqcnet.telemetry.metric_data_point.queue.size".into(),
            _ => format!("otel.sdk.processor.{flow}.queue.size"),
        };
        for name in [exporter("inflight"), exporter("exported"), queue] {
            assert_eq!(added(&epoch, &name, &attributes), 10 + index as i64);
        }
    }
}
