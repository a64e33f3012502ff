//! Opening the database file: that it is ours, that no one else writes it, and that it is as this program expects.

use std::cmp::Ordering;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use kubemint::ports::Instance;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use uuid::Uuid;

use super::error::{is_damage, unreadable};
use super::open_error::OpenError;
use super::owner;
use super::schema::{self, APPLICATION_ID, SCHEMA_VERSION};
use crate::config::Options;

/// An open database.
pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) readers: Vec<Connection>,
    pub(super) instance: Instance,
    /// Held until the store is dropped.
    pub(super) lock: File,
    /// The file.
    pub(super) path: PathBuf,
    /// It was made just now.
    pub(super) new: bool,
    /// Which other installation's was here before.
    pub(super) before: Option<String>,
}

/// Opens, makes or migrates the database, and takes its lock.
pub(super) fn open(options: &Options) -> Result<Opened, OpenError> {
    let path = resolve(&options.path)?;
    let lock = lock(&path)?;
    let noted = was_here(&lock).map_err(|error| OpenError::Io(lock_name(&path), error))?;
    if let Some(instance) = noted.clone()
        && fs::metadata(&path).map_or(0, |found| found.len()) == 0
    {
        let lock = lock_name(&path);
        return Err(OpenError::Gone {
            path,
            lock,
            instance,
        });
    }
    make(&path)?;
    let sqlite = |error: rusqlite::Error| match error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::NotADatabase => {
            OpenError::Foreign {
                path: path.clone(),
                application_id: 0,
            }
        }
        error if is_damage(&error) => OpenError::Damaged(path.clone(), error),
        error => unusable(&path, error),
    };

    let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, options).map_err(sqlite)?;
    // Before anything is written: another program's file stays as it is.
    let found = identify(&writer).map_err(sqlite)?;
    if found.application_id != APPLICATION_ID && !found.empty {
        return Err(OpenError::Foreign {
            path,
            application_id: found.application_id,
        });
    }
    if found.version > SCHEMA_VERSION {
        return Err(OpenError::Newer {
            path,
            found: found.version,
            known: SCHEMA_VERSION,
        });
    }
    let mode = prepare_writer(&writer).map_err(sqlite)?;
    if mode != "wal" {
        return Err(OpenError::NoWal { path, found: mode });
    }
    schema::migrate(&mut writer, found.version).map_err(sqlite)?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(OpenError::Random)?;
    let instance = instance(&writer, Uuid::new_v4(), key).map_err(sqlite)?;
    if !fits(&writer).map_err(sqlite)? {
        return Err(OpenError::Torn(path));
    }
    abandon(&writer).map_err(sqlite)?;
    let id = instance.id.to_string();
    if noted.as_ref() != Some(&id) {
        note(&lock, &id).map_err(|error| OpenError::Io(lock_name(&path), error))?;
    }

    let readers = (0..options.readers.max(1))
        .map(|_| connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY, options))
        .collect::<Result<_, _>>()
        .map_err(sqlite)?;
    Ok(Opened {
        writer,
        readers,
        instance,
        lock,
        path,
        new: found.empty,
        before: noted.filter(|noted| *noted != id),
    })
}

/// A connection that changes nothing, and needs no lock: a server may be using the file.
pub(super) fn read_only(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::NoFile(path.to_owned()));
    }
    let options = Options::new(path);
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, &options).map_err(|error| {
        if is_damage(&error) {
            OpenError::Damaged(path.to_owned(), error)
        } else {
            unusable(path, error)
        }
    })
}

/// Such a connection to a database of this program, and its schema, which may be an older or a newer one.
pub(super) fn read_own(path: &Path) -> Result<(Connection, u32), OpenError> {
    let connection = read_only(path)?;
    let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
    let found = identify(&connection).map_err(sqlite)?;
    if found.application_id != APPLICATION_ID {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
            application_id: found.application_id,
        });
    }
    Ok((connection, found.version))
}

/// Refuses a schema that is not this program's.
pub(super) fn of_this_schema(path: &Path, found: u32) -> Result<(), OpenError> {
    let path = path.to_owned();
    match found.cmp(&SCHEMA_VERSION) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::Newer {
            path,
            found,
            known: SCHEMA_VERSION,
        }),
        Ordering::Less => Err(OpenError::Older {
            path,
            found,
            needed: SCHEMA_VERSION,
        }),
    }
}

/// Why SQLite cannot work with a file: of one that it may not open it says no more than that.
fn unusable(path: &Path, error: rusqlite::Error) -> OpenError {
    let closed = matches!(&error, rusqlite::Error::SqliteFailure(failure, _)
        if matches!(failure.code, ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly));
    match closed.then(|| owner::forbidden(path)).flatten() {
        Some(whose) => OpenError::Forbidden {
            path: path.to_owned(),
            whose,
        },
        None => OpenError::Sqlite(path.to_owned(), error),
    }
}

