//! The wish to stop, and what is left of the sessions' time.

use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long open sessions may go on after the relay was asked to stop.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) struct Stop {
    cut_at: OnceLock<Instant>,
    listener: SocketAddr,
}

impl Stop {
    pub(crate) fn new(listener: SocketAddr) -> Self {
        Self {
            cut_at: OnceLock::new(),
            listener,
        }
    }

    /// No more clients from now on.
    pub(crate) fn request(&self) {
        if self.cut_at.set(Instant::now() + GRACE).is_ok() {
            // Wakes the thread that waits for a client; where it fails, that
            // thread is not waiting any more.
            let _ = TcpStream::connect_timeout(&self.listener, GRACE);
        }
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.cut_at.get().is_some()
    }

    /// Whether sessions that are still open must end now.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut_at.get().is_some_and(|at| Instant::now() >= *at)
    }
}
