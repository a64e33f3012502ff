//! What is no longer kept, and who reconciles. Both may be asked for by any replica at any time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Cut, Forgotten};
use uuid::Uuid;

use super::connect::Held;
use super::error::Trouble;
use super::rows::{self, escaped};
use crate::trail::AHEAD;

const KEYS: &str = "DELETE FROM idempotency WHERE (owner, region, project, cluster, key) IN
    (SELECT owner, region, project, cluster, key FROM idempotency WHERE keep_until <= $1
     ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED)";
/// A record that is forgotten keeps its place, and with it its name; nothing of whom it was for stays.
const RECORDS: &str = "
    WITH over AS (
        SELECT seq FROM kubeconfig
        WHERE state IN ('revoked', 'failed', 'expired') AND forgotten_at IS NULL
            AND coalesce(expires_at, created_at) < $1
            AND NOT EXISTS (SELECT 1 FROM idempotency WHERE idempotency.kubeconfig = kubeconfig.seq)
        ORDER BY coalesce(expires_at, created_at) LIMIT $3 FOR UPDATE SKIP LOCKED
    ), minted AS (
        DELETE FROM credential WHERE kubeconfig IN (SELECT seq FROM over)
    )
    UPDATE kubeconfig SET state = CASE state WHEN 'failed' THEN 'failed' ELSE 'revoked' END, forgotten_at = $2,
        display_name = NULL, description = NULL, issued_for = '', creator_issuer = '', creator_subject = '',
        creator = '', subject = ''
    WHERE seq IN (SELECT seq FROM over)";
const UNCHAINED: &str = "DELETE FROM audit WHERE seq IN
    (SELECT seq FROM audit WHERE chain IS NULL AND at < $1 ORDER BY at LIMIT $2)";

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
        let statement = db.prepare_cached(RECORDS).await?;
        let (before, at) = (before.timestamp_millis(), now.timestamp_millis());
        forgotten.records = db.execute(&statement, &[&before, &at, &limit]).await?;
    }
    if let Some(before) = cut.events {
        forgotten.events = events(db, before, now, limit).await?;
    }
    Ok(forgotten)
}

/// The trail is append only but for what retention names, and only in the transaction that does. Each chain is cut at
/// its old end alone, up to the first row that stays: what is left must follow the last row that was cut, which is noted.
async fn events(
    db: &mut Held,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64, Trouble> {
    let before = before.timestamp_millis();
    let future = (now + AHEAD).timestamp_millis();
    let transaction = db.transaction().await?;
    // It locks the row: replicas cut one after the other, and no other transaction sees the permission.
    transaction
        .execute("UPDATE retention SET audit_before = $1", &[&before])
        .await?;
    let mut removed = transaction.execute(UNCHAINED, &[&before, &limit]).await?;
    let chains = "SELECT chain FROM audit_chain WHERE pruned < head ORDER BY chain";
    for row in transaction.query(chains, &[]).await? {
        let left = limit - i64::try_from(removed).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        let span = (before, future);
        removed += cut(&transaction, rows::get(&row, 0)?, span, left).await?;
    }
    transaction
        .execute("UPDATE retention SET audit_before = NULL", &[])
        .await?;
    transaction.commit().await?;
    Ok(removed)
}

/// Cuts one chain. What is of before `future` and not of before `before` stays. A later time is a clock's error, and says
/// nothing: such a row goes with the old ones after it.
async fn cut(
    transaction: &Transaction<'_>,
    chain: &str,
    (before, future): (i64, i64),
    limit: i64,
) -> Result<u64, Trouble> {
    let oldest = "SELECT number, at, hash FROM audit WHERE chain = $1 ORDER BY number LIMIT $2";
    let oldest = transaction.query(oldest, &[&chain, &limit]).await?;
    let mut last: Option<(i64, &[u8], i64)> = None;
    let mut latest = before - 1;
    for row in &oldest {
        let at: i64 = rows::get(row, 1)?;
        if (before..future).contains(&at) {
            break;
        }
        latest = latest.max(at);
        if at < before {
            last = Some((rows::get(row, 0)?, rows::get(row, 2)?, latest));
        }
    }
    let Some((number, hash, latest)) = last else {
        return Ok(0);
    };
    // The rows that are cut may be deleted, whatever their times.
    let permitted = "UPDATE retention SET audit_before = greatest(audit_before, $1)";
    transaction.execute(permitted, &[&(latest + 1)]).await?;
    let removed = "DELETE FROM audit WHERE chain = $1 AND number <= $2";
    let removed = transaction.execute(removed, &[&chain, &number]).await?;
    let note = "UPDATE audit_chain SET pruned = $2, pruned_hash = $3 WHERE chain = $1";
    transaction.execute(note, &[&chain, &number, &hash]).await?;
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
