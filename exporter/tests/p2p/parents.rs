//! Which span is whose child, across futures, tasks and threads.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;

use pqcnet_telemetry::p2p::{
    AnnouncePackage, ProcessEvents, Publish, QueryDhtParallel, Search, StoreInDht,
};
use tracing::Span;

use crate::capture::{Capture, Seen, spans_of};

/// Each span with its parent.
fn tree(spans: &[Seen]) -> Vec<(&'static str, Option<&'static str>)> {
    spans.iter().map(|span| (span.name, span.parent)).collect()
}

/// Pending once.
async fn pause() {
    let mut is_first = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut is_first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

fn poll(future: Pin<&mut impl Future>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context).is_ready()
}

async fn publish(package: &str) {
    let publish = Publish::start(package, "1.0.0", "a");
    let legs = async {
        let store = StoreInDht::start(package, "a", 1);
        store.instrument(pause()).await;
        store.succeeded();
        let announce = AnnouncePackage::start(package, "1.0.0", 1);
        announce.instrument(pause()).await;
        announce.succeeded();
    };
    publish.instrument(legs).await;
    publish.finished(&Ok::<_, &str>(()), &Ok::<_, &str>(()));
}

#[test]
fn the_legs_of_a_publication_are_its_children_while_other_futures_take_turns() {
    let spans = spans_of(|| {
        let (mut first, mut second) = (pin!(publish("serde")), pin!(publish("tokio")));
        for is_last in [false, false, true] {
            assert_eq!(poll(first.as_mut()), is_last);
            assert_eq!(poll(second.as_mut()), is_last);
        }
    });
    let expected = [
        ("publish", None),
        ("store_in_dht", Some("publish")),
        ("publish", None),
        ("store_in_dht", Some("publish")),
        ("announce_package", Some("publish")),
        ("announce_package", Some("publish")),
    ];
    assert_eq!(tree(&spans), expected);
}

#[test]
fn a_future_keeps_its_parent_when_it_moves_between_threads() {
    let capture = Capture::new();
    let mut future = Box::pin(publish("serde"));
    for is_last in [false, false, true] {
        let capture = capture.clone();
        let polled = thread::spawn(move || {
            let is_ready = capture.record(|| poll(future.as_mut()));
            (future, is_ready)
        });
        let is_ready;
        (future, is_ready) = polled.join().unwrap();
        assert_eq!(is_ready, is_last);
    }
    let expected = [
        ("publish", None),
        ("store_in_dht", Some("publish")),
        ("announce_package", Some("publish")),
    ];
    assert_eq!(tree(&capture.ended()), expected);
}

#[test]
fn queries_of_peers_are_children_of_their_query_from_any_thread() {
    let capture = Capture::new();
    capture.record(|| {
        let search = Search::start("serde", 20, 0, 0);
        let query = search
            .span()
            .in_scope(|| QueryDhtParallel::start("serde", 3));
        thread::scope(|scope| {
            for peer in ["b", "c", "d"] {
                let (capture, query) = (&capture, &query);
                scope.spawn(move || capture.record(|| query.peer(peer).succeeded()));
            }
        });
        query.finished(3, 3);
        search.succeeded(0);
    });
    let spans = capture.ended();
    let query = Some("query_dht_parallel");
    let expected = [
        ("search", None),
        ("query_dht_parallel", Some("search")),
        ("dht_peer_query", query),
        ("dht_peer_query", query),
        ("dht_peer_query", query),
    ];
    assert_eq!(tree(&spans), expected);
    let peers: BTreeSet<_> = spans[2..].iter().map(|span| span.text("peer_id")).collect();
    assert_eq!(peers, BTreeSet::from(["b", "c", "d"]));
}

#[test]
fn events_are_children_of_their_processing_whatever_is_current() {
    let spans = spans_of(|| {
        let other = Search::start("serde", 1, 0, 0);
        let events = ProcessEvents::start("swarm", None);
        other.span().in_scope(|| {
            drop(events.behaviour_event());
            drop(events.connection_established("b", 1, false));
            drop(events.connection_closed("b", 0, "timeout"));
            drop(events.incoming_connection_error("refused"));
        });
    });
    let parents: Vec<_> = spans[2..].iter().map(|span| span.parent).collect();
    assert_eq!(parents, [Some("process_events"); 4]);
}

#[test]
fn a_named_parent_goes_before_the_current_span() {
    let spans = spans_of(|| {
        let publish = Publish::start("serde", "1.0.0", "a");
        let search = Search::start("serde", 1, 0, 0);
        search.span().in_scope(|| {
            StoreInDht::start_under(publish.span(), "serde", "a", 1).succeeded();
            StoreInDht::start_under(&Span::none(), "serde", "a", 1).succeeded();
            StoreInDht::start("serde", "a", 1).succeeded();
        });
    });
    let parents: Vec<_> = spans[2..].iter().map(|span| span.parent).collect();
    assert_eq!(parents, [Some("publish"), None, Some("search")]);
}
