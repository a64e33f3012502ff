//! By what clusters are known again.

use deadpool_postgres::Object;
use kubemint::cluster::ClusterKey;
use kubemint::ports::Landmark;

use super::connect::Held;
use super::error::Trouble;
use super::rows::{escaped, text};

const ALL: &str = "SELECT namespace, uid FROM landmark
     WHERE region = $1 AND project = $2 AND cluster = $3 ORDER BY namespace";
const NOTE: &str =
    "INSERT INTO landmark (region, project, cluster, namespace, uid) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (region, project, cluster, namespace) DO UPDATE SET uid = excluded.uid";
const FORGET: &str = "DELETE FROM landmark WHERE region = $1 AND project = $2 AND cluster = $3";

fn place(cluster: &ClusterKey) -> [String; 3] {
    [&cluster.region, &cluster.project, &cluster.cluster].map(|part| escaped(part).into_owned())
}

pub(super) async fn all(db: &Held, cluster: &ClusterKey) -> Result<Vec<Landmark>, Trouble> {
    let [region, project, name] = place(cluster);
    let statement = db.prepare_cached(ALL).await?;
    let rows = db.query(&statement, &[&region, &project, &name]).await?;
    rows.iter()
        .map(|row| {
            Ok(Landmark {
                namespace: text(row, 0)?,
                uid: text(row, 1)?,
            })
        })
        .collect()
}

/// Those of every cluster, but for rows that cannot be read.
pub(super) async fn of_all(
    db: &Object,
) -> Result<Vec<(ClusterKey, Landmark)>, tokio_postgres::Error> {
    let all = "SELECT region, project, cluster, namespace, uid FROM landmark
         ORDER BY region, project, cluster, namespace";
    let rows = db.query(all, &[]).await?;
    let read = |row| {
        let key = ClusterKey::new(text(row, 0)?, text(row, 1)?, text(row, 2)?);
        let (namespace, uid) = (text(row, 3)?, text(row, 4)?);
        Ok::<_, Trouble>((key, Landmark { namespace, uid }))
    };
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}

pub(super) async fn note(
    db: &Held,
    cluster: &ClusterKey,
    landmark: &Landmark,
) -> Result<(), Trouble> {
    let [region, project, name] = place(cluster);
    let (namespace, uid) = (escaped(&landmark.namespace), escaped(&landmark.uid));
    let statement = db.prepare_cached(NOTE).await?;
    db.execute(&statement, &[&region, &project, &name, &namespace, &uid])
        .await?;
    Ok(())
}

pub(super) async fn forget(db: &Held, cluster: &ClusterKey) -> Result<(), Trouble> {
    let [region, project, name] = place(cluster);
    let statement = db.prepare_cached(FORGET).await?;
    db.execute(&statement, &[&region, &project, &name]).await?;
    Ok(())
}
