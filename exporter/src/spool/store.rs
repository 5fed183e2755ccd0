//! The database, behind a guard: what redb refuses is a [`SpoolError`], and so
//! is what it panics about.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::SpoolError;
use super::file::{self, SpoolFile};
use crate::config::SpoolSync;

/// Enough for a flush; the operating system caches the file besides.
const CACHE_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// `None` only while it is being dropped.
    database: Option<Database>,
    is_frozen: Arc<AtomicBool>,
}

impl Store {
    /// Opens a file that exists, or makes one of an empty file.
    ///
    /// All pages are checked, also after a clean end, since redb trusts a file
    /// once it is open: it would panic about a damaged page or, worse, take one
    /// for free that holds events.
    pub(super) fn open(path: &Path, sync: SpoolSync) -> Result<Self, SpoolError> {
        let is_frozen = Arc::<AtomicBool>::default();
        let file = file::open(path, false).map_err(|error| SpoolError::io(path, &error))?;
        let database = guard(path, || {
            let file = SpoolFile::new(file, sync, is_frozen.clone())?;
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE_BYTES);
            builder.set_check_integrity_on_open(true);
            Ok(builder.create_with_backend(file)?)
        })?;
        Ok(Self {
            path: path.to_owned(),
            database: Some(database),
            is_frozen,
        })
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, SpoolError> {
        guard(&self.path, || work(&self.database()?.begin_read()?))
    }

    /// One transaction; none of it happens if `work` fails.
    pub(super) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, SpoolError> {
        guard(&self.path, || {
            let mut transaction = self.database()?.begin_write()?;
            transaction.set_durability(durability)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    /// Gives back space if the file is much larger than its `content`.
    pub(super) fn compact(&mut self, content: u64) -> Result<(), SpoolError> {
        /// Less is not worth it.
        const WORTH_IT: u64 = 4 << 20;
        let length = fs::metadata(&self.path)
            .map_err(|error| SpoolError::io(&self.path, &error))?
            .len();
        if let Some(database) = &mut self.database
            && length > WORTH_IT
            && length / 4 > content
        {
            guard(&self.path, || Ok(database.compact()?))?;
        }
        Ok(())
    }

    /// Makes everything durable.
    pub(super) fn close(mut self) -> Result<(), SpoolError> {
        self.close_database()
    }

    /// From here on nothing reaches the file, not even when it is closed: what
    /// is damaged is best salvaged as it lies.
    pub(super) fn freeze(&self) {
        self.is_frozen.store(true, Ordering::Relaxed);
    }

    fn database(&self) -> Result<&Database, redb::Error> {
        self.database.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    fn close_database(&mut self) -> Result<(), SpoolError> {
        match self.database.take() {
            Some(database) => guard(&self.path, || Ok(database.close()?)),
            None => Ok(()),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // What is not durable by now is only acknowledgements.
        let _ = self.close_database();
    }
}

/// redb panics about some damaged pages that it only meets once the file is
/// open. It keeps its state consistent then, or refuses to go on.
fn guard<T>(path: &Path, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, SpoolError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| SpoolError::redb(path, &error)),
        Err(panic) => {
            let message = (panic.downcast_ref::<&str>().copied())
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(SpoolError::damaged(
                path,
                &message.unwrap_or("redb panicked"),
            ))
        }
    }
}
