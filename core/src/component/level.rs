//! How much is measured: a level for each instrument, and the most that a build
//! or a registry takes.
//!
//! Both limits leave the code that records as it is. What is above the build's
//! limit is [`Off`](super::Off), a type without content; what is above the limit given to
//! `register_at` is a handle of the usual type whose records go nowhere.
//!
//! # The build's limit
//!
//! Cargo's features `max_level_off`, `max_level_warn`, `max_level_info` and
//! `max_level_debug` of this crate set [`STATIC_MAX_LEVEL`], as those of the
//! crates `log` and `tracing` do; without one of them it is [`Level::Debug`].
//! Cargo unites the features that all crates of a build ask for, and the lowest
//! level of them counts. So they are for the program to choose, which decides
//! for the libraries in it too, and no library should ask for one. A build that
//! got less than it wanted says so by [`STATIC_MAX_LEVEL`].

/// How important an instrument is.
///
/// Ordered: [`Off`](Self::Off) is the least of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Of an instrument: never recorded. As a limit: nothing is.
    Off,
    /// What alerts are made of.
    Warn,
    /// What dashboards show; the level of an instrument that names none.
    Info,
    /// What is looked at when something is wrong.
    Debug,
}

impl Level {
    /// As the macro and the manifest write it: `off`, `warn`, `info`, `debug`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// The highest level that this build records.
pub const STATIC_MAX_LEVEL: Level = if cfg!(feature = "max_level_off") {
    Level::Off
} else if cfg!(feature = "max_level_warn") {
    Level::Warn
} else if cfg!(feature = "max_level_info") {
    Level::Info
} else {
    Level::Debug
};

/// The handle of an instrument of level `warn`: `H`, or [`Off`](super::Off) where the build
/// takes no such instruments.
#[cfg(not(feature = "max_level_off"))]
pub type Warn<H> = H;

/// The handle of an instrument of level `warn`: nothing, in this build.
#[cfg(feature = "max_level_off")]
pub type Warn<H> = super::Off<H>;

/// The handle of an instrument of level `info`: `H`, or [`Off`](super::Off) where the build
/// takes no such instruments.
#[cfg(not(any(feature = "max_level_off", feature = "max_level_warn")))]
pub type Info<H> = H;

/// The handle of an instrument of level `info`: nothing, in this build.
#[cfg(any(feature = "max_level_off", feature = "max_level_warn"))]
pub type Info<H> = super::Off<H>;

/// The handle of an instrument of level `debug`: `H`, or [`Off`](super::Off) where the
/// build takes no such instruments.
#[cfg(not(any(
    feature = "max_level_off",
    feature = "max_level_warn",
    feature = "max_level_info"
)))]
pub type Debug<H> = H;

/// The handle of an instrument of level `debug`: nothing, in this build.
#[cfg(any(
    feature = "max_level_off",
    feature = "max_level_warn",
    feature = "max_level_info"
))]
pub type Debug<H> = super::Off<H>;
