//! The clusters of a configuration file: as written ([`RawCluster`]), and as checked ([`ClusterConfig`]).
//!
//! ```toml
//! [[clusters]]
//! region = "us-texas-1"
//! project = "project-x9y8z7"
//! id = "cluster-a1b2c3"
//! api_url = "https://10.0.0.7:6443"
//! public_url = "https://cluster-a1b2c3.example.com"   # default: api_url
//! ca_file = "ca.pem"                                  # default: the system's roots
//! credential = { token_file = "token" }               # or { kubeconfig_file = "..." }
//! default_ttl = "1h"
//! max_ttl = "24h"
//! max_active_per_user = 20                            # default: any number
//!
//! [clusters.roles.viewer]                             # bound to ClusterRole view
//!
//! [clusters.roles.editor]
//! namespaces = ["team-a"]                             # bound to edit, only there
//! max_ttl = "4h"
//!
//! [clusters.roles.operator]
//! cluster_role = "operator"
//! namespaces = ["team-a"]
//! binding = "per-kubeconfig"                          # revoking ends access at once
//! ```
//!
//! Instead of tokens, the kubeconfigs of a cluster may be client certificates. Then `credential` may be absent, and the
//! cluster is never asked:
//!
//! ```toml
//! client_ca = { cert_file = "client-ca.pem", key_file = "client-ca.key" }
//! max_ttl = "1h"                                      # the default there: nothing but time ends a certificate
//!
//! [clusters.roles.viewer]
//! groups = ["kubemint:viewer"]                        # the certificate's O
//! ```
//!
//! Paths are relative to the folder of the file. Files that the service watches (its credential, `ca_file`) may
//! change while it runs; the bundle of the kubeconfig files is read once. A file that is missing or unfit is no error of
//! the configuration: its cluster is out of order until the file is mended, and the others serve.

mod bundle;
mod check;
mod error;
mod groups;
mod raw;
mod roles;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kubemint::cluster::{ClusterKey, ClusterProfile, RoleRules};
use serde::Deserialize;

pub use bundle::BundleError;
pub(crate) use bundle::{pem, read as read_bundle};
pub(crate) use check::is_label;
pub use check::validate;
pub use error::{ConfigError, Problem};
pub use raw::{RawClientCa, RawCluster, RawCredential, RawRole};

/// What the name of every namespace of ours begins with.
pub(crate) const PREFIX: &str = "kubemint-";

/// The namespace of the service's own ServiceAccount.
pub(crate) const SYSTEM_NAMESPACE: &str = "kubemint-system";

/// The namespace of a role, where the ServiceAccounts of its kubeconfigs are.
pub(crate) fn role_namespace(role: &str) -> String {
    format!("{PREFIX}{role}")
}

/// One cluster, checked.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Its place in the fleet.
    pub key: ClusterKey,
    /// The URL by which the service reaches it; https.
    pub api_url: http::Uri,
    /// The PEM bundle behind `api_url`; `None` for the system's roots.
    pub ca_file: Option<PathBuf>,
    /// The PEM bundle behind the profile's URL; `None` for the system's roots. The profile holds its content, unless
    /// it is among `unusable`.
    pub public_ca_file: Option<PathBuf>,
    /// Bundles and authorities that cannot be used now. The cluster is out of order until they can; it keeps no other from serving.
    pub unusable: Vec<Problem>,
    /// The service's own credential; `None` only where `client_ca` is set: then the cluster is never asked.
    pub credential: Option<CredentialSource>,
    /// The authority for client certificates, where kubeconfigs are such.
    pub client_ca: Option<ClientCa>,
    /// The roles that may be issued, by name; never empty.
    pub roles: BTreeMap<String, RoleConfig>,
    /// What the service says of the cluster to its callers.
    pub profile: Arc<ClusterProfile>,
}

/// Where the service's own credential is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// The user of the current context of a kubeconfig. Its server and bundle are not used.
    Kubeconfig(PathBuf),
    /// A file that holds a bearer token.
    Token(PathBuf),
}

