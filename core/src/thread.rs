//! How a thread finds its own bank.
//!
//! # Protocol
//!
//! `HOT` holds the bank this thread last recorded into, keyed by the tag of its
//! registry's epoch. A record compares tags and is done. Where they differ,
//! [`locate`] looks among the last few registries, then among all claims of
//! the thread, then claims a shard, and leaves the answer in `HOT`.
//!
//! `HOT` is const and has no destructor, so it can be used at any moment of a
//! thread's life. `CLAIMS` has one, which hands the shards back; from then on
//! the thread has no bank, and its records go to the registry's fallback bank.
//!
//! # Why the pointers in `HOT` are valid
//!
//! They belong to the registry that the tag names. The caller holds that
//! registry (its handle does), and a registry frees its shards only when it is
//! dropped. Tags of a dropped registry never come back (see `epoch`).
//!
//! # Why nobody else writes this bank
//!
//! The thread holds a claim on the shard from before the pointers enter `HOT`
//! until after they have left it (the destructor of `CLAIMS` clears `HOT`
//! first).

use std::cell::{Cell as LocalCell, RefCell};
use std::ptr;
use std::sync::Arc;

use crate::bank::{Bank, Direction, HistogramSlot, ScalarSlot, needs_note};
use crate::cell::{Cell, Owner, Writer};
use crate::core::Core;
use crate::histogram::block::BlockSlot;
use crate::histogram::layout::Layout;
use crate::shard::Shard;
use crate::sync::mutant;

/// How many registries a thread alternates between without a search.
const WAYS: usize = 4;

struct Hot {
    tag: LocalCell<u64>,
    values: LocalCell<*const Cell>,
    blocks: LocalCell<*const BlockSlot>,
    bank: LocalCell<*const Bank>,
    ways: [Way; WAYS],
    next_way: LocalCell<usize>,
    is_locating: LocalCell<bool>,
}

struct Way {
    registry: LocalCell<u64>,
    shard: LocalCell<*const Shard>,
}

impl Way {
    const fn empty() -> Self {
        Self {
            registry: LocalCell::new(0),
            shard: LocalCell::new(ptr::null()),
        }
    }
}

impl Hot {
    const fn new() -> Self {
        Self {
            tag: LocalCell::new(0),
            values: LocalCell::new(ptr::null()),
            blocks: LocalCell::new(ptr::null()),
            bank: LocalCell::new(ptr::null()),
            ways: [const { Way::empty() }; WAYS],
            next_way: LocalCell::new(0),
            is_locating: LocalCell::new(false),
        }
    }

    fn set(&self, tag: u64, bank: &Bank) {
        self.tag.set(tag);
        self.values.set(bank.first_value());
        self.blocks.set(bank.first_block());
        self.bank.set(bank);
    }

    /// The cells of the bank that `tag` names, if this thread recorded there
    /// last.
    ///
    /// All that a record does inside `HOT.with`: `LocalKey::with` is inlined
    /// for small closures only.
    #[inline(always)]
    fn values_of(&self, tag: u64) -> Option<*const Cell> {
        let is_current =
            self.tag.get() == tag || (mutant!("epoch.unchecked") && self.tag.get() != 0);
        is_current.then(|| self.values.get())
    }

    /// The block slots of that bank, likewise.
    #[inline(always)]
    fn blocks_of(&self, tag: u64) -> Option<*const BlockSlot> {
        (self.tag.get() == tag).then(|| self.blocks.get())
    }

    fn clear(&self) {
        self.tag.set(0);
        for way in &self.ways {
            way.registry.set(0);
        }
    }

    fn find(&self, registry: u64) -> Option<*const Shard> {
        let way = self
            .ways
            .iter()
            .find(|way| way.registry.get() == registry)?;
        Some(way.shard.get())
    }

    fn remember(&self, registry: u64, shard: *const Shard) {
        let way = self.next_way.get();
        self.next_way.set((way + 1) % WAYS);
        self.ways[way].registry.set(registry);
        self.ways[way].shard.set(shard);
    }
}

struct Claim {
    registry: u64,
    shard: Arc<Shard>,
}

/// Gives the thread's shards back when it ends.
struct Claims(RefCell<Vec<Claim>>);

impl Drop for Claims {
    fn drop(&mut self) {
        // `HOT` has no destructor; only under loom can it be gone by now.
        if !mutant!("hot.not_cleared") {
            let _ = HOT.try_with(Hot::clear);
        }
        for claim in self.0.get_mut().drain(..) {
            claim.shard.release();
        }
    }
}

#[cfg(not(loom))]
thread_local! {
    static HOT: Hot = const { Hot::new() };
    static CLAIMS: Claims = const { Claims(RefCell::new(Vec::new())) };
}

#[cfg(loom)]
crate::sync::thread_local! {
    static HOT: Hot = Hot::new();
    static CLAIMS: Claims = Claims(RefCell::new(Vec::new()));
}

