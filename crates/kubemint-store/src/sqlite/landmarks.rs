//! By what clusters are known again.

use kubemint::cluster::ClusterKey;
use kubemint::ports::Landmark;
use rusqlite::{Connection, Row};

const ALL: &str = "SELECT namespace, uid FROM landmark
     WHERE region = ?1 AND project = ?2 AND cluster = ?3 ORDER BY namespace";
const NOTE: &str =
    "INSERT INTO landmark (region, project, cluster, namespace, uid) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (region, project, cluster, namespace) DO UPDATE SET uid = excluded.uid";
const FORGET: &str = "DELETE FROM landmark WHERE region = ?1 AND project = ?2 AND cluster = ?3";

fn place(cluster: &ClusterKey) -> [&str; 3] {
    [&cluster.region, &cluster.project, &cluster.cluster]
}

pub(super) fn all(
    connection: &Connection,
    cluster: &ClusterKey,
) -> rusqlite::Result<Vec<Landmark>> {
    connection
        .prepare_cached(ALL)?
        .query_map(place(cluster), |row| {
            Ok(Landmark {
                namespace: row.get(0)?,
                uid: row.get(1)?,
            })
        })?
        .collect()
}

/// Those of every cluster.
pub(super) fn of_all(connection: &Connection) -> rusqlite::Result<Vec<(ClusterKey, Landmark)>> {
    let all = "SELECT region, project, cluster, namespace, uid FROM landmark
         ORDER BY region, project, cluster, namespace";
    let text = |row: &Row<'_>, column: usize| row.get::<_, String>(column);
    connection
        .prepare(all)?
        .query_map([], |row| {
            let key = ClusterKey::new(text(row, 0)?, text(row, 1)?, text(row, 2)?);
            let (namespace, uid) = (text(row, 3)?, text(row, 4)?);
            Ok((key, Landmark { namespace, uid }))
        })?
        .collect()
}

pub(super) fn note(
    connection: &Connection,
    cluster: &ClusterKey,
    landmark: &Landmark,
) -> rusqlite::Result<()> {
    let [region, project, name] = place(cluster);
    let values = [region, project, name, &landmark.namespace, &landmark.uid];
    connection.prepare_cached(NOTE)?.execute(values).map(drop)
}

pub(super) fn forget(connection: &Connection, cluster: &ClusterKey) -> rusqlite::Result<()> {
    connection
        .prepare_cached(FORGET)?
        .execute(place(cluster))
        .map(drop)
}
