use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::*;

/// The spans of one operation of `value`, in the order of their names.
fn recorded(subject: Subject, shape: Shape, value: u64) -> Vec<Span> {
    let (dispatch, pipeline) = subject.build(Encoding::WhenFlushed);
    let record = || shape.pass(subject)(&[value]);
    match dispatch {
        Some(dispatch) => tracing::dispatcher::with_default(&dispatch, record),
        None => record(),
    }
    pipeline.add_made(shape.spans());
    pipeline.flush().expect("no span is lost");
    let request = ExportTraceServiceRequest::decode(&*pipeline.last()).expect("OTLP");
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|it| it.scope_spans);
    let mut spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
    spans.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    spans
}

/// The value of an attribute, as text.
fn attribute(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|it| it.key == key)?;
    match attribute.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn exporting() -> impl Iterator<Item = Subject> {
    Subject::ALL.into_iter().filter(|it| it.is_exporting())
}

/// One test, as `fastrace` has one reporter a process.
#[test]
fn all_subjects_send_the_same() {
    for subject in exporting() {
        for shape in Shape::ALL {
            let spans = recorded(subject, shape, 1_235);
            let case = format!("{subject:?} {shape:?}: {spans:#?}");
            assert_eq!(spans.len() as u64, shape.spans(), "{case}");
            let root = &spans[0];
            assert_eq!(root.name, "relayer.handle", "{case}");
            assert!(root.parent_span_id.iter().all(|byte| *byte == 0), "{case}");
            for span in &spans {
                assert_eq!(attribute(span, "bytes").as_deref(), Some("1235"), "{case}");
                assert_eq!(attribute(span, "peer").as_deref(), Some("198.51.100.7"));
                assert_eq!(attribute(span, "is_retry").as_deref(), Some("true"));
                assert_eq!(span.trace_id, root.trace_id, "{case}");
                assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
            }
            if let Some(child) = spans.get(1) {
                assert_eq!(child.name, "relayer.send", "{case}");
                assert_eq!(child.parent_span_id, root.span_id, "{case}");
            }
            let events: Vec<_> = root.events.iter().map(|event| &*event.name).collect();
            let expected: &[_] = if shape == Shape::Event {
                &["taken"]
            } else {
                &[]
            };
            assert_eq!(events, expected, "{case}");
        }
    }
}

#[test]
fn names_are_unique() {
    for subject in Subject::ALL {
        assert_eq!(Subject::named(subject.name()), Some(subject));
    }
}

#[test]
fn a_lost_span_is_noticed() {
    let encoder = Background::new(|| 0, Encoding::WhenFlushed);
    let pipeline = Pipeline::new(Some(Box::new(encoder)));
    assert!(pipeline.flush().is_ok());
    pipeline.add_made(1);
    let lost = pipeline.flush().expect_err("none was encoded");
    assert!(lost.to_string().contains("0 spans"), "{lost}");
}
