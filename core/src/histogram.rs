//! Histograms: the handle.

use std::sync::Arc;

use crate::bank::HistogramSlot;
use crate::catalog::Registered;
use crate::core::Core;
use crate::error::RegisterError;
use crate::registry;
use crate::series::AttributeValue;
use crate::thread;
use crate::timer::{TimeUnit, Timer};

pub(crate) mod block;
pub(crate) mod layout;

use layout::Layout;

/// A distribution of unsigned integers in the series' unit.
///
/// Made by [`Registry::histogram`](crate::Registry::histogram). Buckets are
/// those of `hdrhistogram`, in cells of the recording thread's own.
#[derive(Clone, Debug)]
pub struct Histogram {
    core: Arc<Core>,
    slot: HistogramSlot,
    layout: Layout,
    time_unit: TimeUnit,
    instrument: usize,
}

impl Histogram {
    pub(crate) fn new(core: Arc<Core>, registered: &Registered) -> Self {
        Self {
            core,
            slot: registered.slot.histogram(),
            layout: registered.layout.expect("histograms have a layout"),
            time_unit: TimeUnit::of(&registered.unit, registered.decimals),
            instrument: registered.instrument,
        }
    }

    /// Records one value. Above the histogram's range it is recorded as the
    /// range's highest value, and counted as clamped.
    #[inline]
    pub fn record(&self, value: u64) {
        thread::record(&self.core, self.slot, &self.layout, value, 1);
    }

    /// Records one value `n` times, at the cost of one record.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n != 0 {
            thread::record(&self.core, self.slot, &self.layout, value, n);
        }
    }

    /// Measures from now until the guard is dropped, and records that time in
    /// the series' unit, `s`, `ms` or `us`, to its decimals; in nanoseconds for
    /// any other unit.
    ///
    /// The first timer of a process calibrates the clock, which takes up to
    /// 200 ms; [`Timer::calibrate`] does it at a better moment.
    #[inline]
    pub fn start_timer(&self) -> Timer<'_> {
        Timer::start(self)
    }

    /// As [`Counter::bind`](crate::Counter::bind).
    pub fn bind<V>(&self, attributes: &[(&str, V)]) -> Result<Self, RegisterError>
    where
        V: Clone + Into<AttributeValue>,
    {
        let bound = registry::bind(&self.core, self.instrument, attributes)?;
        Ok(Self::new(Arc::clone(&self.core), &bound))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn slot(&self) -> HistogramSlot {
        self.slot
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn time_unit(&self) -> TimeUnit {
        self.time_unit
    }
}
