//! Why a request was not served.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::ports::{ClusterError, StoreError};

/// One value that a request may not have here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The member, as the contract names it.
    pub field: &'static str,
    /// A stable word for the kind of error.
    pub reason: &'static str,
    /// The bound that applies, where there is one.
    pub limit: Option<i64>,
    /// What is wrong and how to mend it, without the value.
    pub message: String,
}

/// Why a request was not served. One table in the server turns it into HTTP.
#[derive(Debug, Error)]
pub enum Error {
    /// No such cluster, or none that the caller may know of.
    #[error("no such cluster")]
    NoSuchCluster,
    /// No such kubeconfig, or none that the caller may see.
    #[error("no such kubeconfig")]
    NoSuchKubeconfig,
    /// Values that this cluster does not allow. Never empty; the first says what is wrong, the others add to it.
    #[error("the request has invalid values")]
    Invalid(Vec<Invalid>),
    /// The caller may not have this role here, or there is no such role: the two are not told apart.
    #[error("the caller may not be given this role")]
    RoleNotPermitted,
    /// The caller may not have kubeconfigs in someone else's name.
    #[error("the caller may not issue for someone else")]
    UserNotPermitted,
    /// The caller sees the kubeconfig and may not do this with it.
    #[error("the caller may not do this")]
    NotPermitted,
    /// The name that the caller chose is, or was, someone's.
    #[error("the id is taken")]
    IdTaken,
    /// As many kubeconfigs are alive for the user at this cluster as may be.
    #[error(
        "the user has {limit} kubeconfigs at this cluster that are active, or being issued or revoked, which is the most: revoke one, or wait until one expires"
    )]
    QuotaExceeded {
        /// How many may be.
        limit: u32,
    },
    /// The idempotency key came before with another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with this idempotency key has not ended: it is under way, or its server was killed. Its record's
    /// deadline tells.
    #[error(
        "the first request with this idempotency key is still under way, or was broken off and is not given up yet"
    )]
    InProgress,
    /// It has expired.
    #[error("the kubeconfig has expired")]
    Expired,
    /// It is active, and ends too soon to deliver a credential.
    #[error("the kubeconfig ends within a second or so: too soon to deliver a credential")]
    Ending,
    /// It is being revoked.
    #[error("the kubeconfig is being revoked")]
    Revoking,
    /// It is a client certificate, which nothing but time ends. It stays revoking until then.
    #[error("a client certificate cannot be revoked before it ends: it is refused from {} on, and stays revoking until then",
        .until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))]
    Irrevocable {
        /// When it ends.
        until: DateTime<Utc>,
        /// Whole seconds until then, rounded up.
        seconds: u32,
    },
    /// The cluster did not do its part.
    #[error("the cluster cannot be used")]
    Cluster(#[source] ClusterError),
    /// The store did not do its part.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
}
