//! A long history, written at once: what no service could write in the time of a benchmark.

use std::path::Path;

use anyhow::{Context, Result};
use kubemint_server::sandbox::{CLUSTER, PROJECT, REGION};
use kubemint_store::{OpenError, Options, SqliteStore};
use rusqlite::{Connection, params};

/// The file that the sandbox's configuration names.
pub(crate) const FILE: &str = "kubemint.db";

/// The cluster that all of it is of.
#[cfg(test)]
pub(crate) fn place() -> kubemint::cluster::ClusterKey {
    kubemint::cluster::ClusterKey::new(REGION, PROJECT, CLUSTER)
}

/// Opens the store in `folder`, and makes it when it is not there.
///
/// # Errors
/// It cannot be used.
pub(crate) fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(Options::new(folder.join(FILE)))
}

/// Makes a store of so many kubeconfigs in `folder`: one in ten is active for another day, the others expired within the
/// last day; each of a thousand users has as many as any other; one in a hundred is of the role `editor`, and not of
/// `viewer`.
///
/// # Errors
/// The store cannot be made or written.
pub(crate) fn write(folder: &Path, records: u32) -> Result<()> {
    drop(open(folder)?);
    let connection = Connection::open(folder.join(FILE))?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let now = chrono::Utc::now().timestamp_millis();
    connection
        .execute(
            "WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < ?1)
             INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer,
                 creator_subject, ttl, state, created_at, pending_until, expires_at, object_uid)
             SELECT ?2, ?3, ?4, printf('kubeconfig-%012d', n),
                 lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)),
                     substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6)))),
                 'user-' || ((n / 10) % 1000), iif(n % 100 = 3, 'editor', 'viewer'),
                 'https://login.example', 'robot-' || (n % 1000), 3600, iif(n % 10 = 0, 'active', 'expired'),
                 ?5 - 86400000 + n % 1000, ?5 - 86400000 + n % 1000,
                 iif(n % 10 = 0, ?5 + 86400000, ?5 - 3600000), lower(hex(randomblob(16)))
             FROM counted",
            params![records, REGION, PROJECT, CLUSTER, now],
        )
        .context("cannot write the records")?;
    Ok(())
}
