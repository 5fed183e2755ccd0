//! Components: the instruments of one part of a program, declared in one place.
//!
//! [`instruments!`](crate::instruments) writes a struct of handles, its
//! registration, and its [`Descriptor`]s, which say without a registry what
//! there is to be recorded. Whatever has to know the names of metrics (a
//! manifest, dashboards, alerts) reads them there.

mod descriptor;
#[doc(hidden)]
pub mod expansion;
mod handle;
pub mod level;
mod off;
#[cfg(doctest)]
mod refused;
mod rules;

pub use descriptor::{Descriptor, Label, Options};
pub use handle::{Handle, HasLocal, LocalOf};
pub use level::Level;
pub use off::Off;

/// Declares a component: a struct of instruments.
///
/// ```
/// use pqcnet_telemetry_core::component::Level;
/// use pqcnet_telemetry_core::{Counter, Family, Histogram, Registry};
///
/// pqcnet_telemetry_core::label_set! {
///     /// Which way the bytes went.
///     pub enum Direction: "direction" {
///         Upstream = "upstream",
///         Downstream = "downstream",
///     }
/// }
///
/// pqcnet_telemetry_core::instruments! {
///     /// What a relayer measures.
///     pub struct RelayerMetrics {
///         /// Messages taken in from clients.
///         #[name = "relayer.ingest", unit = "{message}", group = "Traffic"]
///         pub ingest: Counter,
///         /// Time a message waits for its batch.
///         #[name = "relayer.wait", unit = "s", decimals = 6, range = 1..=60_000_000, digits = 2]
///         pub wait: Histogram,
///         /// Bytes moved.
///         #[name = "relayer.bytes", unit = "By", group = "Traffic"]
///         pub bytes: Family<Direction, Counter>,
///         /// Messages by the peer that sent them.
///         #[name = "relayer.peer.ingest", unit = "{message}", labels = ["peer"], level = debug]
///         pub by_peer: Counter,
///         /// Messages taken in.
///         #[name = "relayer.taken", unit = "{message}", deprecated = "use relayer.ingest"]
///         pub taken: Counter,
///     }
/// }
///
/// let registry = Registry::new();
/// let metrics = RelayerMetrics::register(&registry)?;
/// metrics.ingest.increment();
/// metrics.bytes.add(Direction::Upstream, 1_024);
/// metrics.by_peer.bind(&[("peer", "10.0.0.1")])?.increment();
///
/// let wait = &RelayerMetrics::DESCRIPTORS[1];
/// assert_eq!((wait.name, wait.unit), ("relayer.wait", "s"));
/// assert_eq!(wait.description, "Time a message waits for its batch.");
/// assert_eq!(RelayerMetrics::DESCRIPTORS[3].level, Level::Debug);
/// # Ok::<(), pqcnet_telemetry_core::RegisterError>(())
/// ```
///
/// # What it takes
///
/// The type of a field is one of the handles: [`Counter`](crate::Counter),
/// [`UpDownCounter`](crate::UpDownCounter), [`Gauge`](crate::Gauge),
/// [`Histogram`](crate::Histogram), or a [`Family`](crate::Family) of counters
/// or histograms. Its doc comment is the instrument's description, on one line.
/// `#[name = "…"]` begins the attribute that every field has; behind the name,
/// in any order, it may have
///
/// | option | | if left out |
/// |---|---|---|
/// | `unit = "ms"` | [`Instrument::unit`](crate::Instrument::unit), in UCUM's codes | none |
/// | `decimals = 6` | [`Instrument::decimals`](crate::Instrument::decimals) | 0 |
/// | `range = 1..=5_000`, `digits = 2` | of a histogram: [`Instrument::range`](crate::Instrument::range), [`digits`](crate::Instrument::digits) | the registry's |
/// | `labels = ["peer"]` | the keys that the handle's `bind` is given. A family has its enum's | none |
/// | `level = debug` | `off`, `warn`, `info`, `debug` | `info` |
/// | `deprecated = "use relayer.ingest"` | that it is, and why | it is not |
/// | `group = "Traffic"` | the panels it is shown with | none |
///
/// # What it makes
///
/// The struct, `Clone` and `Debug`, and
///
/// - `const DESCRIPTORS: &'static [Descriptor]`, in the order of the fields;
/// - `fn register(&Registry) -> Result<Self, RegisterError>`, which fails as
///   [`Registry::counter`](crate::Registry::counter) does. What was registered
///   until then stays, and is found again by the next call;
/// - `fn register_at(&Registry, Level) -> Result<Self, RegisterError>`, where
///   instruments above that level have a handle of the same type whose records
///   go nowhere: no series, nothing at a flush, no memory for a thread. Such a
///   record costs a call that returns at once; one of another instrument costs
///   what it did. Their local handles are made by
///   [`Local::of`](crate::Local::of).
///
/// The handles are those that registration by hand gives, of the same types,
/// so they cost the same. What is above the build's level has the type [`Off`]
/// instead, and costs nothing: see [`level`](crate::component::level). Code that
/// names the type of such a field names
/// [`level::Debug<Counter>`](crate::component::level::Debug), or takes it from the
/// field.
///
/// # What it refuses
///
/// At compile time, with the instrument and the rule: what registration would
/// refuse ([`RegisterError`](crate::RegisterError)); a unit that is none of
/// UCUM's; names and label keys that Prometheus could not take, or not tell
/// apart once it has replaced what it does not take by `_`; `le` and
/// `quantile` as labels of a histogram; two instruments of one name; an option
/// that is not for this kind; a field without a doc comment.
///
/// ```compile_fail,E0080
/// # use pqcnet_telemetry_core::Counter;
/// pqcnet_telemetry_core::instruments! {
///     struct Metrics {
///         /// Bytes moved.
///         #[name = "relayer.bytes", unit = "bytes"] // is `By`
///         bytes: Counter,
///     }
/// }
/// ```
///
/// Registration itself asks for what OpenTelemetry asks for, and no more: not
/// every receiver is Prometheus.
///
/// [`Descriptor`]: crate::component::Descriptor
/// [`Off`]: crate::component::Off
#[macro_export]
macro_rules! instruments {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $component:ident {
            $(
                $(#[doc = $doc:expr])*
                #[name = $name:expr $(, $($option:tt)*)?]
                $field_visibility:vis $field:ident: $handle:ty
            ),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        $visibility struct $component {
            $(
                $(#[doc = $doc])*
                $field_visibility $field: $crate::__leveled!($handle; $($($option)*)?)
            ),+
        }

        impl $component {
            /// What each field records, in their order.
            $visibility const DESCRIPTORS: &'static [$crate::component::Descriptor] = &[$(
                $crate::component::Descriptor::of::<$handle>(
                    $name,
                    $crate::__joined!($($doc),*),
                    $crate::__options!([] $($($option)*)?),
                )
            ),+];

            /// Registers every instrument of a level that this build takes, or
            /// finds it where it was registered before.
            $visibility fn register(
                registry: &$crate::Registry,
            ) -> ::core::result::Result<Self, $crate::RegisterError> {
                Self::register_at(registry, $crate::component::level::STATIC_MAX_LEVEL)
            }

            /// The same up to `level`; what is recorded by the others goes
            /// nowhere.
            $visibility fn register_at(
                registry: &$crate::Registry,
                level: $crate::component::Level,
            ) -> ::core::result::Result<Self, $crate::RegisterError> {
                let mut registration = $crate::component::expansion::Registration::new(
                    registry,
                    level,
                    Self::DESCRIPTORS,
                );
                ::core::result::Result::Ok(Self {
                    $($field: registration.next()?),+
                })
            }
        }

        const _: () = $crate::component::expansion::check($component::DESCRIPTORS);
    };
}

