//! What is read, and how it stays fast: every query walks an index from a place and stops at its limit.

use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{Alive, Page, Position};
use kubemint::record::{Record, RecordRef};

use super::connect::Held;
use super::error::Trouble;
use super::rows::{
    self, Parameter, escaped, event_columns, number, optional_text, record_columns, time,
};
use crate::Counts;
use crate::trail::MintedCredential;

/// A query of records of a cluster: which condition, which order.
macro_rules! records {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM kubeconfig WHERE region = $1 AND project = $2 AND cluster = $3 AND ",
            $condition,
            " ORDER BY ",
            $order,
            " LIMIT $4"
        )
    };
}

/// The number as the index has it, so that no other index is walked for its order.
const ACTIVE: &str = records!("state = 'active' AND seq + 0 < $5", "seq + 0 DESC");
const DUE_ENDED: &str = records!("state = 'active' AND expires_at <= $5", "expires_at");
/// 'x509' is [`kubemint::record::CERTIFICATE`]: nothing but time ends one, so until then there is nothing to do.
const DUE_REVOKING: &str = records!(
    "state = 'revoking' AND (object_uid IS DISTINCT FROM 'x509' OR expires_at <= $5)",
    "seq"
);
const DUE_PENDING: &str = records!("state = 'pending' AND pending_until <= $5", "pending_until");
const FIND: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM kubeconfig WHERE region = $1 AND project = $2 AND cluster = $3 AND id = $4 AND forgotten_at IS NULL"
);
const CREDENTIALS: &str = "SELECT jti, credential.expires_at, minted_at
     FROM kubeconfig JOIN credential ON credential.kubeconfig = kubeconfig.seq
     WHERE region = $1 AND project = $2 AND cluster = $3 AND id = $4 AND uid = $5
     ORDER BY credential.seq";
const EVENTS: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"
);
const COUNTS: &str = "SELECT
     (SELECT count(*) FROM kubeconfig WHERE state = 'pending'),
     (SELECT count(*) FROM kubeconfig WHERE state = 'active'),
     (SELECT count(*) FROM kubeconfig WHERE state = 'revoking')";
/// Waits for every event that has a number and is not committed, as the default of its number says; new ones
/// wait for this. What is read after it, in the same transaction, has no gap that will be filled.
const SETTLE: &str = "SELECT pg_advisory_xact_lock(5424443501142659418)";

/// A cluster's three parts, as they are stored.
struct Place([String; 3]);

impl Place {
    fn new(cluster: &ClusterKey) -> Self {
        Self(
            [&cluster.region, &cluster.project, &cluster.cluster]
                .map(|part| escaped(part).into_owned()),
        )
    }

    fn with<'a>(&'a self, more: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
        let own = self.0.iter().map(|part| part as Parameter<'a>);
        own.chain(more.iter().copied()).collect()
    }
}

pub(super) async fn counts(db: &Held) -> Result<Counts, Trouble> {
    let row = db.query_one(&db.prepare_cached(COUNTS).await?, &[]).await?;
    Ok(Counts {
        pending: number(&row, 0)?,
        active: number(&row, 1)?,
        revoking: number(&row, 2)?,
    })
}

/// What is alive, by cluster and role.
pub(super) const ALIVE: &str = "SELECT region, project, cluster, role, count(*), count(*) FILTER (WHERE object_uid <> 'x509') FROM (
     SELECT region, project, cluster, role, object_uid FROM kubeconfig WHERE state = 'pending'
     UNION ALL SELECT region, project, cluster, role, object_uid FROM kubeconfig
         WHERE state = 'active' AND NOT (object_uid IS NOT DISTINCT FROM 'x509' AND expires_at <= $1)
     UNION ALL SELECT region, project, cluster, role, object_uid FROM kubeconfig
         WHERE state = 'revoking' AND NOT (object_uid IS NOT DISTINCT FROM 'x509' AND expires_at <= $1)
     ) AS living GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";

pub(super) async fn alive(db: &Held, now: DateTime<Utc>) -> Result<Vec<Alive>, Trouble> {
    let statement = db.prepare_cached(ALIVE).await?;
    let rows = db.query(&statement, &[&now.timestamp_millis()]).await?;
    rows.iter().map(one_alive).collect()
}

