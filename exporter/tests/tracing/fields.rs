//! Attributes with their types, what special fields say, status and errors.

use std::fmt;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use pqcnet_telemetry::trace::{Sampler, SpanExt};
use tracing::{Span, error, error_span, info_span, instrument};

use crate::received::{Traced, Value, attributes, text};

#[test]
fn every_type_arrives_as_it_is() {
    let traced = Traced::new();
    traced.run(|| {
        info_span!(
            "typed",
            yes = true,
            int = -5,
            long = u64::from(u32::MAX),
            too_long = u64::MAX,
            wide = i128::from(i64::MIN),
            wider = u128::MAX,
            half = 0.5,
            nan = f64::NAN,
            endless = f64::NEG_INFINITY,
            str = "text",
            display = %"shown",
            debug = ?Some(1),
            bytes = &[0xff_u8, 0, 7][..],
            never = tracing::field::Empty,
        )
        .in_scope(|| {});
    });
    let spans = traced.spans();
    let found = attributes(&spans.named("typed").attributes);
    assert_eq!(found["yes"], &Value::BoolValue(true));
    assert_eq!(found["int"], &Value::IntValue(-5));
    assert_eq!(found["long"], &Value::IntValue(i64::from(u32::MAX)));
    assert_eq!(found["too_long"], &text(&u64::MAX.to_string()));
    assert_eq!(found["wide"], &Value::IntValue(i64::MIN));
    assert_eq!(found["wider"], &text(&u128::MAX.to_string()));
    assert_eq!(found["half"], &Value::DoubleValue(0.5));
    assert!(matches!(found["nan"], Value::DoubleValue(value) if value.is_nan()));
    assert_eq!(found["endless"], &Value::DoubleValue(f64::NEG_INFINITY));
    assert_eq!(found["str"], &text("text"));
    assert_eq!(found["display"], &text("shown"));
    assert_eq!(found["debug"], &text("Some(1)"));
    assert_eq!(found["bytes"], &Value::BytesValue(vec![0xff, 0, 7]));
    assert_eq!(found.len(), 13);
}

#[test]
fn late_fields_arrive_and_the_last_of_a_name_stays() {
    let traced = Traced::new();
    traced.run(|| {
        let span = info_span!("late", first = 1, then = tracing::field::Empty);
        span.record("then", "once").record("then", "twice");
        span.record("first", 2).record("undeclared", 3);
        span.set_attribute("at.run.time", true);
        span.set_attribute("at.run.time", "again");
    });
    let spans = traced.spans();
    let found = attributes(&spans.named("late").attributes);
    assert_eq!(found.len(), 3);
    assert_eq!(found["then"], &text("twice"));
    assert_eq!(found["first"], &Value::IntValue(2));
    assert_eq!(found["at.run.time"], &text("again"));
}

#[test]
fn a_name_is_there_once_however_it_is_set() {
    let traced = Traced::new();
    traced.run(|| {
        let span = info_span!("span", user = 1, later = tracing::field::Empty);
        span.set_attribute("user", 0.5);
        span.set_attribute("later", &[7, 0][..]);
        span.record("later", true);
        span.set_attribute("", "of no name");
        let other = info_span!("other").context().unwrap();
        let pairs = [("a", 1.into()), ("", 2.into()), ("a", "again".into())];
        span.add_link(&other, &pairs);
        span.in_scope(|| {
            error!(error = "no peer", exception.message = "given", "it failed");
            error!(error = "no peer", "it failed");
        });
    });
    let spans = traced.spans();
    let span = spans.named("span");
    let found = attributes(&span.attributes);
    assert_eq!(found["user"], &Value::DoubleValue(0.5));
    assert_eq!(found["later"], &Value::BoolValue(true));
    assert_eq!((found.len(), span.dropped_attributes_count), (2, 1));
    let link = &span.links[0];
    assert_eq!(attributes(&link.attributes)["a"], &text("again"));
    assert_eq!(
        (link.attributes.len(), link.dropped_attributes_count),
        (1, 1)
    );
    for (event, message) in span.events.iter().zip(["given", "no peer"]) {
        let found = attributes(&event.attributes);
        assert_eq!(found["exception.message"], &text(message));
        assert_eq!(
            (&*event.name, found["message"]),
            ("exception", &text("it failed"))
        );
    }
    assert_eq!(span.events.len(), 2);
}

#[test]
fn a_status_is_set_by_calls() {
    let traced = Traced::new();
    traced.run(|| {
        let failed = info_span!("failed");
        failed.set_error("no peer");
        failed.set_error("no route");
        let fine = info_span!("fine");
        fine.set_error("at first");
        fine.set_ok();
        fine.set_error("too late");
    });
    let spans = traced.spans();
    let status = |name| spans.named(name).status.clone().unwrap();
    assert_eq!(status("failed").message, "no route");
    assert_eq!(status("failed").code(), StatusCode::Error);
    assert_eq!(status("fine").message, "");
    assert_eq!(status("fine").code(), StatusCode::Ok);
}

#[test]
fn fields_that_nobody_reads_are_not_formatted() {
    struct Never;
    impl fmt::Debug for Never {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("was formatted");
        }
    }
    let traced = Traced::with(|config| config.with_sampler(Sampler::always_off()));
    traced.run(|| {
        let span = info_span!("span", early = ?Never, late = tracing::field::Empty);
        span.record("late", tracing::field::debug(Never));
    });
    assert!(traced.spans().0.is_empty());
}

