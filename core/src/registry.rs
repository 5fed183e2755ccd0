//! The registry: registration, flushing, and what it was built with.

use std::fmt;
use std::sync::Arc;

use crate::catalog::{Capacity, Catalog, Registered};
use crate::core::Core;
use crate::counter::{Counter, UpDownCounter};
use crate::error::RegisterError;
use crate::family::{Family, LabelSet};
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::histogram::layout::Layout;
use crate::lease::{Lease, LeasedSlot};
use crate::local::Local;
use crate::retired::RetiredEpoch;
use crate::series::{AttributeValue, Attributes, Instrument, Kind, Slot};
use crate::sync::lock;

/// A set of series, recorded by any number of threads and flushed as a whole.
///
/// Cloning it gives another handle to the same registry.
#[derive(Clone)]
pub struct Registry {
    core: Arc<Core>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.core).finish()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// A registry of the default capacity; see [`RegistryBuilder`].
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Chooses capacity, value range and resolution.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Registers a counter, or finds the one registered before.
    ///
    /// Takes a lock, never one that a record takes; so do the other
    /// registrations. The handle is valid for the registry's life.
    pub fn counter(&self, instrument: impl Into<Instrument>) -> Result<Counter, RegisterError> {
        let (lease, _) = self.register(instrument.into(), Kind::Counter, Slot::scalar)?;
        Ok(Counter::new(lease))
    }

    /// Registers an up-down counter, or finds the one registered before.
    pub fn up_down_counter(
        &self,
        instrument: impl Into<Instrument>,
    ) -> Result<UpDownCounter, RegisterError> {
        let (lease, _) = self.register(instrument.into(), Kind::UpDownCounter, Slot::scalar)?;
        Ok(UpDownCounter::new(lease))
    }

    /// Registers a gauge, or finds the one registered before.
    pub fn gauge(&self, instrument: impl Into<Instrument>) -> Result<Gauge, RegisterError> {
        let (lease, _) = self.register(instrument.into(), Kind::Gauge, Slot::gauge)?;
        Ok(Gauge::new(lease))
    }

    /// Registers a histogram, or finds the one registered before.
    pub fn histogram(&self, instrument: impl Into<Instrument>) -> Result<Histogram, RegisterError> {
        let (lease, registered) =
            self.register(instrument.into(), Kind::Histogram, Slot::histogram)?;
        Ok(Histogram::new(lease, &registered))
    }

    /// Registers one counter for each variant of `L`.
    pub fn counter_family<L: LabelSet>(
        &self,
        instrument: impl Into<Instrument>,
    ) -> Result<Family<L, Counter>, RegisterError> {
        let instrument = instrument.into();
        Family::of_counters(|label: L| {
            self.counter(instrument.clone().attribute(L::KEY, label.value()))
        })
    }

    /// Registers one histogram for each variant of `L`.
    pub fn histogram_family<L: LabelSet>(
        &self,
        instrument: impl Into<Instrument>,
    ) -> Result<Family<L, Histogram>, RegisterError> {
        let instrument = instrument.into();
        Family::of_histograms(|label: L| {
            self.histogram(instrument.clone().attribute(L::KEY, label.value()))
        })
    }

    /// This thread's shard, for handles that skip the thread-local look-up.
    pub fn local(&self) -> Local {
        Local::new(Arc::clone(&self.core))
    }

    /// Retires the active epoch and returns what it holds. Never waits for a
    /// thread that records; calls from several threads take turns.
    ///
    /// One flush after all recording threads were joined reports all there is.
    /// The end of a `std::thread::scope` alone does not wait for the destructors
    /// of thread-locals; joining the threads does.
    ///
    /// Costs O(threads x (touched series + touched buckets)). In a child after
    /// `fork`, the first flush drops what was recorded before it, as that is
    /// the parent's to report; a `fork` while another thread flushes leaves
    /// the child's registry locked.
    pub fn flush(&self) -> RetiredEpoch {
        let mut epoch = RetiredEpoch::empty();
        self.flush_into(&mut epoch);
        epoch
    }

    /// As [`flush`](Self::flush), into the memory of an earlier epoch, whose
    /// contents are gone.
    pub fn flush_into(&self, epoch: &mut RetiredEpoch) {
        lock(&self.core.collector).flush(&self.core, epoch);
    }

    /// The series registered so far.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(lock(&self.core.registrar).catalog())
    }

    /// Where instruments go that are not to be recorded: it checks what this
    /// one checks, and no flush comes by.
    pub(crate) fn muted(&self) -> Self {
        Self {
            core: Arc::clone(self.core.muted()),
        }
    }

    /// The registry of `core`, if it is a muted one.
    pub(crate) fn if_muted(core: &Arc<Core>) -> Option<Self> {
        core.is_muted().then(|| Self {
            core: Arc::clone(core),
        })
    }

    fn register<S: LeasedSlot>(
        &self,
        instrument: Instrument,
        kind: Kind,
        slot: impl Fn(Slot) -> S,
    ) -> Result<(Lease<S>, Registered), RegisterError> {
        let core = &self.core;
        let mut registrar = lock(&core.registrar);
        let registered =
            registrar.register(instrument, kind, core.default_layout, &core.capacity)?;
        let slot = slot(registered.slot);
        let lease = Lease::new_while_locked(core, slot, registered.instrument);
        Ok((lease, registered))
    }
}

