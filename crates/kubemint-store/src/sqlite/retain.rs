//! What is no longer kept.

use chrono::{DateTime, Utc};
use kubemint::ports::{Cut, Forgotten};
use rusqlite::{Connection, params};

use crate::trail::AHEAD;

/// Forgets what is past its time, of each kind at most `limit`.
pub(super) fn retain(
    connection: &Connection,
    cut: &Cut,
    now: DateTime<Utc>,
    limit: u16,
) -> rusqlite::Result<Forgotten> {
    // The keys first: a record that one leads to stays.
    let keys = connection
        .prepare_cached(
            "DELETE FROM idempotency WHERE seq IN
                 (SELECT seq FROM idempotency WHERE keep_until <= ?1 ORDER BY keep_until LIMIT ?2)",
        )?
        .execute((cut.keys.timestamp_millis(), limit))?;
    let (credentials, records) = match cut.records {
        Some(before) => (
            connection
                .prepare_cached(CREDENTIALS)?
                .execute((before.timestamp_millis(), limit))?,
            records(connection, before, now, limit)?,
        ),
        None => (0, 0),
    };
    let events = match cut.events {
        Some(before) => events(connection, before, now, limit)?,
        None => 0,
    };
    Ok(Forgotten {
        keys: keys as u64,
        credentials: credentials as u64,
        records: records as u64,
        events: events as u64,
    })
}

/// The oldest records that are over, and that no key leads to: at most `?2` of before `?1`.
macro_rules! oldest {
    () => {
        "SELECT seq FROM kubeconfig INDEXED BY kubeconfig_over
         WHERE (state = 'revoked' OR state = 'failed' OR state = 'expired') AND forgotten_at IS NULL
             AND coalesce(expires_at, created_at) < ?1
             AND NOT EXISTS (SELECT 1 FROM idempotency WHERE idempotency.kubeconfig = kubeconfig.seq)
         ORDER BY coalesce(expires_at, created_at) LIMIT ?2"
    };
}

/// The credentials of what is over go first, and a few at a time: a record may have any number of them.
pub(super) const CREDENTIALS: &str = concat!(
    "DELETE FROM credential WHERE seq IN (
         SELECT credential.seq FROM (",
    oldest!(),
    ") AS oldest CROSS JOIN credential ON credential.kubeconfig = oldest.seq LIMIT ?2)"
);
/// Those of the oldest of which no credential is left: what has some is not looked beyond.
pub(super) const OVER: &str = concat!(
    "SELECT seq FROM (",
    oldest!(),
    ") AS oldest WHERE NOT EXISTS (SELECT 1 FROM credential WHERE credential.kubeconfig = oldest.seq)"
);

/// A record that is forgotten keeps its place, and with it its name; nothing of whom it was for stays.
fn records(
    connection: &Connection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: u16,
) -> rusqlite::Result<usize> {
    let found: Vec<i64> = connection
        .prepare_cached(OVER)?
        .query_map((before.timestamp_millis(), limit), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in &found {
        connection
            .prepare_cached(
                "UPDATE kubeconfig SET state = iif(state = 'failed', 'failed', 'revoked'), forgotten_at = ?2,
                     display_name = NULL, description = NULL, issued_for = '', creator_issuer = '',
                     creator_subject = ''
                 WHERE seq = ?1",
            )?
            .execute(params![seq, now.timestamp_millis()])?;
    }
    Ok(found.len())
}

/// The trail is append only but for what retention names, and only while it does. It is cut at its old end alone, up to
/// the first row that stays: what is left must follow the last row that was cut, which is noted. A time far ahead is a
/// clock's error, and says nothing: such a row goes with the old ones after it.
fn events(
    connection: &Connection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: u16,
) -> rusqlite::Result<usize> {
    let before = before.timestamp_millis();
    let future = (now + AHEAD).timestamp_millis();
    let mut last = None;
    let mut latest = before - 1;
    let mut oldest = connection
        .prepare_cached("SELECT seq, at, number, hash FROM audit ORDER BY seq LIMIT ?1")?;
    let mut rows = oldest.query([limit])?;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(1)?;
        if (before..future).contains(&at) {
            break;
        }
        latest = latest.max(at);
        if at < before {
            let (seq, number): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
            let hash: Option<Vec<u8>> = row.get(3)?;
            last = Some((seq, number, hash, latest));
        }
    }
    drop(rows);
    let Some((seq, number, hash, latest)) = last else {
        return Ok(0);
    };
    connection
        .prepare_cached("UPDATE retention SET audit_before = ?1")?
        .execute([latest + 1])?;
    let removed = connection
        .prepare_cached("DELETE FROM audit WHERE seq <= ?1")?
        .execute([seq])?;
    connection
        .prepare_cached("UPDATE retention SET audit_before = NULL")?
        .execute([])?;
    if let (Some(number), Some(hash)) = (number, hash) {
        connection
            .prepare_cached("UPDATE audit_chain SET pruned = ?1, pruned_hash = ?2")?
            .execute((number, hash))?;
    }
    Ok(removed)
}
