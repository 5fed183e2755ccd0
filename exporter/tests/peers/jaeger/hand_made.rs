//! A trace of three spans, each the parent of the next, as it is sent and as it
//! is expected back.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::trace::{self, Log, Process, Tags, tags};

/// The trace's id.
pub(super) const ID: &str = "5b8efff798038103d269b633813fc60c";
/// The id of each span, the parent's first.
const SPANS: [&str; 3] = ["eee19b7ec3c1b174", "00000000000000b7", "ffffffffffffffff"];
/// A span of another trace.
const LINKED: [&str; 2] = ["0000000000000001fedcba9876543210", "0123456789abcdef"];

pub(super) const SERVICE: &str = "sentry \"é\"";

/// In nanoseconds since 1970, of which Jaeger tells microseconds.
const START: u64 = 1_700_000_000_123_456_789;
const MICROSECOND: u64 = 1_000;

/// What is told of [`START`].
const START_TOLD: u64 = START / MICROSECOND;

/// A request with `spans` of the one service.
pub(super) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            attribute("service.name", text(SERVICE)),
            attribute("service.version", text("1.2.3")),
            attribute("shard", Value::IntValue(7)),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "hand-made".into(),
        version: "0.1".into(),
        ..InstrumentationScope::default()
    };
    let scope_spans = ScopeSpans {
        scope: Some(scope),
        spans,
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    }
}

/// The spans as they are sent, the parent first.
pub(super) fn spans() -> [Span; 3] {
    let accept = Span {
        attributes: vec![
            attribute("http.route", text("/v1/\"é\" \u{1}")),
            attribute("empty", text("")),
            attribute("cached", Value::BoolValue(false)),
        ],
        ..span(0, "accept", SpanKind::Server, [0, 5_000])
    };
    let decapsulate = Span {
        attributes: vec![
            attribute("attempts", Value::IntValue(-2)),
            attribute("largest", Value::IntValue(i64::MAX)),
            attribute("load", Value::DoubleValue(0.1)),
            attribute("whole", Value::DoubleValue(3.0)),
        ],
        events: vec![Event {
            time_unix_nano: START + 20 * MICROSECOND,
            name: "key found".into(),
            attributes: vec![
                attribute("slot", Value::IntValue(3)),
                attribute("is_backup", Value::BoolValue(true)),
            ],
            ..Event::default()
        }],
        status: status(StatusCode::Ok, ""),
        ..span(1, "decapsulate", SpanKind::Client, [10, 4_000])
    };
    let reply = Span {
        links: vec![Link {
            trace_id: bytes(LINKED[0]),
            span_id: bytes(LINKED[1]),
            ..Link::default()
        }],
        status: status(StatusCode::Error, "peer \"b\" is gone"),
        ..span(2, "reply", SpanKind::Internal, [30, 1])
    };
    [accept, decapsulate, reply]
}

/// The same as they are expected back.
pub(super) fn expected() -> Vec<trace::Span> {
    let accept = trace::Span {
        tags: expected_tags([
            ("http.route", "/v1/\"é\" \u{1}".into()),
            ("empty", "".into()),
            ("cached", false.into()),
            ("span.kind", "server".into()),
        ]),
        ..expected_span(0, "accept", [0, 5_000])
    };
    let decapsulate = trace::Span {
        tags: expected_tags([
            ("attempts", (-2).into()),
            ("largest", i64::MAX.into()),
            ("load", 0.1.into()),
            ("whole", 3.0.into()),
            ("span.kind", "client".into()),
            ("otel.status_code", "OK".into()),
        ]),
        logs: vec![Log {
            time: START_TOLD + 20,
            fields: tags([
                ("event", "key found".into()),
                ("slot", 3.into()),
                ("is_backup", true.into()),
            ]),
        }],
        ..expected_span(1, "decapsulate", [10, 4_000])
    };
    let reply = trace::Span {
        tags: expected_tags([
            ("span.kind", "internal".into()),
            ("otel.status_code", "ERROR".into()),
            ("otel.status_description", "peer \"b\" is gone".into()),
            ("error", true.into()),
        ]),
        links: vec![trace::Link {
            trace_id: LINKED[0].into(),
            span_id: LINKED[1].into(),
        }],
        ..expected_span(2, "reply", [30, 1])
    };
    vec![accept, decapsulate, reply]
}

/// A child of the span before it, if there is one, with its start after
/// [`START`] and its duration in microseconds.
fn span(number: usize, name: &str, kind: SpanKind, [start, duration]: [u64; 2]) -> Span {
    let start = START + start * MICROSECOND;
    Span {
        trace_id: bytes(ID),
        span_id: bytes(SPANS[number]),
        parent_span_id: parent(number).map(bytes).unwrap_or_default(),
        name: name.into(),
        kind: kind.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + duration * MICROSECOND,
        ..Span::default()
    }
}

fn expected_span(number: usize, name: &str, [start, duration]: [u64; 2]) -> trace::Span {
    trace::Span {
        trace_id: ID.into(),
        id: SPANS[number].into(),
        parent_span_id: parent(number).map(Into::into),
        links: Vec::new(),
        operation: name.into(),
        start: START_TOLD + start,
        duration,
        tags: Tags::new(),
        logs: Vec::new(),
        process: Process {
            service: SERVICE.into(),
            tags: tags([("service.version", "1.2.3".into()), ("shard", 7.into())]),
        },
        warnings: Vec::new(),
    }
}

/// Those of a span, and those of the scope.
fn expected_tags<const N: usize>(of_span: [(&str, trace::Tag); N]) -> Tags {
    let mut all = tags(of_span);
    all.extend(tags([
        ("otel.scope.name", "hand-made".into()),
        ("otel.scope.version", "0.1".into()),
    ]));
    all
}

fn parent(number: usize) -> Option<&'static str> {
    number.checked_sub(1).map(|parent| SPANS[parent])
}

#[allow(clippy::unnecessary_wraps, reason = "as its field takes it")]
fn status(code: StatusCode, message: &str) -> Option<Status> {
    Some(Status {
        code: code.into(),
        message: message.into(),
    })
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(text: &str) -> Value {
    Value::StringValue(text.into())
}

/// The bytes of an id in hexadecimal digits.
fn bytes(id: &str) -> Vec<u8> {
    let pairs = (0..id.len()).step_by(2).map(|at| &id[at..at + 2]);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
