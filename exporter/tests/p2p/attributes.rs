//! What each operation records, as its users were told: names, values, types.

use std::collections::BTreeMap;

use pqcnet_telemetry::p2p::{
    AnnouncePackage, Bootstrap, DhtPeerQuery, Publish, QueryDhtParallel, Search, StoreInDht,
};

use crate::capture::Value::{self, Bool, Int};
use crate::capture::{span_of, text, values};

const REFUSED: &str = "refused";

/// `values`, and what a failure adds.
fn failed<const N: usize>(early: [(&'static str, Value); N]) -> BTreeMap<&'static str, Value> {
    let mut values = values(early);
    values.insert("error", text(REFUSED));
    values.insert("otel.status_code", text("error"));
    values.insert("otel.status_description", text(REFUSED));
    values
}

#[test]
fn a_bootstrap_says_how_many_peers_it_found() {
    let mut span = span_of(|| Bootstrap::start("peer-a", 2).succeeded(3));
    span.take_ms("connection_time_ms");
    assert_eq!(span.name, "bootstrap");
    let expected = values([
        ("operation", text("bootstrap")),
        ("peer_id", text("peer-a")),
        ("bootstrap_node_count", Int(2)),
        ("connected_peers", Int(3)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn a_bootstrap_that_failed_says_why() {
    let mut span = span_of(|| Bootstrap::start("peer-a", 2).failed(REFUSED));
    span.take_ms("connection_time_ms");
    let expected = failed([
        ("operation", text("bootstrap")),
        ("peer_id", text("peer-a")),
        ("bootstrap_node_count", Int(2)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn an_announcement_has_the_package_and_its_size() {
    let early = || {
        [
            ("operation", text("gossipsub_publish")),
            ("package_id", text("serde")),
            ("package_version", text("1.0.0")),
            ("announcement_size_bytes", Int(2048)),
            ("otel.kind", text("producer")),
        ]
    };
    let start = || AnnouncePackage::start("serde", "1.0.0", 2048);
    let mut span = span_of(|| start().succeeded());
    span.take_ms("latency_ms");
    assert_eq!(span.name, "announce_package");
    assert_eq!(span.values, values(early()));

    let mut span = span_of(|| start().failed(REFUSED));
    span.take_ms("latency_ms");
    assert_eq!(span.values, failed(early()));
}

#[test]
fn a_stored_record_has_its_package_and_size() {
    let early = || {
        [
            ("operation", text("dht_put")),
            ("package_id", text("serde")),
            ("peer_id", text("peer-a")),
            ("record_size_bytes", Int(2048)),
            ("otel.kind", text("client")),
        ]
    };
    let start = || StoreInDht::start("serde", "peer-a", 2048);
    let mut span = span_of(|| start().succeeded());
    span.take_ms("latency_ms");
    assert_eq!(span.name, "store_in_dht");
    assert_eq!(span.values, values(early()));

    let mut span = span_of(|| start().failed(REFUSED));
    span.take_ms("latency_ms");
    assert_eq!(span.values, failed(early()));
}

#[test]
fn a_parallel_query_has_the_numbers_of_queries_and_answers() {
    let mut span = span_of(|| QueryDhtParallel::start("serde", 3).finished(3, 2));
    span.take_ms("latency_ms");
    assert_eq!(span.name, "query_dht_parallel");
    let expected = values([
        ("operation", text("dht_query_parallel")),
        ("package_id", text("serde")),
        ("fan_out", Int(3)),
        ("peers_queried", Int(3)),
        ("successful_responses", Int(2)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn a_query_of_a_peer_has_the_peer_and_a_latency() {
    let mut span = span_of(|| DhtPeerQuery::start("peer-b").succeeded());
    span.take_ms("query_latency_ms");
    assert_eq!(span.name, "dht_peer_query");
    let early = || [("peer_id", text("peer-b")), ("otel.kind", text("client"))];
    assert_eq!(span.values, values(early()));

    let mut span = span_of(|| DhtPeerQuery::start("peer-b").failed(REFUSED));
    span.take_ms("query_latency_ms");
    let mut expected = failed(early());
    expected.remove("error");
    assert_eq!(span.values, expected);
}

#[test]
fn a_search_has_its_query_its_sources_and_its_results() {
    let mut span = span_of(|| {
        let search = Search::start("post-quantum", 20, 1, 2);
        search.local_results(3);
        search.peer_count(8);
        search.fan_out(4);
        search.dht_results(2);
        search.succeeded(5);
    });
    span.take_ms("latency_ms");
    assert_eq!(span.name, "search");
    let expected = values([
        ("operation", text("p2p_search")),
        ("query_text", text("post-quantum")),
        ("query_limit", Int(20)),
        ("category_count", Int(1)),
        ("tag_count", Int(2)),
        ("local_results", Int(3)),
        ("dht_results", Int(2)),
        ("total_results", Int(5)),
        ("peer_count", Int(8)),
        ("fan_out", Int(4)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn a_search_that_failed_has_a_status_and_no_total() {
    let span = span_of(|| Search::start("post-quantum", 20, 0, 0).failed(REFUSED));
    assert!(span.is_error());
    assert_eq!(span.text("otel.status_description"), REFUSED);
    assert!(!span.values.contains_key("total_results"));
}

#[test]
fn a_query_that_failed_has_a_status_and_no_counts() {
    let span = span_of(|| QueryDhtParallel::start("serde", 3).failed(REFUSED));
    assert!(span.is_error());
    assert_eq!(span.text("otel.status_description"), REFUSED);
    assert!(!span.values.contains_key("peers_queried"));
}

#[test]
fn a_publication_has_what_became_of_both_legs() {
    type Leg = Result<u64, String>;
    let (stored, announced): (Leg, Leg) = (Ok(1), Ok(2));
    let mut span = span_of(|| {
        Publish::start("serde", "1.0.0", "peer-a").finished(&stored, &announced);
    });
    span.take_ms("latency_ms");
    assert_eq!(span.name, "publish");
    let expected = values([
        ("operation", text("publish")),
        ("package_id", text("serde")),
        ("package_version", text("1.0.0")),
        ("peer_id", text("peer-a")),
        ("dht_storage_success", Bool(true)),
        ("gossipsub_success", Bool(true)),
    ]);
    assert_eq!(span.values, expected);
}
