//! What a program records with its spans and events, field by field.
//!
//! Most fields are attributes. Some say something of the span itself, by names
//! that the bridge to the OpenTelemetry SDK has made known: `otel.name`,
//! `otel.kind`, `otel.status_code`, `otel.status_description`. An `error` is
//! both: an attribute, and the reason for the status.

use std::error::Error;
use std::fmt;

use tracing::field::{Field, Visit};

use super::fields::{AttributeLimits, FieldValue, Fields, Key, bounded_text};
use super::span::{SpanKind, SpanRecord, Status};

/// What some fields say of the span.
#[derive(Debug, Default)]
pub(crate) struct Specials {
    name: Option<Box<str>>,
    kind: Option<SpanKind>,
    code: Option<Code>,
    description: Option<Box<str>>,
    error: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Ok,
    Error,
}

impl Specials {
    pub(crate) fn apply(self, span: &mut SpanRecord) {
        if let Some(name) = self.name {
            span.name = Some(name);
        }
        span.kind = self.kind.unwrap_or(span.kind);
        match (self.code, self.description) {
            (Some(Code::Ok), _) => span.status = Status::Ok,
            (Some(Code::Error), description) => {
                let description = description.or(self.error).unwrap_or_default();
                span.status.explain(description);
                return;
            }
            (None, Some(description)) if matches!(span.status, Status::Error(_)) => {
                span.status.explain(description);
            }
            (None, _) => {}
        }
        if let Some(error) = self.error {
            span.status.fail(&error);
        }
    }
}

/// Reads the fields of a span.
pub(crate) struct SpanVisitor<'a> {
    pub(crate) attributes: &'a mut Fields,
    pub(crate) specials: &'a mut Specials,
    pub(crate) limits: AttributeLimits,
}

impl SpanVisitor<'_> {
    fn add(&mut self, field: &Field, value: FieldValue<'_>) {
        let key = Key::Field(field.index());
        self.attributes.add(key, value, self.limits);
    }

    /// Whether the field is no attribute.
    fn is_special(&mut self, field: &Field, text: &dyn fmt::Display) -> bool {
        let specials = &mut *self.specials;
        match field.name() {
            "otel.name" => specials.name = Some(bounded(text, self.limits)),
            "otel.kind" => specials.kind = kind_of(&bounded(text, self.limits)),
            "otel.status_code" => specials.code = code_of(&bounded(text, self.limits)),
            "otel.status_description" | "otel.status_message" => {
                specials.description = Some(bounded(text, self.limits));
            }
            "error" => {
                specials.error = Some(bounded(text, self.limits));
                return false;
            }
            _ => return false,
        }
        true
    }
}

/// Whether a field of this name may be special.
fn is_suspect(field: &Field) -> bool {
    field.name().starts_with("otel.") || field.name() == "error"
}

impl Visit for SpanVisitor<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if value && field.name() == "error" {
            self.specials.error = Some(Box::default());
        }
        self.add(field, FieldValue::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, FieldValue::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, FieldValue::Int(value)),
            // OTLP has no greater integers.
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, FieldValue::Int(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, FieldValue::Int(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, FieldValue::Double(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if !(is_suspect(field) && self.is_special(field, &value)) {
            self.add(field, FieldValue::Text(value));
        }
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.add(field, FieldValue::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format_args!("{value:?}");
        if !(is_suspect(field) && self.is_special(field, &text)) {
            let key = Key::Field(field.index());
            self.attributes.add_formatted(key, text, self.limits);
        }
    }
}

/// Reads the fields of an event.
pub(crate) struct EventVisitor<'a> {
    pub(crate) attributes: &'a mut Fields,
    pub(crate) message: Option<Box<str>>,
    /// What its field `error` says.
    pub(crate) error: Option<Box<str>>,
    pub(crate) limits: AttributeLimits,
}

impl EventVisitor<'_> {
    fn add(&mut self, field: &Field, value: FieldValue<'_>) {
        let key = Key::Field(field.index());
        self.attributes.add(key, value, self.limits);
    }

    fn record_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        match field.name() {
            "message" => self.message = Some(bounded(&text, self.limits)),
            name => {
                if name == "error" {
                    self.error = Some(bounded(&text, self.limits));
                }
                let key = Key::Field(field.index());
                self.attributes.add_formatted(key, text, self.limits);
            }
        }
    }
}

impl Visit for EventVisitor<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, FieldValue::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, FieldValue::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, FieldValue::Int(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, FieldValue::Double(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_text(field, format_args!("{value}"));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.add(field, FieldValue::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.error = Some(bounded(&value, self.limits));
        self.record_text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_text(field, format_args!("{value:?}"));
    }
}

/// A text, no longer than an attribute's.
fn bounded(text: &dyn fmt::Display, limits: AttributeLimits) -> Box<str> {
    bounded_text(format_args!("{text}"), limits.value_length)
}

fn kind_of(text: &str) -> Option<SpanKind> {
    const KINDS: [(&str, SpanKind); 5] = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let known = KINDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, kind)| *kind)
}

fn code_of(text: &str) -> Option<Code> {
    if text.eq_ignore_ascii_case("ok") {
        Some(Code::Ok)
    } else {
        text.eq_ignore_ascii_case("error").then_some(Code::Error)
    }
}