/// The series of a registered instrument with further attributes.
pub(crate) fn bind<S: LeasedSlot, V>(
    lease: &Lease<S>,
    attributes: &[(&str, V)],
    slot: impl Fn(Slot) -> S,
) -> Result<(Lease<S>, Registered), RegisterError>
where
    V: Clone + Into<AttributeValue>,
{
    // Before the lock: `into` is the caller's code.
    let pairs: Vec<_> = attributes
        .iter()
        .map(|(key, value)| ((*key).into(), value.clone().into()))
        .collect();
    let (core, instrument) = (lease.core(), lease.instrument());
    let mut registrar = lock(&core.registrar);
    let name = registrar.catalog().instruments()[instrument].name();
    let attributes = Attributes::new(name, pairs)?;
    let bound = registrar.bind(instrument, attributes, &core.capacity)?;
    let lease = Lease::new_while_locked(core, slot(bound.slot), instrument);
    Ok((lease, bound))
}

/// Has the series of a handle end.
pub(crate) fn end<S: LeasedSlot>(lease: &Lease<S>, slot: impl Fn(S) -> Slot) {
    lock(&lease.core().registrar).end(slot(lease.slot()));
}

/// Capacity, cardinality limit and default histogram layout of a [`Registry`].
///
/// Capacity is address space: 24 bytes for each counter and 16 for each
/// histogram, in each of two banks, for every thread that records at the same
/// time. Memory is used for what is recorded into.
#[derive(Clone, Debug)]
#[must_use]
pub struct RegistryBuilder {
    capacity: Capacity,
    layout: (u64, u64, u8),
}

impl Default for RegistryBuilder {
    fn default() -> Self {
        let (low, high) = Layout::DEFAULT_RANGE;
        Self {
            capacity: Capacity {
                scalars: 16_384,
                gauges: 4_096,
                histograms: 2_048,
                cardinality: 2_000,
            },
            layout: (low, high, Layout::DEFAULT_DIGITS),
        }
    }
}

impl RegistryBuilder {
    /// Most series of counters and up-down counters together. Default 16,384.
    pub fn counter_capacity(mut self, series: u32) -> Self {
        self.capacity.scalars = series as usize;
        self
    }

    /// Most series of gauges. Default 4,096.
    pub fn gauge_capacity(mut self, series: u32) -> Self {
        self.capacity.gauges = series as usize;
        self
    }

    /// Most series of histograms. Default 2,048.
    pub fn histogram_capacity(mut self, series: u32) -> Self {
        self.capacity.histograms = series as usize;
        self
    }

    /// Most series of one instrument that `bind` makes, the overflow series
    /// included. Default 2,000, OpenTelemetry's.
    pub fn cardinality_limit(mut self, series: u32) -> Self {
        self.capacity.cardinality = series as usize;
        self
    }

    /// Range of histograms that don't choose their own; see
    /// [`Instrument::range`]. Default 1 to 3.6e12, an hour in nanoseconds.
    ///
    /// A range that can't be laid out makes each such registration fail.
    pub fn range(mut self, low: u64, high: u64) -> Self {
        self.layout.0 = low;
        self.layout.1 = high;
        self
    }

    /// Digits of histograms that don't choose their own; see
    /// [`Instrument::digits`]. Default 3.
    pub fn digits(mut self, digits: u8) -> Self {
        self.layout.2 = digits;
        self
    }

    /// The registry.
    pub fn build(&self) -> Registry {
        Registry {
            core: Arc::new(Core::new(self.capacity, self.layout)),
        }
    }
}
