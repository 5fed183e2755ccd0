//! Handles that do nothing, and compile to nothing.

use std::fmt;
use std::marker::PhantomData;

use crate::counter::{Counter, UpDownCounter};
use crate::error::{CounterOverflow, RegisterError};
use crate::exemplar::ExemplarContext;
use crate::family::{Family, LabelSet};
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::local::{LocalCounter, LocalHistogram, LocalUpDownCounter};
use crate::series::AttributeValue;
use crate::timer::Timer;

/// A handle with the methods of `H` that has no series.
///
/// It has no content, and a call of it leaves no instruction; arguments are
/// still computed, as any function's are. Made by
/// [`instruments!`](crate::instruments) for an instrument of level `off`, or of
/// a level above [`STATIC_MAX_LEVEL`](super::level::STATIC_MAX_LEVEL).
pub struct Off<H>(PhantomData<fn() -> H>);

impl<H> Off<H> {
    pub(super) const NEW: Self = Self(PhantomData);
}

// Not `Copy`, as live handles are not: lints of a build that has both should not
// differ.
impl<H> Clone for Off<H> {
    fn clone(&self) -> Self {
        Self::NEW
    }
}

impl<H> fmt::Debug for Off<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Off")
    }
}

/// `bind` and `end` of each kind.
macro_rules! bind {
    ($($handle:ty),+) => {$(
        impl Off<$handle> {
            /// Binds nothing, whatever the attributes.
            #[inline(always)]
            pub fn bind<V>(&self, _attributes: &[(&str, V)]) -> Result<Self, RegisterError>
            where
                V: Clone + Into<AttributeValue>,
            {
                Ok(Self::NEW)
            }

            /// Ends nothing.
            #[inline(always)]
            pub fn end(self) {}
        }
    )+};
}

bind!(Counter, UpDownCounter, Gauge, Histogram);

/// The methods that record: each takes what the live one takes, and does
/// nothing.
macro_rules! silent {
    ($(
        [$($parameter:tt)*] $handle:ty {
            $($method:ident($($argument:ident: $Type:ty),*)),+
        }
    )+) => {$(
        impl<$($parameter)*> Off<$handle> {$(
            /// Does nothing.
            #[inline(always)]
            pub fn $method(&self $(, $argument: $Type)*) {
                $(let _ = $argument;)*
            }
        )+}
    )+};
}

silent! {
    [] Counter {
        add(n: u64), increment(), add_with_exemplar(n: u64, context: &ExemplarContext)
    }
    [] UpDownCounter { add(n: i64), increment(), decrement() }
    [] Gauge { set(value: f64) }
    [] Histogram {
        record(value: u64), record_n(value: u64, n: u64),
        record_with_exemplar(value: u64, context: &ExemplarContext)
    }
    [L: LabelSet] Family<L, Counter> { add(label: L, n: u64), increment(label: L) }
    [L: LabelSet] Family<L, Histogram> { record(label: L, value: u64) }
    [] LocalCounter {
        add(n: u64), increment(), add_with_exemplar(n: u64, context: &ExemplarContext)
    }
    [] LocalUpDownCounter { add(n: i64) }
    [] LocalHistogram {
        record(value: u64), record_n(value: u64, n: u64),
        record_with_exemplar(value: u64, context: &ExemplarContext)
    }
}

impl Off<Counter> {
    /// Does nothing, which never fails.
    #[inline(always)]
    pub fn try_add(&self, n: u64) -> Result<(), CounterOverflow> {
        let _ = n;
        Ok(())
    }
}

impl<L: LabelSet, H> Off<Family<L, H>> {
    /// The handle of one variant, as silent as all.
    #[inline(always)]
    pub fn get(&self, label: L) -> &Off<H> {
        let _ = label;
        &Off::NEW
    }
}

impl Off<Histogram> {
    /// A timer that reads no clock and records nothing.
    #[inline(always)]
    pub fn start_timer(&self) -> Off<Timer<'static>> {
        Off::NEW
    }
}

impl Off<Timer<'_>> {
    /// No time at all: zero, as no clock was read.
    #[inline(always)]
    pub fn stop(self) -> u64 {
        0
    }

    /// Does nothing.
    #[inline(always)]
    pub fn discard(self) {}
}
