//! Programs that trace in the wrong moment.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::{Dispatch, Span, info, info_span};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::received::{Traced, attributes, text};

/// Traces while it is formatted, into its span itself too.
struct Chatty(Span);

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info_span!("formatting").in_scope(|| info!("while formatting"));
        self.0.record("seen", true);
        f.write_str("chatty")
    }
}

/// Panics while it is formatted.
struct Broken;

impl fmt::Debug for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::panic::resume_unwind(Box::new(()))
    }
}

#[test]
fn values_that_trace_while_they_are_formatted_do_no_harm() {
    use tracing::field::Empty;
    let traced = Traced::new();
    traced.run(|| {
        let span = info_span!("outer", seen = Empty, value = Empty);
        let _in = span.clone().entered();
        span.record("value", tracing::field::debug(Chatty(span.clone())));
        info!(value = ?Chatty(span.clone()), "event");
        info_span!("inner", value = ?Chatty(span)).in_scope(|| {});
    });
    let spans = traced.spans();
    // `tracing` itself keeps new spans and events from tracing in turn, and leaves
    // out what they trace; not so records.
    spans.assert_child("formatting", "outer");
    spans.assert_child("inner", "outer");
    for name in ["outer", "inner"] {
        let found = attributes(&spans.named(name).attributes);
        assert_eq!(found["value"], &text("chatty"));
    }
    assert_eq!(spans.named("outer").events.len(), 1);
}

#[test]
fn values_that_panic_while_they_are_formatted_break_nothing_else() {
    use tracing::field::Empty;
    let traced = Traced::new();
    traced.run(|| {
        let span = info_span!("outer", value = Empty, other = Empty);
        let record = || {
            span.record("value", tracing::field::debug(Broken));
        };
        catch_unwind(AssertUnwindSafe(record)).unwrap_err();
        let event = || span.in_scope(|| info!(value = ?Broken));
        catch_unwind(AssertUnwindSafe(event)).unwrap_err();
        // The store keeps a reference to the parent of a span that never came to be.
        let open = || info_span!(parent: None, "never", value = ?Broken);
        catch_unwind(AssertUnwindSafe(open)).unwrap_err();
        span.record("other", 1);
        span.in_scope(|| info!("still"));
    });
    let spans = traced.spans();
    let outer = spans.named("outer");
    assert_eq!(attributes(&outer.attributes).len(), 1);
    assert_eq!(outer.events.len(), 1);
}

#[test]
fn a_span_below_one_that_is_filtered_out_has_the_next_above() {
    let traced = Traced::new();
    let filter = filter_fn(|metadata| metadata.name() != "hidden");
    let layer = traced.telemetry.tracing_layer().with_filter(filter);
    let others = tracing_subscriber::layer::Identity::new().with_filter(LevelFilter::TRACE);
    let subscriber = tracing_subscriber::registry().with(layer).with(others);
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        let _root = info_span!("root").entered();
        let _hidden = info_span!("hidden").entered();
        info_span!("leaf").in_scope(|| info!("event"));
    });
    let spans = traced.spans();
    assert_eq!(spans.names(), ["leaf", "root"]);
    spans.assert_child("leaf", "root");
}

#[test]
fn a_second_layer_of_the_same_handle_sees_nothing() {
    let traced = Traced::new();
    let subscriber = tracing_subscriber::registry()
        .with(traced.telemetry.tracing_layer())
        .with(traced.telemetry.tracing_layer());
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        info_span!("once").in_scope(|| {});
    });
    assert_eq!(traced.spans().names(), ["once"]);
    assert_eq!(traced.telemetry.delivery_report().open_spans, 0);
}

/// A span that is dropped by a thread-local, where the layer's own thread-locals
/// are gone already.
#[test]
fn a_span_can_outlive_what_its_thread_had() {
    thread_local! {
        static HELD: RefCell<Option<Span>> = const { RefCell::new(None) };
    }
    let traced = Traced::new();
    let dispatch = traced.dispatch.clone();
    let hold = move || {
        HELD.with_borrow_mut(|held| {
            // Here, so that the layer's thread-locals are younger, and gone first.
            let span = tracing::dispatcher::with_default(&dispatch, || info_span!("held"));
            *held = Some(span);
        });
    };
    std::thread::spawn(hold).join().unwrap();
    assert_eq!(traced.spans().names(), ["held"]);
    assert_eq!(traced.telemetry.delivery_report().open_spans, 0);
}

#[test]
fn hostile_texts_arrive_as_they_are() {
    let traced = Traced::with(|config| config.with_protocol(pqcnet_telemetry::Protocol::HttpJson));
    let hostile = "\"},{\\ \u{0}\u{1f}\u{7f}\n\u{2028} 🦀";
    traced.run(|| {
        info_span!("static", otel.name = hostile, value = hostile).in_scope(|| info!("{hostile}"));
    });
    let spans = traced.spans();
    let span = spans.named(hostile);
    assert_eq!(attributes(&span.attributes)["value"], &text(hostile));
    assert_eq!(span.events[0].name, hostile);
}