#[test]
fn special_fields_are_no_attributes() {
    let traced = Traced::new();
    traced.run(|| {
        for (kind, field) in [
            (SpanKind::Server, "server"),
            (SpanKind::Client, "Client"),
            (SpanKind::Producer, "PRODUCER"),
            (SpanKind::Consumer, "consumer"),
            (SpanKind::Internal, "internal"),
            (SpanKind::Internal, "nonsense"),
        ] {
            let name = format!("{field} {}", kind.as_str_name());
            let span = info_span!("static", otel.name = %name, otel.kind = field);
            span.record("otel.name", name);
        }
    });
    let spans = traced.spans();
    assert_eq!(spans.0.len(), 6);
    for span in &spans.0 {
        assert!(span.name.ends_with(span.kind().as_str_name()), "{span:?}");
        assert!(span.attributes.is_empty());
        assert!(span.status.is_none());
    }
}

#[test]
fn a_status_is_set_by_fields() {
    let traced = Traced::new();
    traced.run(|| {
        info_span!("ok", otel.status_code = "OK").in_scope(|| {});
        info_span!(
            "failed",
            otel.status_code = "error",
            otel.status_description = "no peer"
        )
        .in_scope(|| {});
        let late = info_span!(
            "late",
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty
        );
        late.record("otel.status_description", "too late");
        late.record("otel.status_code", "ERROR");
        late.record("otel.status_description", "in time");
        let fine = info_span!("fine", otel.status_code = "ok");
        fine.in_scope(|| error!("an error that was dealt with"));
    });
    let spans = traced.spans();
    let status = |name| {
        let status = spans.named(name).status.clone().unwrap_or_default();
        (status.code(), status.message)
    };
    assert_eq!(status("ok"), (StatusCode::Ok, String::new()));
    assert_eq!(status("failed"), (StatusCode::Error, "no peer".into()));
    assert_eq!(status("late"), (StatusCode::Error, "in time".into()));
    assert_eq!(status("fine"), (StatusCode::Ok, String::new()));
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the peer refuses")
    }
}

impl std::error::Error for Refused {}

#[instrument(err)]
fn fails() -> Result<(), Refused> {
    Err(Refused)
}

#[test]
fn an_error_sets_the_status_of_its_span() {
    let traced = Traced::new();
    traced.run(|| {
        let _outer = error_span!("outer").entered();
        fails().unwrap_err();
        info_span!("said").in_scope(|| error!("it {}", "broke"));
        info_span!("recorded", error = tracing::field::Empty).record("error", "no route");
        let given = info_span!("given");
        given.in_scope(|| error!(error = &Refused as &dyn std::error::Error, "and more"));
        info_span!("flagged", error = true).in_scope(|| {});
        info_span!("unflagged", error = false).in_scope(|| {});
    });
    let spans = traced.spans();
    for (name, message) in [
        ("fails", "the peer refuses"),
        ("said", "it broke"),
        ("recorded", "no route"),
        ("given", "the peer refuses"),
        ("flagged", ""),
    ] {
        let status = spans.named(name).status.clone().unwrap();
        assert_eq!(
            (status.code(), &*status.message),
            (StatusCode::Error, message)
        );
    }
    assert!(spans.named("outer").status.is_none());
    assert!(spans.named("unflagged").status.is_none());
    let recorded = attributes(&spans.named("recorded").attributes);
    assert_eq!(recorded["error"], &text("no route"));
    let [event] = &spans.named("fails").events[..] else {
        panic!("one event");
    };
    assert_eq!(event.name, "exception");
    let event = attributes(&event.attributes);
    assert_eq!(event["exception.message"], &text("the peer refuses"));
}

#[test]
fn what_is_past_the_limits_is_left_out_and_counted() {
    let traced = Traced::with_span_settings(
        "
        attribute-count-limit = 2
        attribute-value-length-limit = 3
        event-count-limit = 1
        link-count-limit = 1
        event-attribute-count-limit = 1
        ",
    );
    traced.run(|| {
        let span = info_span!("full", a = "αβγδ", b = ?"long", c = 1);
        span.record("a", "late");
        for before in [info_span!("first"), info_span!("second")] {
            span.follows_from(&before);
        }
        span.in_scope(|| {
            tracing::info!(x = 1, y = 2, "one");
            tracing::info!("two");
        });
    });
    let spans = traced.spans();
    let span = spans.named("full");
    let found = attributes(&span.attributes);
    assert_eq!(found["a"], &text("lat"));
    assert_eq!(found["b"], &text("\"lo"));
    assert_eq!((found.len(), span.dropped_attributes_count), (2, 1));
    assert_eq!((span.links.len(), span.dropped_links_count), (1, 1));
    assert_eq!(span.links[0].span_id, spans.named("first").span_id);
    assert_eq!((span.events.len(), span.dropped_events_count), (1, 1));
    let event = &span.events[0];
    assert_eq!(
        (event.attributes.len(), event.dropped_attributes_count),
        (1, 1)
    );
}

#[test]
fn spans_of_no_subscriber_have_no_context() {
    assert_eq!(Span::none().context(), None);
    assert_eq!(info_span!("nobody").context(), None);
    info_span!("nobody").inject(|name, _| panic!("{name}"));
}
