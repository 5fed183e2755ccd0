//! Whose the telemetry is: the resource and scope of both signals.

use std::collections::BTreeSet;

use serde_json::json;

use crate::read::attributes;
use crate::record::{collected_under, kem_event};

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn both_signals_arrive_under_one_resource_and_scope() {
    let received = collected_under(
        |config| {
            let config = config.with_label("component", "relayer");
            config.with_label("service.name", "sentry")
        },
        |telemetry| {
            for _ in 0..2 {
                telemetry.record_counter("requests", 1).unwrap();
                telemetry.record_kem_event(kem_event("a"));
                telemetry.flush().unwrap();
            }
        },
    );
    assert_eq!(received.requests.len(), 4);

    let version = env!("CARGO_PKG_VERSION");
    let mut instances = BTreeSet::new();
    for request in &received.requests {
        let (resource, scope) = if request["resourceLogs"].is_null() {
            let metrics = &request["resourceMetrics"][0];
            (&metrics["resource"], &metrics["scopeMetrics"][0]["scope"])
        } else {
            let logs = &request["resourceLogs"][0];
            (&logs["resource"], &logs["scopeLogs"][0]["scope"])
        };
        let mut labels = attributes(resource);
        let instance = labels.remove("service.instance.id").unwrap();
        instances.insert(instance["stringValue"].as_str().unwrap());
        assert_eq!(
            json!(labels),
            json!({
                "component": {"stringValue": "relayer"},
                "service.name": {"stringValue": "sentry"},
                "telemetry.sdk.language": {"stringValue": "rust"},
                "telemetry.sdk.name": {"stringValue": "pqcnet-telemetry"},
                "telemetry.sdk.version": {"stringValue": version},
            })
        );
        assert_eq!(
            scope,
            &json!({"name": "pqcnet-telemetry", "version": version})
        );
    }
    assert_eq!(instances.len(), 1, "{instances:?}");
}
