//! Protobuf and gzip: a Collector writes down the same of every encoding.

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::AttributeValue;
use serde_json::{Value, json};

use crate::fixture::Collector;
use crate::handle::handle;
use crate::load::Load;
use crate::read::{Received, attributes, text, without_times};
use crate::record::{ids, kem_event};

/// Each kind of instrument and attribute, and events.
fn record(telemetry: &TelemetryHandle) {
    let requests = telemetry.counter("requests").unwrap();
    requests.add(u64::MAX >> 1);
    let bound = requests.bind(&[
        ("status", AttributeValue::from(-404)),
        ("cached", true.into()),
        ("path", "/v1 \"é\" \u{1}".into()),
        ("empty", "".into()),
    ]);
    bound.unwrap().add(9);
    telemetry.up_down_counter("open").unwrap().add(-7);
    telemetry.gauge("load").unwrap().set(-0.25);
    for wait in [0, 0, 1, 900, 1 << 40] {
        telemetry.record_latency_ms("wait", wait);
    }
    for label in ["a", "b \"é\""] {
        telemetry.record_kem_event(kem_event(label));
    }
}

const RECORDED: [&str; 4] = ["requests", "open", "load", "wait"];

/// What no test can know is left out: times, ids, and what is not recorded here.
fn comparable(received: &Received) -> Value {
    let mut metrics = received.metrics();
    metrics.retain(|metric| RECORDED.iter().any(|name| metric["name"] == *name));
    assert_eq!(metrics.len(), RECORDED.len());
    let metrics = metrics.into_iter();
    let logs = received.log_records().into_iter().map(|record| {
        let mut attributes = attributes(record);
        assert!(attributes.remove("log.record.uid").is_some());
        let body = &record["body"];
        json!({"body": body, "severity": record["severityNumber"], "attributes": attributes})
    });
    let resources = received.requests.iter().map(|request| {
        let metrics = &request["resourceMetrics"][0];
        let logs = &request["resourceLogs"][0];
        let (resource, scope) = if metrics.is_null() {
            (&logs["resource"], &logs["scopeLogs"][0]["scope"])
        } else {
            (&metrics["resource"], &metrics["scopeMetrics"][0]["scope"])
        };
        let mut attributes = attributes(resource);
        assert!(attributes.remove("service.instance.id").is_some());
        json!({"resource": attributes, "scope": scope})
    });
    json!({
        "metrics": metrics.map(without_times).collect::<Vec<_>>(),
        "logs": logs.collect::<Vec<_>>(),
        "resources": resources.collect::<Vec<_>>(),
    })
}

/// What a Collector writes down of one flush under `lines` of `[telemetry]`.
fn received(lines: &str) -> Received {
    let collector = Collector::start();
    let telemetry = handle(&collector.url(), lines);
    record(&telemetry);
    let snapshot = telemetry.flush().unwrap();
    let received = collector.stop();
    let mut ids = ids(&snapshot);
    ids.sort();
    assert_eq!(received.event_ids(), ids);
    received
}

/// The same is written down of what is sent under `lines` as of plain JSON,
/// in either histogram encoding; and nothing is lost under load.
fn arrives_as_json_does(lines: &str) {
    for histograms in ["", "histograms = 'explicit'\n"] {
        let plain = received(histograms);
        let other = received(&format!("{histograms}{lines}"));
        assert_eq!(plain.requests.len(), 2);
        assert_eq!(text(plain.log_records()[0], "pqcnet.kem.label"), "a");
        assert_eq!(comparable(&other), comparable(&plain));
    }
    for temporality in ["cumulative", "delta"] {
        let collector = Collector::start();
        let lines = format!("temporality = '{temporality}'\n{lines}");
        let telemetry = handle(&collector.url(), &lines);
        let load = Load::register(&telemetry);
        for _ in 0..3 {
            load.run(|| {
                telemetry.flush().unwrap();
            });
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        if temporality == "delta" {
            Load::assert_sum_is(&received, 3);
        } else {
            Load::assert_last_is(&received, 3);
        }
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn json_arrives_as_json_does() {
    arrives_as_json_does("");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn gzipped_json_arrives_as_json_does() {
    arrives_as_json_does("compression = 'gzip'");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn protobuf_arrives_as_json_does() {
    arrives_as_json_does("protocol = 'http/protobuf'");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn gzipped_protobuf_arrives_as_json_does() {
    arrives_as_json_does("protocol = 'http/protobuf'\ncompression = 'gzip'");
}
