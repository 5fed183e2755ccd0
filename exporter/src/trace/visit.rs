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

/// Reads the fields of a span or an event into attributes, but for what `texts`
/// takes for itself.
pub(crate) struct FieldVisitor<'a, T> {
    pub(crate) attributes: &'a mut Fields,
    pub(crate) texts: &'a mut T,
    pub(crate) limits: AttributeLimits,
}

/// What is said by fields with a text, beside being attributes.
pub(crate) trait Texts {
    /// Looks at a field; whether it is no attribute.
    fn take(&mut self, field: &Field, text: &dyn fmt::Display, limits: AttributeLimits) -> bool;

    /// Looks at a field that is true.
    fn take_true(&mut self, _field: &Field) {}

    /// Looks at a field that is an error.
    fn take_error(&mut self, _text: &dyn fmt::Display, _limits: AttributeLimits) {}
}

impl Texts for Specials {
    fn take(&mut self, field: &Field, text: &dyn fmt::Display, limits: AttributeLimits) -> bool {
        let name = field.name();
        if name == "error" {
            self.error = Some(bounded(text, limits).into());
            return false;
        }
        let Some(name) = name.strip_prefix("otel.") else {
            return false;
        };
        match name {
            "name" => self.name = Some(bounded(text, limits).into()),
            "kind" => self.kind = kind_of(&bounded(text, limits)),
            "status_code" => self.code = code_of(&bounded(text, limits)),
            "status_description" | "status_message" => {
                self.description = Some(bounded(text, limits).into());
            }
            _ => return false,
        }
        true
    }

    fn take_true(&mut self, field: &Field) {
        if field.name() == "error" {
            self.error = Some(Box::default());
        }
    }
}

/// What some fields say of an event.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) message: Option<String>,
    /// By its field `error`, or the first that is an error.
    pub(crate) error: Option<String>,
}

impl Texts for Said {
    fn take(&mut self, field: &Field, text: &dyn fmt::Display, limits: AttributeLimits) -> bool {
        match field.name() {
            "message" => self.message = Some(bounded(text, limits)),
            "error" => self.error = Some(bounded(text, limits)),
            _ => {}
        }
        field.name() == "message"
    }

    fn take_error(&mut self, text: &dyn fmt::Display, limits: AttributeLimits) {
        self.error.get_or_insert_with(|| bounded(text, limits));
    }
}

impl<T: Texts> FieldVisitor<'_, T> {
    fn add(&mut self, field: &Field, value: FieldValue<'_>) {
        let key = Key::Field(field.index());
        self.attributes.add(key, value, self.limits);
    }

    /// A number that OTLP may have no integers for.
    fn add_number<N: fmt::Debug + Copy + TryInto<i64>>(&mut self, field: &Field, number: N) {
        match number.try_into() {
            Ok(number) => self.add(field, FieldValue::Int(number)),
            Err(_) => self.record_debug(field, &number),
        }
    }
}

impl<T: Texts> Visit for FieldVisitor<'_, T> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if value {
            self.texts.take_true(field);
        }
        self.add(field, FieldValue::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, FieldValue::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_number(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add_number(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add_number(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, FieldValue::Double(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if !self.texts.take(field, &value, self.limits) {
            self.add(field, FieldValue::Text(value));
        }
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.add(field, FieldValue::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.texts.take_error(&value, self.limits);
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format_args!("{value:?}");
        if !self.texts.take(field, &text, self.limits) {
            let key = Key::Field(field.index());
            self.attributes.add_formatted(key, text, self.limits);
        }
    }
}

/// A text, no longer than an attribute's.
fn bounded(text: &dyn fmt::Display, limits: AttributeLimits) -> String {
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
