//! How an issue begins: the one write that must decide whether it is the first.

use kubemint::ports::{Begun, Idempotency};
use kubemint::record::{Record, State};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{self, EventRow, RECORD_WIDTH, record_columns};

/// How many keys past their time are forgotten with each new one, so that they never pile up.
const FORGET: i64 = 8;

/// Writes a pending record, unless its idempotency key or its name says otherwise. "Now" is the record's creation.
pub(super) fn begin(
    connection: &Connection,
    record: &Record,
    idempotency: Option<&Idempotency>,
    most: Option<u32>,
    event: &EventRow,
) -> rusqlite::Result<Begun> {
    if let Some(idempotency) = idempotency
        && let Some(begun) = earlier(connection, record, idempotency)?
    {
        return Ok(begun);
    }
    if let Some(most) = most
        && alive(connection, record)? >= i64::from(most)
    {
        return Ok(Begun::QuotaExceeded);
    }
    let seq = match insert(connection, record)? {
        Some(seq) => seq,
        None => match take_over(connection, record)? {
            Some(seq) => seq,
            None => return Ok(Begun::IdTaken),
        },
    };
    if let Some(idempotency) = idempotency {
        remember(connection, record, idempotency, seq)?;
    }
    event.insert(connection)?;
    Ok(Begun::Started)
}

/// What an earlier use of the key means for this one; `None` when there was none, or none that counts.
fn earlier(
    connection: &Connection,
    record: &Record,
    idempotency: &Idempotency,
) -> rusqlite::Result<Option<Begun>> {
    let (cluster, principal) = (&record.cluster, &idempotency.principal);
    let found = connection
        .prepare_cached(concat!(
            "SELECT ",
            record_columns!(),
            ", fingerprint FROM idempotency JOIN kubeconfig ON kubeconfig.seq = idempotency.kubeconfig
             WHERE issuer = ?1 AND subject = ?2
                 AND idempotency.region = ?3 AND idempotency.project = ?4 AND idempotency.cluster = ?5
                 AND key = ?6 AND keep_until > ?7",
        ))?
        .query_row(
            params![
                principal.issuer,
                principal.subject,
                cluster.region,
                cluster.project,
                cluster.cluster,
                idempotency.key,
                record.created_at.timestamp_millis(),
            ],
            |row| {
                let same = row.get_ref(RECORD_WIDTH)?.as_str()? == idempotency.fingerprint;
                Ok((rows::record(row)?.1, same))
            },
        )
        .optional()?;
    Ok(found.and_then(|(record, same)| match record.state {
        // Nothing was granted: the key is free, and whoever uses it next takes it over.
        State::Failed => None,
        _ if !same => Some(Begun::KeyReused),
        State::Pending => Some(Begun::InProgress(Box::new(record))),
        State::Active | State::Revoking | State::Revoked | State::Expired => {
            Some(Begun::Replay(Box::new(record)))
        }
    }))
}

/// How many kubeconfigs are alive for a user at a cluster: each part has its index. The sign keeps the first from that of the
/// whole cluster's ends.
pub(super) const ALIVE: &str = "SELECT
     (SELECT count(*) FROM kubeconfig
      WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND creator_issuer = ?4 AND issued_for = ?5
          AND state = 'active' AND (state = 'active' OR state = 'revoking' OR state = 'expired') AND +expires_at > ?6)
     + (SELECT count(*) FROM kubeconfig
        WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND creator_issuer = ?4 AND issued_for = ?5
            AND state = 'revoking' AND (state = 'active' OR state = 'revoking' OR state = 'expired'))
     + (SELECT count(*) FROM kubeconfig
        WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND state = 'pending'
            AND pending_until > ?6 AND creator_issuer = ?4 AND issued_for = ?5)";

/// How many kubeconfigs are alive for the record's user at its cluster, when it is made.
fn alive(connection: &Connection, record: &Record) -> rusqlite::Result<i64> {
    let parameters = params![
        record.cluster.region,
        record.cluster.project,
        record.cluster.cluster,
        record.created_by.issuer,
        record.issued_for,
        record.created_at.timestamp_millis(),
    ];
    let mut statement = connection.prepare_cached(ALIVE)?;
    statement.query_row(parameters, |row| row.get(0))
}

