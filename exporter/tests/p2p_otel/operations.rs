//! What the operations record, and what of it has to arrive.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use pqcnet_telemetry::p2p::{
    AnnouncePackage, Bootstrap, ProcessEvents, Publish, QueryDhtParallel, RecordPeerFailure,
    RecordPeerSuccess, Search, StoreInDht,
};

use crate::received::{Spans, Value, attributes, text};
use crate::receivers::Program;

const ME: &str = "12D3KooWLocal";
const PEER: &str = "12D3KooWPeer";

/// Attributes by name.
type Expected<'a> = Vec<(&'a str, Value)>;

fn int(value: i64) -> Value {
    Value::IntValue(value)
}

/// Asserts that a span has these attributes, the duration `elapsed` in whole
/// milliseconds, and no other.
fn assert_attributes(span: &Span, expected: &[(&str, Value)], elapsed: Option<&str>) {
    let mut found = attributes(&span.attributes);
    if let Some(name) = elapsed {
        let value = found.remove(name);
        let Some(Value::IntValue(milliseconds)) = value else {
            panic!("{name} of {}: {value:?}", span.name);
        };
        let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
        // Taken by another clock, a moment before the span's end.
        assert!(*milliseconds <= nanos.div_ceil(1_000_000) as i64 + 1);
        assert!(*milliseconds >= 0);
    }
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(name, value)| (*name, value))
        .collect();
    assert_eq!(found, expected, "{}", span.name);
}

fn assert_unset(span: &Span) {
    // The Collector writes an empty one down.
    let status = span.status.clone().unwrap_or_default();
    assert_eq!(status, Status::default(), "{}", span.name);
}

fn assert_failed(span: &Span, description: &str) {
    let status = span.status.as_ref().unwrap();
    assert_eq!(status.code(), StatusCode::Error, "{}", span.name);
    assert_eq!(status.message, description);
}

/// The spans of one name, in the order of their starts.
fn all_named<'a>(spans: &'a Spans, name: &str) -> Vec<&'a Span> {
    let mut found: Vec<_> = spans.0.iter().filter(|span| span.name == name).collect();
    found.sort_by_key(|span| span.start_time_unix_nano);
    found
}

pub(crate) fn bootstrap(receive: impl Fn(Program) -> Spans) {
    let spans = receive(|| {
        Bootstrap::start(ME, 3).succeeded(2);
        Bootstrap::start(ME, 0).failed("no bootstrap nodes");
    });
    let [connected, alone] = all_named(&spans, "bootstrap")[..] else {
        panic!("{:?}", spans.names());
    };
    let begun = |nodes| {
        [
            ("operation", text("bootstrap")),
            ("peer_id", text(ME)),
            ("bootstrap_node_count", int(nodes)),
        ]
    };
    let mut expected = begun(3).to_vec();
    expected.push(("connected_peers", int(2)));
    assert_attributes(connected, &expected, Some("connection_time_ms"));
    assert_unset(connected);
    let mut expected = begun(0).to_vec();
    expected.push(("error", text("no bootstrap nodes")));
    assert_attributes(alone, &expected, Some("connection_time_ms"));
    assert_failed(alone, "no bootstrap nodes");
    assert!(connected.parent_span_id.is_empty() && alone.parent_span_id.is_empty());
    assert_eq!(connected.kind(), SpanKind::Internal);
}

fn publish_program() {
    let fine: Result<(), Error> = Ok(());
    let publish = Publish::start("serde", "1.0.0", ME);
    let broken = publish.span().in_scope(|| {
        StoreInDht::start("serde", ME, 2_048).succeeded();
        let error = Error::new(ErrorKind::NotConnected, "no peers in the mesh");
        AnnouncePackage::start("serde", "1.0.0", 512).failed(&error);
        Err::<(), _>(error)
    });
    publish.finished(&fine, &broken);
}

