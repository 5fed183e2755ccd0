//! The folder and its files: who may read them, who has them open, what
//! reaches the disk.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::SpoolError;
use crate::config::SpoolSync;

/// Makes the folder, which is for its owner alone: the audit trail is nobody
/// else's. One that exists is left as it is.
pub(super) fn make_folder(dir: &Path, sync: SpoolSync) -> Result<(), SpoolError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| SpoolError::io(dir, &error))?;
    sync_names_beside(dir, sync);
    Ok(())
}

/// A name is on the disk once its folder is.
fn sync_names_beside(path: &Path, sync: SpoolSync) {
    if sync == SpoolSync::Always
        && let Some(dir) = path.parent()
    {
        // Not every system can do that with a folder; then it does it itself.
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
    }
}

/// Opens a file to read and write, for its owner alone if it is new.
pub(super) fn open(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Renames, so that a loss of power leaves the one name or the other.
pub(super) fn rename(from: &Path, to: &Path, sync: SpoolSync) -> Result<(), SpoolError> {
    fs::rename(from, to).map_err(|error| SpoolError::io(from, &error))?;
    sync_names_beside(to, sync);
    Ok(())
}

/// Held while a process has the folder open. A file of its own, as the others
/// are renamed; redb's own locks are taken besides.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: Option<File>,
}

impl FolderLock {
    pub(super) fn take(dir: &Path) -> Result<Self, SpoolError> {
        let path = dir.join("events.lock");
        let file = open(&path, true).map_err(|error| SpoolError::io(&path, &error))?;
        Self::lock(&path, file)
    }

    /// For who only reads: without a lock where there never was one.
    pub(super) fn take_to_read(dir: &Path) -> Result<Self, SpoolError> {
        let path = dir.join("events.lock");
        match File::open(&path) {
            Ok(file) => Self::lock(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { _file: None }),
            Err(error) => Err(SpoolError::io(&path, &error)),
        }
    }

    fn lock(path: &Path, file: File) -> Result<Self, SpoolError> {
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(SpoolError::InUse {
                path: path.to_owned(),
            }),
            // redb says itself what it does about that.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { _file: None })
            }
            Err(TryLockError::Error(error)) => Err(SpoolError::io(path, &error)),
        }
    }
}

/// redb's file, which can be told not to wait for the disk, and to take no
/// more writes.
#[derive(Debug)]
pub(super) struct SpoolFile {
    inner: FileBackend,
    sync: SpoolSync,
    is_frozen: Arc<AtomicBool>,
}

impl SpoolFile {
    pub(super) fn new(
        file: File,
        sync: SpoolSync,
        is_frozen: Arc<AtomicBool>,
    ) -> Result<Self, redb::Error> {
        Ok(Self {
            inner: FileBackend::new(file)?,
            sync,
            is_frozen,
        })
    }

    fn check_frozen(&self) -> io::Result<()> {
        if self.is_frozen.load(Ordering::Relaxed) {
            return Err(io::Error::other("the file is damaged and stays as it is"));
        }
        Ok(())
    }
}

type Locked = Result<bool, BackendError>;

impl StorageBackend for SpoolFile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_frozen()?;
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.sync {
            SpoolSync::Always => self.inner.sync_data(),
            SpoolSync::Never => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_frozen()?;
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked {
        self.inner.query_lock_range(start, end)
    }
}
