//! Which of a shard's two banks is being written.
//!
//! # Protocol
//!
//! Two [`Epoch`]s are made once with the registry and swapped for ever. The
//! active one is published through an `ArcSwap`; a *tag* beside it, alone on
//! its cache line, tells writers that a swap took place. A writer compares the
//! tag with its own copy at every record, and asks the `ArcSwap` only where
//! they differ.
//!
//! # Invariants
//!
//! - A tag names its registry (upper 40 bits, never 0, never reused in the
//!   process) and the number of the epoch (lower 24 bits). Equal tags mean:
//!   same registry, and an epoch of the same parity.
//! - The number wraps after 2^24 flushes. A writer that slept through exactly
//!   so many finds its tag valid, and its bank is the active one again.
//! - The registry holds both epochs for its whole life, so no reclamation in
//!   arc-swap can free one.
//!
//! # Orderings
//!
//! The writer's comparison is relaxed: a tag seen late puts a record into the
//! bank just retired, where it is residue. On the cold path the tag is read
//! with acquire, after which the `ArcSwap` yields that epoch or a newer one;
//! pairs with the release store behind the swap.

use std::sync::Arc;
use std::sync::atomic::AtomicU64 as StdAtomicU64;
use std::sync::atomic::Ordering as StdOrdering;

use crossbeam_utils::CachePadded;

use crate::sync::{ArcSwap, AtomicU64, Ordering, ordering};

/// One of the two turns: says which bank of every shard it writes.
#[derive(Debug)]
pub(crate) struct Epoch {
    pub(crate) bank: usize,
}

const NUMBER_BITS: u32 = 24;

/// The active epoch and its tag.
pub(crate) struct EpochClock {
    tag: CachePadded<Tag>,
    active: ArcSwap<Epoch>,
    epochs: [Arc<Epoch>; 2],
    registry: u64,
}

impl EpochClock {
    /// # Panics
    ///
    /// After 2^40 registries in one process.
    pub(crate) fn new() -> Self {
        // Not of the model: an id is drawn once, before any thread shares it.
        static NEXT: StdAtomicU64 = StdAtomicU64::new(1);
        let registry = NEXT.fetch_add(1, StdOrdering::Relaxed);
        assert!(
            registry >> (64 - NUMBER_BITS) == 0,
            "more than 2^40 registries in one process"
        );
        let epochs = [0, 1].map(|bank| Arc::new(Epoch { bank }));
        Self {
            tag: CachePadded::new(Tag(AtomicU64::new(registry << NUMBER_BITS))),
            active: ArcSwap::new(Arc::clone(&epochs[0])),
            epochs,
            registry,
        }
    }

    /// Identifies the registry in this process; never 0.
    #[inline]
    pub(crate) fn registry(&self) -> u64 {
        self.registry
    }

    /// The tag, perhaps an old one.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u64 {
        self.tag.0.load(Ordering::Relaxed)
    }

    /// Which bank is active, by the tag alone, perhaps an old one.
    #[inline(always)]
    pub(crate) fn bank(&self) -> usize {
        (self.tag() & 1) as usize
    }

    /// The tag, and the bank of the epoch it announced or of a newer one.
    pub(crate) fn current(&self) -> (u64, usize) {
        // Synchronises with the store in `swap`.
        let tag = self.tag.0.load(ordering!("tag.read", Acquire));
        (tag, self.active.load().bank)
    }

    /// The bank that is not being written, but for late records.
    /// For the collector, which alone swaps.
    pub(crate) fn standby(&self) -> usize {
        1 - self.bank()
    }

    /// Retires the active epoch and returns its bank. For the collector alone.
    pub(crate) fn swap(&self) -> usize {
        let tag = self.tag();
        let number_mask = (1 << NUMBER_BITS) - 1;
        let number = (tag & number_mask).wrapping_add(1) & number_mask;
        let next = Arc::clone(&self.epochs[(number & 1) as usize]);
        let retired = self.active.swap(next);
        // The epoch first, then its announcement; pairs with `current`.
        self.tag.0.store(
            (self.registry << NUMBER_BITS) | number,
            ordering!("tag.announce", Release),
        );
        retired.bank
    }
}

struct Tag(AtomicU64);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_tag_and_the_epoch_agree_across_the_wrap() {
        let clock = EpochClock::new();
        clock.tag.0.store(
            (clock.registry << NUMBER_BITS) | 0xff_fffe,
            Ordering::Relaxed,
        );
        for _ in 0..5 {
            let (tag, bank) = clock.current();
            assert_eq!(tag >> NUMBER_BITS, clock.registry());
            assert_eq!(bank, (tag & 1) as usize);
            assert_eq!(clock.standby(), 1 - bank);
            assert_eq!(clock.swap(), bank);
        }
    }

    #[test]
    fn no_two_registries_share_a_tag() {
        assert_ne!(EpochClock::new().tag(), EpochClock::new().tag());
    }
}
