//! A layer that keeps what it is told of spans.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Level, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// A value with its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(String),
}

/// A text, as a value.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Fields with their values.
pub(crate) fn values<const N: usize>(
    values: [(&'static str, Value); N],
) -> BTreeMap<&'static str, Value> {
    BTreeMap::from(values)
}

/// One span.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) parent: Option<&'static str>,
    pub(crate) declared: BTreeSet<&'static str>,
    pub(crate) values: BTreeMap<&'static str, Value>,
    pub(crate) is_closed: bool,
}

impl Seen {
    /// Takes a number of milliseconds out of the values; only its type is known
    /// beforehand.
    #[track_caller]
    pub(crate) fn take_ms(&mut self, field: &str) -> i128 {
        match self.values.remove(field) {
            Some(Value::Int(milliseconds)) => milliseconds,
            other => panic!("{}: {field} is {other:?}", self.name),
        }
    }

    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> &str {
        match self.values.get(field) {
            Some(Value::Text(text)) => text,
            other => panic!("{}: {field} is {other:?}", self.name),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.values.get("otel.status_code") == Some(&Value::Text("error".into()))
    }
}

/// A subscriber, and the spans that it has seen, in the order of their starts.
#[derive(Clone)]
pub(crate) struct Capture {
    dispatch: Dispatch,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Capture {
    pub(crate) fn new() -> Self {
        let layer = CaptureLayer::default();
        let seen = Arc::clone(&layer.0);
        let dispatch = Dispatch::new(Registry::default().with(layer));
        Self { dispatch, seen }
    }

    /// Calls `record` on this thread with the spans kept here.
    pub(crate) fn record<R>(&self, record: impl FnOnce() -> R) -> R {
        dispatcher::with_default(&self.dispatch, record)
    }

    /// All spans up to now, each of which has ended.
    #[track_caller]
    pub(crate) fn ended(&self) -> Vec<Seen> {
        let seen = lock(&self.seen).clone();
        assert!(seen.iter().all(|span| span.is_closed), "{seen:?}");
        seen
    }
}

/// The spans of what `record` does.
#[track_caller]
pub(crate) fn spans_of(record: impl FnOnce()) -> Vec<Seen> {
    let capture = Capture::new();
    capture.record(record);
    capture.ended()
}

/// The one span of what `record` does.
#[track_caller]
pub(crate) fn span_of(record: impl FnOnce()) -> Seen {
    let mut spans = spans_of(record);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

#[derive(Default)]
struct CaptureLayer(Arc<Mutex<Vec<Seen>>>);

/// Where among those seen a span is.
struct Index(usize);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for CaptureLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("the registry has it");
        let metadata = attributes.metadata();
        let mut values = Values::default();
        attributes.record(&mut values);
        let mut seen = lock(&self.0);
        span.extensions_mut().insert(Index(seen.len()));
        seen.push(Seen {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            parent: span.parent().map(|parent| parent.name()),
            declared: metadata.fields().iter().map(|field| field.name()).collect(),
            values: values.0,
            is_closed: false,
        });
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let mut values = Values::default();
        record.record(&mut values);
        let index = index_of(id, &context);
        lock(&self.0)[index].values.extend(values.0);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let index = index_of(&id, &context);
        lock(&self.0)[index].is_closed = true;
    }
}

fn index_of<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, context: &Context<'_, S>) -> usize {
    let span = context.span(id).expect("the registry has it");
    let extensions = span.extensions();
    extensions.get::<Index>().expect("every span has one").0
}

fn lock(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Values(BTreeMap<&'static str, Value>);

impl Visit for Values {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), Value::Int(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), Value::Int(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), Value::Double(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), Value::Text(value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        self.0.insert(field.name(), Value::Text(text));
    }
}
