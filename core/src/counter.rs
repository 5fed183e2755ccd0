//! Counters and up-down counters: the handles.

use crate::bank::{Direction, ScalarSlot};
use crate::error::{CounterOverflow, RegisterError};
use crate::exemplar::ExemplarContext;
use crate::lease::Lease;
use crate::registry;
use crate::series::{AttributeValue, Slot};
use crate::sync::{AtomicBool, Ordering};
use crate::thread;

/// A sum that only rises. Cheap to clone; any number of threads may record.
///
/// Made by [`Registry::counter`](crate::Registry::counter).
#[derive(Clone, Debug)]
pub struct Counter {
    lease: Lease<ScalarSlot>,
}

impl Counter {
    pub(crate) fn new(lease: Lease<ScalarSlot>) -> Self {
        Self { lease }
    }

    /// Adds `n`. Never fails, blocks or wraps: totals are kept to 128 bits and
    /// an epoch's increase past `u64::MAX` is reported as `u64::MAX`.
    #[inline]
    pub fn add(&self, n: u64) {
        thread::add(self.lease.core(), self.lease.slot(), n, Direction::Up);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `n`, and offers it as an exemplar.
    ///
    /// Costs what [`add`](Self::add) does, a reading of the clock, and an add to
    /// a line that such records share; the first to a series allocates. One
    /// without a context costs nothing more than before.
    pub fn add_with_exemplar(&self, n: u64, context: &ExemplarContext) {
        self.add(n);
        self.lease.core().offer_added(self.lease.slot(), n, context);
    }

    /// Adds `n`, unless this epoch's count would pass `u64::MAX`; then the
    /// value stays as it is.
    ///
    /// An add below 2^32 is checked only in an epoch that has seen a larger
    /// one by this method, as it would take 2^32 of them to pass `u64::MAX`;
    /// it costs little more than [`add`](Self::add). A checked one costs
    /// O(threads). Threads that add such amounts at the same moment may pass
    /// the limit together; the epoch then reports `u64::MAX`.
    #[inline]
    pub fn try_add(&self, n: u64) -> Result<(), CounterOverflow> {
        if n < LARGE && !self.lease.core().large.seen() {
            self.add(n);
            return Ok(());
        }
        self.try_add_checked(n)
    }

    #[cold]
    fn try_add_checked(&self, n: u64) -> Result<(), CounterOverflow> {
        let core = &**self.lease.core();
        let shards = core.shards.iter();
        let count = shards
            .flat_map(|(_, shard)| [shard.bank(0), shard.bank(1)])
            .chain([&core.fallback])
            .map(|bank| bank.unreported(self.lease.slot()))
            .sum::<u128>();
        if count + u128::from(n) > u128::from(u64::MAX) {
            return Err(CounterOverflow);
        }
        core.large.note();
        self.add(n);
        // A flush in between has cleared the first note, and the add belongs
        // to the epoch after it.
        core.large.note();
        Ok(())
    }

    /// The series of this counter's name with `attributes`, registered on
    /// first use. Keep the handle: a record through it costs what any record
    /// costs, this call takes a lock.
    ///
    /// Past the registry's cardinality limit all further sets share the
    /// series `otel.metric.overflow = true`.
    pub fn bind<V>(&self, attributes: &[(&str, V)]) -> Result<Self, RegisterError>
    where
        V: Clone + Into<AttributeValue>,
    {
        let (lease, _) = registry::bind(&self.lease, attributes, Slot::scalar)?;
        Ok(Self::new(lease))
    }

    /// Ends this series: the thing it describes, a peer say, is gone.
    ///
    /// The next flush reports it for the last time
    /// ([`RetiredEpoch::ended`](crate::RetiredEpoch::ended)), and once its last
    /// handle is dropped, its slot is another series'. Nothing recorded is lost:
    /// a record through another handle, or binding the same attributes, begins
    /// the series anew, from zero. Does nothing to an overflow series, which
    /// stands for many. Takes a lock.
    pub fn end(self) {
        registry::end(&self.lease, Slot::Scalar);
    }

    pub(crate) fn lease(&self) -> &Lease<ScalarSlot> {
        &self.lease
    }
}

/// From here on a single checked add is large.
const LARGE: u64 = 1 << 32;

/// Whether this epoch has seen a checked add so large that small ones must be
/// checked too.
///
/// Relaxed: a thread learns of another's large add when it learns of it; its
/// own it has always seen.
#[derive(Debug, Default)]
pub(crate) struct LargeAdds(AtomicBool);

impl LargeAdds {
    #[inline(always)]
    fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// For the collector, before it reads the cells.
    pub(crate) fn forget(&self) {
        if self.seen() {
            self.0.store(false, Ordering::Relaxed);
        }
    }
}

/// A sum that rises and falls, such as open connections.
///
/// Made by [`Registry::up_down_counter`](crate::Registry::up_down_counter).
/// What the threads that follow each other in one shard (one thread, mostly)
/// change between two flushes must add up to an `i64`.
#[derive(Clone, Debug)]
pub struct UpDownCounter {
    lease: Lease<ScalarSlot>,
}

impl UpDownCounter {
    pub(crate) fn new(lease: Lease<ScalarSlot>) -> Self {
        Self { lease }
    }

    /// Adds `n`, which may be negative.
    #[inline]
    pub fn add(&self, n: i64) {
        let (core, slot) = (self.lease.core(), self.lease.slot());
        thread::add(core, slot, n.cast_unsigned(), Direction::UpDown);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Takes one away.
    #[inline]
    pub fn decrement(&self) {
        self.add(-1);
    }

    /// As [`Counter::bind`].
    pub fn bind<V>(&self, attributes: &[(&str, V)]) -> Result<Self, RegisterError>
    where
        V: Clone + Into<AttributeValue>,
    {
        let (lease, _) = registry::bind(&self.lease, attributes, Slot::scalar)?;
        Ok(Self::new(lease))
    }

    /// As [`Counter::end`].
    pub fn end(self) {
        registry::end(&self.lease, Slot::Scalar);
    }

    pub(crate) fn lease(&self) -> &Lease<ScalarSlot> {
        &self.lease
    }
}
