//! How operations end: in part, cancelled, in a panic.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::p2p::{Bootstrap, DhtPeerQuery, Publish, Search, StoreInDht};

use crate::capture::Value::{Bool, Int, Text};
use crate::capture::{Seen, span_of};

fn finished(stored: Result<(), &str>, announced: Result<(), &str>) -> Seen {
    span_of(|| Publish::start("serde", "1.0.0", "a").finished(&stored, &announced))
}

#[test]
fn a_publication_has_both_booleans_whatever_became_of_it() {
    for (stored, announced, error) in [
        (Ok(()), Ok(()), None),
        (Err("no quorum"), Ok(()), Some("dht storage: no quorum")),
        (Ok(()), Err("no peers"), Some("gossipsub: no peers")),
        (
            Err("no quorum"),
            Err("no peers"),
            Some("dht storage: no quorum; gossipsub: no peers"),
        ),
    ] {
        let span = finished(stored, announced);
        let leg = |name| span.values[name].clone();
        assert_eq!(leg("dht_storage_success"), Bool(stored.is_ok()));
        assert_eq!(leg("gossipsub_success"), Bool(announced.is_ok()));
        assert_eq!(span.is_error(), error.is_some());
        let error = error.map(|error| Text(error.into()));
        assert_eq!(span.values.get("error"), error.as_ref());
        assert_eq!(span.values.get("otel.status_description"), error.as_ref());
    }
}

#[test]
fn one_legs_long_error_does_not_hide_the_other() {
    let long = "no quorum ".repeat(1_000);
    let span = finished(Err(&long), Err("no peers"));
    assert!(span.text("error").ends_with("; gossipsub: no peers"));
    let span = finished(Err(&long), Err(&long));
    assert!(span.text("error").contains("; gossipsub: no quorum"));
    assert!(span.text("error").chars().count() <= 1024);
}

#[test]
fn success_leaves_the_status_unset() {
    let span = span_of(|| StoreInDht::start("serde", "a", 1).succeeded());
    assert!(!span.values.contains_key("otel.status_code"));
}

#[test]
fn a_latency_is_no_less_than_the_time_since_the_start() {
    const NAP: Duration = Duration::from_millis(3);
    let nap = || thread::sleep(NAP);
    let mut search = span_of(|| {
        let search = Search::start("serde", 1, 0, 0);
        nap();
        search.succeeded(0);
    });
    assert!(search.take_ms("latency_ms") >= 3);
    let mut query = span_of(|| {
        let query = DhtPeerQuery::start("b");
        nap();
        query.failed("timeout");
    });
    assert!(query.take_ms("query_latency_ms") >= 3);
    let mut bootstrap = span_of(|| {
        let bootstrap = Bootstrap::start("a", 1);
        nap();
        bootstrap.succeeded(1);
    });
    assert!(bootstrap.take_ms("connection_time_ms") >= 3);
}

#[test]
fn a_cancelled_future_leaves_a_latency_and_no_result() {
    let mut span = span_of(|| {
        let mut bootstrap = pin!(async {
            let bootstrap = Bootstrap::start("a", 1);
            bootstrap.instrument(pending::<()>()).await;
            bootstrap.succeeded(1);
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(bootstrap.as_mut().poll(&mut context).is_pending());
    });
    span.take_ms("connection_time_ms");
    assert!(!span.values.contains_key("connected_peers"));
    assert!(!span.is_error());
}

#[test]
fn a_panic_leaves_a_latency_and_what_was_known_by_then() {
    fn found() -> usize {
        panic!("on purpose")
    }
    let mut span = span_of(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let search = Search::start("serde", 1, 0, 0);
            search.local_results(7);
            search.succeeded(found());
        }));
        assert!(panicked.is_err());
    });
    span.take_ms("latency_ms");
    assert_eq!(span.values["local_results"], Int(7));
    assert!(!span.values.contains_key("total_results"));
}
