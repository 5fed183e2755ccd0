//! Texts are as long as they may be, and are made only where somebody listens.

use std::fmt::{self, Display, Formatter};

use pqcnet_telemetry::p2p::{
    Bootstrap, ConnectionClosed, ERROR_LIMIT, ID_LIMIT, IncomingConnectionError, ProcessEvents,
    QUERY_TEXT_LIMIT, Search, StoreInDht,
};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::capture::span_of;

/// More characters than any limit, of two bytes each.
fn long() -> String {
    "é".repeat(5_000)
}

#[test]
fn a_query_is_cut_after_so_many_characters() {
    let span = span_of(|| Search::start(long(), 1, 0, 0).succeeded(0));
    assert_eq!(span.text("query_text"), "é".repeat(256));
    assert_eq!(QUERY_TEXT_LIMIT, 256);
}

#[test]
fn errors_and_causes_are_cut_after_so_many_characters() {
    let whole = "é".repeat(1024);
    assert_eq!(ERROR_LIMIT, 1024);
    let span = span_of(|| Bootstrap::start("a", 1).failed(long()));
    assert_eq!(span.text("error"), whole);
    assert_eq!(span.text("otel.status_description"), whole);
    let span = span_of(|| drop(ConnectionClosed::start("b", 0, long())));
    assert_eq!(span.text("cause"), whole);
    let span = span_of(|| drop(IncomingConnectionError::start(long())));
    assert_eq!(span.text("error"), whole);
}

#[test]
fn ids_are_cut_after_so_many_characters() {
    let whole = "é".repeat(256);
    assert_eq!(ID_LIMIT, 256);
    let span = span_of(|| StoreInDht::start(long(), long(), 1).succeeded());
    assert_eq!(
        (span.text("package_id"), span.text("peer_id")),
        (&*whole, &*whole)
    );
    let span = span_of(|| drop(ProcessEvents::start(long(), Some(&long()))));
    for field in ["event_type", "peer_id"] {
        assert_eq!(span.text(field), whole);
    }
}

#[test]
fn a_text_that_fits_is_whole() {
    let fits = "é".repeat(256);
    let span = span_of(|| Search::start(&fits, 1, 0, 0).succeeded(0));
    assert_eq!(span.text("query_text"), fits);
}

#[test]
fn nothing_is_formatted_where_nobody_listens() {
    struct Never;
    impl Display for Never {
        fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
            panic!("was formatted");
        }
    }
    with_default(NoSubscriber::default(), || {
        StoreInDht::start(Never, Never, 1).failed(Never);
    });
}