pub(crate) fn publish(receive: impl Fn(Program) -> Spans) {
    let spans = receive(publish_program);
    assert_eq!(
        spans.names(),
        ["announce_package", "publish", "store_in_dht"]
    );
    let publish = spans.named("publish");
    let error = "gossipsub: no peers in the mesh";
    assert_attributes(
        publish,
        &[
            ("operation", text("publish")),
            ("package_id", text("serde")),
            ("package_version", text("1.0.0")),
            ("peer_id", text(ME)),
            ("dht_storage_success", Value::BoolValue(true)),
            ("gossipsub_success", Value::BoolValue(false)),
            ("error", text(error)),
        ],
        Some("latency_ms"),
    );
    assert_failed(publish, error);
    let store = spans.named("store_in_dht");
    assert_attributes(
        store,
        &[
            ("operation", text("dht_put")),
            ("package_id", text("serde")),
            ("peer_id", text(ME)),
            ("record_size_bytes", int(2_048)),
        ],
        Some("latency_ms"),
    );
    assert_unset(store);
    assert_eq!(store.kind(), SpanKind::Client);
    let announce = spans.named("announce_package");
    assert_attributes(
        announce,
        &[
            ("operation", text("gossipsub_publish")),
            ("package_id", text("serde")),
            ("package_version", text("1.0.0")),
            ("announcement_size_bytes", int(512)),
            ("error", text("no peers in the mesh")),
        ],
        Some("latency_ms"),
    );
    assert_failed(announce, "no peers in the mesh");
    assert_eq!(announce.kind(), SpanKind::Producer);
}

fn search_program() {
    let query = "q".repeat(300);
    let search = Search::start(&query, 20, 2, 1);
    search.span().in_scope(|| {
        let parallel = QueryDhtParallel::start("serde", 3);
        // Each peer is asked on a thread of its own.
        thread::scope(|scope| {
            for number in 1..=3 {
                let dispatch = tracing::dispatcher::get_default(Clone::clone);
                let parallel = &parallel;
                scope.spawn(move || {
                    tracing::dispatcher::with_default(&dispatch, || {
                        parallel.peer(format!("{PEER}{number}")).succeeded();
                    });
                });
            }
        });
        parallel.finished(3, 3);
    });
    search.local_results(4);
    search.dht_results(1);
    search.peer_count(7);
    search.fan_out(3);
    search.succeeded(5);
}

pub(crate) fn search(receive: impl Fn(Program) -> Spans) {
    let spans = receive(search_program);
    let search = spans.named("search");
    assert_attributes(
        search,
        &[
            ("operation", text("p2p_search")),
            ("query_text", text(&"q".repeat(256))),
            ("query_limit", int(20)),
            ("category_count", int(2)),
            ("tag_count", int(1)),
            ("local_results", int(4)),
            ("dht_results", int(1)),
            ("total_results", int(5)),
            ("peer_count", int(7)),
            ("fan_out", int(3)),
        ],
        Some("latency_ms"),
    );
    assert_unset(search);
    let parallel = spans.named("query_dht_parallel");
    assert_attributes(
        parallel,
        &[
            ("operation", text("dht_query_parallel")),
            ("package_id", text("serde")),
            ("fan_out", int(3)),
            ("peers_queried", int(3)),
            ("successful_responses", int(3)),
        ],
        Some("latency_ms"),
    );
    spans.assert_child("query_dht_parallel", "search");
    let mut peers = Vec::new();
    for query in all_named(&spans, "dht_peer_query") {
        assert_eq!(query.parent_span_id, parallel.span_id);
        assert_eq!(query.trace_id, search.trace_id);
        assert_eq!(query.kind(), SpanKind::Client);
        let Value::StringValue(peer) = attributes(&query.attributes)["peer_id"] else {
            panic!("{query:?}");
        };
        assert_attributes(query, &[("peer_id", text(peer))], Some("query_latency_ms"));
        peers.push(&**peer);
    }
    peers.sort_unstable();
    assert_eq!(peers, ["12D3KooWPeer1", "12D3KooWPeer2", "12D3KooWPeer3"]);
}

fn process_events_program() {
    drop(ProcessEvents::start("behaviour", None).behaviour_event());
    let events = ProcessEvents::start("connection_established", Some(&PEER));
    drop(events.connection_established(PEER, 1, true));
    drop(events);
    let events = ProcessEvents::start("connection_closed", Some(&PEER));
    drop(events.connection_closed(PEER, 0, "keep-alive timeout"));
    drop(events);
    let events = ProcessEvents::start("incoming_connection_error", None);
    drop(events.incoming_connection_error("no protocol in common"));
}

