//! Events: of their spans, and log records.

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use pqcnet_telemetry::{KemUsageReason, KemUsageRecord, Signal};
use tracing::{Level, debug, error, event, info, info_span, trace, warn};

use crate::received::{Traced, Value, attributes, records_in, spans_in, text};
use crate::support::telemetry::report_of;

#[test]
fn an_event_is_a_log_record_with_the_ids_of_its_span() {
    let traced = Traced::new();
    traced.run(|| {
        info!(height = 7, "before");
        info_span!("block").in_scope(|| warn!(peer = "a", "inside {}", 1));
    });
    traced.telemetry.flush().unwrap();
    let requests = traced.sink.received();
    let spans: Vec<_> = requests.iter().flat_map(spans_in).collect();
    let records: Vec<_> = requests.iter().flat_map(records_in).collect();
    let [before, inside] = &records[..] else {
        panic!("{records:?}");
    };
    let body = |record: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
        record.body.clone().unwrap().value.unwrap()
    };
    assert_eq!(body(before), text("before"));
    assert_eq!(before.severity_number(), SeverityNumber::Info);
    assert_eq!(
        attributes(&before.attributes)["height"],
        &Value::IntValue(7)
    );
    assert!(before.trace_id.is_empty() && before.span_id.is_empty());
    assert_eq!(body(inside), text("inside 1"));
    assert_eq!(inside.severity_text, "WARN");
    assert_eq!(inside.trace_id, spans[0].trace_id);
    assert_eq!(inside.span_id, spans[0].span_id);
    assert_eq!(inside.flags & 0xff, spans[0].flags & 0xff);
    assert_eq!(inside.flags & 0xff, 3); // sampled, of a random trace
    assert!(inside.time_unix_nano > 1_700_000_000_000_000_000);
    assert_eq!(inside.observed_time_unix_nano, inside.time_unix_nano);
    let [event] = &spans[0].events[..] else {
        panic!("{spans:?}");
    };
    assert_eq!(event.name, "inside 1");
    assert_eq!(event.time_unix_nano, inside.time_unix_nano);
    assert_eq!(attributes(&event.attributes)["peer"], &text("a"));
}

#[test]
fn levels_are_severities() {
    let traced = Traced::new();
    traced.run(|| {
        trace!("a");
        debug!("b");
        info!("c");
        warn!("d");
        error!("e");
        event!(name: "pqcnet.named", Level::INFO, "f");
    });
    let records = traced.records();
    let severities: Vec<_> = records
        .iter()
        .map(|record| record.severity_number)
        .collect();
    assert_eq!(severities, [1, 5, 9, 13, 17, 9]);
    let names: Vec<_> = records.iter().map(|record| &*record.event_name).collect();
    assert_eq!(names, ["", "", "", "", "", "pqcnet.named"]);
}

#[test]
fn either_half_of_an_event_can_be_turned_off() {
    let spans_only = Traced::with(|config| config.with_log_records(false));
    let records_only = Traced::with(|config| config.with_span_events(false));
    for traced in [&spans_only, &records_only] {
        traced.run(|| info_span!("span").in_scope(|| info!("event")));
        traced.telemetry.flush().unwrap();
    }
    let requests = spans_only.sink.received();
    assert!(requests.iter().all(|request| request.path == "/v1/traces"));
    assert_eq!(spans_in(&requests[0])[0].events.len(), 1);
    let requests = records_only.sink.received();
    let spans: Vec<_> = requests.iter().flat_map(spans_in).collect();
    assert!(spans[0].events.is_empty());
    assert_eq!(requests.iter().flat_map(records_in).count(), 1);
}

#[test]
fn an_error_sets_the_status_where_events_are_not_added() {
    #[tracing::instrument(err)]
    fn fails() -> Result<(), &'static str> {
        Err("no peer")
    }
    for has_records in [false, true] {
        let traced =
            Traced::with(|config| config.with_span_events(false).with_log_records(has_records));
        traced.run(|| {
            fails().unwrap_err();
            info_span!("fine").in_scope(|| info!("an event"));
        });
        let spans = traced.spans();
        let span = spans.named("fails");
        let status = span.status.clone().unwrap();
        assert_eq!(
            (status.code(), &*status.message),
            (StatusCode::Error, "no peer")
        );
        assert!(span.events.is_empty() && spans.named("fine").status.is_none());
    }
}

#[test]
fn spans_and_log_records_have_limits_of_their_own() {
    let traced = Traced::with_span_settings(
        "
        attribute-value-length-limit = 3
        event-attribute-count-limit = 1
        ",
    );
    traced.run(|| {
        info_span!("span").in_scope(|| info!(first = "12345", second = 2, "an event"));
    });
    traced.telemetry.flush().unwrap();
    let requests = traced.sink.received();
    let spans: Vec<_> = requests.iter().flat_map(spans_in).collect();
    let event = &spans[0].events[0];
    assert_eq!(event.name, "an ");
    assert_eq!(attributes(&event.attributes)["first"], &text("123"));
    assert_eq!(
        (event.attributes.len(), event.dropped_attributes_count),
        (1, 1)
    );
    let records: Vec<_> = requests.iter().flat_map(records_in).collect();
    let record = &records[0];
    assert_eq!(record.body.clone().unwrap().value, Some(text("an event")));
    let found = attributes(&record.attributes);
    assert_eq!(found["first"], &text("12345"));
    assert_eq!((found.len(), record.dropped_attributes_count), (2, 0));
    assert_eq!(record.time_unix_nano, event.time_unix_nano);
}

#[test]
fn audit_events_keep_their_own_way() {
    let traced = Traced::new();
    traced.telemetry.record_kem_event(KemUsageRecord {
        label: "relayer::1".into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Normal,
        backup_only: false,
    });
    traced.run(|| info!("an event of the program"));
    traced.telemetry.flush().unwrap();
    let logs = report_of(&traced.telemetry, Signal::Logs);
    let records = report_of(&traced.telemetry, Signal::LogRecords);
    assert_eq!((logs.delivered, records.delivered), (1, 1));
}
