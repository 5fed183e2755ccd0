//! What is recorded of peers and of events: names, values, types.

use pqcnet_telemetry::p2p::{ProcessEvents, RecordPeerFailure, RecordPeerSuccess};

use crate::capture::Value::{Bool, Double, Int};
use crate::capture::{span_of, spans_of, text, values};

#[test]
fn a_peers_success_has_its_response_time_and_new_score() {
    let span = span_of(|| RecordPeerSuccess::start("peer-b", 12).updated(0.75));
    assert_eq!(span.name, "record_peer_success");
    let expected = values([
        ("operation", text("peer_reputation_update")),
        ("peer_id", text("peer-b")),
        ("response_time_ms", Int(12)),
        ("result", text("success")),
        ("new_reputation_score", Double(0.75)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn a_peers_failure_has_its_new_score() {
    let span = span_of(|| RecordPeerFailure::start("peer-b").updated(0.25));
    assert_eq!(span.name, "record_peer_failure");
    let expected = values([
        ("operation", text("peer_reputation_update")),
        ("peer_id", text("peer-b")),
        ("result", text("failure")),
        ("new_reputation_score", Double(0.25)),
    ]);
    assert_eq!(span.values, expected);
}

#[test]
fn a_score_is_a_number_from_0_to_1_or_left_out() {
    let scores = [-0.5, 1.5, f64::INFINITY, f64::NAN];
    let recorded = scores.map(|score| {
        let mut success = span_of(|| RecordPeerSuccess::start("peer-b", 1).updated(score));
        let mut failure = span_of(|| RecordPeerFailure::start("peer-b").updated(score));
        let recorded = success.values.remove("new_reputation_score");
        assert_eq!(recorded, failure.values.remove("new_reputation_score"));
        recorded
    });
    let expected = [Some(0.0), Some(1.0), Some(1.0), None];
    assert_eq!(recorded, expected.map(|score| score.map(Double)));
}

#[test]
fn events_have_what_their_kinds_have() {
    let spans = spans_of(|| {
        let events = ProcessEvents::start("swarm", Some(&"peer-b"));
        drop(events.behaviour_event());
        drop(events.connection_established("peer-b", 1, true));
        drop(events.connection_closed("peer-b", 0, "keep-alive timeout"));
        drop(events.incoming_connection_error("refused"));
    });
    let found: Vec<_> = spans.into_iter().map(|it| (it.name, it.values)).collect();
    let expected = [
        (
            "process_events",
            values([
                ("operation", text("process_events")),
                ("event_type", text("swarm")),
                ("peer_id", text("peer-b")),
            ]),
        ),
        (
            "behaviour_event",
            values([("event_category", text("behaviour"))]),
        ),
        (
            "connection_established",
            values([
                ("peer_id", text("peer-b")),
                ("num_established", Int(1)),
                ("is_dialer", Bool(true)),
            ]),
        ),
        (
            "connection_closed",
            values([
                ("peer_id", text("peer-b")),
                ("num_established", Int(0)),
                ("cause", text("keep-alive timeout")),
            ]),
        ),
        (
            "incoming_connection_error",
            values([("error", text("refused"))]),
        ),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_event_about_no_peer_has_no_peer_id() {
    let span = span_of(|| drop(ProcessEvents::start("new_listen_addr", None)));
    let expected = values([
        ("operation", text("process_events")),
        ("event_type", text("new_listen_addr")),
    ]);
    assert_eq!(span.values, expected);
}
