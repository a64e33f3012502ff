//! Why a store was not opened, in an operator's words.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[cfg(doc)]
use super::SCHEMA_VERSION;

/// Why a store was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder of the database does not exist.
    #[error("the folder of the database does not exist: {}", .0.display())]
    NoFolder(PathBuf),
    /// There is no database yet.
    #[error("there is no database at {}", .0.display())]
    NoFile(PathBuf),
    /// The path names no file.
    #[error("the database is not a file: {}", .0.display())]
    NotAFile(PathBuf),
    /// A file cannot be made or opened.
    #[error("{} cannot be opened", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// Another process has the database; this is its lock.
    #[error("another process uses the database: it holds {}", .0.display())]
    InUse(PathBuf),
    /// There was a store here, and now the file is missing or empty.
    #[error(
        "{} is missing or empty, and the store of instance {instance} was here: put it back (mount its volume, or use \
         `kubemint-server restore`). What it issued cannot be revoked without it, and does not end at its time; to start \
         over nevertheless, remove {}",
        path.display(),
        lock.display()
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// What remembers it.
        lock: PathBuf,
        /// The installation that it was.
        instance: String,
    },
    /// The file belongs to another program.
    #[error("{} is not a database of this program (application id {application_id:#x})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says that it is; 0 when it says nothing.
        application_id: i32,
    },
    /// The file was written by a newer program.
    #[error(
        "{} has schema {found}, and this program knows schemas up to {known}: a newer program wrote it; \
         serve with that one again, or restore a copy from before it",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's schema.
        found: u32,
        /// This program's: [`SCHEMA_VERSION`].
        known: u32,
    },
    /// The file has an older schema, and is only read.
    #[error(
        "{} has schema {found}, and this program reads schema {needed}: serving brings it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The file's schema.
        found: u32,
        /// This program's: [`SCHEMA_VERSION`].
        needed: u32,
    },
    /// The file system cannot share memory between the writer and its readers; network file systems cannot.
    #[error("the file system of {} does not support a write-ahead log (journal mode {found})", path.display())]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The journal mode that SQLite fell back to.
        found: String,
    },
    /// The file is damaged.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf, #[source] rusqlite::Error),
    /// The trail's last row is not the one that is noted as its last: the file and the log beside it are not of one
    /// database, or a part of it is lost.
    #[error(
        "{} does not fit together: its audit trail ends elsewhere than it notes. Was a copy put into its place beside an \
         old log? `kubemint-server restore` replaces both",
        .0.display()
    )]
    Torn(PathBuf),
    /// Another user's file.
    #[error("{} may not be read and written by this user: {whose}; give it to the user of the server (chown)", path.display())]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// Whose it is, and its mode.
        whose: String,
    },
    /// SQLite cannot work with the file.
    #[error("{} cannot be used", .0.display())]
    Sqlite(PathBuf, #[source] rusqlite::Error),
    /// The system gave no randomness.
    #[error("no randomness: {0}")]
    Random(getrandom::Error),
}
