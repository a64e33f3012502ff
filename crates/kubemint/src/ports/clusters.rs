//! The port of the clusters: where the objects of kubeconfigs are made and ended, and credentials minted.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use thiserror::Error;
use uuid::Uuid;

use crate::cluster::{ClusterKey, ClusterProfile};
use crate::id::KubeconfigId;
use crate::record::Record;

/// The object that stands for a kubeconfig in its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    /// The role, which says where in the cluster the object is.
    pub role: String,
    /// Its name: the kubeconfig's.
    pub id: KubeconfigId,
    /// The kubeconfig's UUID, which the object carries.
    pub uid: Uuid,
    /// The cluster's own UID of the object; `None` when it is not known (a crash came between).
    pub object_uid: Option<String>,
}

/// A credential fresh from a cluster.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What it authenticates with.
    pub secret: Secret,
    /// When the cluster issued it, by the cluster's clock (`iat`).
    pub issued_at: DateTime<Utc>,
    /// When it ends, by the cluster's clock (`exp`): what was granted, whatever was asked.
    pub expires_at: DateTime<Utc>,
    /// Its identifier, which the cluster's own audit log carries: the `jti` of a token (`None` before Kubernetes 1.32),
    /// or `X509SHA256=` and the digest of a certificate.
    pub jti: Option<String>,
}

/// What a kubeconfig authenticates with. A secret: it goes to the caller, and nowhere else.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A bearer token.
    Token(SecretString),
    /// A client certificate.
    Certificate {
        /// The certificate, and those between it and the cluster's own authority: PEM. By itself it is public.
        chain: String,
        /// Its private key, PEM (PKCS#8).
        key: SecretString,
    },
}

impl Secret {
    /// The bearer token, if it is one.
    #[must_use]
    pub fn token(&self) -> Option<&SecretString> {
        match self {
            Secret::Token(token) => Some(token),
            Secret::Certificate { .. } => None,
        }
    }
}

/// An object found in a cluster with this installation's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundObject {
    /// Which kubeconfig it says that it stands for. `uid` comes from its annotation.
    pub object: ObjectRef,
    /// When the cluster made it.
    pub created_at: DateTime<Utc>,
    /// A time after which nothing that was minted for it is accepted, by the object's own note; `None` if it has none.
    pub ends_at: Option<DateTime<Utc>>,
}

/// What is at one place of a cluster: the objects of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Every object of this installation there.
    pub objects: Vec<FoundObject>,
    /// Whether it is known to be the place where they were made, so that what is not in the list is gone. Otherwise it
    /// may be another cluster's.
    pub certain: bool,
    /// How many objects of other installations are there: of one beside this, or of one whose store was lost.
    pub foreign: usize,
}

/// Why a cluster did not do what it was asked. Nothing of the cluster's own text is in `Display`, since it may hold
/// what should not be told; the source has it, for the log.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// No such cluster in the configuration.
    #[error("unknown cluster")]
    Unknown,
    /// It cannot be reached, or did not answer in time. The work may or may not have been done.
    #[error("the cluster cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused what the service asked (401, 403): its credential, its rights, or by a policy of its own what was to be
    /// made. An operator must mend it, and the source says what.
    #[error("the cluster refuses what the service asks of it")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is too busy (429), or failing (5xx).
    #[error("the cluster is not able to serve")]
    Busy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered what a cluster should not: garbage, a token that does not say what was asked, a grant too long.
    #[error("the cluster misbehaves")]
    Misbehaving(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not the cluster that it was: what it says of objects is not believed, and nothing is made there. An operator
    /// must mend it.
    #[error("the cluster is not the one that it was")]
    Another(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Its authority for client certificates cannot be used: there is none, or its files are unfit. An operator must mend
    /// it.
    #[error("client certificates of the cluster cannot be signed")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The object was deleted, and a finalizer holds it: it is not gone before whoever put that there lets go. The cluster
    /// itself is well.
    #[error("the credential's object is deleted, but a finalizer in the cluster holds it")]
    Held,
    /// The object that stands for the kubeconfig is not there.
    #[error("the credential's object is missing")]
    Missing,
    /// An object of that name is there, and it stands for something else.
    #[error("another object has the name")]
    Foreign,
}

/// The clusters of the fleet.
#[async_trait]
pub trait Clusters: Send + Sync {
    /// What the configuration says of a cluster.
    fn profile(&self, key: &ClusterKey) -> Option<Arc<ClusterProfile>>;

    /// Every cluster of the configuration, in order.
    fn keys(&self) -> Vec<ClusterKey>;

    /// Makes the object that stands for `record`, or finds that it is there already: one that carries the record's
    /// UUID is the same. Returns the cluster's own UID of it.
    ///
    /// # Errors
    /// [`ClusterError::Foreign`] if the name is taken by something else, and all but [`ClusterError::Missing`].
    async fn create(&self, record: &Record) -> Result<String, ClusterError>;

    /// Mints a credential for an object, asking for `seconds` of life (at least 600: Kubernetes' own floor). The
    /// answer is what was granted, read from the credential itself.
    ///
    /// # Errors
    /// [`ClusterError::Missing`] if the object is gone; see the others.
    async fn mint(
        &self,
        key: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError>;

    /// Signs a client certificate for a record at `now`, valid until `until` (whole seconds) or, if that is earlier, until
    /// its authority ends. No call is made for it, and nothing is kept: whoever has it has it until then.
    ///
    /// # Errors
    /// [`ClusterError::Unknown`], [`ClusterError::Unsigned`].
    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError>;

    /// Removes an object and confirms that it is gone; one that is not there is gone. One of the same name that
    /// stands for something else is left alone, and is not this one: gone too.
    ///
    /// # Errors
    /// [`ClusterError::Held`], which says nothing of other objects; all but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn remove(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError>;

    /// Every object of this installation that is of a role, at a cluster. The role need not be configured any more: its
    /// name says where its objects are.
    ///
    /// # Errors
    /// All but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn objects(&self, key: &ClusterKey, role: &str) -> Result<Listing, ClusterError>;

    /// Whether an object is gone: the cluster is known to be the one where it was made, and denies it by its name, whatever a
    /// list or another call says. `false` where that is not certain.
    ///
    /// # Errors
    /// All but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn is_gone(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError>;
}
