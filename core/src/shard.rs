//! A thread's two banks, which outlive the thread.
//!
//! # Protocol
//!
//! A registry's shards form a list that only grows. A thread's first record
//! claims one: an idle shard if there is one, else a new one. A thread that
//! ends gives its claims back, and the shard, with all it holds, waits for the
//! next thread. The collector harvests every shard, claimed or idle.
//!
//! State of `claims`:
//!
//! | value | meaning | next |
//! |---|---|---|
//! | 0 | idle, nobody writes | 1, by any thread |
//! | n > 0 | one thread holds n claims: its thread-local, its `Local`s | n + 1 or n - 1, by that thread |
//!
//! # Orderings
//!
//! - The last release of a claim (release) pairs with the next adoption
//!   (acquire): the new owner goes on from the cells as they were left.
//! - A new shard's memory is published by the list's head (release) and found
//!   by reading it (acquire). Pushes are read-modify-writes, so one release
//!   sequence runs through all of them.

use std::ptr;
use std::sync::Arc;

use crate::bank::{Bank, HistogramSlot};
use crate::histogram::layout::Layout;
use crate::sync::{AtomicPtr, AtomicU32, Ordering, mutant, ordering};

#[derive(Debug)]
pub(crate) struct Shard {
    claims: Claims,
    banks: [Bank; 2],
}

impl Shard {
    /// A shard with one claim.
    pub(crate) fn new(scalars: usize, histograms: usize) -> Self {
        Self {
            claims: Claims(AtomicU32::new(1)),
            banks: [
                Bank::new(scalars, histograms),
                Bank::new(scalars, histograms),
            ],
        }
    }

    #[inline]
    pub(crate) fn bank(&self, bank: usize) -> &Bank {
        &self.banks[bank]
    }

    /// Makes the blocks of `slot` in both banks, so that none is missing after
    /// the next flush.
    pub(crate) fn allocate(&self, slot: HistogramSlot, layout: &Layout) {
        for bank in &self.banks {
            bank.block_or_allocate(slot, layout);
        }
    }

    /// Another claim, by the thread that holds one.
    pub(crate) fn claim_again(&self) {
        self.claims.add();
    }

    /// Whether a thread holds it; for a mutant of the harvest.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claims.0.load(Ordering::Relaxed) != 0
    }

    /// Gives one claim back; with the last one, the shard.
    pub(crate) fn release(&self) {
        self.claims.release();
    }
}

#[derive(Debug)]
struct Claims(AtomicU32);

impl Claims {
    /// Synchronises with the last `release`.
    fn adopt(&self) -> bool {
        if mutant!("claims.unchecked") {
            let is_idle = self.0.load(Ordering::Acquire) == 0;
            self.0.fetch_add(u32::from(is_idle), Ordering::Acquire);
            return is_idle;
        }
        self.0
            .compare_exchange(0, 1, ordering!("claims.adopt", Acquire), Ordering::Relaxed)
            .is_ok()
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Pairs with `adopt`.
    fn release(&self) {
        self.0.fetch_sub(1, ordering!("claims.release", Release));
    }
}

/// A registry's shards, newest first. Grows only; freed with the registry.
#[derive(Debug)]
pub(crate) struct Shards {
    head: AtomicPtr<Node>,
    /// Positions given out; relaxed, as they need only differ.
    positions: AtomicU32,
}

#[derive(Debug)]
struct Node {
    shard: Arc<Shard>,
    /// Its position among all shards, in no order.
    index: usize,
    next: *mut Node,
}

#[expect(unsafe_code, reason = "a push-only list is the least that does it")]
impl Shards {
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicPtr::new(ptr::null_mut()),
            positions: AtomicU32::new(0),
        }
    }

    /// Claims an idle shard, or a new one. Lock-free, O(shards); allocates
    /// only where every shard is claimed.
    pub(crate) fn adopt_or_insert(&self, scalars: usize, histograms: usize) -> Arc<Shard> {
        if let Some((_, idle)) = self.iter().find(|(_, shard)| shard.claims.adopt()) {
            return Arc::clone(idle);
        }
        let shard = Arc::new(Shard::new(scalars, histograms));
        let mut node = Box::new(Node {
            shard: Arc::clone(&shard),
            index: self.positions.fetch_add(1, Ordering::Relaxed) as usize,
            next: ptr::null_mut(),
        });
        loop {
            // Relaxed: the older node is linked, not read. Who acquires the new
            // head acquires it too, as the exchange below goes on with the
            // release sequence of the push before.
            let head = self.head.load(Ordering::Relaxed);
            node.next = head;
            let new = Box::into_raw(node);
            // Publishes the node; pairs with `iter`.
            if self
                .head
                .compare_exchange(
                    head,
                    new,
                    ordering!("shards.push", Release),
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                return shard;
            }
            // SAFETY: from `into_raw` above, and not published.
            node = unsafe { Box::from_raw(new) };
        }
    }

    /// The shards with their positions, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Arc<Shard>)> {
        let mut next = self.head.load(ordering!("shards.iter", Acquire));
        std::iter::from_fn(move || {
            // SAFETY: a node once pushed lives as long as the list, which the
            // iterator borrows; acquire made it visible with all older ones.
            let node = unsafe { next.as_ref() }?;
            next = node.next;
            Some((node.index, &node.shard))
        })
    }
}

// SAFETY: nodes are immutable once pushed, and `Shard` is `Send + Sync`.
#[expect(unsafe_code, reason = "raw pointers between nodes")]
unsafe impl Send for Node {}
// SAFETY: likewise.
#[expect(unsafe_code, reason = "raw pointers between nodes")]
unsafe impl Sync for Node {}

impl Drop for Shards {
    #[expect(unsafe_code, reason = "frees what `adopt_or_insert` pushed")]
    fn drop(&mut self) {
        let mut next = self.head.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: from `into_raw`; `&mut self` says nobody reads it.
            let node = unsafe { Box::from_raw(next) };
            next = node.next;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_released_shard_is_adopted_before_a_new_one_is_made() {
        let shards = Shards::new();
        let first = shards.adopt_or_insert(1, 1);
        let second = shards.adopt_or_insert(1, 1);
        assert!(!Arc::ptr_eq(&first, &second));
        first.claim_again();
        first.release();
        let third = shards.adopt_or_insert(1, 1);
        assert!(!Arc::ptr_eq(&first, &third), "one claim is left");
        first.release();
        assert!(Arc::ptr_eq(&first, &shards.adopt_or_insert(1, 1)));
        let positions: Vec<_> = shards.iter().map(|(index, _)| index).collect();
        assert_eq!(positions, [2, 1, 0]);
    }
}
