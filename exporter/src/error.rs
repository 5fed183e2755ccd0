//! What a [`TelemetryHandle`](crate::TelemetryHandle) can refuse.

use std::fmt;

use pqcnet_telemetry_core::RegisterError;

use crate::config::ConfigError;
use crate::deliver::ExportError;

/// What went wrong. Nothing recorded is lost by any of these.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The counter of this name would pass `u64::MAX` in this epoch; its value
    /// is as it was before.
    CounterOverflow(String),
    /// A flush did not deliver everything; the next one takes it along.
    Export(ExportError),
    /// The configuration is not usable.
    Config(ConfigError),
    /// A series could not be registered.
    Register(RegisterError),
    /// The handle was shut down; nothing is delivered any more.
    ShutDown,
}

impl fmt::Display for TelemetryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CounterOverflow(name) => write!(f, "counter overflow for metric {name}"),
            Self::Export(error) => write!(f, "export failed: {error}"),
            Self::Config(error) => write!(f, "invalid configuration: {error}"),
            Self::Register(error) => error.fmt(f),
            Self::ShutDown => f.write_str("the telemetry was shut down"),
        }
    }
}

impl std::error::Error for TelemetryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::CounterOverflow(_) | Self::ShutDown => None,
            Self::Export(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Register(error) => Some(error),
        }
    }
}

impl From<ExportError> for TelemetryError {
    fn from(error: ExportError) -> Self {
        Self::Export(error)
    }
}

impl From<ConfigError> for TelemetryError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<RegisterError> for TelemetryError {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}
