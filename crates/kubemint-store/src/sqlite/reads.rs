//! What is read, and how it stays fast: every query walks an index from a place and stops at its limit.
//!
//! The indexes are partial, and named in the queries: should one be missing or unfit, the query fails when it is
//! prepared, in a test, and not by becoming slow.

use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{Alive, Page, Position};
use kubemint::record::{Record, RecordRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, named_params};

use super::rows::{self, event_columns, number, record_columns, time};
use crate::trail::MintedCredential;

/// A query of records of a cluster: which index, which condition, which order.
macro_rules! records {
    ($index:literal, $condition:literal, $order:literal) => {
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM kubeconfig INDEXED BY ",
            $index,
            " WHERE region = :region AND project = :project AND cluster = :cluster AND ",
            $condition,
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

pub(super) const ACTIVE: &str = records!(
    "kubeconfig_active",
    "state = 'active' AND seq < :before",
    "seq DESC"
);
pub(super) const DUE_ENDED: &str = records!(
    "kubeconfig_ending",
    "state = 'active' AND expires_at <= :now",
    "expires_at"
);
/// 'x509' is [`kubemint::record::CERTIFICATE`]: nothing but time ends one, so until then there is nothing to do.
pub(super) const DUE_REVOKING: &str = records!(
    "kubeconfig_revoking",
    "state = 'revoking' AND (object_uid IS NOT 'x509' OR expires_at <= :now)",
    "seq"
);
pub(super) const DUE_PENDING: &str = records!(
    "kubeconfig_pending",
    "state = 'pending' AND pending_until <= :now",
    "pending_until"
);
pub(super) const FIND: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM kubeconfig
     WHERE region = :region AND project = :project AND cluster = :cluster AND id = :id AND forgotten_at IS NULL"
);
pub(super) const CREDENTIALS: &str = "SELECT jti, credential.expires_at, minted_at
     FROM kubeconfig JOIN credential ON credential.kubeconfig = kubeconfig.seq
     WHERE region = :region AND project = :project AND cluster = :cluster AND id = :id AND uid = :uid
     ORDER BY credential.seq";
pub(super) const EVENTS: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM audit WHERE seq > :after ORDER BY seq LIMIT :limit"
);
const COUNTS: &str = "SELECT
     (SELECT count(*) FROM kubeconfig INDEXED BY kubeconfig_pending WHERE state = 'pending'),
     (SELECT count(*) FROM kubeconfig INDEXED BY kubeconfig_active WHERE state = 'active'),
     (SELECT count(*) FROM kubeconfig INDEXED BY kubeconfig_revoking WHERE state = 'revoking')";

const ALIVE: &str = "SELECT region, project, cluster, role, count(*), count(*) FILTER (WHERE object_uid <> 'x509') FROM (
     SELECT region, project, cluster, role, object_uid FROM kubeconfig INDEXED BY kubeconfig_pending
         WHERE state = 'pending'
     UNION ALL SELECT region, project, cluster, role, object_uid FROM kubeconfig INDEXED BY kubeconfig_active
         WHERE state = 'active' AND NOT (object_uid IS 'x509' AND expires_at <= :now)
     UNION ALL SELECT region, project, cluster, role, object_uid FROM kubeconfig INDEXED BY kubeconfig_revoking
         WHERE state = 'revoking' AND NOT (object_uid IS 'x509' AND expires_at <= :now)
     ) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";

/// How many records are alive, in all clusters: for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Begun, and neither granted nor given up.
    pub pending: u64,
    /// Granted, and not yet removed.
    pub active: u64,
    /// Revoked, and not yet confirmed gone.
    pub revoking: u64,
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    connection.prepare_cached(COUNTS)?.query_one([], |row| {
        Ok(Counts {
            pending: number(row, 0)?,
            active: number(row, 1)?,
            revoking: number(row, 2)?,
        })
    })
}

