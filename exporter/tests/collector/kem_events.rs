//! KEM events arrive whole, and once each.

use std::collections::BTreeSet;
use std::thread;

use pqcnet_telemetry::KemUsageReason;
use serde_json::json;

use crate::fixture::Collector;
use crate::read::{attributes, integer, text};
use crate::record::{collected, kem, kem_event, telemetry};

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn kem_events_arrive_with_all_they_were_recorded_with() {
    let recorded = [
        kem_event("relayer::01"),
        kem("relayer::02", KemUsageReason::Drill, true),
        kem("relayer::03", KemUsageReason::Fallback, true),
    ];
    let collector = Collector::start();
    let telemetry = telemetry(&collector, |config| config);
    for record in &recorded {
        telemetry.record_kem_event(record.clone());
    }
    let snapshot = telemetry.flush().unwrap();
    let received = collector.stop();

    let severities = [(9, "INFO"), (9, "INFO"), (13, "WARN")];
    let records = received.log_records();
    assert_eq!(records.len(), 3);
    for (index, record) in records.into_iter().enumerate() {
        let (number, text) = severities[index];
        assert_eq!(record["severityNumber"], number);
        assert_eq!(record["severityText"], text);
        assert_eq!(record["eventName"], "pqcnet.kem.usage");
        assert_eq!(record["timeUnixNano"], record["observedTimeUnixNano"]);
        assert!(integer(&record["timeUnixNano"]) > 0);
        let (event, expected) = (&snapshot.kem_events[index], &recorded[index]);
        assert_eq!(event, expected);
        assert_eq!(
            json!(attributes(record)),
            json!({
                "log.record.uid": {"stringValue": event.id.to_string()},
                "pqcnet.kem.label": {"stringValue": expected.label},
                "pqcnet.kem.scheme": {"stringValue": expected.scheme},
                "pqcnet.kem.reason": {"stringValue": expected.reason.as_str()},
                "pqcnet.kem.backup_only": {"boolValue": expected.backup_only},
            })
        );
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn kem_events_of_many_threads_arrive_once_each() {
    const THREADS: usize = 4;
    const EACH: usize = 500;
    let received = collected(|telemetry| {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    for index in 0..EACH {
                        let label = format!("{thread}::{index}");
                        telemetry.record_kem_event(kem_event(&label));
                    }
                });
            }
            for _ in 0..10 {
                telemetry.flush().unwrap();
            }
        });
        telemetry.flush().unwrap();
    });
    let unique: BTreeSet<_> = received.event_ids().into_iter().collect();
    assert_eq!(unique.len(), THREADS * EACH);
    let labels = received.log_records().into_iter();
    let labels = labels.map(|record| text(record, "pqcnet.kem.label").to_owned());
    let mut labels: Vec<_> = labels.collect();
    labels.sort();
    let mut expected: Vec<_> = (0..THREADS * EACH)
        .map(|n| format!("{}::{}", n / EACH, n % EACH))
        .collect();
    expected.sort();
    assert_eq!(labels, expected);
}
