//! Events of `tracing` in both formats.

use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord as Message, ResourceLogs, ScopeLogs};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message as _;
use tracing::{Level, Metadata, event, info};

use super::call_sites::{call_site, captured};
use super::records::{
    Clocks, any_value, by_target, clocks, event_records, key_values, resource_message, scope,
    span_ids, trace_ids,
};
use super::{fits, in_json, resource};
use crate::config::Protocol;
use crate::otlp::{Body, LogRecordsEncoder};
use crate::trace::context::{SpanId, TraceId};
use crate::trace::event::{EventRecord, LogRecord};
use crate::trace::fields::Fields;
use crate::trace::moment::{Anchor, Moment};

fn records() -> impl Strategy<Value = LogRecord> {
    let span = option::of((trace_ids(), span_ids(), any::<u8>()));
    (event_records(), span).prop_map(|(event, span)| LogRecord { event, span })
}

fn message(record: &LogRecord, clocks: Clocks) -> Message {
    let event = &*record.event;
    let time = clocks.unix_nanos(event.time);
    let name = event.metadata.name();
    let text = event.metadata.level().as_str();
    let severity_number = match text {
        "TRACE" => 1,
        "DEBUG" => 5,
        "INFO" => 9,
        "WARN" => 13,
        _ => 17,
    };
    let body = event.message.as_deref();
    let body = body.map(|text| any_value(Value::StringValue(text.to_owned())));
    let mut message = Message {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number,
        severity_text: text.to_owned(),
        body,
        attributes: key_values(&event.attributes, event.metadata),
        dropped_attributes_count: event.attributes.dropped(),
        ..Default::default()
    };
    if let Some((trace_id, span_id, flags)) = record.span {
        message.trace_id = trace_id.to_bytes().to_vec();
        message.span_id = span_id.to_bytes().to_vec();
        message.flags = flags.into();
    }
    if !name.starts_with("event ") && name != "log event" {
        message.event_name = name.to_owned();
    }
    message
}

fn request(records: &[LogRecord], clocks: Clocks) -> ExportLogsServiceRequest {
    let target = |record: &LogRecord| record.event.metadata.target();
    let groups = by_target(records, target, |record| message(record, clocks));
    let scope_logs = groups.into_iter().map(|(target, log_records)| ScopeLogs {
        scope: Some(scope(target)),
        log_records,
        ..Default::default()
    });
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource_message()),
            scope_logs: scope_logs.collect(),
            ..Default::default()
        }],
    }
}

fn lose_what_json_loses(request: &mut ExportLogsServiceRequest) {
    let resources = request.resource_logs.iter_mut();
    let scopes = resources.flat_map(|resource| &mut resource.scope_logs);
    for record in scopes.flat_map(|scope| &mut scope.log_records) {
        in_json::lose(&mut record.attributes);
    }
}

fn encoded(protocol: Protocol, records: &[LogRecord], anchor: &Anchor) -> Body {
    let encoder = LogRecordsEncoder::new(protocol, &resource(), usize::MAX);
    let body = encoder.encode(records, anchor);
    assert_eq!((body.items, &body.oversized), (records.len(), &None));
    body
}

proptest! {
    #[test]
    fn both_formats_say_what_was_recorded(records in vec(records(), 1..8), clocks in clocks()) {
        let mut expected = request(&records, clocks);
        let binary = encoded(Protocol::HttpProtobuf, &records, &clocks.anchor());
        let found = ExportLogsServiceRequest::decode(&binary.bytes[..]).unwrap();
        // By their bytes, as no NaN equals another.
        let is_same = found.encode_to_vec() == expected.encode_to_vec();
        prop_assert!(is_same, "{found:?} {expected:?}");
        // Nothing is in it that the decoder does not know.
        prop_assert_eq!(found.encoded_len(), binary.bytes.len());

        let json = encoded(Protocol::HttpJson, &records, &clocks.anchor());
        let found: ExportLogsServiceRequest = in_json::decoded(&json);
        lose_what_json_loses(&mut expected);
        let is_same = found.encode_to_vec() == expected.encode_to_vec();
        prop_assert!(is_same, "{found:?} {expected:?}");
    }

    #[test]
    fn requests_are_as_full_as_every_limit_allows(
        records in vec(records(), 1..10),
        clocks in clocks(),
    ) {
        fits::check(&records, &clocks.anchor());
    }
}

/// A record that says hello, in a span.
fn plain(metadata: &'static Metadata<'static>) -> LogRecord {
    let event = EventRecord {
        time: Moment(5),
        metadata,
        message: Some("hello".into()),
        attributes: Fields::default(),
        is_exception: false,
    };
    LogRecord {
        event: Arc::new(event),
        span: Some((TraceId(NonZeroU128::MIN), SpanId(NonZeroU64::MIN), 1)),
    }
}

fn anchor() -> Anchor {
    Anchor::fixed(0, 1_000)
}

#[test]
fn a_record_in_json_is_written_so() {
    let record = plain(call_site("node.started", "node", Level::WARN));
    let body = encoded(Protocol::HttpJson, &[record], &anchor());
    let text = String::from_utf8(body.bytes).unwrap();
    let scopes = &text[text.find("\"scopeLogs\"").unwrap()..];
    let expected = r#""scopeLogs":[{"scope":{"name":"node"},"logRecords":[{
        "timeUnixNano":"1005",
        "observedTimeUnixNano":"1005",
        "severityNumber":13,
        "severityText":"WARN",
        "eventName":"node.started",
        "body":{"stringValue":"hello"},
        "traceId":"00000000000000000000000000000001",
        "spanId":"0000000000000001",
        "flags":1
    }]}]}]}"#;
    let expected: String = expected.lines().map(str::trim_start).collect();
    assert_eq!(scopes, expected);
}

#[test]
fn only_names_that_the_program_gave_are_sent() {
    let sites = captured(|| {
        info!("hello");
        event!(name: "node.started", Level::INFO, "hello");
        info!(name: "node.stopped", target: "node", "hello");
    });
    let records: Vec<_> = sites.into_iter().map(plain).collect();
    let body = encoded(Protocol::HttpProtobuf, &records, &anchor());
    let request = ExportLogsServiceRequest::decode(&body.bytes[..]).unwrap();
    let [here, node] = &request.resource_logs[0].scope_logs[..] else {
        panic!("two scopes: {request:?}");
    };
    assert_eq!(here.scope.as_ref().unwrap().name, module_path!());
    assert_eq!(node.scope.as_ref().unwrap().name, "node");
    let records = here.log_records.iter().chain(&node.log_records);
    let names: Vec<_> = records.map(|record| &*record.event_name).collect();
    assert_eq!(names, ["", "node.started", "node.stopped"]);
}

#[test]
fn a_record_that_is_too_large_is_named() {
    let record = plain(call_site("node.started", "node", Level::INFO));
    for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
        let encoder = LogRecordsEncoder::new(protocol, &resource(), 10);
        let body = encoder.encode([&record, &record], &anchor());
        let name = "the log record node.started (node)";
        assert_eq!((body.items, body.oversized.as_deref()), (1, Some(name)));
    }
}
