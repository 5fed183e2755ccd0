//! What the peer writes down.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::{Fault, Meaning};

/// One request and what was done to it.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) is_logs: bool,
    pub(crate) fault: Fault,
    /// Unpacked; `None` where it was not read.
    pub(crate) body: Option<Arc<[u8]>>,
    /// Points or events in it.
    pub(crate) items: usize,
    /// How many of them the peer has rejected: the last ones.
    pub(crate) rejected: usize,
    /// The client's time when the request came.
    pub(crate) came: Duration,
    /// No request is welcome before.
    pub(crate) until: Option<Duration>,
    /// How many flushes had returned when the answer went out.
    pub(crate) flushes: usize,
    /// The client has left without the answer, though it was complete: the
    /// machine was too slow for its time-out.
    pub(crate) is_left: bool,
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.body.as_deref().unwrap_or_default();
        let sum = bytes.iter().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add((*byte).into())
        });
        let (size, items, came) = (bytes.len(), self.items, self.came);
        write!(
            f,
            "at {came:?} {items} items, {size} bytes ({sum:08x}): {:?}, {} rejected{}",
            self.fault,
            self.rejected,
            if self.is_left { ", too late" } else { "" }
        )
    }
}

impl Play {
    /// What the client must make of it.
    pub(crate) fn meaning(&self) -> Meaning {
        if self.is_left {
            Meaning::Doubt
        } else {
            self.fault.meaning()
        }
    }
}
