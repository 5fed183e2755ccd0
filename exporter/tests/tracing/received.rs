//! Spans and log records that a receiver got, by name.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use pqcnet_telemetry::{Protocol, TelemetryConfig, TelemetryError, TelemetryHandle};
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::read::decoded;
use crate::support::sink::{Request, Sink};
use crate::support::telemetry::{config, simulated};

pub(crate) use any_value::Value;

/// A receiver, a handle that sends to it, and a subscriber with its layer.
pub(crate) struct Traced {
    pub(crate) sink: Sink,
    pub(crate) telemetry: TelemetryHandle,
    pub(crate) dispatch: Dispatch,
}

impl Traced {
    pub(crate) fn new() -> Self {
        Self::with(|config| config)
    }

    pub(crate) fn with(change: impl FnOnce(TelemetryConfig) -> TelemetryConfig) -> Self {
        Self::to(Sink::start(), change)
    }

    pub(crate) fn to(sink: Sink, change: impl FnOnce(TelemetryConfig) -> TelemetryConfig) -> Self {
        Self::of(sink, TelemetryHandle::from_config, change)
    }

    /// With `[telemetry.spans]` of these lines.
    pub(crate) fn with_span_settings(lines: &str) -> Self {
        let head = "[telemetry]\nself-metrics = false\n[telemetry.spans]\n";
        let file = TelemetryConfig::from_toml_and_env(&format!("{head}{lines}"), |_| None);
        let file = file.unwrap().with_protocol(Protocol::HttpProtobuf);
        let sink = Sink::start();
        let file = file.with_endpoint(&sink.url());
        Self::to(sink, |_| file)
    }

    /// The same, jumping over every backoff.
    pub(crate) fn to_simulated(
        sink: Sink,
        change: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
    ) -> Self {
        Self::of(sink, |config| Ok(simulated(config)), change)
    }

    fn of(
        sink: Sink,
        handle: impl FnOnce(TelemetryConfig) -> Result<TelemetryHandle, TelemetryError>,
        change: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
    ) -> Self {
        let config = change(config(&sink.url()).with_protocol(Protocol::HttpProtobuf));
        let telemetry = handle(config).unwrap();
        let layer = telemetry.tracing_layer();
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        Self {
            sink,
            telemetry,
            dispatch,
        }
    }

    /// Runs `program` with the subscriber, on this thread.
    pub(crate) fn run<R>(&self, program: impl FnOnce() -> R) -> R {
        tracing::dispatcher::with_default(&self.dispatch, program)
    }

    /// The spans that have arrived since the last call, after a flush.
    pub(crate) fn spans(&self) -> Spans {
        self.telemetry.flush().unwrap();
        Spans(self.sink.received().iter().flat_map(spans_in).collect())
    }

    /// The log records that have, likewise.
    pub(crate) fn records(&self) -> Vec<LogRecord> {
        self.telemetry.flush().unwrap();
        self.sink.received().iter().flat_map(records_in).collect()
    }
}

/// Spans, each of a name of its own.
#[derive(Debug)]
pub(crate) struct Spans(pub(crate) Vec<Span>);

impl Spans {
    /// The one of this name.
    pub(crate) fn named(&self, name: &str) -> &Span {
        let mut found = self.0.iter().filter(|span| span.name == name);
        let span = found.next();
        assert!(found.next().is_none(), "several spans are named {name}");
        span.unwrap_or_else(|| panic!("no span is named {name}: {:?}", self.names()))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.iter().map(|span| &*span.name).collect();
        names.sort_unstable();
        names
    }

    /// Asserts that `child` is a child of `parent`, in its trace.
    pub(crate) fn assert_child(&self, child: &str, parent: &str) {
        let (child, parent) = (self.named(child), self.named(parent));
        assert_eq!(child.trace_id, parent.trace_id);
        assert_eq!(child.parent_span_id, parent.span_id);
    }

    pub(crate) fn assert_root(&self, name: &str) {
        assert!(self.named(name).parent_span_id.is_empty(), "{name}");
    }
}

pub(crate) fn spans_in(request: &Request) -> Vec<Span> {
    if request.path != "/v1/traces" {
        return Vec::new();
    }
    spans_of(decoded(request))
}

pub(crate) fn spans_of(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|r| r.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

pub(crate) fn records_in(request: &Request) -> Vec<LogRecord> {
    if request.path != "/v1/logs" {
        return Vec::new();
    }
    let decoded: ExportLogsServiceRequest = decoded(request);
    let scopes = decoded.resource_logs.into_iter().flat_map(|r| r.scope_logs);
    scopes.flat_map(|scope| scope.log_records).collect()
}

/// Attributes by name.
pub(crate) fn attributes(pairs: &[KeyValue]) -> BTreeMap<&str, &Value> {
    let pair = |pair| {
        let KeyValue { key, value, .. }: &KeyValue = pair;
        let value = value.as_ref().and_then(|value| value.value.as_ref());
        (&**key, value.expect("attributes have values"))
    };
    let all: BTreeMap<_, _> = pairs.iter().map(pair).collect();
    assert_eq!(all.len(), pairs.len(), "a key is there twice: {pairs:?}");
    all
}

pub(crate) fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}
