//! A copy put into the database's place, while nobody serves it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::backup::{self, BackupError};
use super::open::{self, OpenError, read_only};
use super::schema::{APPLICATION_ID, SCHEMA_VERSION};

/// Why a copy was not put into the database's place. The database is as it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The database is in use, or its folder is not there.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy cannot be read, or is damaged.
    #[error("the copy cannot be used")]
    Copy(#[source] BackupError),
    /// What was replaced before is still there. It is never deleted by this program.
    #[error("{} is there from an earlier restore; move it away first", .0.display())]
    Kept(PathBuf),
    /// A file cannot be moved.
    #[error("{} cannot be moved", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

/// Puts a copy of `from` into the place of the database at `path`, which no process may be using. What is there now is kept
/// beside it, as `.replaced`, with its log: a log that is left beside another database would be played into that. Returns
/// where it is kept, if there was one. It blocks.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(path: &Path, from: &Path) -> Result<Option<PathBuf>, RestoreError> {
    let path = open::resolve(path)?;
    let _lock = open::lock(&path)?;
    check(from)?;
    let kept = beside(&path, ".replaced");
    if fs::symlink_metadata(&kept).is_ok() {
        return Err(RestoreError::Kept(kept));
    }
    let new = beside(&path, ".restoring");
    // What an earlier attempt that was broken off left.
    let _ = fs::remove_file(&new);
    backup::backup(from, &new).map_err(RestoreError::Copy)?;
    let replaced = path.exists();
    if replaced {
        fold(&path);
        // The logs first: without them the database is whole once they are folded into it, and a log alone is nothing.
        for end in ["-wal", "-shm"] {
            let log = beside(&path, end);
            if log.exists() {
                rename(&log, &beside(&kept, end))?;
            }
        }
        rename(&path, &kept)?;
    }
    rename(&new, &path)?;
    Ok(replaced.then_some(kept))
}

/// Whether a file is a database of this program, and not of a newer one.
fn check(from: &Path) -> Result<(), RestoreError> {
    let copy = read_only(from)?;
    let found =
        open::identify(&copy).map_err(|error| OpenError::Damaged(from.to_owned(), error))?;
    if found.application_id != APPLICATION_ID {
        return Err(RestoreError::Open(OpenError::Foreign {
            path: from.to_owned(),
            application_id: found.application_id,
        }));
    }
    if found.version > SCHEMA_VERSION {
        return Err(RestoreError::Open(OpenError::Newer {
            path: from.to_owned(),
            found: found.version,
            known: SCHEMA_VERSION,
        }));
    }
    Ok(())
}

/// Folds the log of a database into it, if it can be: a damaged one is kept as it is, with its log.
fn fold(path: &Path) {
    if let Ok(database) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _ = database.pragma_query(None, "wal_checkpoint(TRUNCATE)", |_| Ok(()));
        let _ = database.close();
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn rename(from: &Path, to: &Path) -> Result<(), RestoreError> {
    fs::rename(from, to).map_err(|error| RestoreError::Io(from.to_owned(), error))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| RestoreError::Io(folder.to_owned(), error))
}
