//! Reading what was written of every attempt.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::cluster::ClusterKey;
use kubemint::ports::StoreError;
use kubemint::record::RecordRef;

/// How far ahead a clock may be and be believed, when retention asks how old a row is.
pub(crate) const AHEAD: TimeDelta = TimeDelta::days(1);

/// What is written to see whether the trail can be, and taken back at once: nobody reads it.
pub(crate) fn probe() -> Event {
    Event {
        at: Utc::now(),
        kind: Kind::Read,
        request_id: None,
        principal: None,
        token_id: None,
        cluster: ClusterKey::new("", "", ""),
        kubeconfig: None,
        uid: None,
        decision: None,
        detail: serde_json::Map::new(),
    }
}

/// A credential that was minted for a kubeconfig. The credential itself is nowhere stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintedCredential {
    /// Its identifier, which the cluster's own audit log carries; `None` before Kubernetes 1.32.
    pub jti: Option<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was recorded: the time of the event that came with it.
    pub minted_at: DateTime<Utc>,
}

/// The audit trail's other end: every store that writes it can be read by it.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The events after the sequence number `after` (0: from the first), oldest first, at most `limit`, each with its
    /// own number. Numbers only grow, and an event never appears below one that was read before: remembering the last
    /// number is enough to follow the trail.
    ///
    /// # Errors
    /// As every read of the store.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError>;

    /// The credentials minted for a kubeconfig, oldest first.
    ///
    /// # Errors
    /// As every read of the store.
    async fn credentials(&self, record: &RecordRef) -> Result<Vec<MintedCredential>, StoreError>;
}
