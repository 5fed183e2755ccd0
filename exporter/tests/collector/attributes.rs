//! Series by attributes: families, bound sets, and those past the limit.

use std::collections::BTreeMap;

use pqcnet_telemetry::core::{AttributeValue, label_set};
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};
use serde_json::json;

use crate::fixture::{Collector, PATIENCE};
use crate::read::{attributes, integer, points_of, text};
use crate::record::flushed;

label_set! {
    enum Direction: "direction" {
        Upstream = "upstream",
        Downstream = "downstream",
        Sideways = "sideways",
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_family_arrives_as_one_series_a_variant() {
    let received = flushed(|telemetry| {
        let registry = telemetry.registry();
        let bytes = registry.counter_family::<Direction>("bytes").unwrap();
        let waits = registry.histogram_family::<Direction>("waits").unwrap();
        bytes.add(Direction::Upstream, 1_024);
        bytes.increment(Direction::Downstream);
        waits.record(Direction::Upstream, 3);
        waits.record(Direction::Upstream, 4);
    });
    for (name, field, expected) in [
        ("bytes", "asInt", [1_024, 1, 0]),
        ("waits", "count", [2, 0, 0]),
    ] {
        let points = points_of(received.metric(name)).into_iter();
        let arrived = points.map(|point| (text(point, "direction"), integer(&point[field])));
        let expected = ["upstream", "downstream", "sideways"]
            .into_iter()
            .zip(expected);
        assert_eq!(arrived.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn bound_attributes_arrive_with_their_types() {
    let received = flushed(|telemetry| {
        let requests = telemetry.counter("requests").unwrap();
        let bound = requests.bind(&[
            ("status", AttributeValue::from(-404)),
            ("cached", true.into()),
            ("fresh", false.into()),
            ("path", "/v1".into()),
            ("empty", "".into()),
        ]);
        bound.unwrap().add(9);
    });
    let [point] = received.points("requests")[..] else {
        panic!("{received:?}");
    };
    assert_eq!(point["asInt"], "9");
    assert_eq!(
        json!(attributes(point)),
        json!({
            "status": {"intValue": "-404"},
            "cached": {"boolValue": true},
            "fresh": {"boolValue": false},
            "path": {"stringValue": "/v1"},
            "empty": {"stringValue": ""},
        })
    );
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn attribute_sets_past_the_limit_arrive_as_the_overflow_series() {
    const LIMIT: usize = 5;
    let collector = Collector::start();
    let text = format!("[telemetry]\ncardinality-limit = {LIMIT}");
    let config = TelemetryConfig::from_toml_and_env(&text, |_| None).unwrap();
    let config = config
        .with_endpoint(&collector.url())
        .with_timeout(PATIENCE);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let requests = telemetry.counter("requests").unwrap();
    let sent: BTreeMap<String, i128> = (0..20).map(|i| (format!("p{i}"), 1 << i)).collect();
    for (peer, count) in &sent {
        let bound = requests.bind(&[("peer", peer.as_str())]).unwrap();
        bound.add(u64::try_from(*count).unwrap());
    }
    telemetry.flush().unwrap();
    let received = collector.stop();

    let points = points_of(received.metric("requests"));
    assert!(points.len() > 1 && points.len() <= LIMIT);
    let mut overflow = Vec::new();
    let mut left = sent.values().sum::<i128>();
    for point in points {
        let attributes = attributes(point);
        if let Some(peer) = attributes.get("peer") {
            let count = sent[peer["stringValue"].as_str().unwrap()];
            assert_eq!(integer(&point["asInt"]), count);
            left -= count;
        } else {
            assert_eq!(
                json!(attributes),
                json!({"otel.metric.overflow": {"boolValue": true}})
            );
            overflow.push(integer(&point["asInt"]));
        }
    }
    assert_eq!(overflow, [left]);
}
