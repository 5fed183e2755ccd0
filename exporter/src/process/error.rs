//! Why a process is not observed.

use std::fmt;

use pqcnet_telemetry_core::RegisterError;

/// Why [`observe_process`](crate::TelemetryHandle::observe_process) observes
/// nothing. Nothing recorded is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessError {
    /// The handle observes its process already.
    AlreadyObserved,
    /// The build has no means to read a process on this system.
    Unsupported {
        /// The operating system.
        system: &'static str,
    },
    /// The operating system does not say: on Linux, `/proc` is needed.
    Unreadable {
        /// What it says instead.
        reason: String,
    },
    /// An instrument found no slot, or another kind or unit under its name.
    /// Those registered before it stay, and report nothing.
    Register(RegisterError),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyObserved => f.write_str("this handle observes its process already"),
            Self::Unsupported { system } => {
                write!(
                    f,
                    "no process metrics on {system}: they are read from Linux"
                )
            }
            Self::Unreadable { reason } => write!(f, "the process can't be read: {reason}"),
            Self::Register(error) => write!(f, "a process metric is not registered: {error}"),
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Register(error) => Some(error),
            _ => None,
        }
    }
}

impl From<RegisterError> for ProcessError {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}
