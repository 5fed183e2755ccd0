//! Who receives what a program traces.

use opentelemetry_proto::tonic::trace::v1::Span;
use pqcnet_telemetry::{Protocol, TelemetryConfig, TelemetryHandle};
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

use crate::fixture::Collector;
use crate::received::{Spans, spans_in, spans_of};
use crate::support::sink::Sink;

/// A program that is traced.
pub(crate) type Program = fn();

pub(crate) fn through_collector(program: Program) -> Spans {
    let collector = Collector::start();
    trace(&collector.url(), Protocol::HttpProtobuf, program);
    let requests = collector.stop().requests.into_iter();
    let spans = requests.flat_map(|request| -> Vec<Span> {
        serde_json::from_value(request).map_or_else(|_| Vec::new(), spans_of)
    });
    Spans(spans.collect())
}

pub(crate) fn as_json(program: Program) -> Spans {
    on_loopback(Protocol::HttpJson, program)
}

pub(crate) fn as_protobuf(program: Program) -> Spans {
    on_loopback(Protocol::HttpProtobuf, program)
}

fn on_loopback(protocol: Protocol, program: Program) -> Spans {
    let sink = Sink::start();
    trace(&sink.url(), protocol, program);
    Spans(sink.received().iter().flat_map(spans_in).collect())
}

fn trace(url: &str, protocol: Protocol, program: Program) {
    let config = TelemetryConfig::new(url).with_protocol(protocol);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let layer = telemetry.tracing_layer();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, program);
    telemetry.flush().unwrap();
}
