//! What is alive and not configured any more: kubeconfigs of a cluster or of a role that was taken out of the
//! configuration, or renamed. They work on, and the server can do less for them, or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kubemint::ports::{Alive, Clusters};
use kubemint::{ClusterKey, Kubemint};
use slog::Logger;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// How often it is looked for: it counts all that is alive.
const INTERVAL: Duration = Duration::from_secs(60);

/// Live kubeconfigs that the configuration does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unconfigured {
    pub(crate) cluster: ClusterKey,
    /// The role, where it is not the whole cluster.
    role: Option<String>,
    pub(crate) count: u64,
}

impl fmt::Display for Unconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            role,
            count,
        } = self;
        match role {
            None => write!(
                f,
                "{count} live kubeconfigs of cluster {cluster}, which is not configured: nobody can list or revoke them, \
                 and nothing ends them; put the cluster back until they are over"
            ),
            Some(role) => write!(
                f,
                "{count} live kubeconfigs of role {role} at cluster {cluster}, which is not configured there: they can be \
                 revoked, and end at their time, as long as the server keeps its rights in kubemint-{role}"
            ),
        }
    }
}

/// What of all that is alive is not configured; `roles` are those of each cluster that is.
pub(crate) fn unconfigured(
    alive: &[Alive],
    roles: &BTreeMap<ClusterKey, BTreeSet<String>>,
) -> Vec<Unconfigured> {
    let mut found: Vec<Unconfigured> = Vec::new();
    for Alive {
        cluster,
        role,
        count,
    } in alive
    {
        let known = roles.get(cluster);
        if known.is_some_and(|roles| roles.contains(role)) {
            continue;
        }
        let role = known.map(|_| role.clone());
        match found.last_mut() {
            Some(last) if last.cluster == *cluster && last.role == role => last.count += count,
            _ => found.push(Unconfigured {
                cluster: cluster.clone(),
                role,
                count: *count,
            }),
        }
    }
    found
}

/// Tells the log and the metrics of it, at the start and then once in a while, until `stop` turns true.
pub(crate) async fn watch(
    service: Arc<Kubemint>,
    metrics: Arc<Metrics>,
    log: Logger,
    mut stop: watch::Receiver<bool>,
) {
    let roles = configured(service.ports().clusters.as_ref());
    let mut told = Vec::new();
    loop {
        let ports = service.ports();
        match ports.store.alive(ports.clock.now()).await {
            Ok(alive) => {
                let found = unconfigured(&alive, &roles);
                metrics.unconfigured(&found);
                if found != told {
                    for one in &found {
                        slog::warn!(log, "{}", one);
                    }
                    told = found;
                }
            }
            Err(error) => {
                slog::debug!(log, "cannot count what is alive"; "error" => crate::edge::chain(&error));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// The roles of every configured cluster.
fn configured(clusters: &dyn Clusters) -> BTreeMap<ClusterKey, BTreeSet<String>> {
    let roles = |key: ClusterKey| {
        let profile = clusters.profile(&key)?;
        Some((key, profile.roles.keys().cloned().collect()))
    };
    clusters.keys().into_iter().filter_map(roles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_or_a_role_that_is_gone_is_told_with_its_count() {
        let key = |cluster| ClusterKey::new("r", "p", cluster);
        let alive = |cluster, role: &str, count| Alive {
            cluster: key(cluster),
            role: role.to_owned(),
            count,
        };
        let roles = BTreeMap::from([(key("here"), BTreeSet::from(["viewer".to_owned()]))]);
        let found = unconfigured(
            &[
                alive("gone", "editor", 2),
                alive("gone", "viewer", 3),
                alive("here", "editor", 4),
                alive("here", "viewer", 5),
            ],
            &roles,
        );
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("5 live kubeconfigs of cluster r/p/gone,"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("4 live kubeconfigs of role editor at cluster r/p/here,"),
            "{told:?}"
        );
        assert!(unconfigured(&[alive("here", "viewer", 1)], &roles).is_empty());
    }
}
