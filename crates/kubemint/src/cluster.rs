//! Which cluster, and what its operator allows.

use std::collections::BTreeMap;
use std::fmt;

use crate::id::KubeconfigId;

/// The place of a cluster in the fleet: the three path segments that name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterKey {
    /// The region, 1 to 63 characters (spec: schema `Region`).
    pub region: String,
    /// The project, 1 to 63 characters (spec: schema `Project`).
    pub project: String,
    /// The cluster within the project, 1 to 63 characters (spec: schema `ClusterId`).
    pub cluster: String,
}

impl ClusterKey {
    /// A key from its three parts.
    pub fn new(
        region: impl Into<String>,
        project: impl Into<String>,
        cluster: impl Into<String>,
    ) -> Self {
        Self {
            region: region.into(),
            project: project.into(),
            cluster: cluster.into(),
        }
    }

    /// The path of the cluster's kubeconfigs (spec: `issueKubeconfig`).
    #[must_use]
    pub fn collection_path(&self) -> String {
        let Self {
            region,
            project,
            cluster,
        } = self;
        format!("/v1/regions/{region}/projects/{project}/compute/clusters/{cluster}/kubeconfigs")
    }

    /// The path of one kubeconfig: its `selfLink`.
    #[must_use]
    pub fn self_link(&self, id: &KubeconfigId) -> String {
        format!("{}/{id}", self.collection_path())
    }

    /// The name of the cluster in a kubeconfig file, unique in the fleet: `cluster.project.region`.
    #[must_use]
    pub fn dotted(&self) -> String {
        format!("{}.{}.{}", self.cluster, self.project, self.region)
    }
}

impl fmt::Display for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.region, self.project, self.cluster)
    }
}

/// What the configuration says of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterProfile {
    /// Its place in the fleet.
    pub key: ClusterKey,
    /// The URL that users reach it by; it goes into kubeconfig files.
    pub public_url: String,
    /// The PEM bundle that signs its server certificate; `None` where the system's roots do.
    pub ca_pem: Option<String>,
    /// What its kubeconfigs authenticate with.
    pub kind: CredentialKind,
    /// Whether the service has a credential of its own there. Without one, which only certificates can do without, the cluster is
    /// never asked.
    pub has_credential: bool,
    /// The roles that may be issued, by name.
    pub roles: BTreeMap<String, RoleRules>,
    /// The role when a request names none. It is one of `roles`.
    pub default_role: String,
    /// The time to live when a request names none, in seconds. It is within the default role's range.
    pub default_ttl: u32,
    /// How many kubeconfigs may be alive for one user; `None`: any number.
    pub max_active_per_user: Option<u32>,
}

impl ClusterProfile {
    /// The time to live when none is asked for, in seconds: the cluster's, as far as the role allows it.
    #[must_use]
    pub fn ttl_of(&self, role: &str) -> u32 {
        self.roles.get(role).map_or(self.default_ttl, |rules| {
            self.default_ttl.clamp(rules.min_ttl, rules.max_ttl)
        })
    }
}

/// What the kubeconfigs of a cluster authenticate with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialKind {
    /// Tokens of a ServiceAccount, which end with it.
    #[default]
    Token,
    /// Client certificates, which nothing but time ends.
    Certificate,
}

/// The bounds of one role at one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleRules {
    /// The shortest time to live, in seconds.
    pub min_ttl: u32,
    /// The longest time to live, in seconds.
    pub max_ttl: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_link_is_the_documented_path() {
        let key = ClusterKey::new("us-texas-1", "project-x9y8z7", "cluster-a1b2c3");
        let id: KubeconfigId = "kubeconfig-s2t3u4".parse().unwrap();
        assert_eq!(
            key.self_link(&id),
            "/v1/regions/us-texas-1/projects/project-x9y8z7/compute/clusters/cluster-a1b2c3/kubeconfigs/kubeconfig-s2t3u4"
        );
        assert_eq!(key.dotted(), "cluster-a1b2c3.project-x9y8z7.us-texas-1");
    }
}
