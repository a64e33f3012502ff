//! How a database is, without changing it.

use chrono::{DateTime, Utc};
use deadpool_postgres::Object;

use super::connect;
use super::migrate::{self, POSTGRES_SCHEMA_VERSION};
use super::reads::{ALIVE, one_alive};
use super::size;
use super::store::PostgresError;

use crate::config::PostgresOptions;
use crate::inspection::Inspection;

/// Settings with which an answer does not mean that the work survives the machine.
const UNSAFE: [(&str, &str); 2] = [("fsync", "off"), ("full_page_writes", "off")];

/// Looks at a database, also while servers are using it.
pub(crate) async fn inspect(
    options: &PostgresOptions,
    now: DateTime<Utc>,
) -> Result<Inspection, PostgresError> {
    let pool = connect::pool(options)?;
    let db = pool.get().await.map_err(PostgresError::Connect)?;
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
