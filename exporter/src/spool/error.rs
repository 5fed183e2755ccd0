//! What can be wrong with a spool.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a spool can't keep events. They stay in memory then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolError {
    /// Another process, or another handle of this one, has the folder open.
    #[non_exhaustive]
    InUse {
        /// The folder's lock.
        path: PathBuf,
    },
    /// The spool holds as much as it may.
    #[non_exhaustive]
    Full {
        /// The spool.
        path: PathBuf,
        /// The most bytes of events it may hold.
        limit: u64,
    },
    /// The disk is full, or the user's share of it.
    #[non_exhaustive]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The folder, or a file in it, can't be written to.
    #[non_exhaustive]
    ReadOnly {
        /// Which.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The system refused something else.
    #[non_exhaustive]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The file is not what was written. Opening the spool anew moves it aside
    /// and salvages what can be read.
    #[non_exhaustive]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
}

impl SpoolError {
    /// What the system says of a folder or a file.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        let (path, message) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::NoSpace { path, message },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, message }
            }
            _ => Self::Io { path, message },
        }
    }

    /// What redb says of its file.
    pub(super) fn redb(path: &Path, error: &redb::Error) -> Self {
        match error {
            // Not its magic number, shorter than it says, an offset that can't be.
            redb::Error::Io(io)
                if matches!(
                    io.kind(),
                    io::ErrorKind::InvalidData
                        | io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::InvalidInput
                ) =>
            {
                Self::damaged(path, io)
            }
            redb::Error::Io(io) => Self::io(path, io),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse {
                path: path.to_owned(),
            },
            redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::Unsupported => {
                Self::Io {
                    path: path.to_owned(),
                    message: error.to_string(),
                }
            }
            // All others can't be with a file as this library writes it.
            _ => Self::damaged(path, error),
        }
    }

    pub(super) fn damaged(path: &Path, reason: &dyn fmt::Display) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            message: reason.to_string(),
        }
    }
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { path } => {
                write!(f, "spool {}: another process has it open", path.display())
            }
            Self::Full { path, limit } => {
                write!(f, "spool {}: it holds its {limit} bytes", path.display())
            }
            Self::NoSpace { path, message } => {
                write!(f, "spool {}: no space: {message}", path.display())
            }
            Self::ReadOnly { path, message } => {
                write!(f, "spool {}: not writable: {message}", path.display())
            }
            Self::Io { path, message } => write!(f, "spool {}: {message}", path.display()),
            Self::Damaged { path, message } => {
                write!(f, "spool {}: damaged: {message}", path.display())
            }
        }
    }
}

impl std::error::Error for SpoolError {}
