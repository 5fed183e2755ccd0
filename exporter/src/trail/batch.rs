//! Events on their way to a destination.

use crate::snapshot::KemEvent;

/// Events on their way to one destination.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(super) source: BatchSource,
    pub(super) events: Vec<(u64, KemEvent)>,
}

/// Where they come from, and so where they are acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchSource {
    Memory,
    Spool { generation: u32 },
}

impl Batch {
    pub(crate) fn events(&self) -> impl Iterator<Item = &KemEvent> {
        self.events.iter().map(|(_, event)| event)
    }

    /// Whether they are on disk.
    pub(crate) fn is_spooled(&self) -> bool {
        self.source != BatchSource::Memory
    }

    pub(crate) fn truncate(&mut self, events: usize) {
        self.events.truncate(events);
    }

    /// What follows the last.
    pub(super) fn next(&self) -> u64 {
        self.events.last().map_or(0, |(sequence, _)| sequence + 1)
    }
}
