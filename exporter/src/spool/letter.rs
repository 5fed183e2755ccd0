//! Dead letters: events that were refused for good.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::snapshot::{KemEvent, rfc3339};

/// An event that was refused for good, and why. No destination gets it again
/// by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The event; `None` if the spool's record of it can't be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<KemEvent>,
    /// The beginning of a record that can't be read, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Who refused it; empty if it can't be read.
    pub destination: String,
    /// Why.
    pub reason: String,
    /// When it was set aside.
    #[serde(with = "rfc3339")]
    pub time: SystemTime,
}

impl DeadLetter {
    /// An event that `destination` refused, now.
    pub(crate) fn refused(event: KemEvent, destination: &str, reason: &str) -> Self {
        Self {
            event: Some(event),
            raw: None,
            destination: destination.to_owned(),
            reason: reason.to_owned(),
            time: SystemTime::now(),
        }
    }

    /// A record that can't be read.
    pub(super) fn unreadable(bytes: &[u8], reason: &str) -> Self {
        /// Enough to see what it was.
        const MOST: usize = 16 << 10;
        let shown = &bytes[..bytes.len().min(MOST)];
        Self {
            event: None,
            raw: Some(String::from_utf8_lossy(shown).into_owned()),
            destination: String::new(),
            reason: reason.to_owned(),
            time: SystemTime::now(),
        }
    }
}
