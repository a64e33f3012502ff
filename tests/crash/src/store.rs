//! The store, breakable.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::ports::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, Store, StoreError, Visible,
};
use kubemint::record::RecordRef;
use kubemint::{ClusterKey, KubeconfigId, Record};
use uuid::Uuid;

use crate::faults::Faults;

/// A store whose calls are judged.
pub(crate) struct BreakableStore {
    faults: Arc<Faults>,
    inner: Arc<dyn Store>,
}

impl BreakableStore {
    pub(crate) fn new(faults: Arc<Faults>, inner: Arc<dyn Store>) -> Self {
        Self { faults, inner }
    }

    async fn call<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.faults.call(name, injected, work).await
    }
}

/// The error of that number.
fn injected(number: u64, why: String) -> StoreError {
    match number % 4 {
        0..=2 => StoreError::Unavailable(why.into()),
        _ => StoreError::Damaged(why.into()),
    }
}

#[async_trait]
impl Store for BreakableStore {
    fn instance(&self) -> Instance {
        self.inner.instance()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call("ping", self.inner.ping()).await
    }

    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        let work = self.inner.begin_issue(record, idempotency, most, event);
        self.call("begin_issue", work).await
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        let (inner, record, grant) = (Arc::clone(&self.inner), record.clone(), grant.clone());
        let work = async move { inner.activate(&record, &grant, event).await };
        self.faults.call_or_late("activate", injected, work).await
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.call("fail", self.inner.fail(record, event)).await
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        self.call("abandon", self.inner.abandon(record)).await
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        let work = self.inner.begin_revoke(record, event);
        self.call("begin_revoke", work).await
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        let work = self.inner.finish_revoke(record, event);
        self.call("finish_revoke", work).await
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.call("lose", self.inner.lose(record, event)).await
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.call("expire", self.inner.expire(record, event)).await
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        jti: Option<&str>,
        expires_at: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        let work = self.inner.add_credential(record, jti, expires_at, event);
        self.call("add_credential", work).await
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        self.call("append", self.inner.append(event)).await
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        self.call("find", self.inner.find(cluster, id)).await
    }

    async fn list(
        &self,
        cluster: &ClusterKey,
        visible: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let work = (self.inner).list(cluster, visible, filter, now, after, limit);
        self.call("list", work).await
    }

    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        self.call("due", self.inner.due(cluster, now, limit)).await
    }

    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let work = self.inner.active(cluster, after, limit);
        self.call("active", work).await
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        self.call("landmarks", self.inner.landmarks(cluster)).await
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        let work = self.inner.note_landmark(cluster, landmark);
        self.call("note_landmark", work).await
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        self.call("forget_landmarks", self.inner.forget_landmarks(cluster))
            .await
    }

    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        self.call("alive", self.inner.alive(now)).await
    }

    async fn lease(
        &self,
        cluster: &ClusterKey,
        holder: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let work = self.inner.lease(cluster, holder, time);
        self.call("lease", work).await
    }

    async fn retain(
        &self,
        cut: &Cut,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Forgotten, StoreError> {
        let work = self.inner.retain(cut, now, limit);
        self.call("retain", work).await
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        self.call("size", self.inner.size()).await
    }
}