/// A row of [`ALIVE`].
pub(super) fn one_alive(row: &tokio_postgres::Row) -> Result<Alive, Trouble> {
    Ok(Alive {
        cluster: ClusterKey::new(
            rows::text(row, 0)?,
            rows::text(row, 1)?,
            rows::text(row, 2)?,
        ),
        role: rows::text(row, 3)?,
        count: number(row, 4)?,
        tokens: number(row, 5)?,
    })
}

pub(super) async fn find(
    db: &Held,
    cluster: &ClusterKey,
    id: &KubeconfigId,
) -> Result<Option<Record>, Trouble> {
    let (place, id) = (Place::new(cluster), id.as_str());
    let statement = db.prepare_cached(FIND).await?;
    let row = db.query_opt(&statement, &place.with(&[&id])).await?;
    row.map(|row| Ok(rows::record(&row)?.1)).transpose()
}

pub(super) async fn active(
    db: &Held,
    cluster: &ClusterKey,
    after: Option<Position>,
    limit: u16,
) -> Result<Page, Trouble> {
    page(db, ACTIVE, cluster, &[], after, limit).await
}

/// A page of `sql`: one row more than asked for tells whether there is a next one.
pub(super) async fn page(
    db: &Held,
    sql: &str,
    cluster: &ClusterKey,
    more: &[Parameter<'_>],
    after: Option<Position>,
    limit: u16,
) -> Result<Page, Trouble> {
    let before = after.map_or(i64::MAX, |Position(seq)| {
        i64::try_from(seq).unwrap_or(i64::MAX)
    });
    let mut own: Vec<Parameter<'_>> = vec![&before];
    own.extend(more);
    let mut found = select(db, sql, cluster, &own, i64::from(limit) + 1).await?;
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

async fn select(
    db: &Held,
    sql: &str,
    cluster: &ClusterKey,
    more: &[Parameter<'_>],
    limit: i64,
) -> Result<Vec<(u64, Record)>, Trouble> {
    let place = Place::new(cluster);
    let mut own: Vec<Parameter<'_>> = vec![&limit];
    own.extend(more);
    let statement = db.prepare_cached(sql).await?;
    let found = db.query(&statement, &place.with(&own)).await?;
    found.iter().map(rows::record).collect()
}

/// What needs the reconciler: ended ones, revoking ones and abandoned ones in turn, each kind from its oldest, so that
/// many of one kind that cannot be dealt with do not keep the others from being seen.
pub(super) async fn due(
    db: &Held,
    cluster: &ClusterKey,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<Record>, Trouble> {
    let (now, most) = (now.timestamp_millis(), i64::from(limit));
    let mut kinds = [
        select(db, DUE_ENDED, cluster, &[&now], most)
            .await?
            .into_iter(),
        select(db, DUE_REVOKING, cluster, &[&now], most)
            .await?
            .into_iter(),
        select(db, DUE_PENDING, cluster, &[&now], most)
            .await?
            .into_iter(),
    ];
    let mut due = Vec::new();
    loop {
        let before = due.len();
        due.extend(
            kinds
                .iter_mut()
                .filter_map(Iterator::next)
                .map(|(_, record)| record),
        );
        if due.len() == before || due.len() >= usize::from(limit) {
            due.truncate(usize::from(limit));
            return Ok(due);
        }
    }
}

pub(super) async fn events(
    db: &mut Held,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, Event)>, Trouble> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let transaction = db.transaction().await?;
    transaction.batch_execute(SETTLE).await?;
    let statement = transaction.prepare_cached(EVENTS).await?;
    let found = transaction
        .query(&statement, &[&after, &i64::from(limit)])
        .await?;
    transaction.commit().await?;
    found.iter().map(rows::event).collect()
}

pub(super) async fn credentials(
    db: &Held,
    record: &RecordRef,
) -> Result<Vec<MintedCredential>, Trouble> {
    let place = Place::new(&record.cluster);
    let (id, uid) = (record.id.as_str(), record.uid.to_string());
    let statement = db.prepare_cached(CREDENTIALS).await?;
    let found = db.query(&statement, &place.with(&[&id, &uid])).await?;
    let read = |row| {
        Ok(MintedCredential {
            jti: optional_text(row, 0)?,
            expires_at: time(row, 1)?,
            minted_at: time(row, 2)?,
        })
    };
    found.iter().map(read).collect()
}