/// What makes a record.
pub(super) const INSERT: &str = "INSERT INTO kubeconfig (region, project, cluster, id, uid, display_name, description, issued_for, role,
     creator_issuer, creator_subject, ttl, state, created_at, pending_until)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'pending', ?13, ?14)
     ON CONFLICT (region, project, cluster, id) DO NOTHING";

/// The new record's sequence number; `None` when its name is in use, whatever became of whom.
fn insert(connection: &Connection, record: &Record) -> rusqlite::Result<Option<i64>> {
    let inserted = connection.prepare_cached(INSERT)?.execute(params![
        record.cluster.region,
        record.cluster.project,
        record.cluster.cluster,
        record.id.as_str(),
        record.uid.to_string(),
        record.display_name,
        record.description,
        record.issued_for,
        record.role,
        record.created_by.issuer,
        record.created_by.subject,
        record.ttl,
        record.created_at.timestamp_millis(),
        record.pending_until.timestamp_millis(),
    ])?;
    Ok((inserted == 1).then(|| connection.last_insert_rowid()))
}

/// The new record's sequence number in the place of one that failed, which the same principal made under the name; `None`
/// when there is none. It becomes the newest, and no key leads to it from before.
fn take_over(connection: &Connection, record: &Record) -> rusqlite::Result<Option<i64>> {
    let failed: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM kubeconfig
             WHERE region = ?1 AND project = ?2 AND cluster = ?3 AND id = ?4
                 AND state = 'failed' AND forgotten_at IS NULL AND creator_issuer = ?5 AND creator_subject = ?6",
        )?
        .query_row(
            params![
                record.cluster.region,
                record.cluster.project,
                record.cluster.cluster,
                record.id.as_str(),
                record.created_by.issuer,
                record.created_by.subject,
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(failed) = failed else {
        return Ok(None);
    };
    connection
        .prepare_cached("DELETE FROM idempotency WHERE kubeconfig = ?1")?
        .execute([failed])?;
    let seq: i64 = connection
        .prepare_cached("SELECT max(seq) + 1 FROM kubeconfig")?
        .query_row([], |row| row.get(0))?;
    connection
        .prepare_cached(
            "UPDATE kubeconfig SET seq = ?2, uid = ?3, display_name = ?4, description = ?5, issued_for = ?6, role = ?7,
                 ttl = ?8, state = 'pending', created_at = ?9, pending_until = ?10
             WHERE seq = ?1",
        )?
        .execute(params![
            failed,
            seq,
            record.uid.to_string(),
            record.display_name,
            record.description,
            record.issued_for,
            record.role,
            record.ttl,
            record.created_at.timestamp_millis(),
            record.pending_until.timestamp_millis(),
        ])?;
    Ok(Some(seq))
}

/// Ties the key to the record, in place of an earlier use whose time is over.
fn remember(
    connection: &Connection,
    record: &Record,
    idempotency: &Idempotency,
    seq: i64,
) -> rusqlite::Result<()> {
    let (cluster, principal) = (&record.cluster, &idempotency.principal);
    connection
        .prepare_cached(
            "DELETE FROM idempotency WHERE seq IN
                 (SELECT seq FROM idempotency WHERE keep_until <= ?1 ORDER BY keep_until LIMIT ?2)",
        )?
        .execute((record.created_at.timestamp_millis(), FORGET))?;
    connection
        .prepare_cached(
            "INSERT INTO idempotency (issuer, subject, region, project, cluster, key, fingerprint, kubeconfig,
                 keep_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (issuer, subject, region, project, cluster, key) DO UPDATE
             SET fingerprint = excluded.fingerprint, kubeconfig = excluded.kubeconfig,
                 keep_until = excluded.keep_until",
        )?
        .execute(params![
            principal.issuer,
            principal.subject,
            cluster.region,
            cluster.project,
            cluster.cluster,
            idempotency.key,
            idempotency.fingerprint,
            seq,
            idempotency.keep_until.timestamp_millis(),
        ])
        .map(drop)
}
