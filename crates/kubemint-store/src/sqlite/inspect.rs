//! How a database file is, without changing it.

use std::path::Path;

use chrono::{DateTime, Utc};
use kubemint::cluster::ClusterKey;
use kubemint::ports::Landmark;
use rusqlite::{Connection, OptionalExtension as _};

use super::landmarks;
use super::open::{fits, read_own};
use super::open_error::OpenError;
use super::reads;
use super::schema::{CHAINED, SCHEMA_VERSION};
use super::size;
use crate::inspection::Inspection;

/// How many of an integrity check's findings are told.
const FINDINGS: u32 = 10;

/// Looks at a database, also while a server is using it. It reads all of it, and blocks.
pub(crate) fn inspect(path: &Path, now: DateTime<Utc>) -> Result<Inspection, OpenError> {
    let (connection, schema) = read_own(path)?;
    let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
    let mut inspection = Inspection {
        schema,
        known: SCHEMA_VERSION,
        searched: true,
        ..Inspection::default()
    };
    inspection.damage = damage(&connection).map_err(sqlite)?;
    let chained = (CHAINED..=SCHEMA_VERSION).contains(&schema);
    // Serving refuses it. Where more is broken, this may not be told.
    if chained && inspection.damage.is_empty() && !fits(&connection).map_err(sqlite)? {
        let torn = OpenError::Torn(path.to_owned());
        inspection.damage.push(torn.to_string());
    }
    if inspection.can_be_counted() {
        count(&connection, now, &mut inspection).map_err(sqlite)?;
        inspection.size = Some(size::of(&connection, path).map_err(sqlite)?);
    }
    Ok(inspection)
}

/// By what clusters are known again, also while a server is using the database. It blocks.
pub(crate) fn known_by(path: &Path) -> Result<Vec<(ClusterKey, Landmark)>, OpenError> {
    let (connection, schema) = read_own(path)?;
    let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
    // An older one has no such notes, or has them elsewhere.
    if schema != SCHEMA_VERSION {
        return Ok(Vec::new());
    }
    landmarks::of_all(&connection).map_err(sqlite)
}

fn damage(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut damage: Vec<String> = connection
        .prepare(&format!("PRAGMA integrity_check({FINDINGS})"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    damage.retain(|line| line != "ok");
    let stray: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()?;
    damage.extend(stray.map(|table| format!("a row of {table} leads to no record")));
    Ok(damage)
}

fn count(
    connection: &Connection,
    now: DateTime<Utc>,
    inspection: &mut Inspection,
) -> rusqlite::Result<()> {
    inspection.states = connection
        .prepare("SELECT state, count(*) FROM kubeconfig GROUP BY state ORDER BY state")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<Result<_, _>>()?;
    let at = now;
    let now = now.timestamp_millis();
    let one = |sql: &str| -> rusqlite::Result<u64> {
        connection.query_row(sql, [now], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))
    };
    inspection.ended =
        one("SELECT count(*) FROM kubeconfig WHERE state = 'active' AND expires_at <= ?1")?;
    inspection.abandoned =
        one("SELECT count(*) FROM kubeconfig WHERE state = 'pending' AND pending_until <= ?1")?;
    inspection.alive = reads::alive(connection, at)?;
    Ok(())
}
