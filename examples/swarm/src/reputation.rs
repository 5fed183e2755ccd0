//! What a node thinks of its peers: a score from 0.0 to 1.0 each.

use std::collections::HashMap;
use std::time::Duration;

use libp2p::PeerId;
use pqcnet_telemetry::p2p::{RecordPeerFailure, RecordPeerSuccess};

/// Of a peer that nothing is known of.
const UNKNOWN: f64 = 0.5;

/// Scores rise slowly and fall fast.
#[derive(Debug, Default)]
pub(crate) struct Reputations(HashMap<PeerId, f64>);

impl Reputations {
    /// The peer has answered, after so long.
    pub(crate) fn record_peer_success(&mut self, peer: PeerId, response_time: Duration) {
        let milliseconds = u64::try_from(response_time.as_millis()).unwrap_or(u64::MAX);
        let span = RecordPeerSuccess::start(peer, milliseconds);
        let score = self.0.entry(peer).or_insert(UNKNOWN);
        *score += (1.0 - *score) * 0.1;
        span.updated(*score);
    }

    /// The peer has not answered.
    pub(crate) fn record_peer_failure(&mut self, peer: PeerId) {
        let span = RecordPeerFailure::start(peer);
        let score = self.0.entry(peer).or_insert(UNKNOWN);
        *score *= 0.5;
        span.updated(*score);
    }
}
