//! Gauges: the last value set, by whichever thread.

use crate::bank::GaugeSlot;
use crate::error::RegisterError;
use crate::lease::Lease;
use crate::registry;
use crate::series::{AttributeValue, Slot};
use crate::sync::{Atomic, AtomicU32, Ordering, Zeroable, ordering};

/// A gauge's value, one for all threads: last write wins needs one place.
///
/// | state | meaning | next |
/// |---|---|---|
/// | `UNSET` | no series' value | `NEW`, by a set |
/// | `NEW` | set since the collector looked | `SEEN` or `UNSET`, by the collector |
/// | `SEEN` | set before that | `NEW`, by a set; `UNSET`, by the collector |
///
/// Orderings: the value is relaxed, the state follows its first store with
/// release and is read first with acquire, so a gauge never shows the zero it
/// was made with. A set that crosses the collector's store may be taken for one
/// before it, with its value.
pub(crate) struct GaugeCell {
    value: Atomic<f64>,
    state: AtomicU32,
}

const UNSET: u32 = 0;
const NEW: u32 = 1;
const SEEN: u32 = 2;

impl Default for GaugeCell {
    fn default() -> Self {
        Self {
            value: Atomic::new(0.0),
            state: AtomicU32::new(UNSET),
        }
    }
}

// SAFETY: zero bytes are the value 0.0 and the state `UNSET`.
#[expect(unsafe_code, reason = "gauges are reserved zeroed")]
unsafe impl Zeroable for GaugeCell {}

impl GaugeCell {
    #[inline(always)]
    fn set(&self, value: f64) {
        self.value.store(value, Ordering::Relaxed);
        // The line is seldom written; most calls only read it.
        if self.state.load(Ordering::Relaxed) != NEW {
            self.state.store(NEW, ordering!("gauge.set", Release));
        }
    }

    pub(crate) fn read(&self) -> Option<f64> {
        let state = self.state.load(ordering!("gauge.read", Acquire));
        (state != UNSET).then(|| self.value.load(Ordering::Relaxed))
    }

    /// Whether it was set since the last call. For the collector.
    pub(crate) fn take_news(&self) -> bool {
        let is_new = self.state.load(Ordering::Relaxed) == NEW;
        if is_new {
            self.state.store(SEEN, Ordering::Relaxed);
        }
        is_new
    }

    /// Forgets the value of a series that has ended. For the collector.
    pub(crate) fn clear(&self) {
        self.state.store(UNSET, Ordering::Relaxed);
    }
}

/// The last value set. Not a number and infinities are values too.
///
/// Made by [`Registry::gauge`](crate::Registry::gauge). All threads write one
/// cell, so a gauge set at a high rate by many threads costs what a shared
/// cache line costs.
#[derive(Clone, Debug)]
pub struct Gauge {
    lease: Lease<GaugeSlot>,
}

impl Gauge {
    pub(crate) fn new(lease: Lease<GaugeSlot>) -> Self {
        Self { lease }
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.lease.core().gauge(self.lease.slot()).set(value);
    }

    /// As [`Counter::bind`](crate::Counter::bind).
    pub fn bind<V>(&self, attributes: &[(&str, V)]) -> Result<Self, RegisterError>
    where
        V: Clone + Into<AttributeValue>,
    {
        let (lease, _) = registry::bind(&self.lease, attributes, Slot::gauge)?;
        Ok(Self::new(lease))
    }

    /// As [`Counter::end`](crate::Counter::end). A value set at that very moment
    /// may count as set before.
    pub fn end(self) {
        registry::end(&self.lease, Slot::Gauge);
    }
}
