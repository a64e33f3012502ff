//! A copy put into the database's place, while nobody serves it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::backup::{self, BackupError};
use super::open::{self, read_only};
use super::open_error::OpenError;
use super::owner;
use super::schema::{APPLICATION_ID, SCHEMA_VERSION};

/// Why a copy was not put into the database's place. The database is as it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The database is in use, or its folder is not there.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy is another installation's: what this one issued would be nobody's.
    #[error(
        "{} is a copy of installation {of}, and {here} is here: what that one issued could not be listed, revoked or ended by the \
         copy's; to take it nevertheless, move {} and {} away first", copy.display(), database.display(), lock.display()
    )]
    Another {
        /// The copy.
        copy: PathBuf,
        /// Whose it is.
        of: String,
        /// Whose database is here, or was.
        here: String,
        /// The database.
        database: PathBuf,
        /// The lock, which notes whose it is.
        lock: PathBuf,
    },
    /// The copy cannot be read, or is damaged.
    #[error("the copy cannot be used")]
    Copy(#[source] BackupError),
    /// What was replaced before is still there. It is never deleted by this program.
    #[error("{} is there from an earlier restore; move it away first", .0.display())]
    Kept(PathBuf),
    /// The copy cannot be given to the user whose the database is.
    #[error("{} cannot be given the owner of what it replaces; run it as that user, or as root", .0.display())]
    Owner(PathBuf, #[source] io::Error),
    /// A file cannot be moved.
    #[error("{} cannot be moved", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where what was there before is kept, if there was something.
    pub kept: Option<PathBuf>,
    /// How many namespaces clusters are known by, when that was taken over from what was there before. `None`: it is the
    /// copy's, because there was nothing, or it is damaged, or one of the two is from before clusters
    /// were known.
    pub landmarks: Option<usize>,
}

/// Puts a copy of `from` into the place of the database at `path`, which no process may be using. What is there now is kept
/// beside it, as `.replaced`, with its log: a log that is left beside another database would be played into that. A copy of another
/// installation is refused.
///
/// By what clusters are known again stays as it is now, where that can be read: it is no part of the history that comes back,
/// and an older note would put a cluster out of order that was built anew, and accepted, since. It blocks.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(path: &Path, from: &Path) -> Result<Restored, RestoreError> {
    let path = open::resolve(path)?;
    let lock = open::lock(&path)?;
    check(from)?;
    check_whose(&path, &lock, from)?;
    let kept = beside(&path, ".replaced");
    if fs::symlink_metadata(&kept).is_ok() {
        return Err(RestoreError::Kept(kept));
    }
    // Also its log alone, which may be all that was left; one that was folded is empty.
    let log = beside(&kept, "-wal");
    if fs::symlink_metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(RestoreError::Kept(log));
    }
    let new = beside(&path, ".restoring");
    // What an earlier attempt that was broken off left.
    let _ = fs::remove_file(&new);
    backup::backup(from, &new).map_err(RestoreError::Copy)?;
    owner::inherit(&new, &path).map_err(|error| RestoreError::Owner(new.clone(), error))?;
    let mut landmarks = None;
    let mut replaced = path.exists();
    if replaced {
        fold(&path);
        landmarks = carry(&path, &new).map_err(|error| OpenError::Sqlite(new.clone(), error))?;
    }
    // The logs first: without them the database is whole once they are folded into it, and a log alone is nothing. And also where the
    // database itself is gone: SQLite would play what is left of its log into the copy.
    for end in ["-wal", "-shm"] {
        let log = beside(&path, end);
        if log.exists() {
            rename(&log, &beside(&kept, end))?;
            replaced = true;
        }
    }
    if path.exists() {
        rename(&path, &kept)?;
    }
    rename(&new, &path)?;
    Ok(Restored {
        kept: replaced.then_some(kept),
        landmarks,
    })
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

/// Refuses another installation's copy, where it is known whose database is here or was.
fn check_whose(path: &Path, lock: &File, from: &Path) -> Result<(), RestoreError> {
    let of = |path: &Path| {
        let (database, _) = open::read_own(path).ok()?;
        let instance = open::known_instance(&database).ok()?;
        Some(instance.id.to_string())
    };
    let noted = open::was_here(lock).ok().flatten();
    match (noted.or_else(|| of(path)), of(from)) {
        (Some(here), Some(of)) if here != of => Err(RestoreError::Another {
            copy: from.to_owned(),
            of,
            here,
            database: path.to_owned(),
            lock: open::lock_name(path),
        }),
        _ => Ok(()),
    }
}

/// Folds the log of a database into it, if it can be: a damaged one is kept as it is, with its log.
fn fold(path: &Path) {
    if let Ok(database) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _ = database.pragma_query(None, "wal_checkpoint(TRUNCATE)", |_| Ok(()));
        let _ = database.close();
    }
}

/// Takes over by what clusters are known, from what is there now; how many notes that were. `None`: they cannot be had.
fn carry(from: &Path, to: &Path) -> rusqlite::Result<Option<usize>> {
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let Some(notes) = read_only(from).ok().and_then(|now| notes(&now, &copy)) else {
        return Ok(None);
    };
    let transaction = copy.transaction()?;
    transaction.execute("DELETE FROM landmark", [])?;
    for note in &notes {
        transaction.execute(
            "INSERT INTO landmark (region, project, cluster, namespace, uid) VALUES (?1, ?2, ?3, ?4, ?5)",
            note.each_ref(),
        )?;
    }
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(Some(notes.len()))
}

/// The notes of a database that is the same installation as a copy; both must have a place for them.
fn notes(now: &Connection, copy: &Connection) -> Option<Vec<[String; 5]>> {
    let of = |database: &Connection| -> rusqlite::Result<String> {
        // A schema without the table is refused here.
        database.prepare("SELECT 1 FROM landmark")?;
        database.query_row("SELECT id FROM instance", [], |row| row.get(0))
    };
    if of(now).ok()? != of(copy).ok()? {
        return None;
    }
    let all = "SELECT region, project, cluster, namespace, uid FROM landmark";
    let mut statement = now.prepare(all).ok()?;
    let rows = statement.query_map([], |row| {
        Ok([
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ])
    });
    rows.ok()?.collect::<Result<_, _>>().ok()
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn rename(from: &Path, to: &Path) -> Result<(), RestoreError> {
    fs::rename(from, to).map_err(|error| RestoreError::Io(from.to_owned(), error))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| RestoreError::Io(folder.to_owned(), error))
}
