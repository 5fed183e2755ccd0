//! What a program traces, through the layer.

use pqcnet_telemetry::core::ExemplarContext;
use pqcnet_telemetry::trace::SpanExt;
use pqcnet_telemetry::{Protocol, TelemetryConfig, TelemetryHandle};
use tracing::{Dispatch, Span, error, field, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use super::Jaeger;
use super::trace::{Tag, Trace};

/// Runs `program`, and finds the trace that it names.
fn trace(protocol: Protocol, spans: usize, program: fn() -> ExemplarContext) -> Trace {
    let jaeger = Jaeger::start();
    let config = TelemetryConfig::new(&jaeger.otlp())
        .with_protocol(protocol)
        .with_label("service.name", "traced")
        .with_log_records(false)
        .with_self_metrics(false);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let layer = telemetry.tracing_layer();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let exemplar = tracing::dispatcher::with_default(&dispatch, program);
    telemetry.flush().unwrap();
    assert_eq!(jaeger.services(), ["traced"]);
    let (trace_id, _) = exemplar.span().unwrap();
    jaeger.trace(&format!("{:032x}", u128::from_be_bytes(trace_id)), spans)
}

fn program() -> ExemplarContext {
    let root = info_span!(
        "request",
        otel.kind = "server",
        height = 7,
        late = field::Empty
    );
    let _in = root.enter();
    info!(peer = "a", "asked");
    info_span!("step").in_scope(|| {
        info_span!("failing", ok = false).in_scope(|| error!("no route"));
    });
    root.record("late", 0.5);
    Span::current().context().unwrap().exemplar().unwrap()
}

fn assert_whole(trace: &Trace) {
    let (root, step, failing) = (
        trace.span("request"),
        trace.span("step"),
        trace.span("failing"),
    );
    assert_eq!(root.parent_span_id, None);
    assert_eq!(step.parent_span_id.as_ref(), Some(&root.id));
    assert_eq!(failing.parent_span_id.as_ref(), Some(&step.id));
    assert_eq!(root.tags["height"], Tag::from(7_i64));
    assert_eq!(root.tags["late"], Tag::from(0.5));
    assert_eq!(root.tags["span.kind"], Tag::from("server"));
    assert_eq!(failing.tags["ok"], Tag::from(false));
    assert_eq!(failing.tags["error"], Tag::from(true));
    assert_eq!(
        failing.tags["otel.status_description"],
        Tag::from("no route")
    );
    let [asked] = &root.logs[..] else {
        panic!("{:?}", root.logs);
    };
    assert_eq!(asked.fields["peer"], Tag::from("a"));
    for span in &trace.spans {
        assert!(span.warnings.is_empty(), "{span:?}");
        assert_eq!(span.process.service, "traced");
    }
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn a_tree_sent_as_json_is_found_whole() {
    assert_whole(&trace(Protocol::HttpJson, 3, program));
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn a_tree_sent_as_protobuf_is_found_whole() {
    assert_whole(&trace(Protocol::HttpProtobuf, 3, program));
}