/// The handle's type in its level's form, by the option that says it.
#[doc(hidden)]
#[macro_export]
macro_rules! __leveled {
    ($handle:ty;) => { $crate::component::level::Info<$handle> };
    ($handle:ty; level = off $($rest:tt)*) => { $crate::component::Off<$handle> };
    ($handle:ty; level = warn $($rest:tt)*) => { $crate::component::level::Warn<$handle> };
    ($handle:ty; level = info $($rest:tt)*) => { $crate::component::level::Info<$handle> };
    ($handle:ty; level = debug $($rest:tt)*) => { $crate::component::level::Debug<$handle> };
    ($handle:ty; $other:tt $($rest:tt)*) => { $crate::__leveled!($handle; $($rest)*) };
}

/// The options as a struct, so that the compiler finds what is misspelt or
/// given twice.
#[doc(hidden)]
#[macro_export]
macro_rules! __options {
    ([$($done:tt)*]) => {
        $crate::component::Options {
            $($done)*
            ..$crate::component::Options::DEFAULT
        }
    };
    ([$($done:tt)*] level = $level:tt $(, $($rest:tt)*)?) => {
        $crate::__options!([$($done)* level: $crate::__level!($level),] $($($rest)*)?)
    };
    ([$($done:tt)*] labels = [$($key:expr),+ $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__options!([
            $($done)*
            labels: const { &[$($crate::component::Label::open($key)),+] },
        ] $($($rest)*)?)
    };
    ([$($done:tt)*] range = $range:expr $(, $($rest:tt)*)?) => {
        $crate::__options!([
            $($done)*
            range: $crate::component::expansion::ends(&$range),
        ] $($($rest)*)?)
    };
    ([$($done:tt)*] digits = $digits:expr $(, $($rest:tt)*)?) => {
        $crate::__options!([
            $($done)*
            digits: ::core::option::Option::Some($digits),
        ] $($($rest)*)?)
    };
    ([$($done:tt)*] deprecated = $reason:expr $(, $($rest:tt)*)?) => {
        $crate::__options!([
            $($done)*
            deprecated: ::core::option::Option::Some($reason),
        ] $($($rest)*)?)
    };
    ([$($done:tt)*] group = $group:expr $(, $($rest:tt)*)?) => {
        $crate::__options!([
            $($done)*
            group: ::core::option::Option::Some($group),
        ] $($($rest)*)?)
    };
    ([$($done:tt)*] $option:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__options!([$($done)* $option: $value,] $($($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __level {
    (off) => {
        $crate::component::Level::Off
    };
    (warn) => {
        $crate::component::Level::Warn
    };
    (info) => {
        $crate::component::Level::Info
    };
    (debug) => {
        $crate::component::Level::Debug
    };
    ($other:tt) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is not one of off, warn, info, debug"
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __joined {
    ($($doc:expr),*) => {
        const {
            const LINES: &[&str] = &[$($doc),*];
            const LEN: usize = $crate::component::expansion::join::<0>(LINES).1;
            const JOINED: [u8; LEN] = $crate::component::expansion::join(LINES).0;
            $crate::component::expansion::text(&JOINED)
        }
    };
}
