//! What setting up a recorder can refuse.

use std::fmt;

use super::resolution::{Matcher, Resolution};

/// Why a recorder was not set up. Nothing recorded is affected.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FacadeError {
    /// The process has a global recorder. `metrics` takes one, and keeps it.
    AlreadyInstalled,
    /// More than 9 decimals, not 1 to 5 digits, or a highest value that is not
    /// at least two of the last decimal.
    InvalidResolution {
        /// Whose resolution it would be.
        matcher: Matcher,
        /// The resolution as given.
        resolution: Resolution,
    },
}

impl fmt::Display for FacadeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyInstalled => f.write_str(
                "a recorder of the `metrics` crate is installed already: a process has one for \
                 its whole life",
            ),
            Self::InvalidResolution {
                matcher,
                resolution,
            } => write!(
                f,
                "invalid resolution for {matcher}: {resolution}; decimals go from 0 to 9, digits \
                 from 1 to 5, and the highest value is at least two of the last decimal"
            ),
        }
    }
}

impl std::error::Error for FacadeError {}
