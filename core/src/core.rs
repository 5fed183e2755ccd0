//! The state that a registry, its handles and its collector share.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::bank::{Bank, Direction, GaugeSlot, HistogramSlot, ScalarSlot};
use crate::catalog::Capacity;
use crate::cell::{Anyone, Owner};
use crate::collector::Collector;
use crate::epoch::EpochClock;
use crate::exemplar::{ExemplarContext, Reservoirs};
use crate::gauge::GaugeCell;
use crate::histogram::layout::Layout;
use crate::lease::Counts;
use crate::registrar::Registrar;
use crate::shard::{Shard, Shards};
use crate::sync::{Mutex, zeroed};
use crate::thread;

/// Everything of one registry. Handles hold it, so it outlives the
/// `Registry` for as long as one of them lives.
pub(crate) struct Core {
    // First, and alone on its line: every record reads it.
    pub(crate) epoch: EpochClock,
    pub(crate) capacity: Capacity,
    pub(crate) default_layout: (u64, u64, u8),
    pub(crate) gauges: Box<[GaugeCell]>,
    pub(crate) shards: Shards,
    /// Written by anybody, at any time, with read-modify-writes.
    pub(crate) fallback: Bank,
    pub(crate) large: crate::counter::LargeAdds,
    pub(crate) exemplars: Reservoirs,
    pub(crate) handles: Counts,
    pub(crate) registrar: Mutex<Registrar>,
    pub(crate) collector: Mutex<Collector>,
    /// Whether records go nowhere. No thread's copy of the tag ever becomes
    /// this registry's, so a record sees it on its cold path, and there alone.
    is_muted: bool,
    /// What takes the instruments that are not to be recorded.
    muted: OnceLock<Arc<Core>>,
}

impl Core {
    pub(crate) fn new(capacity: Capacity, default_layout: (u64, u64, u8)) -> Self {
        Self {
            epoch: EpochClock::new(),
            default_layout,
            gauges: zeroed(capacity.gauges),
            shards: Shards::new(),
            fallback: Bank::new(capacity.scalars, capacity.histograms),
            large: crate::counter::LargeAdds::default(),
            exemplars: Reservoirs::new(capacity.scalars, capacity.histograms),
            handles: Counts::new(capacity.scalars, capacity.gauges, capacity.histograms),
            registrar: Mutex::new(Registrar::new()),
            collector: Mutex::new(Collector::new()),
            capacity,
            is_muted: false,
            muted: OnceLock::new(),
        }
    }

    pub(crate) fn gauge(&self, slot: GaugeSlot) -> &GaugeCell {
        &self.gauges[slot.0 as usize]
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.is_muted
    }

    /// A registry of the same capacity whose records go nowhere.
    pub(crate) fn muted(&self) -> &Arc<Self> {
        self.muted.get_or_init(|| {
            let mut muted = Self::new(self.capacity, self.default_layout);
            muted.is_muted = true;
            Arc::new(muted)
        })
    }

    /// Offers what was added to a counter as an exemplar. Where nothing was
    /// recorded, nothing is an example.
    pub(crate) fn offer_added(&self, slot: ScalarSlot, n: u64, context: &ExemplarContext) {
        if n > 0 && !self.is_muted {
            self.exemplars.offer_added(slot, n, context);
        }
    }

    /// Offers what was recorded into a histogram of this layout, as recorded.
    pub(crate) fn offer_recorded(
        &self,
        slot: HistogramSlot,
        layout: &Layout,
        value: u64,
        context: &ExemplarContext,
    ) {
        if !self.is_muted {
            let value = value.min(layout.highest());
            self.exemplars.offer_recorded(slot, value, context);
        }
    }

    pub(crate) fn adopt_shard(&self) -> Arc<Shard> {
        self.shards
            .adopt_or_insert(self.capacity.scalars, self.capacity.histograms)
    }

    /// A record of a scalar by a thread whose copy of the epoch is old, or
    /// that has no bank.
    #[cold]
    #[inline(never)]
    pub(crate) fn add_elsewhere(&self, slot: ScalarSlot, n: u64, direction: Direction) {
        if self.is_muted {
            return;
        }
        match thread::locate(self) {
            Some((bank, _)) => bank.add::<Owner>(slot, n, direction),
            None => self.fallback.add::<Anyone>(slot, n, direction),
        }
    }

    /// The same for a histogram, and for its first record in a bank.
    #[cold]
    #[inline(never)]
    pub(crate) fn record_elsewhere(
        &self,
        slot: HistogramSlot,
        layout: &Layout,
        value: u64,
        n: u64,
    ) {
        if self.is_muted {
            return;
        }
        match thread::locate(self) {
            Some((bank, shard)) => {
                shard.allocate(slot, layout);
                bank.block_or_allocate(slot, layout)
                    .record::<Owner>(layout, value, n);
            }
            None => self
                .fallback
                .block_or_allocate(slot, layout)
                .record::<Anyone>(layout, value, n),
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("registry", &self.epoch.registry())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