pub(crate) fn process_events(receive: impl Fn(Program) -> Spans) {
    let spans = receive(process_events_program);
    let events = all_named(&spans, "process_events");
    let children: [(_, Option<&str>, _, Expected); 4] = [
        (
            "behaviour",
            None,
            "behaviour_event",
            vec![("event_category", text("behaviour"))],
        ),
        (
            "connection_established",
            Some(PEER),
            "connection_established",
            vec![
                ("peer_id", text(PEER)),
                ("num_established", int(1)),
                ("is_dialer", Value::BoolValue(true)),
            ],
        ),
        (
            "connection_closed",
            Some(PEER),
            "connection_closed",
            vec![
                ("peer_id", text(PEER)),
                ("num_established", int(0)),
                ("cause", text("keep-alive timeout")),
            ],
        ),
        (
            "incoming_connection_error",
            None,
            "incoming_connection_error",
            vec![("error", text("no protocol in common"))],
        ),
    ];
    assert_eq!(events.len(), children.len());
    for (event, (kind, peer, child, expected)) in events.into_iter().zip(children) {
        let mut own = vec![
            ("operation", text("process_events")),
            ("event_type", text(kind)),
        ];
        own.extend(peer.map(|peer| ("peer_id", text(peer))));
        assert_attributes(event, &own, None);
        assert_unset(event);
        let child = spans.named(child);
        assert_attributes(child, &expected, None);
        assert_eq!(child.parent_span_id, event.span_id);
        assert_eq!(child.trace_id, event.trace_id);
    }
    let refused = spans.named("incoming_connection_error");
    assert_failed(refused, "no protocol in common");
}

pub(crate) fn peer_reputation(receive: impl Fn(Program) -> Spans) {
    let spans = receive(|| {
        RecordPeerSuccess::start(PEER, 42).updated(0.75);
        RecordPeerFailure::start(PEER).updated(0.5);
    });
    assert_attributes(
        spans.named("record_peer_success"),
        &[
            ("operation", text("peer_reputation_update")),
            ("peer_id", text(PEER)),
            ("response_time_ms", int(42)),
            ("result", text("success")),
            ("new_reputation_score", Value::DoubleValue(0.75)),
        ],
        None,
    );
    assert_attributes(
        spans.named("record_peer_failure"),
        &[
            ("operation", text("peer_reputation_update")),
            ("peer_id", text(PEER)),
            ("result", text("failure")),
            ("new_reputation_score", Value::DoubleValue(0.5)),
        ],
        None,
    );
}

pub(crate) fn hierarchy(receive: impl Fn(Program) -> Spans) {
    let spans = receive(|| {
        publish_program();
        search_program();
    });
    spans.assert_root("publish");
    spans.assert_child("store_in_dht", "publish");
    spans.assert_child("announce_package", "publish");
    spans.assert_root("search");
    spans.assert_child("query_dht_parallel", "search");
    let parallel = spans.named("query_dht_parallel");
    let queries = all_named(&spans, "dht_peer_query");
    assert_eq!(queries.len(), 3);
    for query in queries {
        assert_eq!(query.parent_span_id, parallel.span_id);
    }
    assert_ne!(spans.named("publish").trace_id, parallel.trace_id);
}

pub(crate) fn latencies(receive: impl Fn(Program) -> Spans) {
    const AT_LEAST: Duration = Duration::from_millis(20);
    let spans = receive(|| {
        let bootstrap = Bootstrap::start(ME, 1);
        thread::sleep(AT_LEAST);
        bootstrap.succeeded(1);
        let store = StoreInDht::start("serde", ME, 1);
        thread::sleep(AT_LEAST);
        store.succeeded();
        let announce = AnnouncePackage::start("serde", "1.0", 1);
        thread::sleep(AT_LEAST);
        announce.succeeded();
        let publish = Publish::start("serde", "1.0", ME);
        thread::sleep(AT_LEAST);
        publish.finished(&Ok::<_, &str>(()), &Ok::<_, &str>(()));
        // Its future is dropped, say.
        let search = Search::start("q", 1, 0, 0);
        thread::sleep(AT_LEAST);
        drop(search);
        let parallel = QueryDhtParallel::start("serde", 1);
        let query = parallel.peer(PEER);
        thread::sleep(AT_LEAST);
        query.failed("no answer");
        parallel.finished(1, 0);
    });
    for (span, field) in [
        ("bootstrap", "connection_time_ms"),
        ("store_in_dht", "latency_ms"),
        ("announce_package", "latency_ms"),
        ("publish", "latency_ms"),
        ("search", "latency_ms"),
        ("dht_peer_query", "query_latency_ms"),
        ("query_dht_parallel", "latency_ms"),
    ] {
        let span = spans.named(span);
        let Value::IntValue(milliseconds) = attributes(&span.attributes)[field] else {
            panic!("{span:?}");
        };
        let milliseconds = Duration::from_millis(*milliseconds as u64);
        assert!(milliseconds >= AT_LEAST, "{}: {milliseconds:?}", span.name);
        let lasted = Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano);
        assert!(
            milliseconds <= lasted + Duration::from_millis(1),
            "{}",
            span.name
        );
    }
}