/// A record of a counter or up-down counter by this thread.
#[inline(always)]
pub(crate) fn add(core: &Core, slot: ScalarSlot, n: u64, direction: Direction) {
    let tag = core.epoch.tag();
    let Some(values) = HOT.with(|hot| hot.values_of(tag)) else {
        return core.add_elsewhere(slot, n, direction);
    };
    let cell = without_index(values.wrapping_add(slot.0 as usize));
    // SAFETY: `tag` is that of `core`, so `values` is the first of the
    // `capacity` cells of a live bank of `core` (see the module's text), and
    // a slot of `core` is below that capacity.
    #[expect(unsafe_code, reason = "the tag proves owner and bound")]
    let cell = unsafe { &*cell };
    let old = Owner::add(cell, n);
    if needs_note(old, n, direction) {
        let bank = HOT.with(|hot| hot.bank.get());
        // SAFETY: set together with `values`, and valid as it is.
        #[expect(unsafe_code, reason = "the tag proves the bank alive")]
        let bank = unsafe { &*bank };
        bank.note::<Owner>(slot, old, n, direction);
    }
}

/// `pointer`, in a register of its own.
///
/// The compiler would make the slot an index within the address, and an add to
/// an indexed address waits longer for the store of the one before: Intel's
/// cores since Golden Cove forward a store at once to plain addresses only.
#[inline(always)]
fn without_index<T>(pointer: *const T) -> *const T {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    let pointer = {
        let mut pointer = pointer;
        #[expect(
            unsafe_code,
            clippy::pointers_in_nomem_asm_block,
            reason = "says where a value is, and nothing else"
        )]
        // SAFETY: there is no instruction.
        unsafe {
            std::arch::asm!(
                "/* {0} */",
                inout(reg) pointer,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        pointer
    };
    pointer
}

/// A record of a histogram by this thread, `n` not zero.
#[inline(always)]
pub(crate) fn record(core: &Core, slot: HistogramSlot, layout: &Layout, value: u64, n: u64) {
    let tag = core.epoch.tag();
    let Some(blocks) = HOT.with(|hot| hot.blocks_of(tag)) else {
        return core.record_elsewhere(slot, layout, value, n);
    };
    // SAFETY: as in `add`, for the bank's block slots.
    #[expect(unsafe_code, reason = "the tag proves owner and bound")]
    let block = unsafe { &*blocks.add(slot.0 as usize) };
    match block.get() {
        Some(block) => block.record::<Owner>(layout, value, n),
        None => core.record_elsewhere(slot, layout, value, n),
    }
}

/// This thread's active bank and its shard, claimed if it has none. `None`
/// while the thread's locals are being destroyed, and inside this function:
/// then the record belongs into the fallback bank.
#[cold]
#[inline(never)]
pub(crate) fn locate(core: &Core) -> Option<(&Bank, &Shard)> {
    let (shard, (tag, active)) =
        exclusively(|| shard_of(core).map(|shard| (shard, core.epoch.current())))?;
    // SAFETY: `shard_of` answers with a shard in the list of `core`, which
    // keeps it for as long as `core` is borrowed.
    #[expect(unsafe_code, reason = "the registry keeps its shards")]
    let shard: &Shard = unsafe { &*shard };
    let bank = shard.bank(active);
    HOT.with(|hot| hot.set(tag, bank));
    Some((bank, shard))
}

/// Another claim on this thread's shard of `core`, for a `Local`; a shard of
/// its own where the thread can't hold one any more.
pub(crate) fn claim_for_local(core: &Core) -> Arc<Shard> {
    let claim_again = || {
        shard_of(core)?;
        let registry = core.epoch.registry();
        let claimed = CLAIMS.try_with(|claims| {
            let claims = claims.0.borrow();
            let claim = claims.iter().find(|claim| claim.registry == registry)?;
            claim.shard.claim_again();
            Some(Arc::clone(&claim.shard))
        });
        claimed.ok().flatten()
    };
    exclusively(claim_again).unwrap_or_else(|| core.adopt_shard())
}

/// Calls `locate`, unless it is being called further up this stack: claiming a
/// shard allocates, so does a thread's first look at the `ArcSwap`, and the
/// global allocator may record.
fn exclusively<R>(locate: impl FnOnce() -> Option<R>) -> Option<R> {
    if HOT.with(|hot| hot.is_locating.replace(true)) {
        return None;
    }
    let found = locate();
    HOT.with(|hot| hot.is_locating.set(false));
    found
}

/// This thread's shard of `core`. For `exclusively` alone: a second entry would
/// find `CLAIMS` borrowed.
fn shard_of(core: &Core) -> Option<*const Shard> {
    let registry = core.epoch.registry();
    if let Some(shard) = HOT.with(|hot| hot.find(registry)) {
        return Some(shard);
    }
    let shard = CLAIMS
        .try_with(|claims| {
            let mut claims = claims.0.borrow_mut();
            if let Some(claim) = claims.iter().find(|claim| claim.registry == registry) {
                return Arc::as_ptr(&claim.shard);
            }
            // Whose registry is gone: nobody can ask for it again.
            claims.retain(|claim| Arc::strong_count(&claim.shard) > 1);
            let shard = core.adopt_shard();
            let found = Arc::as_ptr(&shard);
            claims.push(Claim { registry, shard });
            found
        })
        .ok()?;
    HOT.with(|hot| hot.remember(registry, shard));
    Some(shard)
}
