//! What the network does, as the node hears of it.

use std::fmt::Display;

use super::declare::{argument, operation, value};

operation! {
    /// `process_events`: an event of the network is handled. `peer_id` is the peer it
    /// is about, if it is about one.
    ProcessEvents = "process_events",
    constant { operation = "process_events" }
    start { event_type: text, peer_id: optional_text }
    late {}
}

impl ProcessEvents {
    /// Begins a [`BehaviourEvent`], a child of this.
    pub fn behaviour_event(&self) -> BehaviourEvent {
        BehaviourEvent::start_under(self.span())
    }

    /// Begins a [`ConnectionEstablished`], a child of this.
    pub fn connection_established(
        &self,
        peer_id: impl Display,
        num_established: u32,
        is_dialer: bool,
    ) -> ConnectionEstablished {
        ConnectionEstablished::start_under(self.span(), peer_id, num_established, is_dialer)
    }

    /// Begins a [`ConnectionClosed`], a child of this.
    pub fn connection_closed(
        &self,
        peer_id: impl Display,
        num_established: u32,
        cause: impl Display,
    ) -> ConnectionClosed {
        ConnectionClosed::start_under(self.span(), peer_id, num_established, cause)
    }

    /// Begins an [`IncomingConnectionError`], a child of this.
    pub fn incoming_connection_error(&self, error: impl Display) -> IncomingConnectionError {
        IncomingConnectionError::start_under(self.span(), error)
    }
}

operation! {
    /// `behaviour_event`: of one of the node's protocols.
    BehaviourEvent = "behaviour_event",
    constant { event_category = "behaviour" }
    start {}
    late {}
}

operation! {
    /// `connection_established`: how many connections to the peer there are now, and
    /// whether this one was made from here.
    ConnectionEstablished = "connection_established",
    constant {}
    start { peer_id: text, num_established: connections, is_dialer: flag }
    late {}
}

operation! {
    /// `connection_closed`: how many connections to the peer are left, and why this
    /// one is not.
    ConnectionClosed = "connection_closed",
    constant {}
    start { peer_id: text, num_established: connections, cause: error }
    late {}
}

operation! {
    /// `incoming_connection_error`: somebody could not connect, and why.
    ///
    /// Its status is that of an error; that of the `process_events` above stays
    /// unset, as strangers knock at every open port, and to turn them away is no
    /// failure of the node's.
    IncomingConnectionError = "incoming_connection_error",
    constant {}
    start { error: error }
    late {}
}
