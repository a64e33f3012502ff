//! A copy of the database, while it is served.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use rustix::io::Errno;
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
        named(&partial, to).map_err(failed)
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

/// Gives the copy its name. A file that came meanwhile is not replaced, as it would be by a plain rename.
fn named(partial: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(partial, to) {
        // FAT, many network shares and FUSE have none.
        Err(error) if is_no_link(&error) => moved(partial, to),
        done => done,
    }
}

fn is_no_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
    )
}

fn moved(partial: &Path, to: &Path) -> io::Result<()> {
    let (here, only_new) = (rustix::fs::CWD, rustix::fs::RenameFlags::NOREPLACE);
    rustix::fs::renameat_with(here, partial, here, to, only_new).map_err(|error| match error {
        Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP => io::Error::new(
            io::ErrorKind::Unsupported,
            "its file system has neither hard links nor a rename that replaces nothing: copy to another one, and from there",
        ),
        other => other.into(),
    })
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use super::{is_no_link, moved, named};

    #[test]
    fn a_copy_replaces_no_file_that_came_meanwhile_with_links_and_without() {
        for place in [named, moved] {
            let folder = tempfile::tempdir().unwrap();
            let (partial, to) = (folder.path().join("a.partial"), folder.path().join("a"));
            fs::write(&partial, "copy").unwrap();
            fs::write(&to, "other").unwrap();
            let refused = place(&partial, &to).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&to).unwrap(), "other");
            fs::remove_file(&to).unwrap();
            place(&partial, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), "copy");
        }
    }

    #[test]
    fn what_a_file_system_without_links_says_is_known() {
        // As link(2) names it: EPERM.
        assert!(is_no_link(&io::Error::from_raw_os_error(1)));
        assert!(!is_no_link(&io::Error::from_raw_os_error(28)));
    }
}
