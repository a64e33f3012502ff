//! Reading the trail whole, from a file that a server may be writing.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::open::{of_this_schema, read_own};
use super::open_error::OpenError;
use super::schema::{CHAINED, SCHEMA_VERSION};
use crate::audit::{Anchor, Filter, Link, Scanned, Sink, TrailRow};

/// Reads the rows, as they were at one moment. It blocks.
pub(crate) fn scan<S: Sink>(path: &Path, filter: &Filter, mut sink: S) -> Result<S, OpenError> {
    let (connection, found) = read_own(path)?;
    // A copy of before an upgrade is checked before it is served, which migrates it.
    if !(CHAINED..=SCHEMA_VERSION).contains(&found) {
        of_this_schema(path, found)?;
    }
    let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
    read(&connection, filter, &mut sink).map_err(sqlite)?;
    Ok(sink)
}

fn read(connection: &Connection, filter: &Filter, sink: &mut impl Sink) -> rusqlite::Result<()> {
    // One transaction: what is noted and what is read are of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let anchors = transaction
        .prepare(
            "SELECT chain, head, head_hash, pruned, pruned_hash FROM audit_chain ORDER BY chain",
        )?
        .query_map([], |row| {
            Ok(Anchor {
                chain: row.get(0)?,
                head: row.get(1)?,
                head_hash: row.get(2)?,
                pruned: row.get(3)?,
                pruned_hash: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let unchained: Option<i64> = transaction
        .query_row("SELECT unchained_until FROM retention", [], |row| {
            row.get(0)
        })
        .optional()?;
    let records = "SELECT EXISTS (SELECT 1 FROM kubeconfig)";
    sink.begin(Scanned {
        anchors,
        unchained_until: unchained.unwrap_or_default().unsigned_abs(),
        records: transaction.query_row(records, [], |row| row.get(0))?,
        // It has one, which is missed by the records.
        begun: None,
    });
    let (condition, parameters) = match filter {
        Filter::Between(since, until) => (
            "at >= ?1 AND at < ?2",
            vec![Value::from(*since), Value::from(*until)],
        ),
        Filter::Mentions(text) => ("instr(detail, ?1) > 0", vec![Value::from(text.clone())]),
        Filter::Uid(uid) => ("uid = ?1", vec![Value::from(uid.clone())]),
    };
    // By their numbers, whichever index the condition has: rows are told in their order without being sorted.
    let mut statement = transaction.prepare(&format!(
        "SELECT seq, at, kind, request_id, issuer, subject, token_id, region, project, cluster, kubeconfig, uid,
             decision, detail, chain, number, previous, hash
         FROM audit NOT INDEXED WHERE {condition} ORDER BY seq"
    ))?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        if sink.row(trail_row(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn trail_row(row: &Row<'_>) -> rusqlite::Result<TrailRow> {
    let chain: Option<String> = row.get(14)?;
    let number: Option<i64> = row.get(15)?;
    let link = match (chain, number) {
        (None, None) => None,
        (chain, number) => Some(Link {
            chain: chain.unwrap_or_default(),
            number: number.unwrap_or_default(),
            previous: row.get::<_, Option<_>>(16)?.unwrap_or_default(),
            hash: row.get::<_, Option<_>>(17)?.unwrap_or_default(),
        }),
    };
    Ok(TrailRow {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        kind: row.get(2)?,
        request_id: row.get(3)?,
        issuer: row.get(4)?,
        subject: row.get(5)?,
        token_id: row.get(6)?,
        region: row.get(7)?,
        project: row.get(8)?,
        cluster: row.get(9)?,
        kubeconfig: row.get(10)?,
        uid: row.get(11)?,
        decision: row.get(12)?,
        detail: row.get(13)?,
        link,
    })
}
