//! The configuration as it is written: keys and types, and nothing checked yet.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::Binding;
use crate::duration::RawDuration;

/// One `[[clusters]]` entry of the file. [`super::validate`] makes a [`super::ClusterConfig`] of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCluster {
    /// The region in the API's paths.
    pub region: String,
    /// The project in the API's paths.
    pub project: String,
    /// The cluster's id in the API's paths.
    pub id: String,
    /// The URL by which the service reaches the cluster's API server; https.
    pub api_url: String,
    /// The URL by which users reach it; it goes into kubeconfig files. Absent: `api_url`.
    pub public_url: Option<String>,
    /// The PEM bundle that signs the certificate behind `api_url`. Absent: the system's roots.
    pub ca_file: Option<PathBuf>,
    /// The PEM bundle that signs the certificate behind `public_url`. Absent: that of `ca_file`; an empty text: the
    /// user's system roots, so that kubeconfig files hold no bundle.
    pub public_ca_file: Option<PathBuf>,
    /// The service's own credential at the cluster. It may be absent where kubeconfigs are client certificates.
    pub credential: Option<RawCredential>,
    /// The authority for client certificates: with it, kubeconfigs are client certificates, and no tokens.
    pub client_ca: Option<RawClientCa>,
    /// The role when a request names none. Absent: `viewer`.
    pub default_role: Option<String>,
    /// The time to live when a request names none. Absent: `1h`.
    pub default_ttl: Option<RawDuration>,
    /// The shortest time to live. Absent: `60s`.
    pub min_ttl: Option<RawDuration>,
    /// The longest time to live. Absent: `24h`, and `1h` for client certificates.
    pub max_ttl: Option<RawDuration>,
    /// How many kubeconfigs may be alive for one user. Absent: any number.
    pub max_active_per_user: Option<NonZeroU32>,
    /// The roles that may be issued. Absent: `viewer` alone.
    pub roles: Option<BTreeMap<String, RawRole>>,
}

/// Where the service's own credential is. Exactly one of the two is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCredential {
    /// A kubeconfig, of which the user of the current context is taken.
    pub kubeconfig_file: Option<PathBuf>,
    /// A file with a bearer token and nothing else.
    pub token_file: Option<PathBuf>,
}

/// The authority that signs client certificates: one that the API server trusts (`--client-ca-file`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawClientCa {
    /// Its certificate (PEM). Certificates behind it are those between it and the one that the API server knows.
    pub cert_file: PathBuf,
    /// Its private key (PEM: PKCS#8, PKCS#1 or SEC1, without a password).
    pub key_file: PathBuf,
}

/// One `[clusters.roles.NAME]` table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRole {
    /// The ClusterRole that the manifest binds the role to. Absent: `view`, `edit`, `admin` and `cluster-admin` for
    /// the roles viewer, editor, admin and cluster-admin; other roles must say.
    pub cluster_role: Option<String>,
    /// The namespaces where it is bound. Absent: in the whole cluster.
    pub namespaces: Option<Vec<String>>,
    /// The groups (`O`) of its client certificates, each bound like the role. Absent: none.
    pub groups: Option<Vec<String>>,
    /// How it is bound. Absent: `role-namespace`.
    #[serde(default)]
    pub binding: Binding,
    /// The shortest time to live of this role. Absent: the cluster's.
    pub min_ttl: Option<RawDuration>,
    /// The longest time to live of this role. Absent: the cluster's.
    pub max_ttl: Option<RawDuration>,
}
