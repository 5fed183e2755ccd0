//! Opening: a new file, one that was closed, one that a crash left, or
//! something else in its place.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::content::Content;
use super::file::{self, FolderLock};
use super::store::Store;
use super::{Damage, FILE, Opened, Spool, SpoolError, SpoolOptions, salvage};

impl Spool {
    /// Opens or creates the spool in `dir`, creating that.
    pub(crate) fn open(dir: &Path, options: &SpoolOptions) -> Result<Opened, SpoolError> {
        file::make_folder(dir, options.sync)?;
        let lock = FolderLock::take(dir)?;
        let path = dir.join(FILE);
        let new = dir.join("events.redb.new");
        // A new file takes its place only when it is whole, so where the place
        // is empty it is what an interrupted start left.
        let is_missing = match fs::symlink_metadata(&path) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(SpoolError::io(&path, &error)),
        };
        if is_missing {
            let was_interrupted = load(&new, options).is_ok();
            if !was_interrupted {
                make(None, &new, options)?;
            }
            file::rename(&new, &path, options.sync)?;
        }
        let (loaded, damage) = match load(&path, options) {
            Err(SpoolError::Damaged { message, .. }) => {
                let salvaged = make(Some(&path), &new, options)?;
                let aside = aside(dir);
                file::rename(&path, &aside, options.sync)?;
                file::rename(&new, &path, options.sync)?;
                let damage = Damage {
                    path: aside,
                    salvaged,
                    message,
                };
                (load(&path, options)?, Some(damage))
            }
            loaded => (loaded?, None),
        };
        let (mut store, content) = loaded;
        // A large file is no reason not to start; the next use opens it anew.
        let is_open = store.compact(content.all_bytes()).is_ok();
        let spool = Self {
            path,
            options: *options,
            content,
            unreadable: 0,
            store: is_open.then_some(store),
            damage: None,
            _lock: lock,
        };
        Ok(Opened { spool, damage })
    }
}

/// Opens a file that exists and looks through it.
pub(super) fn load(path: &Path, options: &SpoolOptions) -> Result<(Store, Content), SpoolError> {
    let metadata = fs::metadata(path).map_err(|error| SpoolError::io(path, &error))?;
    if !metadata.is_file() {
        return Err(SpoolError::damaged(path, &"it is not a file"));
    }
    // redb would make a new database of it, and say nothing.
    if metadata.len() == 0 {
        return Err(SpoolError::damaged(path, &"it is empty"));
    }
    let store = Store::open(path, options.sync)?;
    match store.read(Content::load) {
        Ok(content) => Ok((store, content)),
        Err(error) => {
            store.freeze();
            Err(error)
        }
    }
}

/// Makes the new file `new`, with what can be salvaged from `from`.
fn make(from: Option<&Path>, new: &Path, options: &SpoolOptions) -> Result<u64, SpoolError> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(SpoolError::io(new, &error));
        }
        _ => {}
    }
    salvage::rebuild(from, new, options)
}

/// A name for a damaged file that no other has.
fn aside(dir: &Path) -> PathBuf {
    let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let base = format!("{FILE}.damaged-{}", time.as_secs());
    let names = (1_u64..).map(|n| dir.join(format!("{base}-{n}")));
    std::iter::once(dir.join(&base))
        .chain(names)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| dir.join(&base))
}
