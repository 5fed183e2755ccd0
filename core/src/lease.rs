//! What a handle holds: a share in the slot of its series.
//!
//! # Protocol
//!
//! Every slot counts its handles. A slot's first handle is made under the lock
//! of registration, a further one there or by cloning one that lives; a handle
//! that is dropped is counted off.
//!
//! State of a slot's count:
//!
//! | value | meaning | next |
//! |---|---|---|
//! | 0 | nobody records into the slot, nor will but through registration | 1, under its lock |
//! | n > 0 | n handles live, on any threads | n + 1 or n - 1, by anybody |
//!
//! A slot whose series has ended becomes another series' only where
//! registration, under its lock, has found zero: so a handle kept by mistake
//! keeps its slot, and never writes into another series.
//!
//! # Orderings
//!
//! Counting off (release) pairs with registration's look at the count
//! (acquire): who finds zero finds every record made through those handles.
//! Clones are relaxed: they belong to the release sequence, as read-modify-writes.

use std::fmt;
use std::sync::Arc;

use crate::bank::{GaugeSlot, HistogramSlot, ScalarSlot};
use crate::core::Core;
use crate::series::Slot;
use crate::sync::{AtomicU64, Ordering, Zeroable, ordering, zeroed};

/// A slot's handles. 64 bits: handles that are forgotten, not dropped, can't
/// wrap it.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Count(AtomicU64);

// SAFETY: an `AtomicU64` of zero bytes is the number zero.
#[expect(unsafe_code, reason = "counts are reserved zeroed")]
unsafe impl Zeroable for Count {}

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Pairs with `is_zero`.
    fn release(&self) {
        self.0.fetch_sub(1, ordering!("lease.release", Release));
    }

    /// Synchronises with every `release` before.
    fn is_zero(&self) -> bool {
        self.0.load(ordering!("lease.look", Acquire)) == 0
    }
}

/// The counts of all slots of a registry.
#[derive(Debug)]
pub(crate) struct Counts {
    scalars: Box<[Count]>,
    gauges: Box<[Count]>,
    histograms: Box<[Count]>,
}

impl Counts {
    pub(crate) fn new(scalars: usize, gauges: usize, histograms: usize) -> Self {
        Self {
            scalars: zeroed(scalars),
            gauges: zeroed(gauges),
            histograms: zeroed(histograms),
        }
    }

    /// Whether no handle of this slot lives. Under the lock of registration.
    pub(crate) fn has_none(&self, slot: Slot) -> bool {
        let count = match slot {
            Slot::Scalar(slot) => slot.count(self),
            Slot::Gauge(slot) => slot.count(self),
            Slot::Histogram(slot) => slot.count(self),
        };
        count.is_zero()
    }
}

/// A slot of either kind.
pub(crate) trait LeasedSlot: Copy + fmt::Debug {
    fn count(self, counts: &Counts) -> &Count;
}

impl LeasedSlot for ScalarSlot {
    fn count(self, counts: &Counts) -> &Count {
        &counts.scalars[self.0 as usize]
    }
}

impl LeasedSlot for GaugeSlot {
    fn count(self, counts: &Counts) -> &Count {
        &counts.gauges[self.0 as usize]
    }
}

impl LeasedSlot for HistogramSlot {
    fn count(self, counts: &Counts) -> &Count {
        &counts.histograms[self.0 as usize]
    }
}

/// One handle's share in a slot, and in the registry that has it.
#[derive(Debug)]
pub(crate) struct Lease<S: LeasedSlot> {
    core: Arc<Core>,
    slot: S,
    instrument: usize,
}

impl<S: LeasedSlot> Lease<S> {
    /// A share in a slot that registration has just found or taken, and whose
    /// lock the caller holds.
    pub(crate) fn new_while_locked(core: &Arc<Core>, slot: S, instrument: usize) -> Self {
        slot.count(&core.handles).add();
        Self {
            core: Arc::clone(core),
            slot,
            instrument,
        }
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    #[inline(always)]
    pub(crate) fn slot(&self) -> S {
        self.slot
    }

    pub(crate) fn instrument(&self) -> usize {
        self.instrument
    }
}

impl<S: LeasedSlot> Clone for Lease<S> {
    fn clone(&self) -> Self {
        self.slot.count(&self.core.handles).add();
        Self {
            core: Arc::clone(&self.core),
            ..*self
        }
    }
}

impl<S: LeasedSlot> Drop for Lease<S> {
    fn drop(&mut self) {
        self.slot.count(&self.core.handles).release();
    }
}
