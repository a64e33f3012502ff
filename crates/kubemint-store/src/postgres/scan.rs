//! Reading the trail whole, from a database that servers may be writing.

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, IsolationLevel, Row};

use super::open_error::PostgresError;
use super::rows::{escaped, unescaped};
use super::{connect, migrate};
use crate::audit::{Anchor, Filter, Link, Scanned, Sink, TrailRow};
use crate::config::PostgresOptions;

/// How many rows are asked for at once.
const PAGE: i64 = 1000;

/// Reads the rows, as they were at one moment.
pub(crate) async fn scan<S: Sink>(
    options: &PostgresOptions,
    filter: &Filter,
    mut sink: S,
) -> Result<S, PostgresError> {
    let pool = connect::pool(options)?;
    let mut db = pool.get().await.map_err(PostgresError::connecting)?;
    migrate::check(&db).await?;
    let read = read(&mut db, filter, &mut sink).await;
    drop(Object::take(db));
    read.map_err(PostgresError::Database)?;
    Ok(sink)
}

async fn read(db: &mut Object, filter: &Filter, sink: &mut impl Sink) -> Result<(), Error> {
    let transaction = db
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    // Whoever takes the rows may take their time.
    transaction
        .batch_execute(
            "SET LOCAL statement_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = 0",
        )
        .await?;
    let mut scanned = Scanned::default();
    let anchors =
        "SELECT chain, head, head_hash, pruned, pruned_hash FROM audit_chain ORDER BY chain";
    for row in transaction.query(anchors, &[]).await? {
        scanned.anchors.push(Anchor {
            chain: row.try_get(0)?,
            head: row.try_get(1)?,
            head_hash: row.try_get(2)?,
            pruned: row.try_get(3)?,
            pruned_hash: row.try_get(4)?,
        });
    }
    let noted =
        "SELECT unchained_until, chains + (SELECT count(*) FROM audit_begun) FROM retention";
    if let Some(row) = transaction.query_opt(noted, &[]).await? {
        scanned.unchained_until = row.try_get::<_, i64>(0)?.unsigned_abs();
        scanned.begun = Some(row.try_get::<_, i64>(1)?.unsigned_abs());
    }
    let records = "SELECT EXISTS (SELECT 1 FROM kubeconfig)";
    scanned.records = transaction.query_one(records, &[]).await?.try_get(0)?;
    sink.begin(scanned);
    rows(&transaction, filter, sink).await?;
    transaction.commit().await
}

async fn rows(
    transaction: &Transaction<'_>,
    filter: &Filter,
    sink: &mut impl Sink,
) -> Result<(), Error> {
    let text;
    let (condition, parameters): (_, Vec<&(dyn ToSql + Sync)>) = match filter {
        Filter::Between(since, until) => ("at >= $3 AND at < $4", vec![since, until]),
        Filter::Mentions(part) => {
            text = escaped(part);
            ("position($3::text in detail) > 0", vec![&text])
        }
        Filter::Uid(uid) => ("uid = $3", vec![uid]),
    };
    let sql = format!(
        "SELECT seq, at, kind, request_id, issuer, subject, token_id, region, project, cluster, kubeconfig, uid,
             decision, detail, chain, number, previous, hash
         FROM audit WHERE seq > $1 AND {condition} ORDER BY seq LIMIT $2"
    );
    let statement = transaction.prepare(&sql).await?;
    let mut last = i64::MIN;
    loop {
        let mut all: Vec<&(dyn ToSql + Sync)> = vec![&last, &PAGE];
        all.extend(&parameters);
        let page = transaction.query(&statement, &all).await?;
        let Some(end) = page.last() else {
            return Ok(());
        };
        last = end.try_get(0)?;
        for row in &page {
            if sink.row(trail_row(row)?).is_break() {
                return Ok(());
            }
        }
    }
}

fn trail_row(row: &Row) -> Result<TrailRow, Error> {
    // A text whose escapes are broken is told as it is: it was not written so, and its hash will say so.
    let optional = |column: usize| -> Result<Option<String>, Error> {
        let text: Option<String> = row.try_get(column)?;
        Ok(text.map(|text| unescaped(&text).unwrap_or(text)))
    };
    let text = |column: usize| Ok(optional(column)?.unwrap_or_default());
    let (chain, number): (Option<String>, Option<i64>) = (row.try_get(14)?, row.try_get(15)?);
    let link = match (chain, number) {
        (None, None) => None,
        (chain, number) => Some(Link {
            chain: chain.unwrap_or_default(),
            number: number.unwrap_or_default(),
            previous: row.try_get::<_, Option<_>>(16)?.unwrap_or_default(),
            hash: row.try_get::<_, Option<_>>(17)?.unwrap_or_default(),
        }),
    };
    Ok(TrailRow {
        seq: row.try_get::<_, i64>(0)?.unsigned_abs(),
        at: row.try_get(1)?,
        kind: text(2)?,
        request_id: optional(3)?,
        issuer: optional(4)?,
        subject: optional(5)?,
        token_id: optional(6)?,
        region: text(7)?,
        project: text(8)?,
        cluster: text(9)?,
        kubeconfig: optional(10)?,
        uid: optional(11)?,
        decision: optional(12)?,
        detail: text(13)?,
        link,
    })
}
