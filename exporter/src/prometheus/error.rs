//! Why no metrics are served.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why [`serve_metrics`](crate::TelemetryHandle::serve_metrics) serves nothing.
/// Nothing is left open then, and nothing recorded is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScrapeError {
    /// The configuration says nothing of a scrape endpoint. Totals are kept for
    /// one from the start, or not at all.
    NotConfigured,
    /// This handle serves its metrics already, at this address.
    AlreadyServing {
        /// Where.
        address: SocketAddr,
    },
    /// `prometheus.host` is no address, and stands for none.
    UnknownHost {
        /// The host.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// Another socket listens there: choose another `prometheus.port`, or end
    /// the other program.
    AddressInUse {
        /// Where.
        address: SocketAddr,
    },
    /// The process may not listen there: ports below 1024 are privileged.
    NotPermitted {
        /// Where.
        address: SocketAddr,
    },
    /// The address is none of this machine, or it has no such sockets left.
    Unavailable {
        /// Where.
        address: SocketAddr,
        /// What the operating system says.
        reason: String,
    },
    /// The operating system starts no thread, or has no file left for it.
    Thread {
        /// What it says.
        reason: String,
    },
}

impl ScrapeError {
    /// What listening at `address` has come to.
    pub(super) fn at(address: SocketAddr, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { address },
            io::ErrorKind::PermissionDenied => Self::NotPermitted { address },
            _ => Self::Unavailable {
                address,
                reason: error.to_string(),
            },
        }
    }

    pub(super) fn thread(error: &io::Error) -> Self {
        Self::Thread {
            reason: error.to_string(),
        }
    }
}

impl fmt::Display for ScrapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str(
                "no scrape endpoint is configured: add the table [telemetry.prometheus], or call \
                 with_prometheus",
            ),
            Self::AlreadyServing { address } => {
                write!(f, "metrics are served already, at {address}")
            }
            Self::UnknownHost { host, reason } => {
                write!(f, "`prometheus.host` = {host:?} has no address: {reason}")
            }
            Self::AddressInUse { address } => write!(
                f,
                "{address} is in use by another socket; `prometheus.port` chooses another port"
            ),
            Self::NotPermitted { address } => write!(
                f,
                "{address} may not be listened at by this process; `prometheus.port` chooses \
                 another port"
            ),
            Self::Unavailable { address, reason } => write!(
                f,
                "{address} can't be listened at: {reason}; `prometheus.host` chooses another \
                 address"
            ),
            Self::Thread { reason } => write!(f, "the scrape endpoint can't start: {reason}"),
        }
    }
}

impl std::error::Error for ScrapeError {}
