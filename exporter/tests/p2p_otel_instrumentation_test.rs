//! The operations of a peer-to-peer node, as a receiver gets them: names,
//! attributes with their types and values, status, parents.
//!
//! Each test runs against a real Collector, by `scripts/interop`, and always
//! against a receiver of its own, in both formats (`on_loopback`).

#[path = "collector/fixture.rs"]
#[allow(dead_code, reason = "shared with tests/collector")]
mod fixture;
#[path = "p2p_otel/operations.rs"]
mod operations;
#[path = "collector/read.rs"]
#[allow(dead_code, reason = "shared with tests/collector")]
mod read;
#[path = "tracing/received.rs"]
#[allow(dead_code, reason = "shared with tests/tracing")]
mod received;
#[path = "p2p_otel/receivers.rs"]
mod receivers;
mod support;

macro_rules! tests {
    ($($test:ident: $check:ident,)*) => {
        $(
            #[test]
            #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
            fn $test() {
                operations::$check(receivers::through_collector);
            }
        )*

        mod on_loopback {
            use super::{operations, receivers};

            $(
                #[test]
                fn $test() {
                    operations::$check(receivers::as_json);
                    operations::$check(receivers::as_protobuf);
                }
            )*
        }
    };
}

tests! {
    test_bootstrap_instrumentation: bootstrap,
    test_publish_instrumentation: publish,
    test_search_instrumentation: search,
    test_process_events_instrumentation: process_events,
    test_peer_reputation_instrumentation: peer_reputation,
    test_span_hierarchy: hierarchy,
    test_latency_tracking: latencies,
}
