//! The clusters, breakable.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::ports::{ClusterError, Clusters, Credential, Listing, ObjectRef};
use kubemint::{ClusterKey, ClusterProfile, Record};

use crate::faults::Faults;

/// Clusters whose calls are judged.
pub(crate) struct BreakableClusters {
    faults: Arc<Faults>,
    inner: Arc<dyn Clusters>,
}

impl BreakableClusters {
    pub(crate) fn new(faults: Arc<Faults>, inner: Arc<dyn Clusters>) -> Self {
        Self { faults, inner }
    }
}

fn injected(why: String) -> ClusterError {
    ClusterError::Unreachable(why.into())
}

#[async_trait]
impl Clusters for BreakableClusters {
    fn profile(&self, key: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        self.inner.profile(key)
    }

    fn keys(&self) -> Vec<ClusterKey> {
        self.inner.keys()
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        let work = self.inner.create(record);
        self.faults.call("create", injected, work).await
    }

    async fn mint(
        &self,
        key: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        let work = self.inner.mint(key, object, seconds);
        self.faults.call("mint", injected, work).await
    }

    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        let work = self.inner.certify(record, now, until);
        self.faults.call("certify", injected, work).await
    }

    async fn remove(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        let work = self.inner.remove(key, object);
        self.faults.call("remove", injected, work).await
    }

    async fn objects(&self, key: &ClusterKey, role: &str) -> Result<Listing, ClusterError> {
        let work = self.inner.objects(key, role);
        self.faults.call("objects", injected, work).await
    }

    async fn is_gone(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        let work = self.inner.is_gone(key, object);
        self.faults.call("is_gone", injected, work).await
    }
}
