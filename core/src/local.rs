//! Handles that stay on their thread and skip the thread-local look-up.

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

use crate::bank::{Direction, HistogramSlot, ScalarSlot, needs_note};
use crate::cell::{Cell, Owner, Writer};
use crate::core::Core;
use crate::counter::{Counter, UpDownCounter};
use crate::exemplar::ExemplarContext;
use crate::histogram::Histogram;
use crate::histogram::block::Block;
use crate::histogram::layout::Layout;
use crate::lease::Lease;
use crate::registry::Registry;
use crate::shard::Shard;
use crate::thread;

/// This thread's shard of a registry, held.
///
/// Made by [`Registry::local`](crate::Registry::local). It holds a claim on
/// the shard, so it may outlive the thread's own; being `!Send` it never
/// leaves the thread:
///
/// ```compile_fail,E0277
/// let registry = pqcnet_telemetry_core::Registry::new();
/// let local = registry.local();
/// std::thread::spawn(move || drop(local));
/// ```
///
/// while the registry itself does:
///
/// ```
/// let registry = pqcnet_telemetry_core::Registry::new();
/// std::thread::spawn(move || drop(registry.local()));
/// ```
#[derive(Debug)]
pub struct Local {
    core: Arc<Core>,
    shard: Arc<Shard>,
    stays_here: PhantomData<*const ()>,
}

impl Local {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let shard = thread::claim_for_local(&core);
        Self {
            core,
            shard,
            stays_here: PhantomData,
        }
    }

    /// `counter` for this thread.
    ///
    /// # Panics
    ///
    /// If `counter` belongs to another registry.
    pub fn counter(&self, counter: &Counter) -> LocalCounter {
        if let Some(muted) = self.muted_of(counter.lease().core()) {
            return muted.counter(counter);
        }
        LocalCounter(LocalScalar::new(self, counter.lease()))
    }

    /// `counter` for this thread.
    ///
    /// # Panics
    ///
    /// If `counter` belongs to another registry.
    pub fn up_down_counter(&self, counter: &UpDownCounter) -> LocalUpDownCounter {
        if let Some(muted) = self.muted_of(counter.lease().core()) {
            return muted.up_down_counter(counter);
        }
        LocalUpDownCounter(LocalScalar::new(self, counter.lease()))
    }

    /// `histogram` for this thread. Allocates the thread's cells of it, so no
    /// record does.
    ///
    /// # Panics
    ///
    /// If `histogram` belongs to another registry.
    pub fn histogram(&self, histogram: &Histogram) -> LocalHistogram {
        if let Some(muted) = self.muted_of(histogram.core()) {
            return muted.histogram(histogram);
        }
        self.check(histogram.core());
        let (slot, layout) = (histogram.slot(), *histogram.layout());
        LocalHistogram {
            blocks: [0, 1]
                .map(|bank| ptr::from_ref(self.shard.bank(bank).block_or_allocate(slot, &layout))),
            local: self.clone(),
            layout,
            lease: histogram.lease().clone(),
        }
    }

    /// This thread's shard of `core`, where that takes what is not recorded.
    fn muted_of(&self, core: &Arc<Core>) -> Option<Self> {
        let muted = Registry::if_muted(core)?;
        (!Arc::ptr_eq(&self.core, core)).then(|| muted.local())
    }

    fn check(&self, core: &Arc<Core>) {
        assert!(
            Arc::ptr_eq(&self.core, core),
            "the handle belongs to another registry than this `Local`"
        );
    }
}

impl Clone for Local {
    fn clone(&self) -> Self {
        self.shard.claim_again();
        Self {
            core: Arc::clone(&self.core),
            shard: Arc::clone(&self.shard),
            stays_here: PhantomData,
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shard.release();
    }
}

/// A scalar's cells in the two banks of the shard that `local` holds.
#[derive(Clone, Debug)]
struct LocalScalar {
    cells: [*const Cell; 2],
    local: Local,
    lease: Lease<ScalarSlot>,
}

impl LocalScalar {
    fn new(local: &Local, lease: &Lease<ScalarSlot>) -> Self {
        local.check(lease.core());
        let cell = |bank| local.shard.bank(bank).value(lease.slot());
        Self {
            cells: [0, 1].map(|bank| ptr::from_ref(cell(bank))),
            local: local.clone(),
            lease: lease.clone(),
        }
    }

    #[inline(always)]
    fn add(&self, n: u64, direction: Direction) {
        let bank = self.local.core.epoch.bank();
        // SAFETY: made by `new` from a reference into the shard, whose cells
        // stay where they are until it is dropped, and `local` holds it.
        #[expect(unsafe_code, reason = "the pointer saves five loads and two checks")]
        let cell = unsafe { &*self.cells[bank] };
        let old = Owner::add(cell, n);
        if needs_note(old, n, direction) {
            let bank = self.local.shard.bank(bank);
            bank.note::<Owner>(self.lease.slot(), old, n, direction);
        }
    }
}

/// A [`Counter`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalCounter(LocalScalar);

impl LocalCounter {
    /// Adds `n`; see [`Counter::add`].
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.add(n, Direction::Up);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `n`, and offers it as an exemplar; see
    /// [`Counter::add_with_exemplar`].
    pub fn add_with_exemplar(&self, n: u64, context: &ExemplarContext) {
        self.add(n);
        let (core, slot) = (&self.0.local.core, self.0.lease.slot());
        core.offer_added(slot, n, context);
    }
}

/// An [`UpDownCounter`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalUpDownCounter(LocalScalar);

impl LocalUpDownCounter {
    /// Adds `n`; see [`UpDownCounter::add`].
    #[inline]
    pub fn add(&self, n: i64) {
        self.0.add(n.cast_unsigned(), Direction::UpDown);
    }
}

/// A [`Histogram`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalHistogram {
    /// Its blocks in the two banks of the shard that `local` holds.
    blocks: [*const Block; 2],
    local: Local,
    layout: Layout,
    lease: Lease<HistogramSlot>,
}

impl LocalHistogram {
    /// Records one value; see [`Histogram::record`].
    #[inline]
    pub fn record(&self, value: u64) {
        self.record_n(value, 1);
    }

    /// Records one value, and offers it as an exemplar; see
    /// [`Histogram::record_with_exemplar`].
    pub fn record_with_exemplar(&self, value: u64, context: &ExemplarContext) {
        self.record(value);
        let slot = self.lease.slot();
        let core = &self.local.core;
        core.offer_recorded(slot, &self.layout, value, context);
    }

    /// Records one value `n` times; see [`Histogram::record_n`].
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n != 0 {
            // SAFETY: made from a reference into the shard, where a block once
            // installed stays until the shard is dropped, and `local` holds it.
            #[expect(unsafe_code, reason = "the pointer saves the look-up")]
            let block = unsafe { &*self.blocks[self.local.core.epoch.bank()] };
            block.record::<Owner>(&self.layout, value, n);
        }
    }
}