/// The files of an authority for client certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCa {
    /// Its certificate, and those between it and the one that the API server knows: PEM.
    pub certificate: PathBuf,
    /// Its private key: PEM.
    pub key: PathBuf,
}

/// One role, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleConfig {
    /// The ClusterRole that it is bound to.
    pub cluster_role: String,
    /// The namespaces where it is bound, sorted; `None` for the whole cluster.
    pub namespaces: Option<Vec<String>>,
    /// The groups of its client certificates, in the order of the file; empty where there are no such certificates.
    pub groups: Vec<String>,
    /// How it is bound.
    pub binding: Binding,
    /// Its bounds.
    pub rules: RoleRules,
}

/// How the kubeconfigs of a role come to its ClusterRole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// All ServiceAccounts of the role's namespace are bound as a group, once and for all. After a revocation the API
    /// server may accept a token for 10 more seconds.
    #[default]
    RoleNamespace,
    /// Each kubeconfig has a binding of its own, made last and removed at once: after a revocation it is refused at once.
    /// The service needs the right to bind the ClusterRole.
    PerKubeconfig,
}

/// ClusterRoles that may impersonate ServiceAccounts and mint their tokens.
const MINTING: [&str; 2] = ["edit", "admin"];

impl ClusterConfig {
    /// What an operator should be told loudly: files that keep the cluster out of order, and roles that give more than
    /// their names say.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let unusable = self
            .unusable
            .iter()
            .map(|problem| format!("cluster {} is out of order: {problem}", self.key));
        unusable.chain(self.role_warnings()).collect()
    }

    /// What is wrong with the service's own credential for the cluster as its file is now. It is no warning of the
    /// configuration itself: the manifest that comes from that is applied first, and the credential is made then.
    #[must_use]
    pub fn credential_warning(&self) -> Option<String> {
        let error = crate::credential::complaint(self)?;
        let without = match self.client_ca {
            Some(_) => "only certificates can be signed for it",
            None => "it is out of order",
        };
        Some(format!(
            "cluster {}: {without} until its credential can be used: {error}",
            self.key
        ))
    }

    /// Roles that give more than their names say.
    pub(crate) fn role_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, role) in &self.roles {
            if self.client_ca.is_some() && role.groups.is_empty() {
                warnings.push(format!(
                    "cluster {}: the certificates of role {name:?} have no group, and so only the rights that everyone \
                     has; write roles.{name}.groups = [\"...\"]",
                    self.key
                ));
            }
            if role.binding == Binding::PerKubeconfig && role.namespaces.is_none() {
                warnings.push(format!(
                    "cluster {}: role {name:?} is bound per kubeconfig in the whole cluster: each of its kubeconfigs is \
                     a ClusterRoleBinding, and Kubernetes walks all of them on every request of everyone, so thousands \
                     slow the whole cluster; and the service may then read and delete every ClusterRoleBinding; bind it \
                     to namespaces instead, roles.{name}.namespaces = [\"...\"], or keep its kubeconfigs few",
                    self.key
                ));
            }
            if !MINTING.contains(&role.cluster_role.as_str()) {
                continue;
            }
            let cluster_role = &role.cluster_role;
            match &role.namespaces {
                None => warnings.push(format!(
                    "cluster {}: role {name:?} binds {cluster_role:?} in the whole cluster, which amounts to \
                     cluster-admin: it may impersonate any ServiceAccount and mint its tokens, those in kube-system \
                     and in the other roles' namespaces included; bind it to namespaces instead: \
                     roles.{name}.namespaces = [\"...\"]",
                    self.key
                )),
                Some(namespaces) if namespaces.iter().any(|namespace| namespace == "kube-system") => {
                    warnings.push(format!(
                        "cluster {}: role {name:?} binds {cluster_role:?} in kube-system, which amounts to \
                         cluster-admin: it may mint tokens of the controllers' ServiceAccounts; take kube-system out \
                         of roles.{name}.namespaces",
                        self.key
                    ));
                }
                Some(_) => {}
            }
        }
        warnings
    }
}
