//! Joining the network.

use std::fmt::Display;

use super::declare::{argument, operation, value};

operation! {
    /// `bootstrap`: the node connects to the network by nodes that it is configured
    /// with.
    Bootstrap = "bootstrap",
    constant { operation = "bootstrap" }
    start { peer_id: text, bootstrap_node_count: count }
    late { connected_peers: count, error: error }
    elapsed connection_time_ms
}

impl Bootstrap {
    /// Ends, with so many peers connected.
    pub fn succeeded(self, connected_peers: usize) {
        self.connected_peers(connected_peers);
    }

    /// Ends without a network.
    pub fn failed(self, error: impl Display) {
        self.error(&error);
        self.open.fail(&error);
    }
}
