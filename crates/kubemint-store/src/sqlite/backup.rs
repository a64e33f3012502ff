//! A copy of the database, while it is served.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::open::{private, read_only};
use super::open_error::OpenError;

/// How long a copy waits for a database that is locked.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no copy.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The database cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is a file of the copy's name already. A copy replaces nothing.
    #[error("{} is there already; a copy replaces nothing", .0.display())]
    Exists(PathBuf),
    /// Another copy to the same name is under way: it has this file.
    #[error("{} is being written by another copy", .0.display())]
    Busy(PathBuf),
    /// The copy's file cannot be written.
    #[error("{} cannot be written", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// SQLite cannot copy.
    #[error("the database cannot be copied")]
    Sqlite(#[source] rusqlite::Error),
    /// Another program has the database locked for too long.
    #[error("the database is locked by another program")]
    Locked,
    /// The copy is not sound, and neither is the database, or the disk.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
}

/// Copies the database at `from` to the new file `to`, as it is at one moment, while a server may be using it. The
/// copy is checked and on the disk, or it is not there. It blocks.
///
/// # Errors
/// See [`BackupError`].
pub fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::Io(to.to_owned(), error);
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let source = read_only(from)?;
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let _writing = begun(&partial)?;
    let copied = copy(&source, &partial);
    let kept = copied.and_then(|()| {
        File::open(&partial)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        // Not a rename, which would replace a file that came meanwhile.
        fs::hard_link(&partial, to).map_err(failed)
    });
    let _ = fs::remove_file(&partial);
    kept?;
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}

/// Makes the file that becomes the copy, and locks it for as long as it is written. What is left of one that was broken off
/// is replaced: nobody has its lock.
fn begun(partial: &Path) -> Result<File, BackupError> {
    let failed = |error| BackupError::Io(partial.to_owned(), error);
    // Not through a link, which could lead to another file.
    if fs::symlink_metadata(partial).is_ok_and(|found| found.is_file()) {
        let left = File::options().write(true).open(partial).map_err(failed)?;
        match left.try_lock() {
            Ok(()) => fs::remove_file(partial).map_err(failed)?,
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(partial.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    let file = private(OpenOptions::new().write(true).create_new(true))
        .open(partial)
        .map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn copy(source: &Connection, to: &Path) -> Result<(), BackupError> {
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(BackupError::Sqlite)?;
    {
        let backup = Backup::new(source, &mut copy).map_err(BackupError::Sqlite)?;
        let start = Instant::now();
        // All pages in one step, and so of one moment: readers hold up no writer.
        loop {
            match backup.step(-1).map_err(BackupError::Sqlite)? {
                StepResult::Done => break,
                _ if start.elapsed() > PATIENCE => return Err(BackupError::Locked),
                _ => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    // One file: no log beside it is part of the copy.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |row| {
        row.get::<_, String>(0)
    })
    .map_err(BackupError::Sqlite)?;
    let found: String = copy
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(BackupError::Sqlite)?;
    if found != "ok" {
        return Err(BackupError::Damaged(found));
    }
    copy.close()
        .map_err(|(_, error)| BackupError::Sqlite(error))
}
