//! What one reading tells, on any system.

use std::time::Duration;

use super::ProcessError;

/// A process as of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// CPU time in milliseconds.
    pub(super) user: u64,
    /// The same, in the kernel.
    pub(super) system: u64,
    /// Resident bytes.
    pub(super) memory: u64,
    pub(super) threads: u64,
    pub(super) descriptors: u64,
    pub(super) uptime: Duration,
}

/// Reads this process.
#[cfg(target_os = "linux")]
pub(super) fn read() -> Result<Reading, ProcessError> {
    super::linux::read().map_err(|error| ProcessError::Unreadable {
        reason: error.to_string(),
    })
}

/// There is nothing to read it with.
#[cfg(not(target_os = "linux"))]
pub(super) fn read() -> Result<Reading, ProcessError> {
    Err(ProcessError::Unsupported {
        system: std::env::consts::OS,
    })
}
