//! The audit trail: what is written of every attempt.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::caller::Principal;
use crate::cluster::ClusterKey;
use crate::policy::Decision;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of event. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind, in the order of this list.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The kind's stable name, as stored.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// The kind of a stored name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Kind> {
                match name { $($name => Some(Kind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// An issue was permitted; its record is pending. Written before anything exists in the cluster.
    IssueRequested = "issue.requested",
    /// The credential exists and the record is active.
    Issued = "issue.granted",
    /// An issue was refused: not permitted, malformed for this cluster, or in conflict.
    IssueRefused = "issue.refused",
    /// An issue was given up: the cluster failed, or the process did.
    IssueFailed = "issue.failed",
    /// An earlier answer was given again for the same idempotency key.
    IssueReplayed = "issue.replayed",
    /// A download was permitted. Written before a credential is minted.
    DownloadRequested = "download.requested",
    /// A credential was minted and delivered.
    Downloaded = "download.granted",
    /// A download was refused.
    DownloadRefused = "download.refused",
    /// A download was given up: the cluster failed.
    DownloadFailed = "download.failed",
    /// A revocation was permitted; the record is revoking.
    RevokeRequested = "revoke.requested",
    /// The cluster confirmed that the credential is gone.
    Revoked = "revoke.confirmed",
    /// A revocation was refused.
    RevokeRefused = "revoke.refused",
    /// A revocation was begun, and the cluster has not confirmed it. The reconciler goes on.
    RevokeFailed = "revoke.failed",
    /// A revocation of many was permitted. Each that it is begun for has rows of its own, of the same request.
    BulkRevokeRequested = "bulk_revoke.requested",
    /// A revocation of many has ended: how many it matched, how many are confirmed gone.
    BulkRevoked = "bulk_revoke.finished",
    /// A revocation of many was refused.
    BulkRevokeRefused = "bulk_revoke.refused",
    /// One kubeconfig was read.
    Read = "get.granted",
    /// Reading one was refused.
    ReadRefused = "get.refused",
    /// A page was listed.
    Listed = "list.granted",
    /// Listing was refused.
    ListRefused = "list.refused",
    /// The credential was removed from the cluster because its time was over.
    Expired = "reconcile.expired",
    /// An active record's object was gone from the cluster; the record is revoked.
    ObjectMissing = "reconcile.object_missing",
    /// An object without a live record is to be removed from the cluster. Written before it is.
    Swept = "reconcile.swept",
    /// Requests of a caller were refused because the caller asks too often, or for too much at a time: one event for a
    /// minute's worth, with their count.
    Throttled = "request.throttled",
    /// A request's handler panicked, a defect: what it had begun is the reconciler's to end. Written after the answer.
    Panicked = "request.panicked",
}

/// One row of the audit trail. It never holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: Kind,
    /// The request that caused it; `None` for the reconciler.
    pub request_id: Option<String>,
    /// Who caused it; `None` for the reconciler.
    pub principal: Option<Principal>,
    /// The identifier of the caller's token (`jti`).
    pub token_id: Option<String>,
    /// The cluster.
    pub cluster: ClusterKey,
    /// The kubeconfig's name as it was given. For a refused request it may name nothing.
    pub kubeconfig: Option<String>,
    /// The kubeconfig's UUID.
    pub uid: Option<Uuid>,
    /// What policy said, where it was asked.
    pub decision: Option<Decision>,
    /// What else is worth knowing: `user`, `role`, `ttl`, `jti`, `discarded`, `expiresAt`, `reason`,
    /// `count`, `from`, `operation`.
    pub detail: Map<String, Value>,
}

impl Event {
    /// The event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("issue.unheard"), None);
    }
}
