//! A trace that is sent by hand: what Jaeger tells of it is what was sent.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::Jaeger;
use super::hand_made::{ID, SERVICE, expected, request, spans};

/// Sends a body, which is taken whole.
fn send(jaeger: &Jaeger, content_type: &str, body: &[u8]) {
    let answer = ureq::post(format!("{}/v1/traces", jaeger.otlp()))
        .content_type(content_type)
        .send(body);
    assert_eq!(answer.unwrap().status(), 200);
}

fn send_protobuf(jaeger: &Jaeger, request: &ExportTraceServiceRequest) {
    send(jaeger, "application/x-protobuf", &request.encode_to_vec());
}

fn send_json(jaeger: &Jaeger, request: &ExportTraceServiceRequest) {
    let body = serde_json::to_vec(request).unwrap();
    send(jaeger, "application/json", &body);
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn a_tree_sent_as_protobuf_is_found_as_it_was_sent() {
    let jaeger = Jaeger::start();
    send_protobuf(&jaeger, &request(spans().into()));
    assert_eq!(jaeger.trace(ID, 3).spans, expected());
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn a_tree_sent_as_json_is_found_as_it_was_sent() {
    let jaeger = Jaeger::start();
    send_json(&jaeger, &request(spans().into()));
    assert_eq!(jaeger.trace(ID, 3).spans, expected());
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn spans_sent_apart_and_children_first_are_one_tree() {
    let jaeger = Jaeger::start();
    for span in spans().into_iter().rev() {
        send_protobuf(&jaeger, &request(vec![span]));
    }
    let trace = jaeger.trace(ID, 3);
    assert_eq!(trace.spans, expected());

    let parent = |of: &str| trace.span(of).parent_span_id.as_deref();
    assert_eq!(parent("accept"), None);
    assert_eq!(parent("decapsulate"), Some(&*trace.span("accept").id));
    assert_eq!(parent("reply"), Some(&*trace.span("decapsulate").id));
}

#[test]
#[ignore = "needs Jaeger: run scripts/interop"]
fn a_tree_is_found_whole_by_its_service_and_any_span() {
    let jaeger = Jaeger::start();
    assert!(jaeger.services().is_empty());
    send_protobuf(&jaeger, &request(spans().into()));
    assert_eq!(jaeger.services(), [SERVICE]);
    for operation in ["accept", "decapsulate", "reply"] {
        let found = jaeger.find(SERVICE, operation);
        assert_eq!(found.len(), 1, "{operation}: {found:?}");
        assert_eq!(found[0].spans, expected());
    }
    for (service, operation) in [(SERVICE, "nothing"), ("nobody", "accept")] {
        let found = jaeger.find(service, operation);
        assert!(found.is_empty(), "{service}, {operation}: {found:?}");
    }
}
