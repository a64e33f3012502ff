//! Issues per second, beside a ServiceAccount and a TokenRequest alone: the least that an issue can be.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use futures::future::try_join_all;
use kubemint::caller::Principal;
use kubemint::ports::{Clusters as _, ObjectRef};
use kubemint::{ClusterKey, Record, State};
use kubemint_clusters::Fleet;
use uuid::Uuid;

use super::real::Real;

/// Both rates per second: the two calls, measured before and after, and the issue between.
pub(super) fn measure(real: &Real, clients: usize, seconds: f64) -> Result<(f64, f64)> {
    real.runtime.block_on(async {
        let fleet = Fleet::new(real.clusters.clone(), Uuid::new_v4(), real.log.clone())?;
        let half = Duration::from_secs_f64(seconds / 2.0);
        let calls = async || per_second(clients, half, async || two_calls(&fleet).await).await;
        let issue = async || real.issue(super::DEFAULT).await.map(drop);
        // What is made first warms everything up.
        per_second(clients, half, issue).await?;
        let before = calls().await?;
        let issues = per_second(clients, half * 2, issue).await?;
        let after = calls().await?;
        Ok(((before + after) / 2.0, issues))
    })
}

async fn per_second(
    clients: usize,
    time: Duration,
    work: impl AsyncFn() -> Result<()>,
) -> Result<f64> {
    let began = Instant::now();
    let client = async |_| -> Result<u32> {
        let mut done = 0;
        while began.elapsed() < time {
            work().await?;
            done += 1;
        }
        Ok(done)
    };
    let done = try_join_all((0..clients).map(client)).await?;
    Ok(f64::from(done.iter().sum::<u32>()) / began.elapsed().as_secs_f64())
}

/// A ServiceAccount of a fresh name, and one token of it.
async fn two_calls(fleet: &Fleet) -> Result<()> {
    let keys = fleet.keys();
    let record = draft(&keys[0])?;
    let uid = fleet.create(&record).await?;
    let object = ObjectRef {
        role: record.role.clone(),
        id: record.id.clone(),
        uid: record.uid,
        object_uid: Some(uid),
    };
    fleet.mint(&keys[0], &object, record.ttl).await?;
    Ok(())
}

fn draft(cluster: &ClusterKey) -> Result<Record> {
    let uid = Uuid::new_v4();
    let now = Utc::now();
    Ok(Record {
        cluster: cluster.clone(),
        id: format!("kubeconfig-{}", uid.simple()).parse()?,
        uid,
        display_name: None,
        description: None,
        issued_for: "alice".to_owned(),
        role: super::DEFAULT.to_owned(),
        created_by: Principal {
            issuer: "https://issuer.example".to_owned(),
            subject: "alice".to_owned(),
        },
        ttl: 3600,
        state: State::Pending,
        created_at: now,
        pending_until: now + TimeDelta::minutes(1),
        expires_at: None,
        object_uid: None,
    })
}
