//! The tables, and how an older database comes to have them: on demand, since replicas share it.

use deadpool_postgres::Object;
use kubemint::ports::Instance;
use uuid::Uuid;

use super::open_error::PostgresError;

/// Number `n` of this list leads from schema `n` to schema `n + 1`. Only ever appended to.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
    include_str!("schema/0008.sql"),
];

/// The PostgreSQL schema that this program reads and writes. An older one must be migrated; a newer one is refused.
pub const POSTGRES_SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// The oldest PostgreSQL that will do, as its `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

/// Brings the schema up to date, under a lock that two programs never hold at the same time, and all in one transaction:
/// a crash leaves the older schema whole. Returns what it was and what it is.
pub(super) async fn migrate(db: &mut Object) -> Result<(u32, u32), PostgresError> {
    // Where nothing is to be done nothing is asked for that needs the owner's rights: a server's own user may have fewer.
    match check(db).await {
        Ok(_) => return Ok((POSTGRES_SCHEMA_VERSION, POSTGRES_SCHEMA_VERSION)),
        Err(PostgresError::Older { .. } | PostgresError::NoInstance) => {}
        Err(error) => return Err(error),
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(PostgresError::Random)?;
    let transaction = db.transaction().await.map_err(PostgresError::Database)?;
    transaction
        .batch_execute(
            "SET LOCAL statement_timeout = 0;
             SET LOCAL lock_timeout = 0;
             SELECT pg_advisory_xact_lock(5424443501142659417);
             CREATE TABLE IF NOT EXISTS schema_version (
                 version    integer     PRIMARY KEY,
                 applied_at timestamptz NOT NULL DEFAULT now()
             )",
        )
        .await
        .map_err(PostgresError::Database)?;
    let from = version(&*transaction).await?;
    refuse_newer(from)?;
    for (version, sql) in (1u32..)
        .zip(MIGRATIONS)
        .skip_while(|(version, _)| *version <= from)
    {
        transaction
            .batch_execute(sql)
            .await
            .map_err(PostgresError::Database)?;
        transaction
            .execute(
                "INSERT INTO schema_version (version) VALUES ($1)",
                &[&(version as i32)],
            )
            .await
            .map_err(PostgresError::Database)?;
    }
    transaction
        .execute(
            "INSERT INTO instance (one, id, page_key) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
            &[&Uuid::new_v4().to_string(), &&key[..]],
        )
        .await
        .map_err(PostgresError::Database)?;
    transaction
        .commit()
        .await
        .map_err(PostgresError::Database)?;
    Ok((from, POSTGRES_SCHEMA_VERSION))
}

/// Checks that the database is one that this program can use as it is, and reads what the installation is.
pub(super) async fn check(db: &Object) -> Result<Instance, PostgresError> {
    check_server(db).await?;
    let found = current(db).await?;
    refuse_newer(found)?;
    if found < POSTGRES_SCHEMA_VERSION {
        return Err(PostgresError::Older {
            found,
            needed: POSTGRES_SCHEMA_VERSION,
        });
    }
    let row = db
        .query_opt("SELECT id, page_key FROM instance", &[])
        .await
        .map_err(PostgresError::Database)?;
    let read = || {
        let row = row?;
        Some(Instance {
            id: row.try_get::<_, &str>(0).ok()?.parse().ok()?,
            page_key: row.try_get::<_, &[u8]>(1).ok()?.try_into().ok()?,
        })
    };
    read().ok_or(PostgresError::NoInstance)
}

/// The database's schema; 0 when it has none.
pub(super) async fn current(db: &Object) -> Result<u32, PostgresError> {
    let there = db
        .query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[])
        .await
        .map_err(PostgresError::Database)?;
    if there.try_get(0).map_err(PostgresError::Database)? {
        version(&***db).await
    } else {
        Ok(0)
    }
}

async fn version<C: tokio_postgres::GenericClient>(db: &C) -> Result<u32, PostgresError> {
    let row = db
        .query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[])
        .await
        .map_err(PostgresError::Database)?;
    let version: i32 = row.try_get(0).map_err(PostgresError::Database)?;
    // A negative version is no schema of ours, and newer than all of them.
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

fn refuse_newer(found: u32) -> Result<(), PostgresError> {
    if found > POSTGRES_SCHEMA_VERSION {
        return Err(PostgresError::Newer {
            found,
            known: POSTGRES_SCHEMA_VERSION,
        });
    }
    Ok(())
}

/// Checks that the server is new enough, and that the database holds every name.
pub(super) async fn check_server(db: &Object) -> Result<(), PostgresError> {
    let row = db
        .query_one(
            "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')",
            &[],
        )
        .await
        .map_err(PostgresError::Database)?;
    let found: i32 = row.try_get(0).map_err(PostgresError::Database)?;
    if found < OLDEST_SERVER {
        return Err(PostgresError::OldServer {
            found: found / 10_000,
        });
    }
    let encoding: String = row.try_get(1).map_err(PostgresError::Database)?;
    if encoding != "UTF8" {
        return Err(PostgresError::Encoding { found: encoding });
    }
    Ok(())
}
