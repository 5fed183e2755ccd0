//! The file: read, written as a whole, compared.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process;

use super::Manifest;
use super::difference::Difference;
use super::entry::Entry;
use super::error::ManifestError;

impl Manifest {
    /// Reads a file that [`write`](Self::write) has written.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = path.as_ref();
        match read(path)? {
            Some(text) => parse(path, &text),
            None => Err(ManifestError::Missing { path: path.into() }),
        }
    }

    /// Writes the file, with what it had and this has not marked as
    /// deprecated, and says what that changed; leaves it alone where it is
    /// current.
    ///
    /// Nobody sees half a file, whatever happens: it is written beside, and
    /// then moved over.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<Vec<Difference>, ManifestError> {
        let path = path.as_ref();
        let old = read(path)?;
        let committed = match &old {
            Some(text) => parse(path, text)?,
            None => Self::default(),
        };
        let text = self.clone().keeping(&committed).to_json();
        if old.as_deref() != Some(&text) {
            replace(path, &text).map_err(|error| ManifestError::Write {
                path: path.into(),
                error,
            })?;
        }
        Ok(self.differences(&committed))
    }

    /// Fails with [`ManifestError::Stale`] where [`write`](Self::write) would
    /// change the file, and says by which names.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<(), ManifestError> {
        let path = path.as_ref();
        let Some(text) = read(path)? else {
            return Err(ManifestError::Missing { path: path.into() });
        };
        let committed = parse(path, &text)?;
        if self.clone().keeping(&committed).to_json() == text {
            return Ok(());
        }
        Err(ManifestError::Stale {
            path: path.into(),
            differences: self.differences(&committed),
        })
    }
}

/// The text of the file, if there is one.
fn read(path: &Path) -> Result<Option<String>, ManifestError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ManifestError::Read {
            path: path.into(),
            error,
        }),
    }
}

fn parse(path: &Path, text: &str) -> Result<Manifest, ManifestError> {
    let all: Vec<Entry> = serde_json::from_str(text).map_err(|error| ManifestError::Invalid {
        path: path.into(),
        error,
    })?;
    let mut entries = BTreeMap::new();
    for entry in all {
        let name = entry.name.clone();
        if let Some(first) = entries.insert(name, entry) {
            return Err(ManifestError::Duplicate {
                path: path.into(),
                name: first.name.into(),
            });
        }
    }
    Ok(Manifest { entries })
}

/// Makes `text` the content of the file, or leaves it as it is.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", process::id()));
    let beside = path.with_file_name(beside);
    let mut file = File::create_new(&beside)?;
    let moved = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        // It may be gone; what is said is what went wrong first.
        let _ = fs::remove_file(&beside);
    }
    moved
}
