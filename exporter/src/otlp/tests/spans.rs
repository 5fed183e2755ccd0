//! Spans in both formats.

use std::num::{NonZeroU64, NonZeroU128};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use tracing::Level;

use super::call_sites::call_site;
use super::records::{Clocks, clocks, scope};
use super::{fits, in_json, resource};
use crate::config::Protocol;
use crate::otlp::{Body, SpansEncoder};
use crate::trace::context::{SpanContext, SpanId, TraceId};
use crate::trace::fields::{AttributeLimits, FieldValue, Fields, Key};
use crate::trace::moment::{Anchor, Moment};
use crate::trace::span::{SpanKind, SpanRecord, Status};

mod naive;

use naive::{lose_what_json_loses, request, spans};

/// Encodes all of them in both formats, and compares what is decoded with what
/// was recorded, byte by byte, as no NaN equals another.
fn check(spans: &[SpanRecord], clocks: Clocks) {
    let mut expected = request(spans, clocks);
    let binary = encoded(Protocol::HttpProtobuf, spans, &clocks.anchor());
    let found = ExportTraceServiceRequest::decode(&binary.bytes[..]).unwrap();
    let is_same = found.encode_to_vec() == expected.encode_to_vec();
    assert!(is_same, "{found:?} {expected:?}");
    // Nothing is in it that the decoder does not know.
    assert_eq!(found.encoded_len(), binary.bytes.len());

    let json = encoded(Protocol::HttpJson, spans, &clocks.anchor());
    let found: ExportTraceServiceRequest = in_json::decoded(&json);
    lose_what_json_loses(&mut expected);
    let is_same = found.encode_to_vec() == expected.encode_to_vec();
    assert!(is_same, "{found:?} {expected:?}");
}

fn encoded(protocol: Protocol, spans: &[SpanRecord], anchor: &Anchor) -> Body {
    let body = SpansEncoder::new(protocol, &resource(), usize::MAX).encode(spans, anchor);
    assert_eq!((body.items, &body.oversized), (spans.len(), &None));
    body
}

proptest! {
    #[test]
    fn both_formats_say_what_was_recorded(spans in vec(spans(), 1..8), clocks in clocks()) {
        check(&spans, clocks);
    }

    #[test]
    fn requests_are_as_full_as_every_limit_allows(
        spans in vec(spans(), 1..10),
        clocks in clocks(),
    ) {
        fits::check(&spans, &clocks.anchor());
    }
}

/// A root span with nothing to tell.
fn plain(name: &'static str, target: &'static str) -> SpanRecord {
    SpanRecord {
        context: SpanContext {
            trace_id: TraceId(NonZeroU128::MIN),
            span_id: SpanId(NonZeroU64::MIN),
            flags: 1,
            is_remote: false,
            state: None,
        },
        parent: None,
        metadata: call_site(name, target, Level::INFO),
        name: None,
        kind: SpanKind::Server,
        start: Moment(5),
        end: Moment(7),
        attributes: Fields::default(),
        status: Status::Unset,
        extras: None,
    }
}

fn anchor() -> Anchor {
    Anchor::fixed(0, 1_000)
}

#[test]
fn texts_may_be_of_any_length() {
    let limits = AttributeLimits {
        count: 1,
        value_length: u32::MAX,
    };
    // Lengths of one to four bytes, of the text and of all around it.
    let near = |len: usize| len - 60..len + 3;
    let lengths = [1 << 7, 1 << 14].into_iter().flat_map(near);
    for length in lengths.chain([0, 1 << 21]) {
        let text = "x".repeat(length);
        let mut span = plain("s", "node");
        let value = FieldValue::Text(&text);
        span.attributes.add(Key::Field(0), value, limits);
        span.status = Status::Error(text.into());
        let clocks = Clocks {
            raw: 0,
            unix_nanos: 1_000,
        };
        check(&[span], clocks);
    }
}

#[test]
fn a_span_in_json_is_written_so() {
    let mut span = plain("ingest", "node");
    let limits = AttributeLimits {
        count: 3,
        value_length: 100,
    };
    let attributes = &mut span.attributes;
    attributes.add(Key::Field(0), FieldValue::Int(-7), limits);
    attributes.add(
        Key::Text("given"),
        FieldValue::Bytes(&[255, 0, 1, 2]),
        limits,
    );
    attributes.add(Key::Text("rate"), FieldValue::Double(f64::NAN), limits);
    attributes.add(Key::Text("more"), FieldValue::Bool(true), limits);
    span.status = Status::Error("\"no\"".into());
    let body = encoded(Protocol::HttpJson, &[span], &anchor());
    let text = String::from_utf8(body.bytes).unwrap();
    let scopes = &text[text.find("\"scopeSpans\"").unwrap()..];
    let expected = r#""scopeSpans":[{"scope":{"name":"node"},"spans":[{
        "traceId":"00000000000000000000000000000001",
        "spanId":"0000000000000001",
        "name":"ingest",
        "kind":2,
        "startTimeUnixNano":"1005",
        "endTimeUnixNano":"1007",
        "attributes":[
            {"key":"peer","value":{"intValue":"-7"}},
            {"key":"given","value":{"bytesValue":"/wABAg=="}},
            {"key":"rate","value":{"doubleValue":"NaN"}}
        ],
        "droppedAttributesCount":1,
        "status":{"code":2,"message":"\"no\""},
        "flags":257
    }]}]}]}"#;
    let expected: String = expected.lines().map(str::trim_start).collect();
    assert_eq!(scopes, expected);
}

#[test]
fn scopes_are_in_the_order_of_their_first_spans() {
    let twin = "b".to_owned().leak();
    let spans = ["b", "a", twin, "", "a", "b", ""].map(|target| plain("s", target));
    for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
        let body = encoded(protocol, &spans, &anchor());
        let request: ExportTraceServiceRequest = match protocol {
            Protocol::HttpJson => in_json::decoded(&body),
            Protocol::HttpProtobuf => Message::decode(&body.bytes[..]).unwrap(),
        };
        let scopes = request.resource_spans[0].scope_spans.iter();
        let found: Vec<_> = scopes
            .map(|group| (group.scope.clone().unwrap(), group.spans.len()))
            .collect();
        assert_eq!(found, [(scope("b"), 3), (scope("a"), 2), (scope(""), 2)]);
    }
}

#[test]
fn a_span_that_is_too_large_is_named() {
    let spans = [plain("one\ntwo", "node"), plain("other", "node")];
    for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
        let body = SpansEncoder::new(protocol, &resource(), 10).encode(&spans, &anchor());
        let name = "the span one two (0000000000000001)";
        assert_eq!((body.items, body.oversized.as_deref()), (1, Some(name)));
    }
}

#[test]
fn requests_are_full_where_lengths_take_one_more_byte() {
    // Of the scope and the resource, at 128 bytes and at 16 KiB.
    let count = (1 << 14) / 60;
    let spans: Vec<_> = (0..count).map(|_| plain("ingest", "node")).collect();
    fits::check(&spans, &anchor());
}
