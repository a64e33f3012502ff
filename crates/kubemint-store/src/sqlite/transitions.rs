//! The steps of a record's life. Each is conditional, and writes its event or nothing.

use chrono::{DateTime, Utc};
use kubemint::ports::Grant;
use kubemint::record::{RecordRef, State};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::EventRow;
use crate::steps::Step;

/// Takes a step; `false`, and nothing is written, when the record is not where the step starts.
pub(super) fn take(
    connection: &Connection,
    record: &RecordRef,
    step: Step,
    event: &EventRow,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE kubeconfig SET state = ?9
             WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND id = ?4 AND uid = ?5
                 AND (state = ?6 OR state = ?7 OR state = ?8)",
        )?
        .execute(params![
            record.cluster.region,
            record.cluster.project,
            record.cluster.cluster,
            record.id.as_str(),
            record.uid.to_string(),
            step.from[0].as_str(),
            step.from[1].as_str(),
            step.from[2].as_str(),
            step.to.as_str(),
        ])?;
    if changed == 0 {
        return Ok(false);
    }
    event.insert(connection)?;
    Ok(true)
}

/// Gives up a pending record: its deadline is its creation.
pub(super) fn abandon(connection: &Connection, record: &RecordRef) -> rusqlite::Result<bool> {
    let Some(seq) = find(connection, record, State::Pending)? else {
        return Ok(false);
    };
    connection
        .prepare_cached("UPDATE kubeconfig SET pending_until = created_at WHERE seq = ?1")?
        .execute([seq])?;
    Ok(true)
}

/// What [`activate`] writes.
pub(super) const ACTIVATE: &str =
    "UPDATE kubeconfig SET state = 'active', expires_at = ?2, object_uid = ?3
     WHERE seq = ?1 AND pending_until > created_at";

/// `pending -> active`, unless it was given up.
pub(super) fn activate(
    connection: &Connection,
    record: &RecordRef,
    grant: &Grant,
    event: &EventRow,
) -> rusqlite::Result<bool> {
    // Found first, and then changed by its number: RETURNING would build a table for the one row.
    let mut seq = find(connection, record, State::Pending)?;
    if let Some(found) = seq {
        let changed = connection.prepare_cached(ACTIVATE)?.execute(params![
            found,
            grant.expires_at.timestamp_millis(),
            grant.object_uid,
        ])?;
        seq = (changed == 1).then_some(found);
    }
    credential(
        connection,
        seq,
        grant.jti.as_deref(),
        grant.expires_at,
        event,
    )
}

/// One more credential of an active record.
pub(super) fn add_credential(
    connection: &Connection,
    record: &RecordRef,
    jti: Option<&str>,
    expires_at: DateTime<Utc>,
    event: &EventRow,
) -> rusqlite::Result<bool> {
    let seq = find(connection, record, State::Active)?;
    credential(connection, seq, jti, expires_at, event)
}

/// The number of a record that is in a state; `None` when it is in another, or there is none.
fn find(
    connection: &Connection,
    record: &RecordRef,
    state: State,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT seq FROM kubeconfig
             WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND id = ?4 AND uid = ?5 AND state = ?6",
        )?
        .query_row(
            params![
                record.cluster.region,
                record.cluster.project,
                record.cluster.cluster,
                record.id.as_str(),
                record.uid.to_string(),
                state.as_str(),
            ],
            |row| row.get(0),
        )
        .optional()
}

/// Records a credential of the record `seq`, if there is one, and the event.
fn credential(
    connection: &Connection,
    seq: Option<i64>,
    jti: Option<&str>,
    expires_at: DateTime<Utc>,
    event: &EventRow,
) -> rusqlite::Result<bool> {
    let Some(seq) = seq else { return Ok(false) };
    connection
        .prepare_cached("INSERT INTO credential (kubeconfig, jti, expires_at, minted_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![seq, jti, expires_at.timestamp_millis(), event.millis()])?;
    event.insert(connection)?;
    Ok(true)
}