/// What is alive, by cluster and role.
pub(super) fn alive(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<Alive>> {
    connection
        .prepare_cached(ALIVE)?
        .query_map(named_params! { ":now": now.timestamp_millis() }, |row| {
            Ok(Alive {
                cluster: ClusterKey::new(
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                ),
                role: row.get(3)?,
                count: number(row, 4)?,
                tokens: number(row, 5)?,
            })
        })?
        .collect()
}

pub(super) fn find(
    connection: &Connection,
    cluster: &ClusterKey,
    id: &KubeconfigId,
) -> rusqlite::Result<Option<Record>> {
    let ClusterKey {
        region,
        project,
        cluster,
    } = cluster;
    connection
        .prepare_cached(FIND)?
        .query_row(
            named_params! { ":region": region, ":project": project, ":cluster": cluster, ":id": id.as_str() },
            |row| Ok(rows::record(row)?.1),
        )
        .optional()
}

pub(super) fn active(
    connection: &Connection,
    cluster: &ClusterKey,
    after: Option<Position>,
    limit: u16,
) -> rusqlite::Result<Page> {
    page(connection, ACTIVE, cluster, &[], after, limit)
}

/// A page of `sql`: one row more than asked for tells whether there is a next one.
pub(super) fn page(
    connection: &Connection,
    sql: &str,
    cluster: &ClusterKey,
    more: &[(&str, &dyn ToSql)],
    after: Option<Position>,
    limit: u16,
) -> rusqlite::Result<Page> {
    let before = after.map_or(i64::MAX, |Position(seq)| {
        i64::try_from(seq).unwrap_or(i64::MAX)
    });
    let mut own: Vec<(&str, &dyn ToSql)> = vec![(":before", &before)];
    own.extend(more);
    let mut found = select(connection, sql, cluster, &own, u32::from(limit) + 1)?;
    let further = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let next = found
        .last()
        .filter(|_| further)
        .map(|(seq, _)| Position(*seq));
    Ok(Page {
        records: found.into_iter().map(|(_, record)| record).collect(),
        next,
    })
}

fn select(
    connection: &Connection,
    sql: &str,
    cluster: &ClusterKey,
    more: &[(&str, &dyn ToSql)],
    limit: u32,
) -> rusqlite::Result<Vec<(u64, Record)>> {
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![
        (":region", &cluster.region),
        (":project", &cluster.project),
        (":cluster", &cluster.cluster),
        (":limit", &limit),
    ];
    parameters.extend(more);
    connection
        .prepare_cached(sql)?
        .query_map(&*parameters, rows::record)?
        .collect()
}

/// What needs the reconciler: ended ones, revoking ones and abandoned ones in turn, each kind from its oldest, so that
/// many of one kind that cannot be dealt with do not keep the others from being seen.
pub(super) fn due(
    connection: &Connection,
    cluster: &ClusterKey,
    now: DateTime<Utc>,
    limit: u16,
) -> rusqlite::Result<Vec<Record>> {
    let now = now.timestamp_millis();
    let kind = |sql, more: &[(&str, &dyn ToSql)]| -> rusqlite::Result<_> {
        Ok(select(connection, sql, cluster, more, u32::from(limit))?.into_iter())
    };
    let mut kinds = [
        kind(DUE_ENDED, &[(":now", &now)])?,
        kind(DUE_REVOKING, &[(":now", &now)])?,
        kind(DUE_PENDING, &[(":now", &now)])?,
    ];
    let mut due = Vec::new();
    loop {
        let before = due.len();
        due.extend(
            kinds
                .iter_mut()
                .filter_map(|kind| kind.next())
                .map(|(_, record)| record),
        );
        if due.len() == before || due.len() >= usize::from(limit) {
            due.truncate(usize::from(limit));
            return Ok(due);
        }
    }
}

pub(super) fn events(
    connection: &Connection,
    after: u64,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, Event)>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    connection
        .prepare_cached(EVENTS)?
        .query_map(
            named_params! { ":after": after, ":limit": limit },
            rows::event,
        )?
        .collect()
}

pub(super) fn credentials(
    connection: &Connection,
    record: &RecordRef,
) -> rusqlite::Result<Vec<MintedCredential>> {
    let ClusterKey {
        region,
        project,
        cluster,
    } = &record.cluster;
    connection
        .prepare_cached(CREDENTIALS)?
        .query_map(
            named_params! {
                ":region": region, ":project": project, ":cluster": cluster,
                ":id": record.id.as_str(), ":uid": record.uid.to_string(),
            },
            |row| {
                Ok(MintedCredential {
                    jti: row.get(0)?,
                    expires_at: time(row, 1)?,
                    minted_at: time(row, 2)?,
                })
            },
        )?
        .collect()
}
