//! What can go wrong when tracing is set up.

use std::fmt;

/// Why tracing could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceError {
    /// The process has a global subscriber, of which there can be one. Add
    /// [`tracing_layer`](crate::TelemetryHandle::tracing_layer) to it where it
    /// is built.
    AlreadyInstalled,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyInstalled => f.write_str(
                "the process has a global tracing subscriber already; add the layer to it \
                 where it is built",
            ),
        }
    }
}

impl std::error::Error for TraceError {}
