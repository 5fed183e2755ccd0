//! Looking for packages: in the node's own index, and in the DHT.

use std::fmt::Display;

use super::declare::{argument, operation, value};

operation! {
    /// `search`: from a query to its results.
    Search = "search",
    constant { operation = "p2p_search" }
    start { query_text: query, query_limit: count, category_count: count, tag_count: count }
    late {
        /// How many results the node's own index had.
        pub local_results: count,
        /// How many results the queries of the DHT had.
        pub dht_results: count,
        /// How many peers there were to be queried.
        pub peer_count: count,
        /// How many queries were made in parallel.
        pub fan_out: count,
        total_results: count
    }
    elapsed latency_ms
}

impl Search {
    /// Ends with so many results, from all sources.
    pub fn succeeded(self, total_results: usize) {
        self.total_results(total_results);
    }

    /// Ends without an answer. This is the status only; the span has no `error`.
    pub fn failed(self, error: impl Display) {
        self.open.fail(error);
    }
}

operation! {
    /// `query_dht_parallel`: several peers are asked for one package at once.
    QueryDhtParallel = "query_dht_parallel",
    constant { operation = "dht_query_parallel" }
    start { package_id: text, fan_out: count }
    late { peers_queried: count, successful_responses: count }
    elapsed latency_ms
}

impl QueryDhtParallel {
    /// Begins the query of one peer, a child of this, in whatever task or thread.
    pub fn peer(&self, peer_id: impl Display) -> DhtPeerQuery {
        DhtPeerQuery::start_under(self.span(), peer_id)
    }

    /// Ends, after so many queries, so many of which were answered.
    pub fn finished(self, peers_queried: usize, successful_responses: usize) {
        self.peers_queried(peers_queried);
        self.successful_responses(successful_responses);
    }

    /// Ends without a result, such as when the DHT could not be asked. This is
    /// the status only; the span has no `error`.
    pub fn failed(self, error: impl Display) {
        self.open.fail(error);
    }
}

operation! {
    /// `dht_peer_query`: one peer is asked.
    DhtPeerQuery = "dht_peer_query" as "client",
    constant {}
    start { peer_id: text }
    late {}
    elapsed query_latency_ms
}

impl DhtPeerQuery {
    /// Ends with an answer, also one that says that there is nothing.
    pub fn succeeded(self) {
        drop(self);
    }

    /// Ends without an answer. This is the status only; the span has no `error`.
    pub fn failed(self, error: impl Display) {
        self.open.fail(error);
    }
}
