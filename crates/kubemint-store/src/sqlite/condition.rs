//! What the file's condition is, judged by what its statements answered: a probe's own small write may go well where no
//! other does.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kubemint::ports::StoreError;
use rusqlite::ErrorCode;

use super::error::Refusal;
use super::open::private;

/// More than any transaction of the service writes.
const ROOM: usize = 256 * 1024;

/// What was learned since the store was opened.
pub(super) struct Condition {
    /// A part of the file was not what SQLite wrote there. Only an operator mends that.
    damaged: AtomicBool,
    /// The last write found no room, or a disk that fails.
    full: AtomicBool,
    /// What is written to see whether there is room again.
    probe: PathBuf,
    /// The file, and which one it is: device and inode. What is written to a file without a name is lost with the process.
    file: Option<(PathBuf, (u64, u64))>,
}

impl Condition {
    /// Of a database that has just been opened.
    pub(super) fn good(database: PathBuf) -> Self {
        let mut probe = database.clone().into_os_string();
        probe.push(".room");
        Self {
            damaged: AtomicBool::new(false),
            full: AtomicBool::new(false),
            probe: PathBuf::from(probe),
            file: identity(&database).map(|identity| (database, identity)),
        }
    }

    /// Refuses to begin anything new in a file that was taken away: whatever is written there now is gone after the next start, and
    /// what was issued with it can be revoked by nobody. One that cannot be looked at for another reason may be there. It blocks.
    pub(super) fn in_place(&self) -> Result<(), StoreError> {
        let Some((path, opened)) = &self.file else {
            return Ok(());
        };
        let is_there = match fs::metadata(path) {
            Ok(found) => (found.dev(), found.ino()) == *opened,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_there {
            Ok(())
        } else {
            Err(Refusal::TakenAway.into())
        }
    }

    /// Learns from what a read answered.
    pub(super) fn has_read<T>(&self, answer: &Result<T, StoreError>) {
        let code = answer.as_ref().err().and_then(code);
        if let Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) = code {
            self.damaged.store(true, Ordering::Relaxed);
        }
    }

    /// Learns from what a write answered.
    pub(super) fn has_written<T>(&self, answer: &Result<T, StoreError>) {
        self.has_read(answer);
        match answer.as_ref().map_err(code) {
            Ok(_) => self.full.store(false, Ordering::Relaxed),
            Err(Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)) => {
                self.full.store(true, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }

    /// Refuses to begin anything new in a damaged file: what cannot be read cannot be ended either.
    pub(super) fn sound(&self) -> Result<(), StoreError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged(Box::new(Refusal::Damaged)));
        }
        Ok(())
    }

    /// Sees whether there is room again, if there was none. It blocks.
    pub(super) fn room(&self) -> Result<(), StoreError> {
        if !self.full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let written = self.try_room();
        let removed = fs::remove_file(&self.probe);
        let outcome = written.and(removed);
        outcome.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        self.full.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn try_room(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file =
            private(options.write(true).create(true).truncate(true)).open(&self.probe)?;
        file.write_all(&vec![0; ROOM])?;
        file.sync_all()
    }
}

/// Which file a path leads to, if it leads to one.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// SQLite's own code of an error, if it is one of its.
fn code(error: &StoreError) -> Option<ErrorCode> {
    let source: &(dyn Error + Send + Sync + 'static) = match error {
        StoreError::Unavailable(source) | StoreError::Damaged(source) => source.as_ref(),
    };
    let shared = source.downcast_ref::<Arc<rusqlite::Error>>();
    let error = shared.map(Arc::as_ref).or_else(|| source.downcast_ref())?;
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::super::error::{shared_error, store_error};
    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    fn condition() -> (tempfile::TempDir, Condition) {
        let folder = tempfile::tempdir().unwrap();
        let condition = Condition::good(folder.path().join("a.db"));
        (folder, condition)
    }

    #[test]
    fn damage_that_any_statement_met_is_remembered() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            let (_folder, condition) = condition();
            condition.has_read::<()>(&Err(store_error(failure(ffi::SQLITE_BUSY))));
            assert!(condition.sound().is_ok());
            condition.has_read::<()>(&Err(store_error(failure(code))));
            condition.has_written(&Ok(()));
            let refused = condition.sound();
            assert!(
                matches!(refused, Err(StoreError::Damaged(_))),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_full_disk_is_one_until_there_is_room() {
        let (folder, condition) = condition();
        let full = || Err(shared_error(&Arc::new(failure(ffi::SQLITE_FULL))));
        condition.has_written::<()>(&full());
        // Where the probe should be is something that cannot be written.
        let place = folder.path().join("a.db.room");
        fs::create_dir(&place).unwrap();
        assert!(condition.room().is_err());
        fs::remove_dir(&place).unwrap();
        condition.room().unwrap();
        assert!(!place.exists());
        // A write that went well says as much.
        condition.has_written::<()>(&full());
        condition.has_written(&Ok(()));
        fs::create_dir(&place).unwrap();
        condition.room().unwrap();
    }
}
