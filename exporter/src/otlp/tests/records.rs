//! What spans and log records are made of, and the naive way to make OTLP of it.

use std::sync::{Arc, LazyLock};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource as ResourceMessage;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tracing::{Level, Metadata};

use super::call_sites::{FIELDS, call_site};
use super::resource;
use crate::otlp::resource::{SCOPE, VERSION};
use crate::trace::context::{SpanContext, SpanId, TraceId};
use crate::trace::event::EventRecord;
use crate::trace::fields::owned::Owned;
use crate::trace::fields::{AttributeLimits, FieldValue, Fields, Key};
use crate::trace::moment::{Anchor, Moment};

/// Call sites of a few targets: one of them in two places of memory, and one
/// that is the library's scope's.
static CALL_SITES: LazyLock<Vec<&Metadata<'static>>> = LazyLock::new(|| {
    let twin = "node::ingest".to_owned().leak();
    let targets = ["node::ingest", twin, "", SCOPE, "\"🦀\0\\"];
    let names = ["event src/node.rs:7", "", "event", "node.started\"\n"];
    let levels = [
        Level::TRACE,
        Level::DEBUG,
        Level::INFO,
        Level::WARN,
        Level::ERROR,
    ];
    let sites = targets.into_iter().flat_map(|target| {
        let of_name = move |name| levels.map(|level| call_site(name, target, level));
        names.into_iter().flat_map(of_name)
    });
    sites.collect()
});

pub(super) fn metadata() -> impl Strategy<Value = &'static Metadata<'static>> {
    select(&**CALL_SITES)
}

/// Now and then long enough for lengths of more bytes.
pub(super) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => ".{0,20}",
        2 => "[\\x00-\\x7f]{0,20}",
        1 => (".{1,8}", 0_usize..40).prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn values() -> impl Strategy<Value = Owned> {
    let doubles = select(vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
    ]);
    let any_width = (any::<i64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift);
    prop_oneof![
        any::<bool>().prop_map(Owned::Bool),
        any_width.prop_map(Owned::Int),
        doubles.prop_map(Owned::Double),
        any::<f64>().prop_map(Owned::Double),
        texts().prop_map(Owned::Text),
        vec(any::<u8>(), 0..200).prop_map(Owned::Bytes),
    ]
}

/// Attributes, of which the last ones may have been one too many.
pub(super) fn fields() -> impl Strategy<Value = Fields> {
    let key = prop_oneof![
        (0..FIELDS.len()).prop_map(Ok),
        texts().prop_map(Err),
        Just(Err("exception.message".to_owned())),
    ];
    (vec((key, values()), 0..6), 1_u32..8).prop_map(|(pairs, count)| {
        let limits = AttributeLimits {
            count,
            value_length: u32::MAX,
        };
        let mut fields = Fields::default();
        for (key, value) in &pairs {
            let key = match key {
                Ok(index) => Key::Field(*index),
                Err(name) => Key::Text(name),
            };
            fields.add(key, value.value(), limits);
        }
        fields
    })
}

pub(super) fn trace_ids() -> impl Strategy<Value = TraceId> {
    let bytes = prop_oneof![any::<u128>(), 1..300_u128];
    bytes.prop_filter_map("zero", |id| TraceId::from_bytes(id.to_be_bytes()))
}

pub(super) fn span_ids() -> impl Strategy<Value = SpanId> {
    let bytes = prop_oneof![any::<u64>(), 1..300_u64];
    bytes.prop_filter_map("zero", |id| SpanId::from_bytes(id.to_be_bytes()))
}

pub(super) fn contexts() -> impl Strategy<Value = SpanContext> {
    let parts = (
        trace_ids(),
        span_ids(),
        any::<u8>(),
        any::<bool>(),
        option::of(texts()),
    );
    parts.prop_map(|(trace_id, span_id, flags, is_remote, state)| SpanContext {
        trace_id,
        span_id,
        flags,
        is_remote,
        state: state.map(Arc::from),
    })
}

pub(super) fn moments() -> impl Strategy<Value = Moment> {
    any::<u64>().prop_map(Moment)
}

pub(super) fn event_records() -> impl Strategy<Value = Arc<EventRecord>> {
    let parts = (
        moments(),
        metadata(),
        option::of(texts()),
        fields(),
        any::<bool>(),
    );
    parts.prop_map(|(time, metadata, message, attributes, is_exception)| {
        Arc::new(EventRecord {
            time,
            metadata,
            message,
            attributes,
            is_exception,
        })
    })
}

/// Both clocks, at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) raw: u64,
    pub(super) unix_nanos: u64,
}

pub(super) fn clocks() -> impl Strategy<Value = Clocks> {
    (any::<u64>(), 1..u64::MAX).prop_map(|(raw, unix_nanos)| Clocks { raw, unix_nanos })
}

impl Clocks {
    pub(super) fn anchor(self) -> Anchor {
        Anchor::fixed(self.raw, self.unix_nanos)
    }

    pub(super) fn unix_nanos(self, moment: Moment) -> u64 {
        let [raw, unix_nanos, moment] = [self.raw, self.unix_nanos, moment.0].map(i128::from);
        let nanos = unix_nanos + moment - raw;
        u64::try_from(nanos.clamp(1, u64::MAX.into())).unwrap()
    }
}

pub(super) fn key_values(fields: &Fields, metadata: &'static Metadata<'static>) -> Vec<KeyValue> {
    let pairs = fields.iter(metadata);
    pairs.map(|(key, value)| key_value(key, value)).collect()
}

pub(super) fn key_value(key: &str, value: FieldValue<'_>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(any_value(match value {
            FieldValue::Bool(value) => Value::BoolValue(value),
            FieldValue::Int(value) => Value::IntValue(value),
            FieldValue::Double(value) => Value::DoubleValue(value),
            FieldValue::Text(text) => Value::StringValue(text.to_owned()),
            FieldValue::Bytes(bytes) => Value::BytesValue(bytes.to_vec()),
        })),
        ..Default::default()
    }
}

pub(super) fn any_value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

pub(super) fn resource_message() -> ResourceMessage {
    let resource = resource();
    let pairs = resource.attributes();
    let texts = pairs.map(|(key, value)| (key, value.to_string()));
    ResourceMessage {
        attributes: texts
            .map(|(key, value)| key_value(key, FieldValue::Text(&value)))
            .collect(),
        ..Default::default()
    }
}

pub(super) fn scope(target: &str) -> InstrumentationScope {
    let (name, version) = match target {
        "" => (SCOPE, VERSION),
        target => (target, ""),
    };
    InstrumentationScope {
        name: name.to_owned(),
        version: version.to_owned(),
        ..Default::default()
    }
}

/// Items by target, in the order of their first ones.
pub(super) fn by_target<T, M>(
    items: &[T],
    target: impl Fn(&T) -> &'static str,
    message: impl Fn(&T) -> M,
) -> Vec<(&'static str, Vec<M>)> {
    let mut groups: Vec<(&str, Vec<M>)> = Vec::new();
    for item in items {
        let name = target(item);
        let at = groups.iter().position(|group| group.0 == name);
        let at = at.unwrap_or_else(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(message(item));
    }
    groups
}
