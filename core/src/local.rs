//! Handles that stay on their thread and skip the thread-local look-up.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::bank::{Bank, Direction, HistogramSlot, ScalarSlot};
use crate::cell::Owner;
use crate::core::Core;
use crate::counter::{Counter, UpDownCounter};
use crate::histogram::Histogram;
use crate::histogram::layout::Layout;
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
        self.check(counter.core());
        LocalCounter {
            local: self.clone(),
            slot: counter.slot(),
        }
    }

    /// `counter` for this thread.
    ///
    /// # Panics
    ///
    /// If `counter` belongs to another registry.
    pub fn up_down_counter(&self, counter: &UpDownCounter) -> LocalUpDownCounter {
        self.check(counter.core());
        LocalUpDownCounter {
            local: self.clone(),
            slot: counter.slot(),
        }
    }

    /// `histogram` for this thread.
    ///
    /// # Panics
    ///
    /// If `histogram` belongs to another registry.
    pub fn histogram(&self, histogram: &Histogram) -> LocalHistogram {
        self.check(histogram.core());
        LocalHistogram {
            local: self.clone(),
            slot: histogram.slot(),
            layout: *histogram.layout(),
        }
    }

    fn check(&self, core: &Arc<Core>) {
        assert!(
            Arc::ptr_eq(&self.core, core),
            "the handle belongs to another registry than this `Local`"
        );
    }

    #[inline(always)]
    fn bank(&self) -> &Bank {
        self.shard.bank(self.core.epoch.bank())
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

/// A [`Counter`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalCounter {
    local: Local,
    slot: ScalarSlot,
}

impl LocalCounter {
    /// Adds `n`; see [`Counter::add`].
    #[inline]
    pub fn add(&self, n: u64) {
        self.local.bank().add::<Owner>(self.slot, n, Direction::Up);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }
}

/// An [`UpDownCounter`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalUpDownCounter {
    local: Local,
    slot: ScalarSlot,
}

impl LocalUpDownCounter {
    /// Adds `n`; see [`UpDownCounter::add`].
    #[inline]
    pub fn add(&self, n: i64) {
        self.local
            .bank()
            .add::<Owner>(self.slot, n.cast_unsigned(), Direction::UpDown);
    }
}

/// A [`Histogram`] on its own thread.
#[derive(Clone, Debug)]
pub struct LocalHistogram {
    local: Local,
    slot: HistogramSlot,
    layout: Layout,
}

impl LocalHistogram {
    /// Records one value; see [`Histogram::record`].
    #[inline]
    pub fn record(&self, value: u64) {
        self.record_n(value, 1);
    }

    /// Records one value `n` times; see [`Histogram::record_n`].
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n != 0 {
            let bank = self.local.bank();
            let block = bank.block(self.slot).unwrap_or_else(|| {
                self.local.shard.allocate(self.slot, &self.layout);
                bank.block_or_allocate(self.slot, &self.layout)
            });
            block.record::<Owner>(&self.layout, value, n);
        }
    }
}
