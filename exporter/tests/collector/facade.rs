//! What the macros of the `metrics` crate are told arrives as anything else
//! does.

use metrics::{Unit, counter, describe_counter, gauge, with_local_recorder};
use serde_json::json;

use crate::read::without_times;
use crate::record::flushed;

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn what_the_macros_of_metrics_record_arrives() {
    let received = flushed(|telemetry| {
        with_local_recorder(&telemetry.metrics_recorder(), || {
            describe_counter!("bytes_total", Unit::Bytes, "Bytes taken in");
            counter!("bytes_total", "peer" => "a").increment(1_536);
            counter!("bytes_total", "peer" => "a").absolute(1);
            gauge!("load").set(0.5);
            gauge!("load").decrement(0.25);
        });
    });
    assert_eq!(
        without_times(received.metric("bytes_total")),
        json!({
            "name": "bytes_total",
            "unit": "By",
            "description": "Bytes taken in",
            "sum": {
                "aggregationTemporality": 2,
                "isMonotonic": true,
                "dataPoints": [{
                    "asInt": "1537",
                    "attributes": [{"key": "peer", "value": {"stringValue": "a"}}],
                }],
            },
        })
    );
    assert_eq!(
        without_times(received.metric("load")),
        json!({"name": "load", "gauge": {"dataPoints": [{"asDouble": 0.25}]}})
    );
}
