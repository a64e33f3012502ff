//! Records and events as rows, and back.

use chrono::{DateTime, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::record::{Record, State};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use uuid::Uuid;

use super::error::unreadable;
use crate::audit::{Encoded, Hash, time_text};
use crate::text::{decision, decision_text, object};

/// The columns that [`record`] reads, in its order.
macro_rules! record_columns {
    () => {
        "kubeconfig.seq, kubeconfig.region, kubeconfig.project, kubeconfig.cluster, kubeconfig.id, kubeconfig.uid, \
         display_name, description, issued_for, role, creator_issuer, creator_subject, ttl, state, created_at, \
         pending_until, expires_at, object_uid"
    };
}
pub(super) use record_columns;

/// How many columns [`record_columns`] are.
pub(super) const RECORD_WIDTH: usize = 18;

/// The record of a row that begins with [`record_columns`], and its sequence number.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<(u64, Record)> {
    let record = Record {
        cluster: ClusterKey::new(
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
        ),
        id: row
            .get_ref(4)?
            .as_str()?
            .parse()
            .map_err(|error| unreadable(4, Box::new(error)))?,
        uid: uid(row, 5)?,
        display_name: row.get(6)?,
        description: row.get(7)?,
        issued_for: row.get(8)?,
        role: row.get(9)?,
        created_by: Principal {
            issuer: row.get(10)?,
            subject: row.get(11)?,
        },
        ttl: row.get(12)?,
        state: State::parse(row.get_ref(13)?.as_str()?)
            .ok_or_else(|| unreadable(13, "no such state"))?,
        created_at: time(row, 14)?,
        pending_until: time(row, 15)?,
        expires_at: optional_time(row, 16)?,
        object_uid: row.get(17)?,
    };
    Ok((number(row, 0)?, record))
}

/// A count or a sequence number of a row, which is never negative.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn uid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get_ref(column)?
        .as_str()?
        .parse()
        .map_err(|error: uuid::Error| unreadable(column, error))
}

/// A time of a row. Times are stored in milliseconds.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let millis = row.get(column)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

/// A time of a row that may have none.
pub(super) fn optional_time(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    row.get::<_, Option<i64>>(column)?
        .map(|_| time(row, column))
        .transpose()
}

/// An event, ready to be written: what can be done before the writer has it, is.
pub(super) struct EventRow {
    event: Event,
    uid: Option<String>,
    decision: Option<String>,
    detail: String,
    encoded: Encoded,
}

impl EventRow {
    pub(super) fn new(mut event: Event) -> Self {
        let decision = event.decision.as_ref().map(decision_text);
        let detail = Value::Object(std::mem::take(&mut event.detail)).to_string();
        let uid = event.uid.map(|uid| uid.to_string());
        let (principal, cluster) = (event.principal.as_ref(), &event.cluster);
        let encoded = Encoded::new([
            Some(time_text(event.at.timestamp_millis()).as_str()),
            Some(event.kind.as_str()),
            event.request_id.as_deref(),
            principal.map(|principal| principal.issuer.as_str()),
            principal.map(|principal| principal.subject.as_str()),
            event.token_id.as_deref(),
            Some(&cluster.region),
            Some(&cluster.project),
            Some(&cluster.cluster),
            event.kubeconfig.as_deref(),
            uid.as_deref(),
            decision.as_deref(),
            Some(&detail),
        ]);
        Self {
            event,
            uid,
            decision,
            detail,
            encoded,
        }
    }

    /// When it happened, in milliseconds.
    pub(super) fn millis(&self) -> i64 {
        self.event.at.timestamp_millis()
    }

    /// Writes it, after the last row of the chain. The chain's head is in the database, so that a savepoint that is
    /// undone takes back the head too.
    pub(super) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Event {
            kind,
            request_id,
            principal,
            token_id,
            cluster,
            kubeconfig,
            ..
        } = &self.event;
        let (chain, head, previous) = head(connection)?;
        let number = head + 1;
        let hash = self.encoded.digest(&chain, number, &previous);
        connection
            .prepare_cached(
                "INSERT INTO audit (at, kind, request_id, issuer, subject, token_id, region, project, cluster,
                     kubeconfig, uid, decision, detail, chain, number, previous, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?
            .execute(params![
                self.millis(),
                kind.as_str(),
                request_id,
                principal.as_ref().map(|principal| &principal.issuer),
                principal.as_ref().map(|principal| &principal.subject),
                token_id,
                cluster.region,
                cluster.project,
                cluster.cluster,
                kubeconfig,
                self.uid,
                self.decision,
                self.detail,
                chain,
                number,
                previous,
                hash,
            ])?;
        connection
            .prepare_cached("UPDATE audit_chain SET head = ?2, head_hash = ?3 WHERE chain = ?1")?
            .execute(params![chain, number, hash])
            .map(drop)
    }

    /// Whether it could be written: it is taken back, and with it the chain's head. An error leaves the savepoint to the caller's.
    pub(super) fn try_insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("SAVEPOINT probe")?.execute([])?;
        self.insert(connection)?;
        for sql in ["ROLLBACK TO probe", "RELEASE probe"] {
            connection.prepare_cached(sql)?.execute([])?;
        }
        Ok(())
    }
}

/// The chain of this database, its last number, and the hash of that. One process writes at a time, so there is one
/// chain: the installation's.
fn head(connection: &Connection) -> rusqlite::Result<(String, i64, Hash)> {
    let read = || {
        connection
            .prepare_cached("SELECT chain, head, head_hash FROM audit_chain LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()
    };
    if let Some(head) = read()? {
        return Ok(head);
    }
    connection.execute(
        "INSERT INTO audit_chain (chain) VALUES (coalesce((SELECT id FROM instance), ''))",
        [],
    )?;
    read()?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The columns that [`event`] reads, in its order.
macro_rules! event_columns {
    () => {
        "seq, at, kind, request_id, issuer, subject, token_id, region, project, cluster, kubeconfig, uid, decision, \
         detail"
    };
}
pub(super) use event_columns;

/// The event of a row of [`event_columns`], and its sequence number.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<(u64, Event)> {
    let principal = match (row.get(4)?, row.get(5)?) {
        (Some(issuer), Some(subject)) => Some(Principal { issuer, subject }),
        _ => None,
    };
    let event = Event {
        at: time(row, 1)?,
        kind: Kind::parse(row.get_ref(2)?.as_str()?)
            .ok_or_else(|| unreadable(2, "no such kind"))?,
        request_id: row.get(3)?,
        principal,
        token_id: row.get(6)?,
        cluster: ClusterKey::new(
            row.get::<_, String>(7)?,
            row.get::<_, String>(8)?,
            row.get::<_, String>(9)?,
        ),
        kubeconfig: row.get(10)?,
        uid: row
            .get_ref(11)?
            .as_str_or_null()?
            .map(|_| uid(row, 11))
            .transpose()?,
        decision: row
            .get_ref(12)?
            .as_str_or_null()?
            .map(|text| decision(text).map_err(|error| unreadable(12, error)))
            .transpose()?,
        detail: object(row.get_ref(13)?.as_str()?).map_err(|error| unreadable(13, error))?,
    };
    Ok((number(row, 0)?, event))
}
