//! How the world comes in: the traits that the edges implement.

mod clusters;
mod kept;
mod store;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use clusters::{ClusterError, Clusters, Credential, FoundObject, Listing, ObjectRef, Secret};
pub use kept::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, StoreError, Visible,
};
pub use store::Store;

use crate::id::KubeconfigId;
use crate::policy::{Decision, Query};

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;

    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);
}

/// Fresh identifiers, from a cryptographic source of randomness.
pub trait Ids: Send + Sync {
    /// A UUID, version 4.
    fn uid(&self) -> Uuid;

    /// A kubeconfig's name.
    fn kubeconfig_id(&self) -> KubeconfigId;
}

/// Who may do what.
pub trait Policy: Send + Sync {
    /// Decides. It never fails: where it cannot tell, it denies and says why.
    fn decide(&self, query: &Query<'_>) -> Decision;
}
