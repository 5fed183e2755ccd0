//! What a field of a component may be.

use super::descriptor::{Descriptor, Label};
use super::off::Off;
use crate::counter::{Counter, UpDownCounter};
use crate::error::RegisterError;
use crate::family::{Family, LabelSet};
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::local::{Local, LocalCounter, LocalHistogram, LocalUpDownCounter};
use crate::registry::Registry;
use crate::series::Kind;

mod sealed {
    pub trait Sealed {}
}

use sealed::Sealed;

/// A handle that [`instruments!`](crate::instruments) can register.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the handle of an instrument",
    note = "the handles are `Counter`, `UpDownCounter`, `Gauge`, `Histogram`, and `Family<L, Counter>` or `Family<L, Histogram>` with a label enum `L`"
)]
pub trait Handle: Clone + Sealed {
    /// The kind of its instrument.
    const KIND: Kind;
    /// The labels that its type decides.
    const LABELS: &'static [Label];

    /// Registers what `descriptor` says, or finds what was registered before.
    fn register(registry: &Registry, descriptor: &Descriptor) -> Result<Self, RegisterError>;
}

/// A handle that has a faster form on its own thread; see [`Local::of`].
pub trait HasLocal: Handle {
    /// That form.
    type Local;

    /// That form, of the shard that `local` holds.
    #[doc(hidden)]
    fn on(&self, local: &Local) -> Self::Local;
}

/// The form that `H` has on its own thread: [`LocalCounter`] of a [`Counter`],
/// and [`Off<LocalCounter>`](Off) of an [`Off<Counter>`](Off).
pub type LocalOf<H> = <H as HasLocal>::Local;

impl Local {
    /// `handle` for this thread, be it live, above the level of its
    /// registration, or compiled to nothing.
    ///
    /// As [`counter`](Self::counter) and its like, which don't take handles
    /// that are compiled to nothing.
    ///
    /// # Panics
    ///
    /// If `handle` belongs to another registry, unless its records go nowhere.
    pub fn of<H: HasLocal>(&self, handle: &H) -> H::Local {
        handle.on(self)
    }
}

macro_rules! handle {
    ([$($parameter:tt)*] $handle:ty, $kind:ident, $labels:expr, $register:ident) => {
        impl<$($parameter)*> Sealed for $handle {}

        impl<$($parameter)*> Handle for $handle {
            const KIND: Kind = Kind::$kind;
            const LABELS: &'static [Label] = $labels;

            fn register(
                registry: &Registry,
                descriptor: &Descriptor,
            ) -> Result<Self, RegisterError> {
                registry.$register(descriptor.instrument())
            }
        }
    };
}

handle!([] Counter, Counter, &[], counter);
handle!([] UpDownCounter, UpDownCounter, &[], up_down_counter);
handle!([] Gauge, Gauge, &[], gauge);
handle!([] Histogram, Histogram, &[], histogram);
handle!([L: LabelSet] Family<L, Counter>, Counter, labels_of::<L>(), counter_family);
handle!([L: LabelSet] Family<L, Histogram>, Histogram, labels_of::<L>(), histogram_family);

const fn labels_of<L: LabelSet>() -> &'static [Label] {
    const { &[Label::of_set(L::KEY, L::VALUES)] }
}

impl<H: Handle> Sealed for Off<H> {}

impl<H: Handle> Handle for Off<H> {
    const KIND: Kind = H::KIND;
    const LABELS: &'static [Label] = H::LABELS;

    fn register(_: &Registry, _: &Descriptor) -> Result<Self, RegisterError> {
        Ok(Self::NEW)
    }
}

macro_rules! local {
    ($($handle:ty: $local:ty, $make:ident);+ $(;)?) => {$(
        impl HasLocal for $handle {
            type Local = $local;

            fn on(&self, local: &Local) -> $local {
                local.$make(self)
            }
        }

        impl HasLocal for Off<$handle> {
            type Local = Off<$local>;

            #[inline(always)]
            fn on(&self, _: &Local) -> Off<$local> {
                Off::NEW
            }
        }
    )+};
}

local! {
    Counter: LocalCounter, counter;
    UpDownCounter: LocalUpDownCounter, up_down_counter;
    Histogram: LocalHistogram, histogram;
}
