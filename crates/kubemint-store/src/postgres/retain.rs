//! What is no longer kept, and who reconciles. Both may be asked for by any replica at any time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Cut, Forgotten};
use tokio_postgres::Row;
use uuid::Uuid;

use super::connect::Held;
use super::error::Trouble;
use super::rows::{self, escaped};
use crate::trail::AHEAD;

const KEYS: &str = "DELETE FROM idempotency WHERE (owner, region, project, cluster, key) IN
    (SELECT owner, region, project, cluster, key FROM idempotency WHERE keep_until <= $1
     ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED)";
/// The credentials of what is over go first, and a few at a time: a record may have any number of them. A range of one keeps the index's
/// order, so that the walk stops at its limit; where they are asked for as equal, all of a record's are sorted for each batch.
const CREDENTIALS: &str = "
    DELETE FROM credential WHERE (kubeconfig, seq) IN (
        SELECT minted.kubeconfig, minted.seq FROM (
            SELECT seq FROM kubeconfig
            WHERE state IN ('revoked', 'failed', 'expired') AND forgotten_at IS NULL
                AND coalesce(expires_at, created_at) < $1
                AND NOT EXISTS (SELECT 1 FROM idempotency WHERE idempotency.kubeconfig = kubeconfig.seq)
            ORDER BY coalesce(expires_at, created_at) LIMIT $2
        ) AS oldest CROSS JOIN LATERAL (
            SELECT kubeconfig, seq FROM credential WHERE credential.kubeconfig BETWEEN oldest.seq AND oldest.seq
            ORDER BY kubeconfig, seq LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS minted LIMIT $2)";
/// Those of the oldest of which no credential is left: what has some is not looked beyond. A record that is forgotten keeps its place,
/// and with it its name; nothing of whom it was for stays.
const RECORDS: &str = "
    WITH oldest AS MATERIALIZED (
        SELECT seq FROM kubeconfig
        WHERE state IN ('revoked', 'failed', 'expired') AND forgotten_at IS NULL
            AND coalesce(expires_at, created_at) < $1
            AND NOT EXISTS (SELECT 1 FROM idempotency WHERE idempotency.kubeconfig = kubeconfig.seq)
        ORDER BY coalesce(expires_at, created_at) LIMIT $3 FOR UPDATE SKIP LOCKED
    )
    UPDATE kubeconfig SET state = CASE state WHEN 'failed' THEN 'failed' ELSE 'revoked' END, forgotten_at = $2,
        display_name = NULL, description = NULL, issued_for = '', creator_issuer = '', creator_subject = '',
        creator = '', subject = ''
    WHERE seq IN (SELECT seq FROM oldest WHERE NOT EXISTS (
        SELECT 1 FROM credential WHERE credential.kubeconfig = oldest.seq))";
const UNCHAINED: &str = "DELETE FROM audit WHERE seq IN
    (SELECT seq FROM audit WHERE chain IS NULL AND at < $1 ORDER BY at LIMIT $2)";

/// How many chains are cut in one call, so that one call is little work however many there are. Each replica has as many chains
/// as connections, and new ones after each start.
const CHAINS: i64 = 64;
/// Where chains may be cut: of each at most `$3` rows, up to the last that is of before `$1` and comes before any that stays.
/// What stays is of `$1` or later, and not of `$2` or later: that is a clock's error, and says nothing, so such a row goes with the
/// old ones after it. Of a chain whose first row stays, that row is all that is looked at. The chains come oldest first, and those
/// that begin in the future last. Times are said as `at + 0`: otherwise their index, which is as long as the trail, may be read for
/// each chain. And its first row is looked for after the last that was cut (noted in the same transaction): the index leads through
/// each row that was cut and not vacuumed, which it never is while someone reads the trail, once more for every cut.
const ENDS: &str = "
    WITH live AS MATERIALIZED (
        SELECT audit_chain.chain, first.number
        FROM audit_chain CROSS JOIN LATERAL (
            SELECT number, at FROM audit WHERE audit.chain = audit_chain.chain AND number > audit_chain.pruned
            ORDER BY number LIMIT 1
        ) AS first
        WHERE pruned < head AND NOT (first.at >= $1 AND first.at < $2)
        ORDER BY first.at
    )
    SELECT live.chain, last.number - live.number + 1, last.number, last.hash
    FROM live CROSS JOIN LATERAL (
        SELECT number, hash FROM audit
        WHERE audit.chain = live.chain AND at + 0 < $1 AND number < coalesce((
            SELECT stays.number FROM audit AS stays
            WHERE stays.chain = live.chain AND stays.number < live.number + $3 AND stays.at + 0 >= $1 AND stays.at + 0 < $2
            ORDER BY stays.number LIMIT 1
        ), live.number + $3)
        ORDER BY number DESC LIMIT 1
    ) AS last
    LIMIT $4";
const PERMIT: &str = "
    UPDATE retention SET audit_before = greatest(audit_before, 1 + (
        SELECT max(at) FROM audit JOIN unnest($1::text[], $2::bigint[]) AS cut (chain, number)
        ON audit.chain = cut.chain AND audit.number <= cut.number))";
const CUT: &str = "
    DELETE FROM audit USING unnest($1::text[], $2::bigint[]) AS cut (chain, number)
    WHERE audit.chain = cut.chain AND audit.number <= cut.number";
const NOTE: &str = "
    UPDATE audit_chain SET pruned = cut.number, pruned_hash = cut.hash
    FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS cut (chain, number, hash)
    WHERE audit_chain.chain = cut.chain AND pruned < cut.number";

/// By the database's clock, which all replicas share.
const LEASE: &str = "
    INSERT INTO lease AS old (region, project, cluster, holder, until)
    VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
    ON CONFLICT (region, project, cluster) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE old.holder = excluded.holder OR old.until <= clock_timestamp()";

/// Forgets what is past its time, of each kind at most `limit`.
pub(super) async fn retain(
    db: &mut Held,
    cut: &Cut,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<Forgotten, Trouble> {
    let limit = i64::from(limit);
    // The keys first: a record that one leads to stays.
    let statement = db.prepare_cached(KEYS).await?;
    let keys = db
        .execute(&statement, &[&cut.keys.timestamp_millis(), &limit])
        .await?;
    let mut forgotten = Forgotten {
        keys,
        ..Forgotten::default()
    };
    if let Some(before) = cut.records {
        let (oldest, statement) = (
            before.timestamp_millis(),
            db.prepare_cached(CREDENTIALS).await?,
        );
        forgotten.credentials = db.execute(&statement, &[&oldest, &limit]).await?;
        let statement = db.prepare_cached(RECORDS).await?;
        let (before, at) = (before.timestamp_millis(), now.timestamp_millis());
        forgotten.records = db.execute(&statement, &[&before, &at, &limit]).await?;
    }
    if let Some(before) = cut.events {
        forgotten.events = events(db, before, now, limit).await?;
    }
    Ok(forgotten)
}

/// The trail is append only but for what retention names, and only in the transaction that does. Each chain is cut at its
/// old end alone, up to the first row that stays: what is left must follow the last row that was cut, which is noted.
async fn events(
    db: &mut Held,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, Trouble> {
    let future = (now + AHEAD).timestamp_millis();
    let before = before.timestamp_millis();
    // Nothing is locked while it is looked for, and another replica may cut the same: rows that are gone are gone.
    let rows = (db.query(ENDS, &[&before, &future, &limit, &CHAINS])).await?;
    let ends: Vec<End> = rows.iter().map(End::of).collect::<Result<_, _>>()?;

    let transaction = db.transaction().await?;
    // It locks the row: replicas cut one after the other, and no other transaction sees the permission.
    transaction
        .execute("UPDATE retention SET audit_before = $1", &[&before])
        .await?;
    let unchained = transaction.execute(UNCHAINED, &[&before, &limit]).await?;
    let left = limit - i64::try_from(unchained).unwrap_or(limit);
    let removed = cut(&transaction, &fitting(&ends, left)).await?;
    transaction
        .execute("UPDATE retention SET audit_before = NULL", &[])
        .await?;
    transaction.commit().await?;
    Ok(unchained + removed)
}

/// What of a chain may be cut.
struct End {
    chain: String,
    /// How many rows that is.
    rows: i64,
    /// The last of them, and its hash: what is left follows it.
    number: i64,
    hash: Vec<u8>,
}

impl End {
    fn of(row: &Row) -> Result<Self, Trouble> {
        Ok(Self {
            chain: rows::get(row, 0)?,
            rows: rows::get(row, 1)?,
            number: rows::get(row, 2)?,
            hash: rows::get(row, 3)?,
        })
    }
}

/// Those of which no more than `left` rows are cut. One that finds no room waits for the next call, where the oldest is first.
fn fitting(ends: &[End], mut left: i64) -> Vec<&End> {
    let fits = |end: &&End| {
        let fits = end.rows <= left;
        left -= if fits { end.rows } else { 0 };
        fits
    };
    ends.iter().filter(fits).collect()
}

/// Cuts them, and notes where.
async fn cut(transaction: &Transaction<'_>, ends: &[&End]) -> Result<u64, Trouble> {
    if ends.is_empty() {
        return Ok(0);
    }
    let chains: Vec<&str> = ends.iter().map(|end| &*end.chain).collect();
    let numbers: Vec<i64> = ends.iter().map(|end| end.number).collect();
    let hashes: Vec<&[u8]> = ends.iter().map(|end| &*end.hash).collect();
    // The rows that are cut may be deleted, whatever their times.
    transaction.execute(PERMIT, &[&chains, &numbers]).await?;
    let removed = transaction.execute(CUT, &[&chains, &numbers]).await?;
    transaction
        .execute(NOTE, &[&chains, &numbers, &hashes])
        .await?;
    Ok(removed)
}

/// Whether `holder` has a cluster to itself now.
pub(super) async fn lease(
    db: &Held,
    cluster: &ClusterKey,
    holder: Uuid,
    time: Duration,
) -> Result<bool, Trouble> {
    let (region, project, cluster) = (
        escaped(&cluster.region),
        escaped(&cluster.project),
        escaped(&cluster.cluster),
    );
    let millis = time.as_millis() as f64;
    let statement = db.prepare_cached(LEASE).await?;
    let taken = db
        .execute(
            &statement,
            &[&region, &project, &cluster, &holder.to_string(), &millis],
        )
        .await?;
    Ok(taken == 1)
}
