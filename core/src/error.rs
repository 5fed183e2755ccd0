//! What registration and checked adds can refuse.

use std::fmt;

use crate::series::Kind;

/// Why a series was not registered. Nothing that was registered before is
/// affected, and nothing recorded is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name breaks OpenTelemetry's instrument name syntax: a letter, then
    /// at most 254 of letters, digits, `_`, `.`, `-` and `/`.
    InvalidName {
        /// The name as given.
        name: Box<str>,
    },
    /// The unit is not at most 63 visible ASCII characters (no space).
    InvalidUnit {
        /// The instrument.
        name: Box<str>,
        /// The unit as given.
        unit: Box<str>,
    },
    /// An attribute has an empty key.
    EmptyAttributeKey {
        /// The instrument.
        name: Box<str>,
        /// The value that came with the empty key.
        value: Box<str>,
    },
    /// An attribute key occurs twice in one set.
    DuplicateAttributeKey {
        /// The instrument.
        name: Box<str>,
        /// The key that occurs twice.
        key: Box<str>,
    },
    /// The name is registered with another kind. Pick another name.
    KindConflict {
        /// The instrument.
        name: Box<str>,
        /// The kind it has.
        registered: Kind,
        /// The kind asked for.
        requested: Kind,
    },
    /// The name is registered with another unit. Pick one of the two.
    UnitConflict {
        /// The instrument.
        name: Box<str>,
        /// The unit it has.
        registered: Box<str>,
        /// The unit asked for.
        requested: Box<str>,
    },
    /// More decimals than 9.
    InvalidDecimals {
        /// The instrument.
        name: Box<str>,
        /// The decimals asked for.
        decimals: u8,
    },
    /// The name is registered with other decimals of its unit.
    DecimalsConflict {
        /// The instrument.
        name: Box<str>,
        /// The decimals it has.
        registered: u8,
        /// The decimals asked for.
        requested: u8,
    },
    /// The histogram is registered with another range or digit count.
    RangeConflict {
        /// The instrument.
        name: Box<str>,
    },
    /// hdrhistogram can't lay out this range: digits go from 1 to 5, the low
    /// end is at least 1, the high end at least twice that.
    InvalidRange {
        /// The instrument.
        name: Box<str>,
        /// Low end asked for.
        low: u64,
        /// High end asked for.
        high: u64,
        /// Digits asked for.
        digits: u8,
    },
    /// Every slot of this kind is taken. Build the registry with more.
    CapacityExhausted {
        /// The instrument that found no slot.
        name: Box<str>,
        /// Its kind.
        kind: Kind,
        /// How many slots the registry was built with.
        capacity: usize,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name } => write!(
                f,
                "invalid instrument name {name:?}: it takes a letter, then at most 254 letters, \
                 digits, '_', '.', '-' or '/'"
            ),
            Self::InvalidUnit { name, unit } => write!(
                f,
                "invalid unit {unit:?} for {name:?}: it takes at most 63 visible ASCII characters"
            ),
            Self::EmptyAttributeKey { name, value } => {
                write!(f, "empty attribute key (value {value:?}) for {name:?}")
            }
            Self::DuplicateAttributeKey { name, key } => {
                write!(f, "attribute key {key:?} given twice for {name:?}")
            }
            Self::KindConflict {
                name,
                registered,
                requested,
            } => write!(
                f,
                "{name:?} is registered as {registered}, it can't be a {requested} too"
            ),
            Self::UnitConflict {
                name,
                registered,
                requested,
            } => write!(
                f,
                "{name:?} is registered with unit {registered:?}, not {requested:?}"
            ),
            Self::InvalidDecimals { name, decimals } => {
                write!(f, "{decimals} decimals for {name:?}: they go from 0 to 9")
            }
            Self::DecimalsConflict {
                name,
                registered,
                requested,
            } => write!(
                f,
                "{name:?} is registered with {registered} decimals, not {requested}"
            ),
            Self::RangeConflict { name } => write!(
                f,
                "{name:?} is registered with another value range or digit count"
            ),
            Self::InvalidRange {
                name,
                low,
                high,
                digits,
            } => write!(
                f,
                "invalid range {low}..={high} with {digits} digits for {name:?}: digits go from 1 \
                 to 5, the low end is at least 1 and at most half the high end"
            ),
            Self::CapacityExhausted {
                name,
                kind,
                capacity,
            } => write!(
                f,
                "no slot left for {kind} {name:?}: the registry was built for {capacity}"
            ),
        }
    }
}

impl std::error::Error for RegisterError {}

/// A checked add would take this epoch's count past `u64::MAX`. The value is
/// as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterOverflow;

impl fmt::Display for CounterOverflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counter overflow: this epoch's count would pass u64::MAX")
    }
}

impl std::error::Error for CounterOverflow {}
