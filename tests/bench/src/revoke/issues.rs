//! Issues per second, beside a ServiceAccount and a TokenRequest alone: the least that an issue can be.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use futures::future::try_join_all;
use kubemint::caller::Principal;
use kubemint::ports::{Clusters as _, ObjectRef};
use kubemint::{ClusterKey, Record, State};
use kubemint_clusters::Fleet;
use serde::Serialize;
use uuid::Uuid;

use super::real::Real;
use crate::cpu;

/// How often something was done, and what each time cost.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rate {
    pub(super) per_second: f64,
    /// Microseconds of processor of this process: clients and service.
    pub(super) own_us: f64,
    /// Those of the cluster's programs.
    pub(super) cluster_us: f64,
}

impl Rate {
    fn mean(self, other: Self) -> Self {
        Self {
            per_second: (self.per_second + other.per_second) / 2.0,
            own_us: (self.own_us + other.own_us) / 2.0,
            cluster_us: (self.cluster_us + other.cluster_us) / 2.0,
        }
    }
}

/// The two calls, measured before and after, and the issue between.
pub(super) fn measure(real: &Real, clients: usize, seconds: f64) -> Result<(Rate, Rate)> {
    real.runtime.block_on(async {
        let fleet = Fleet::new(real.clusters.clone(), Uuid::new_v4(), real.log.clone())?;
        let half = Duration::from_secs_f64(seconds / 2.0);
        let calls = async || rate(real, clients, half, async || two_calls(&fleet).await).await;
        let issue = async || real.issue(super::DEFAULT).await.map(drop);
        // What is made first warms everything up.
        rate(real, clients, half, issue).await?;
        let before = calls().await?;
        let issues = rate(real, clients, half * 2, issue).await?;
        let after = calls().await?;
        Ok((before.mean(after), issues))
    })
}

async fn rate(
    real: &Real,
    clients: usize,
    time: Duration,
    work: impl AsyncFn() -> Result<()>,
) -> Result<Rate> {
    let own = || cpu::total(std::process::id());
    let used = (own(), real.cluster_time());
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
    let took = began.elapsed();
    let done: u32 = done.iter().sum();
    let each = |before: Duration, after: Duration| {
        cpu::micros(after.saturating_sub(before), done as usize)
    };
    Ok(Rate {
        per_second: f64::from(done) / took.as_secs_f64(),
        own_us: each(used.0, own()),
        cluster_us: each(used.1, real.cluster_time()),
    })
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
