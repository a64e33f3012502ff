//! How a database is, without changing it.

use chrono::{DateTime, Utc};
use deadpool_postgres::Object;
use kubemint::cluster::ClusterKey;
use kubemint::ports::Landmark;

use super::connect;
use super::landmarks;
use super::migrate::{self, POSTGRES_SCHEMA_VERSION};
use super::open_error::PostgresError;
use super::reads::{ALIVE, one_alive};
use super::size;

use crate::config::PostgresOptions;
use crate::inspection::Inspection;

/// Settings with which an answer does not mean that the work survives the machine.
const UNSAFE: [(&str, &str); 2] = [("fsync", "off"), ("full_page_writes", "off")];

/// The chains of which the last row that was noted is not there: it was cut off, or the tables are of two databases.
const TORN: &str = "
    SELECT chain, head FROM audit_chain WHERE head > pruned AND NOT EXISTS (
        SELECT 1 FROM audit WHERE audit.chain = audit_chain.chain AND number = head AND hash = head_hash)
    ORDER BY chain LIMIT $1";
/// The first schema with chains.
const CHAINED: u32 = 3;
/// How many of them are told.
const FINDINGS: i64 = 10;

/// Looks at a database, also while servers are using it.
pub(crate) async fn inspect(
    options: &PostgresOptions,
    now: DateTime<Utc>,
) -> Result<Inspection, PostgresError> {
    let pool = connect::pool(options)?;
    let db = pool.get().await.map_err(PostgresError::connecting)?;
    migrate::check_server(&db).await?;
    let mut inspection = Inspection {
        schema: migrate::current(&db).await?,
        known: POSTGRES_SCHEMA_VERSION,
        ..Inspection::default()
    };
    read(&db, now, &mut inspection)
        .await
        .map_err(PostgresError::Database)?;
    Ok(inspection)
}

/// By what clusters are known again, also while servers are using the database.
pub(crate) async fn known_by(
    options: &PostgresOptions,
) -> Result<Vec<(ClusterKey, Landmark)>, PostgresError> {
    let pool = connect::pool(options)?;
    let db = pool.get().await.map_err(PostgresError::connecting)?;
    // An older one has no such notes, or has them elsewhere.
    if migrate::current(&db).await? != POSTGRES_SCHEMA_VERSION {
        return Ok(Vec::new());
    }
    landmarks::of_all(&db)
        .await
        .map_err(PostgresError::Database)
}

async fn read(
    db: &Object,
    now: DateTime<Utc>,
    inspection: &mut Inspection,
) -> Result<(), tokio_postgres::Error> {
    // Counting may take longer than a request may.
    db.batch_execute("SET statement_timeout = '60s'; SET default_transaction_read_only = on")
        .await?;
    for (name, bad) in UNSAFE {
        let row = db.query_one("SELECT current_setting($1)", &[&name]).await?;
        if row.try_get::<_, &str>(0)? == bad {
            inspection.warnings.push(format!(
                "{name} is {bad}: what was answered may be lost when the machine fails"
            ));
        }
    }
    if !inspection.can_be_counted() {
        return Ok(());
    }
    inspection.damage = damage(db, inspection.schema).await?;
    let states = "SELECT state, count(*) FROM kubeconfig GROUP BY state ORDER BY state";
    for row in db.query(states, &[]).await? {
        let count: i64 = row.try_get(1)?;
        inspection
            .states
            .push((row.try_get(0)?, count.unsigned_abs()));
    }
    let due =
        "SELECT (SELECT count(*) FROM kubeconfig WHERE state = 'active' AND expires_at <= $1),
        (SELECT count(*) FROM kubeconfig WHERE state = 'pending' AND pending_until <= $1)";
    let row = db.query_one(due, &[&now.timestamp_millis()]).await?;
    inspection.ended = row.try_get::<_, i64>(0)?.unsigned_abs();
    inspection.abandoned = row.try_get::<_, i64>(1)?.unsigned_abs();
    let alive = db.query(ALIVE, &[&now.timestamp_millis()]).await?;
    for row in &alive {
        match one_alive(row) {
            Ok(alive) => inspection.alive.push(alive),
            Err(_) => (inspection.warnings).push("a row of kubeconfig cannot be read".to_owned()),
        }
    }
    inspection.size = Some(size::of(db).await?);
    Ok(())
}

/// What serving refuses, and chains that end elsewhere than they note. It is one look at the end of each.
async fn damage(db: &Object, schema: u32) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut damage = Vec::new();
    if schema == POSTGRES_SCHEMA_VERSION {
        let refused = migrate::check(db).await.err();
        damage.extend(refused.map(|error| error.to_string()));
    }
    if schema >= CHAINED {
        for row in db.query(TORN, &[&FINDINGS]).await? {
            let (chain, head): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
            damage.push(format!(
                "its audit trail does not fit together: row {head} of chain {chain} is noted as its last, and is not there. Was it \
                 put back in parts?"
            ));
        }
    }
    Ok(damage)
}