/// The file behind symbolic links, so that one database has one lock whatever it is called.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    match fs::canonicalize(path) {
        Ok(path) if path.is_file() => return Ok(path),
        Ok(path) => return Err(OpenError::NotAFile(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(OpenError::Io(path.to_owned(), error)),
    }
    let name = path
        .file_name()
        .ok_or_else(|| OpenError::NotAFile(path.to_owned()))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::canonicalize(folder) {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NoFolder(folder.to_owned()))
        }
        Err(error) => Err(OpenError::Io(folder.to_owned(), error)),
    }
}

pub(super) fn lock_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The longest note in a lock that is read, in bytes: a UUID.
const NOTE: u64 = 36;

/// Which installation's store was here when the lock was last held. A crash before the first store was whole notes none.
pub(super) fn was_here(mut lock: &File) -> io::Result<Option<String>> {
    let mut text = String::new();
    lock.seek(SeekFrom::Start(0))?;
    lock.take(NOTE).read_to_string(&mut text)?;
    Ok((!text.is_empty()).then_some(text))
}

/// Notes which installation's store is here.
fn note(mut lock: &File, instance: &str) -> io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    lock.write_all(instance.as_bytes())?;
    lock.sync_all()
}

/// Takes the lock beside the database. It is a file of its own, since closing any handle of the database itself would
/// drop SQLite's locks; and it is never removed, since two processes could then hold one each. A new one belongs to whom the
/// database does, or its folder: who restores it may be root, and the server is not.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let name = lock_name(path);
    let failed = |error| OpenError::Io(name.clone(), error);
    let open = |new| private(OpenOptions::new().read(true).write(true).create_new(new)).open(&name);
    let file = match open(true) {
        Ok(file) => {
            match owner::inherit_owner(&name, path) {
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
                _ => Ok(()),
            }
            .map_err(failed)?;
            file
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open(false).map_err(failed)?
        }
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(name)),
        Err(TryLockError::Error(error)) => Err(OpenError::Io(name, error)),
    }
}

/// Makes the database file, readable by its owner alone, when it is missing. SQLite gives the files beside it the same
/// permissions.
fn make(path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Io(path.to_owned(), error);
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    // The name is durable only when the folder is.
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed),
        _ => Ok(()),
    }
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn connect(path: &Path, access: OpenFlags, options: &Options) -> rusqlite::Result<Connection> {
    // No URI: a path is a path whatever it begins with. No mutex: a connection is one thread's at a time.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans do not depend on the values that are bound. Otherwise a statement that compares `state` with one is prepared
    // again for every execution, since a partial index might serve another value; ours name its states themselves.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// What a file says that it is.
pub(super) struct Identity {
    pub(super) application_id: i32,
    pub(super) version: u32,
    /// It holds nothing: it was just made, or making it was cut off.
    empty: bool,
}

pub(super) fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    let application_id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 =
        connection.query_one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(Identity {
        application_id,
        // A negative version is no schema of ours, and newer than all of them.
        version: u32::try_from(version).unwrap_or(u32::MAX),
        empty: application_id == 0 && version == 0 && objects == 0,
    })
}

/// Sets what durability and group commit need, and returns the journal mode.
fn prepare_writer(connection: &Connection) -> rusqlite::Result<String> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    // Every commit is flushed to the disk before it is answered; on macOS too, where fsync alone does not.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Savepoints keep what they may have to undo in memory, and the upper pages of every index stay there too.
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    // 16 MiB between checkpoints. A log that grew beyond the limit is cut again when it begins anew, which it is made to.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "journal_size_limit", super::log::LONGEST)?;
    Ok(mode)
}

/// Whether the trail ends where its chain notes that it does, with the same hash. It is one look at each end, and finds a log
/// that was played into another database.
pub(super) fn fits(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_one(
        "SELECT NOT EXISTS (SELECT 1 FROM audit_chain
             WHERE head > pruned AND NOT EXISTS (
                 SELECT 1 FROM (SELECT chain, number, hash FROM audit ORDER BY seq DESC LIMIT 1) AS last
                 WHERE last.chain = audit_chain.chain AND last.number = head AND last.hash = head_hash))",
        [],
        |row| row.get(0),
    )
}

/// Whoever began what is pending is gone: the lock is ours alone. So nobody waits for the end of its time, and the
/// reconciler ends it at once.
fn abandon(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE kubeconfig INDEXED BY kubeconfig_pending SET pending_until = created_at WHERE state = 'pending'",
            [],
        )
        .map(drop)
}

/// The installation's identity: `id` and `key` when it has none yet.
fn instance(connection: &Connection, id: Uuid, key: [u8; 32]) -> rusqlite::Result<Instance> {
    connection.execute(
        "INSERT INTO instance (one, id, page_key) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        (id.to_string(), key),
    )?;
    known_instance(connection)
}

/// What the installation is, where that was drawn before.
pub(super) fn known_instance(connection: &Connection) -> rusqlite::Result<Instance> {
    connection.query_one("SELECT id, page_key FROM instance", [], |row| {
        let id = row
            .get_ref(0)?
            .as_str()?
            .parse()
            .map_err(|error: uuid::Error| unreadable(0, error))?;
        Ok(Instance {
            id,
            page_key: row.get(1)?,
        })
    })
}
