//! The keys of the trail's pseudonyms.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::connect::{self, Held};
use super::error::Trouble;
use super::migrate;
use super::open_error::PostgresError;
use super::rows::{text, time};
use crate::audit::{NotedKey, PseudonymKeys, Pseudonyms};
use crate::config::PostgresOptions;

const ALL: &str =
    "SELECT fingerprint, first_at, last_at FROM pseudonym_key ORDER BY last_at, first_at";
const NOTE: &str = "INSERT INTO pseudonym_key (fingerprint, first_at, last_at) VALUES ($1, $2, $2)
     ON CONFLICT (fingerprint) DO UPDATE SET last_at = excluded.last_at";

fn key(row: &Row) -> Result<NotedKey, Trouble> {
    Ok(NotedKey {
        fingerprint: text(row, 0)?,
        first: time(row, 1)?,
        last: time(row, 2)?,
    })
}

/// Notes that a key is used from now on; those that were noted before.
pub(super) async fn note(
    db: &Held,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> Result<Vec<NotedKey>, Trouble> {
    let before = db.query(ALL, &[]).await?;
    db.execute(NOTE, &[&fingerprint, &now.timestamp_millis()])
        .await?;
    before.iter().map(key).collect()
}

/// The keys, but for rows that cannot be read, also while servers are using the database.
pub(crate) async fn pseudonym_keys(
    options: &PostgresOptions,
) -> Result<PseudonymKeys, PostgresError> {
    let pool = connect::pool(options)?;
    let db = pool.get().await.map_err(PostgresError::connecting)?;
    let instance = migrate::check(&db).await?;
    let rows = db.query(ALL, &[]).await.map_err(PostgresError::Database)?;
    Ok(PseudonymKeys {
        noted: rows.iter().filter_map(|row| key(row).ok()).collect(),
        own: Pseudonyms::of_store(&instance),
    })
}
