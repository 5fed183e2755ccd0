//! What can be wrong with a manifest.

use std::path::Path;
use std::{fmt, io};

use super::difference::Difference;

/// Why a manifest was not made, read, written, or found current. The file is
/// as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum ManifestError {
    /// Two components declare one name, and not the same instrument. Rename
    /// one, or make them agree.
    Conflict {
        /// The name.
        name: Box<str>,
        /// In what they differ.
        field: Box<str>,
        /// What the first declares, as JSON.
        one: Box<str>,
        /// What the other declares, as JSON.
        other: Box<str>,
    },
    /// There is no file to check. Write it, and commit it.
    Missing {
        /// Where it should be.
        path: Box<Path>,
    },
    /// The file can't be read.
    Read {
        /// The file.
        path: Box<Path>,
        /// Why not.
        error: io::Error,
    },
    /// The file is no manifest: it would be lost what it knows of metrics that
    /// are no longer recorded. Mend it.
    Invalid {
        /// The file.
        path: Box<Path>,
        /// Why not, and in which line.
        error: serde_json::Error,
    },
    /// The file has two entries of one name. Leave one.
    Duplicate {
        /// The file.
        path: Box<Path>,
        /// The name.
        name: Box<str>,
    },
    /// The file can't be written.
    Write {
        /// The file.
        path: Box<Path>,
        /// Why not.
        error: io::Error,
    },
    /// The file is not what the code declares. Write it anew.
    Stale {
        /// The file.
        path: Box<Path>,
        /// In what; empty where only the text differs.
        differences: Vec<Difference>,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict {
                name,
                field,
                one,
                other,
            } => write!(
                f,
                "{name:?} is declared twice, with {field} {one} and with {field} {other}"
            ),
            Self::Missing { path } => write!(f, "{}: there is no such file", path.display()),
            Self::Read { path, error } => write!(f, "reading {}: {error}", path.display()),
            Self::Invalid { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Duplicate { path, name } => {
                write!(f, "{}: two entries of {name:?}", path.display())
            }
            Self::Write { path, error } => write!(f, "writing {}: {error}", path.display()),
            Self::Stale { path, differences } => {
                write!(f, "{} is not current", path.display())?;
                if differences.is_empty() {
                    return f.write_str(": it is formatted or ordered otherwise");
                }
                differences
                    .iter()
                    .try_for_each(|difference| write!(f, "\n{difference}"))
            }
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } | Self::Write { error, .. } => Some(error),
            Self::Invalid { error, .. } => Some(error),
            _ => None,
        }
    }
}
