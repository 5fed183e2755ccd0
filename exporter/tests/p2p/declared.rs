//! `tracing` drops values of fields that a span has not declared, without a word:
//! every span declares what is recorded later.

use pqcnet_telemetry::p2p::{
    AnnouncePackage, BehaviourEvent, Bootstrap, ConnectionClosed, ConnectionEstablished,
    DhtPeerQuery, IncomingConnectionError, ProcessEvents, Publish, QueryDhtParallel,
    RecordPeerFailure, RecordPeerSuccess, Search, StoreInDht, TARGET,
};
use tracing::{Level, Span};

use crate::capture::spans_of;

/// Starts each once under the current span and once under one that is named, and
/// checks what its span is.
macro_rules! check {
    ($($type:ident($($argument:expr),*))*) => {
        $(
            let spans = spans_of(|| {
                drop($type::start($($argument),*));
                drop($type::start_under(&Span::none(), $($argument),*));
            });
            assert_eq!(spans.len(), 2);
            for span in spans {
                assert_eq!(span.name, $type::NAME);
                assert_eq!((span.target, span.level), (TARGET, Level::INFO));
                for late in $type::LATE_FIELDS {
                    assert!(span.declared.contains(late), "{}: {late}", span.name);
                }
            }
        )*
    };
}

#[test]
fn every_late_field_of_every_span_is_declared() {
    check! {
        Bootstrap("a", 1)
        Publish("serde", "1.0.0", "a")
        StoreInDht("serde", "a", 1)
        AnnouncePackage("serde", "1.0.0", 1)
        Search("serde", 1, 1, 1)
        QueryDhtParallel("serde", 1)
        DhtPeerQuery("b")
        RecordPeerSuccess("b", 1)
        RecordPeerFailure("b")
        ProcessEvents("swarm", None)
        BehaviourEvent()
        ConnectionEstablished("b", 1, true)
        ConnectionClosed("b", 1, "timeout")
        IncomingConnectionError("refused")
    }
}

#[test]
fn the_late_fields_are_those_that_users_were_told_of() {
    const STATUS: [&str; 2] = ["otel.status_code", "otel.status_description"];
    let with_status = |fields: &[&'static str]| [fields, &STATUS].concat();
    assert_eq!(
        Bootstrap::LATE_FIELDS,
        with_status(&["connected_peers", "error", "connection_time_ms"])
    );
    assert_eq!(
        Publish::LATE_FIELDS,
        with_status(&[
            "dht_storage_success",
            "gossipsub_success",
            "error",
            "latency_ms"
        ])
    );
    assert_eq!(
        Search::LATE_FIELDS,
        with_status(&[
            "local_results",
            "dht_results",
            "peer_count",
            "fan_out",
            "total_results",
            "latency_ms"
        ])
    );
    assert_eq!(
        DhtPeerQuery::LATE_FIELDS,
        with_status(&["query_latency_ms"])
    );
}
