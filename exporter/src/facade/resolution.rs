//! How finely histograms are recorded, and which of them how.

use std::fmt;
use std::sync::Arc;

use metrics::Unit;

use super::error::FacadeError;

/// Which metrics are meant, by the name that the macro is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matcher {
    /// That of this name.
    Full(String),
    /// Those whose name begins so.
    Prefix(String),
    /// Those whose name ends so.
    Suffix(String),
}

impl Matcher {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Full(full) => name == full,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
            Self::Suffix(suffix) => name.ends_with(&**suffix),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(full) => write!(f, "{full:?}"),
            Self::Prefix(prefix) => write!(f, "the prefix {prefix:?}"),
            Self::Suffix(suffix) => write!(f, "the suffix {suffix:?}"),
        }
    }
}

/// How a histogram's values are recorded: to so many decimals of its unit and
/// so many significant digits, up to a highest value.
///
/// What is finer is rounded to the nearest; what is higher counts as the
/// highest value, and as clamped. Memory grows with the digits, tenfold for
/// each, and with the number of powers of two between last decimal and highest
/// value. The defaults, all of 2 digits (1 %), take up to 60 KB for each series
/// in each of two banks of every thread that records:
///
/// | unit | decimals | highest |
/// |---|---|---|
/// | seconds | 9 | a day |
/// | milliseconds, microseconds, nanoseconds | 6, 3, 0 | a day |
/// | bytes | 0 | 10^15 |
/// | kibibytes, mebibytes, gibibytes, tebibytes | 3, 6, 9, 9 | 10^12, 10^9, 10^6, 10^6 |
/// | bits per second | 0 | 10^15 |
/// | kilo-, mega-, giga-, terabits per second | 3, 6, 9, 9 | 10^12, 10^9, 10^6, 10^6 |
/// | count | 0 | 10^15 |
/// | count per second | 3 | 10^12 |
/// | percent | 6 | 10^6 |
/// | none described | 9 | 1.8 × 10^10 |
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Resolution {
    decimals: u8,
    digits: u8,
    highest: f64,
}

/// Of the defaults.
const DIGITS: u8 = 2;

impl Resolution {
    /// To so many decimals, 0 to 9, of the unit, and up to `highest` of it; to
    /// 2 significant digits. With 9 decimals that is at most 1.8 × 10^10, with 0
    /// at most 1.8 × 10^19, as records are 64-bit numbers of the last decimal.
    pub fn new(decimals: u8, highest: f64) -> Self {
        Self {
            decimals,
            digits: DIGITS,
            highest,
        }
    }

    /// Significant decimal digits, 1 to 5.
    pub fn digits(mut self, digits: u8) -> Self {
        self.digits = digits;
        self
    }

    /// The default of a unit, or of none.
    pub fn of(unit: Option<Unit>) -> Self {
        /// In nanoseconds.
        const DAY: f64 = 86_400e9;
        let Some(unit) = unit else {
            return Self::new(9, u64::MAX as f64 / 1e9);
        };
        match unit {
            Unit::Seconds => Self::new(9, DAY / 1e9),
            Unit::Milliseconds => Self::new(6, DAY / 1e6),
            Unit::Microseconds => Self::new(3, DAY / 1e3),
            Unit::Nanoseconds => Self::new(0, DAY),
            Unit::Count | Unit::Bytes | Unit::BitsPerSecond => Self::new(0, 1e15),
            Unit::Kibibytes | Unit::KilobitsPerSecond | Unit::CountPerSecond => Self::new(3, 1e12),
            Unit::Mebibytes | Unit::MegabitsPerSecond => Self::new(6, 1e9),
            Unit::Gibibytes
            | Unit::GigabitsPerSecond
            | Unit::Tebibytes
            | Unit::TerabitsPerSecond => Self::new(9, 1e6),
            Unit::Percent => Self::new(6, 1e6),
        }
    }

    pub(super) fn decimals(&self) -> u8 {
        self.decimals
    }

    pub(super) fn significant_digits(&self) -> u8 {
        self.digits
    }

    /// As recorded; at most `u64::MAX`.
    pub(super) fn range(&self) -> (u64, u64) {
        let highest = self.highest * 10_f64.powi(self.decimals.into());
        (1, highest.round() as u64)
    }

    fn is_valid(&self) -> bool {
        self.decimals <= 9 && (1..=5).contains(&self.digits) && self.range().1 >= 2
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            decimals,
            digits,
            highest,
        } = self;
        write!(f, "{decimals} decimals, {digits} digits, up to {highest}")
    }
}

/// A recorder's resolutions, in the order given.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Arc<Vec<(Matcher, Resolution)>>);

impl Rules {
    pub(super) fn add(
        &mut self,
        matcher: Matcher,
        resolution: Resolution,
    ) -> Result<(), FacadeError> {
        if !resolution.is_valid() {
            return Err(FacadeError::InvalidResolution {
                matcher,
                resolution,
            });
        }
        Arc::make_mut(&mut self.0).push((matcher, resolution));
        Ok(())
    }

    pub(super) fn resolution_of(&self, name: &str, unit: Option<Unit>) -> Resolution {
        let mut rules = self.0.iter();
        let rule = rules.find(|(matcher, _)| matcher.matches(name));
        rule.map_or_else(|| Resolution::of(unit), |(_, resolution)| *resolution)
    }
}
