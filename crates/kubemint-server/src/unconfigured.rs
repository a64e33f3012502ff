//! What is alive and not configured any more: kubeconfigs of a cluster or of a role that was taken out of the
//! configuration, or renamed; and tokens of before at a cluster whose kubeconfigs are certificates now, and where the service has no
//! credential any more. They work on, and the server can do less for them, or nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kubemint::cluster::{ClusterProfile, CredentialKind};
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
    lacks: Lacks,
    pub(crate) count: u64,
}

/// What the configuration lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lacks {
    /// The whole cluster.
    Cluster,
    /// A role there.
    Role(String),
    /// The service's credential, for tokens of before the cluster's kubeconfigs became certificates.
    Credential,
}

impl fmt::Display for Unconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            lacks,
            count,
        } = self;
        match lacks {
            Lacks::Cluster => write!(
                f,
                "{count} live kubeconfigs of cluster {cluster}, which is not configured: nobody can list or revoke them, \
                 and nothing ends them; put the cluster back until they are over"
            ),
            Lacks::Credential => write!(
                f,
                "{count} live kubeconfigs of cluster {cluster} are tokens of before its kubeconfigs became client certificates, \
                 and the service has no credential there: nobody can revoke them, and nothing ends them at their time; give \
                 `credential` back until they are over"
            ),
            Lacks::Role(role) => write!(
                f,
                "{count} live kubeconfigs of role {role} at cluster {cluster}, which is not configured there: they can be \
                 revoked, and end at their time, as long as the server keeps its rights in kubemint-{role}"
            ),
        }
    }
}

/// What of all that is alive is not configured; `profiles` are the clusters that are.
pub(crate) fn unconfigured(
    alive: &[Alive],
    profiles: &BTreeMap<ClusterKey, Arc<ClusterProfile>>,
) -> Vec<Unconfigured> {
    let mut found: BTreeMap<(ClusterKey, Lacks), u64> = BTreeMap::new();
    for Alive {
        cluster,
        role,
        count,
        tokens,
    } in alive
    {
        let mut note = |lacks, count| {
            if count > 0 {
                *found.entry((cluster.clone(), lacks)).or_default() += count;
            }
        };
        let Some(profile) = profiles.get(cluster) else {
            note(Lacks::Cluster, *count);
            continue;
        };
        let mut rest = *count;
        if profile.kind == CredentialKind::Certificate && !profile.has_credential {
            note(Lacks::Credential, *tokens);
            rest = rest.saturating_sub(*tokens);
        }
        if !profile.roles.contains_key(role) {
            note(Lacks::Role(role.clone()), rest);
        }
    }
    let told = |((cluster, lacks), count)| Unconfigured {
        cluster,
        lacks,
        count,
    };
    found.into_iter().map(told).collect()
}

/// Tells the log and the metrics of it, at the start and then once in a while, until `stop` turns true.
pub(crate) async fn watch(
    service: Arc<Kubemint>,
    metrics: Arc<Metrics>,
    log: Logger,
    mut stop: watch::Receiver<bool>,
) {
    let profiles = configured(service.ports().clusters.as_ref());
    let mut told = Vec::new();
    loop {
        let ports = service.ports();
        match ports.store.alive(ports.clock.now()).await {
            Ok(alive) => {
                let found = unconfigured(&alive, &profiles);
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

/// Every configured cluster.
fn configured(clusters: &dyn Clusters) -> BTreeMap<ClusterKey, Arc<ClusterProfile>> {
    let profile = |key: ClusterKey| {
        let profile = clusters.profile(&key)?;
        Some((key, profile))
    };
    clusters.keys().into_iter().filter_map(profile).collect()
}

#[cfg(test)]
mod tests {
    use kubemint::cluster::RoleRules;

    use super::*;

    fn key(cluster: &str) -> ClusterKey {
        ClusterKey::new("r", "p", cluster)
    }

    /// `count` kubeconfigs are alive, and half of them are tokens.
    fn alive(cluster: &str, role: &str, count: u64) -> Alive {
        Alive {
            cluster: key(cluster),
            role: role.to_owned(),
            count,
            tokens: count / 2,
        }
    }

    fn profile(cluster: &str, kind: CredentialKind, has_credential: bool) -> ClusterProfile {
        let rules = RoleRules {
            min_ttl: 60,
            max_ttl: 3600,
        };
        ClusterProfile {
            key: key(cluster),
            public_url: "https://example".to_owned(),
            ca_pem: None,
            kind,
            has_credential,
            roles: BTreeMap::from([("viewer".to_owned(), rules)]),
            default_role: "viewer".to_owned(),
            default_ttl: 600,
            max_active_per_user: None,
        }
    }

    fn told(alive: &[Alive], profile: ClusterProfile) -> Vec<String> {
        let profiles = BTreeMap::from([(profile.key.clone(), Arc::new(profile))]);
        let found = unconfigured(alive, &profiles);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_cluster_or_a_role_that_is_gone_is_told_with_its_count() {
        let here = || profile("here", CredentialKind::Token, true);
        let told_of = told(
            &[
                alive("gone", "editor", 2),
                alive("gone", "viewer", 3),
                alive("here", "editor", 4),
                alive("here", "viewer", 5),
            ],
            here(),
        );
        let [cluster, role] = &told_of[..] else {
            panic!("{told_of:?}");
        };
        assert!(
            cluster.starts_with("5 live kubeconfigs of cluster r/p/gone,"),
            "{cluster}"
        );
        assert!(
            role.starts_with("4 live kubeconfigs of role editor at cluster r/p/here,"),
            "{role}"
        );
        assert!(told(&[alive("here", "viewer", 1)], here()).is_empty());
    }

    #[test]
    fn tokens_that_nothing_can_end_any_more_are_told_whatever_their_role() {
        let alive = [alive("here", "editor", 4), alive("here", "viewer", 6)];
        let stranded = profile("here", CredentialKind::Certificate, false);
        let told_of = told(&alive, stranded);
        let [role, tokens] = &told_of[..] else {
            panic!("{told_of:?}");
        };
        assert!(
            role.starts_with("2 live kubeconfigs of role editor"),
            "{role}"
        );
        assert!(
            tokens.starts_with("5 live kubeconfigs of cluster r/p/here are tokens of before"),
            "{tokens}"
        );
        // As long as the service has a credential there, it ends them.
        let reached = profile("here", CredentialKind::Certificate, true);
        assert!(told(&alive[1..], reached).is_empty());
    }
}
