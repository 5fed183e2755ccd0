//! Instruments whose label is an enum: one series a variant, no hashing.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::bank::{Direction, HistogramSlot, ScalarSlot};
use crate::counter::Counter;
use crate::error::RegisterError;
use crate::histogram::Histogram;
use crate::thread;

/// An enum whose variants are the values of one label.
///
/// [`label_set!`](crate::label_set) writes it.
pub trait LabelSet: Copy + 'static {
    /// The attribute key.
    const KEY: &'static str;
    /// Every variant, in the order of [`index`](Self::index).
    const ALL: &'static [Self];
    /// The attribute value of each, in the same order.
    const VALUES: &'static [&'static str];

    /// Position of this variant in [`ALL`](Self::ALL).
    fn index(self) -> usize;

    /// The attribute value.
    fn value(self) -> &'static str {
        Self::VALUES[self.index()]
    }
}

/// Declares an enum as the values of a label.
///
/// ```
/// pqcnet_telemetry_core::label_set! {
///     /// Which way the bytes went.
///     pub enum Direction: "direction" {
///         /// Towards the upstream.
///         Upstream = "upstream",
///         /// Towards the client.
///         Downstream = "downstream",
///     }
/// }
///
/// let registry = pqcnet_telemetry_core::Registry::new();
/// let bytes = registry.counter_family::<Direction>("relayer.bytes")?;
/// bytes.add(Direction::Upstream, 1_024);
/// let epoch = registry.flush();
/// assert_eq!(
///     epoch.counter_with("relayer.bytes", &[("direction", "upstream")]),
///     Some(1_024)
/// );
/// # Ok::<(), pqcnet_telemetry_core::RegisterError>(())
/// ```
#[macro_export]
macro_rules! label_set {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident: $key:literal {
            $($(#[$variant_attribute:meta])* $variant:ident = $value:literal),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name {
            $($(#[$variant_attribute])* $variant),+
        }

        impl $crate::LabelSet for $name {
            const KEY: &'static str = $key;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            const VALUES: &'static [&'static str] = &[$($value),+];

            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

/// One handle a variant of `L`.
#[derive(Clone)]
pub struct Family<L, H> {
    /// The first variant's: all but the slot is the same in the others.
    common: H,
    /// The first variants' slots, here to spare a record the way to a handle.
    slots: [u32; NEAR],
    handles: Arc<[H]>,
    label: PhantomData<fn(L)>,
}

/// How many variants a family may have to be recorded into as fast as a plain
/// instrument.
const NEAR: usize = 16;

impl<L, H: fmt::Debug> fmt::Debug for Family<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.handles).finish()
    }
}

impl<L: LabelSet, H: Clone> Family<L, H> {
    /// `register` makes handles of one registry and one instrument.
    fn new<E>(register: impl Fn(L) -> Result<H, E>, slot: impl Fn(&H) -> u32) -> Result<Self, E> {
        const { assert!(!L::ALL.is_empty(), "a label has at least one value") };
        let handles = L::ALL.iter().map(|label| register(*label));
        let handles = handles.collect::<Result<Arc<[H]>, E>>()?;
        let mut slots = [0; NEAR];
        for (near, handle) in slots.iter_mut().zip(&*handles) {
            *near = slot(handle);
        }
        Ok(Self {
            common: handles[0].clone(),
            slots,
            handles,
            label: PhantomData,
        })
    }

    /// The handle of one variant.
    #[inline]
    pub fn get(&self, label: L) -> &H {
        &self.handles[label.index()]
    }

    /// The slot of one variant, where it is near.
    #[inline(always)]
    fn near(&self, label: L) -> Option<u32> {
        // Both are known to the compiler for enums of `label_set!`.
        let (index, len) = (label.index(), L::ALL.len());
        (len <= NEAR && index < len).then(|| self.slots[index])
    }
}

impl<L: LabelSet> Family<L, Counter> {
    pub(crate) fn of_counters(
        register: impl Fn(L) -> Result<Counter, RegisterError>,
    ) -> Result<Self, RegisterError> {
        Self::new(register, |counter| counter.lease().slot().0)
    }

    /// Adds `n` to the variant's counter.
    #[inline]
    pub fn add(&self, label: L, n: u64) {
        match self.near(label) {
            Some(slot) => {
                let core = self.common.lease().core();
                thread::add(core, ScalarSlot(slot), n, Direction::Up);
            }
            None => self.get(label).add(n),
        }
    }

    /// Adds one to the variant's counter.
    #[inline]
    pub fn increment(&self, label: L) {
        self.add(label, 1);
    }
}

impl<L: LabelSet> Family<L, Histogram> {
    pub(crate) fn of_histograms(
        register: impl Fn(L) -> Result<Histogram, RegisterError>,
    ) -> Result<Self, RegisterError> {
        Self::new(register, |histogram| histogram.slot().0)
    }

    /// Records one value into the variant's histogram.
    #[inline]
    pub fn record(&self, label: L, value: u64) {
        let common = &self.common;
        match self.near(label) {
            Some(slot) => {
                thread::record(
                    common.core(),
                    HistogramSlot(slot),
                    common.layout(),
                    value,
                    1,
                );
            }
            None => self.get(label).record(value),
        }
    }
}
