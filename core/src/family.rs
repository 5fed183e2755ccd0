//! Instruments whose label is an enum: one series a variant, no hashing.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::counter::Counter;
use crate::histogram::Histogram;

/// An enum whose variants are the values of one label.
///
/// [`label_set!`](crate::label_set) writes it.
pub trait LabelSet: Copy + 'static {
    /// The attribute key.
    const KEY: &'static str;
    /// Every variant, in the order of [`index`](Self::index).
    const ALL: &'static [Self];

    /// Position of this variant in [`ALL`](Self::ALL).
    fn index(self) -> usize;

    /// The attribute value.
    fn value(self) -> &'static str;
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

            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }

            fn value(self) -> &'static str {
                match self {
                    $(Self::$variant => $value),+
                }
            }
        }
    };
}

/// One handle a variant of `L`.
#[derive(Clone)]
pub struct Family<L, H> {
    handles: Arc<[H]>,
    label: PhantomData<fn(L)>,
}

impl<L, H: fmt::Debug> fmt::Debug for Family<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.handles).finish()
    }
}

impl<L: LabelSet, H> Family<L, H> {
    pub(crate) fn new<E>(register: impl Fn(L) -> Result<H, E>) -> Result<Self, E> {
        let handles = L::ALL.iter().map(|label| register(*label));
        Ok(Self {
            handles: handles.collect::<Result<_, E>>()?,
            label: PhantomData,
        })
    }

    /// The handle of one variant.
    #[inline]
    pub fn get(&self, label: L) -> &H {
        &self.handles[label.index()]
    }
}

impl<L: LabelSet> Family<L, Counter> {
    /// Adds `n` to the variant's counter.
    #[inline]
    pub fn add(&self, label: L, n: u64) {
        self.get(label).add(n);
    }

    /// Adds one to the variant's counter.
    #[inline]
    pub fn increment(&self, label: L) {
        self.add(label, 1);
    }
}

impl<L: LabelSet> Family<L, Histogram> {
    /// Records one value into the variant's histogram.
    #[inline]
    pub fn record(&self, label: L, value: u64) {
        self.get(label).record(value);
    }
}
