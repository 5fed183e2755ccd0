//! Histograms: the handle.

use std::sync::Arc;
use std::time::Duration;

use crate::bank::HistogramSlot;
use crate::catalog::Registered;
use crate::core::Core;
use crate::error::RegisterError;
use crate::exemplar::ExemplarContext;
use crate::lease::Lease;
use crate::registry;
use crate::series::{AttributeValue, Slot};
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
    lease: Lease<HistogramSlot>,
    layout: Layout,
    time_unit: TimeUnit,
}

impl Histogram {
    pub(crate) fn new(lease: Lease<HistogramSlot>, registered: &Registered) -> Self {
        Self {
            lease,
            layout: registered.layout.expect("histograms have a layout"),
            time_unit: TimeUnit::of(&registered.unit, registered.decimals),
        }
    }

    /// Records one value. Above the histogram's range it is recorded as the
    /// range's highest value, and counted as clamped.
    #[inline]
    pub fn record(&self, value: u64) {
        thread::record(self.core(), self.slot(), &self.layout, value, 1);
    }

    /// Records one value `n` times, at the cost of one record.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n != 0 {
            thread::record(self.core(), self.slot(), &self.layout, value, n);
        }
    }

    /// Records one value, and offers it as an exemplar; see
    /// [`Counter::add_with_exemplar`](crate::Counter::add_with_exemplar). One
    /// is kept of each power of two, for each epoch.
    pub fn record_with_exemplar(&self, value: u64, context: &ExemplarContext) {
        self.record(value);
        self.core()
            .offer_recorded(self.slot(), &self.layout, value, context);
    }

    /// Records a duration in the series' unit, `s`, `ms` or `us`, to its decimals
    /// and rounded down; in nanoseconds for any other unit.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(self.of_duration(duration));
    }

    /// The same, offered as an exemplar too; see
    /// [`record_with_exemplar`](Self::record_with_exemplar).
    pub fn record_duration_with_exemplar(&self, duration: Duration, context: &ExemplarContext) {
        self.record_with_exemplar(self.of_duration(duration), context);
    }

    #[inline]
    fn of_duration(&self, duration: Duration) -> u64 {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.time_unit().of_nanos(nanos)
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
        let (lease, bound) = registry::bind(&self.lease, attributes, Slot::histogram)?;
        Ok(Self::new(lease, &bound))
    }

    /// As [`Counter::end`](crate::Counter::end).
    pub fn end(self) {
        registry::end(&self.lease, Slot::Histogram);
    }

    pub(crate) fn lease(&self) -> &Lease<HistogramSlot> {
        &self.lease
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        self.lease.core()
    }

    #[inline(always)]
    pub(crate) fn slot(&self) -> HistogramSlot {
        self.lease.slot()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn time_unit(&self) -> TimeUnit {
        self.time_unit
    }
}
