//! The keys of the trail's pseudonyms.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::open::{self, read_own};
use super::open_error::OpenError;
use super::rows::time;
use super::schema::{CHAINED, SCHEMA_VERSION};
use crate::audit::{NotedKey, PseudonymKeys, Pseudonyms};

const ALL: &str =
    "SELECT fingerprint, first_at, last_at FROM pseudonym_key ORDER BY last_at, first_at";
const NOTE: &str = "INSERT INTO pseudonym_key (fingerprint, first_at, last_at) VALUES (?1, ?2, ?2)
     ON CONFLICT (fingerprint) DO UPDATE SET last_at = excluded.last_at";

fn all(connection: &Connection) -> rusqlite::Result<Vec<NotedKey>> {
    let key = |row: &rusqlite::Row<'_>| {
        Ok(NotedKey {
            fingerprint: row.get(0)?,
            first: time(row, 1)?,
            last: time(row, 2)?,
        })
    };
    connection.prepare(ALL)?.query_map([], key)?.collect()
}

/// Notes that a key is used from now on; those that were noted before.
pub(super) fn note(
    connection: &Connection,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<NotedKey>> {
    let before = all(connection)?;
    connection.execute(NOTE, (fingerprint, now.timestamp_millis()))?;
    Ok(before)
}

/// The keys, also while a server is using the database. It blocks.
pub(crate) fn pseudonym_keys(path: &Path) -> Result<PseudonymKeys, OpenError> {
    let (connection, found) = read_own(path)?;
    // A copy of before an upgrade has a trail that can be read, and no such notes.
    if !(CHAINED..=SCHEMA_VERSION).contains(&found) {
        open::of_this_schema(path, found)?;
    }
    let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
    let instance = open::known_instance(&connection).map_err(sqlite)?;
    let noted = match found {
        SCHEMA_VERSION => all(&connection).map_err(sqlite)?,
        _ => Vec::new(),
    };
    Ok(PseudonymKeys {
        noted,
        own: Pseudonyms::of_store(&instance),
    })
}
