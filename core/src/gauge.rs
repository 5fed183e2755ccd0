//! Gauges: the last value set, by whichever thread.

use std::sync::Arc;

use crate::core::Core;
use crate::error::RegisterError;
use crate::registry;
use crate::series::AttributeValue;
use crate::sync::{Atomic, AtomicBool, Ordering, Zeroable, ordering};

/// A gauge's value, one for all threads: last write wins needs one place.
///
/// Orderings: the value is relaxed, `is_set` follows its first store with
/// release and is read first with acquire, so a gauge never shows the zero it
/// was made with.
pub(crate) struct GaugeCell {
    value: Atomic<f64>,
    is_set: AtomicBool,
}

impl Default for GaugeCell {
    fn default() -> Self {
        Self {
            value: Atomic::new(0.0),
            is_set: AtomicBool::new(false),
        }
    }
}

// SAFETY: zero bytes are the value 0.0 and the flag `false`.
#[expect(unsafe_code, reason = "gauges are reserved zeroed")]
unsafe impl Zeroable for GaugeCell {}

impl GaugeCell {
    #[inline(always)]
    fn set(&self, value: f64) {
        self.value.store(value, Ordering::Relaxed);
        // The line is written once; later calls only read it.
        if !self.is_set.load(Ordering::Relaxed) {
            self.is_set.store(true, ordering!("gauge.set", Release));
        }
    }

    pub(crate) fn read(&self) -> Option<f64> {
        self.is_set
            .load(ordering!("gauge.read", Acquire))
            .then(|| self.value.load(Ordering::Relaxed))
    }
}

/// The last value set. Not a number and infinities are values too.
///
/// Made by [`Registry::gauge`](crate::Registry::gauge). All threads write one
/// cell, so a gauge set at a high rate by many threads costs what a shared
/// cache line costs.
#[derive(Clone, Debug)]
pub struct Gauge {
    core: Arc<Core>,
    slot: u32,
    instrument: usize,
}

impl Gauge {
    pub(crate) fn new(core: Arc<Core>, slot: u32, instrument: usize) -> Self {
        Self {
            core,
            slot,
            instrument,
        }
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.core.gauges[self.slot as usize].set(value);
    }

    /// As [`Counter::bind`](crate::Counter::bind).
    pub fn bind<V>(&self, attributes: &[(&str, V)]) -> Result<Self, RegisterError>
    where
        V: Clone + Into<AttributeValue>,
    {
        let bound = registry::bind(&self.core, self.instrument, attributes)?;
        Ok(Self::new(
            Arc::clone(&self.core),
            bound.slot.gauge(),
            self.instrument,
        ))
    }
}
