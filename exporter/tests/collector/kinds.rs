//! Each kind of instrument arrives with its values, to their extremes.

use pqcnet_telemetry::core::Instrument;
use serde_json::json;

use crate::read::without_times;
use crate::record::{collected, flushed};

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_counter_arrives_with_its_value_unit_and_description() {
    let received = flushed(|telemetry| {
        let bytes = Instrument::new("relayer.bytes")
            .unit("By")
            .description("Bytes \"taken\" in");
        let bytes = telemetry.counter(bytes).unwrap();
        bytes.add(1_536);
        bytes.increment();
    });
    assert_eq!(
        without_times(received.metric("relayer.bytes")),
        json!({
            "name": "relayer.bytes",
            "unit": "By",
            "description": "Bytes \"taken\" in",
            "sum": {
                "aggregationTemporality": 2,
                "isMonotonic": true,
                "dataPoints": [{"asInt": "1537"}],
            },
        })
    );
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn an_up_down_counter_arrives_below_zero() {
    let received = flushed(|telemetry| {
        let connections = telemetry.up_down_counter("connections").unwrap();
        connections.add(5);
        connections.add(-12);
    });
    assert_eq!(
        without_times(received.metric("connections")),
        json!({
            "name": "connections",
            "sum": {
                "aggregationTemporality": 2,
                "dataPoints": [{"asInt": "-7"}],
            },
        })
    );
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_gauge_arrives_as_it_was_last_set() {
    let received = flushed(|telemetry| {
        let load = telemetry.gauge("load").unwrap();
        load.set(7.0);
        load.set(0.1);
    });
    assert_eq!(
        without_times(received.metric("load")),
        json!({"name": "load", "gauge": {"dataPoints": [{"asDouble": 0.1}]}})
    );
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn every_double_arrives_as_it_is() {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1 + 0.2,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        f64::EPSILON,
        9_007_199_254_740_993.0,
        1e21,
    ];
    let received = flushed(|telemetry| {
        for (index, value) in values.iter().enumerate() {
            telemetry.gauge(format!("g{index}")).unwrap().set(*value);
        }
    });
    for (index, value) in values.iter().enumerate() {
        let name = format!("g{index}");
        let arrived = received.last_point(&name)["asDouble"].as_f64().unwrap();
        assert_eq!(arrived.to_bits(), value.to_bits(), "{value:e}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn gauges_that_are_no_numbers_arrive_as_such() {
    let received = flushed(|telemetry| {
        for (name, value) in [
            ("nan", f64::NAN),
            ("above", f64::INFINITY),
            ("below", f64::NEG_INFINITY),
        ] {
            telemetry.gauge(name).unwrap().set(value);
        }
    });
    assert_eq!(received.last_point("nan")["asDouble"], "NaN");
    assert_eq!(received.last_point("above")["asDouble"], "Infinity");
    assert_eq!(received.last_point("below")["asDouble"], "-Infinity");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_gauge_that_was_never_set_does_not_arrive() {
    let received = flushed(|telemetry| {
        let _unset = telemetry.gauge("unset").unwrap();
        telemetry.gauge("set").unwrap().set(1.0);
    });
    assert_eq!(received.points("unset").len(), 0);
    assert_eq!(received.points("set").len(), 1);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn totals_past_64_bits_stay_at_their_most_and_least() {
    let received = collected(|telemetry| {
        let rising = telemetry.counter("rising").unwrap();
        let falling = telemetry.up_down_counter("falling").unwrap();
        for _ in 0..3 {
            rising.add(i64::MAX.cast_unsigned());
            falling.add(i64::MIN + 1);
            telemetry.flush().unwrap();
        }
    });
    let most = i128::from(i64::MAX);
    assert_eq!(received.integers("rising", "asInt"), [most; 3]);
    let least = i128::from(i64::MIN);
    assert_eq!(
        received.integers("falling", "asInt"),
        [least + 1, least, least]
    );
}
