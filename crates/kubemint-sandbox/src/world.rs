//! One issuer and some clusters, started together.

use crate::cluster::{Cluster, ClusterOptions};
use crate::error::SandboxError;
use crate::issuer::{Issuer, IssuerOptions};
use crate::pki::Pki;

/// What a world consists of. The default: one issuer and one cluster named `sandbox`.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// The issuer.
    pub issuer: IssuerOptions,
    /// The clusters; their names differ.
    pub clusters: Vec<ClusterOptions>,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            issuer: IssuerOptions::default(),
            clusters: vec![ClusterOptions::default()],
        }
    }
}

impl WorldOptions {
    /// Clusters with these names, and the default otherwise.
    pub fn with_clusters(names: &[&str]) -> Self {
        let clusters = names
            .iter()
            .map(|name| ClusterOptions::named(name))
            .collect();
        Self {
            clusters,
            ..Self::default()
        }
    }
}

/// A running world: everything kubemint needs around it. It stops when dropped.
pub struct World {
    issuer: Issuer,
    clusters: Vec<Cluster>,
}

impl World {
    /// Starts everything. The issuer and each cluster have certificate authorities of their own, so that whoever
    /// mixes them up is refused.
    ///
    /// # Errors
    /// [`SandboxError`] if there is no cluster, two have the same name, or one cannot be started.
    pub async fn start(options: WorldOptions) -> Result<Self, SandboxError> {
        let mut names: Vec<&str> = options
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str())
            .collect();
        names.sort_unstable();
        if names.is_empty() {
            return Err(SandboxError::Options(
                "a world has at least one cluster".to_owned(),
            ));
        }
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SandboxError::Options(format!(
                "two clusters are named {:?}",
                twice[0]
            )));
        }
        let issuer = Issuer::start(&Pki::new("kubemint sandbox issuer")?, options.issuer).await?;
        let mut clusters = Vec::with_capacity(options.clusters.len());
        for cluster in options.clusters {
            clusters.push(Cluster::start(None, cluster).await?);
        }
        Ok(Self { issuer, clusters })
    }

    /// The issuer.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The first cluster.
    pub fn cluster(&self) -> &Cluster {
        self.clusters
            .first()
            .expect("a world has at least one cluster from the start")
    }

    /// The cluster of that name.
    pub fn cluster_named(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name() == name)
    }

    /// All clusters, in the order of the options.
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// Stops everything, and waits for the last connection to end (about a second at most).
    pub async fn stop(self) {
        self.issuer.stop().await;
        for cluster in self.clusters {
            cluster.stop().await;
        }
    }
}
