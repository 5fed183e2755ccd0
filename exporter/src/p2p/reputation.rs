//! What is thought of a peer, after it answered or did not.

use super::declare::{argument, operation, value};

operation! {
    /// `record_peer_success`: a peer has answered.
    RecordPeerSuccess = "record_peer_success",
    constant { operation = "peer_reputation_update", result = "success" }
    start { peer_id: text, response_time_ms: milliseconds }
    late { new_reputation_score: score }
}

impl RecordPeerSuccess {
    /// Ends with the peer's new score: 0.0 to 1.0, and held there. A NaN is not
    /// recorded.
    pub fn updated(self, new_reputation_score: f64) {
        if let Some(score) = in_range(new_reputation_score) {
            self.new_reputation_score(score);
        }
    }
}

operation! {
    /// `record_peer_failure`: a peer has not answered, or wrongly. The span's status
    /// stays unset, as to take note of that has not failed.
    RecordPeerFailure = "record_peer_failure",
    constant { operation = "peer_reputation_update", result = "failure" }
    start { peer_id: text }
    late { new_reputation_score: score }
}

impl RecordPeerFailure {
    /// Ends with the peer's new score: 0.0 to 1.0, and held there. A NaN is not
    /// recorded.
    pub fn updated(self, new_reputation_score: f64) {
        if let Some(score) = in_range(new_reputation_score) {
            self.new_reputation_score(score);
        }
    }
}

fn in_range(score: f64) -> Option<f64> {
    (!score.is_nan()).then(|| score.clamp(0.0, 1.0))
}
