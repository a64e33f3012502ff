//! A store that fails when it is told to: for tests of what the service does then.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, Store, StoreError, Visible,
};
use kubemint::record::{Record, RecordRef};
use uuid::Uuid;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the answer is [`StoreError::Unavailable`].
    FailBefore,
    /// The work is done and durable, and the answer is [`StoreError::Unavailable`]: it was lost on its way.
    FailAfter,
    /// Nothing is done, and no answer ever comes: the process stopped here.
    StopBefore,
    /// The work is done and durable, and no answer ever comes: the process stopped here.
    StopAfter,
    /// The work is done after this time (tokio's, so that a paused clock advances by itself).
    Delay(Duration),
}

/// Which calls fail, and how; asked once for each call by the method's name (`"begin_issue"`).
type Plan = dyn Fn(&'static str) -> Option<Fault> + Send + Sync;

/// A store whose calls fail as a plan says, and otherwise do what the store inside does.
pub struct FaultyStore<S: ?Sized> {
    inner: Arc<S>,
    plan: Box<Plan>,
}

impl<S: Store + ?Sized> FaultyStore<S> {
    /// `inner`, with the faults of `plan`, which is asked once for each call by the name of the method.
    pub fn new(
        inner: Arc<S>,
        plan: impl Fn(&'static str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            plan: Box::new(plan),
        }
    }

    async fn around<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let injected =
            || StoreError::Unavailable(Box::new(io::Error::other(format!("injected at {name}"))));
        match (self.plan)(name) {
            None => call.await,
            Some(Fault::FailBefore) => Err(injected()),
            Some(Fault::FailAfter) => call.await.and_then(|_| Err(injected())),
            Some(Fault::StopBefore) => pending().await,
            Some(Fault::StopAfter) => {
                call.await?;
                pending().await
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                call.await
            }
        }
    }
}

#[async_trait]
impl<S: Store + ?Sized> Store for FaultyStore<S> {
    fn instance(&self) -> Instance {
        self.inner.instance()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.around("ping", self.inner.ping()).await
    }

    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        self.around(
            "begin_issue",
            self.inner.begin_issue(record, idempotency, most, event),
        )
        .await
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.around("activate", self.inner.activate(record, grant, event))
            .await
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.around("fail", self.inner.fail(record, event)).await
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        self.around("abandon", self.inner.abandon(record)).await
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.around("begin_revoke", self.inner.begin_revoke(record, event))
            .await
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.around("finish_revoke", self.inner.finish_revoke(record, event))
            .await
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.around("lose", self.inner.lose(record, event)).await
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.around("expire", self.inner.expire(record, event))
            .await
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        jti: Option<&str>,
        expires_at: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.around(
            "add_credential",
            self.inner.add_credential(record, jti, expires_at, event),
        )
        .await
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        self.around("append", self.inner.append(event)).await
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        self.around("find", self.inner.find(cluster, id)).await
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
        self.around("list", work).await
    }

    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        self.around("due", self.inner.due(cluster, now, limit))
            .await
    }

    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.around("active", self.inner.active(cluster, after, limit))
            .await
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        self.around("landmarks", self.inner.landmarks(cluster))
            .await
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        self.around("note_landmark", self.inner.note_landmark(cluster, landmark))
            .await
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        self.around("forget_landmarks", self.inner.forget_landmarks(cluster))
            .await
    }

    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        self.around("alive", self.inner.alive(now)).await
    }

    async fn lease(
        &self,
        cluster: &ClusterKey,
        holder: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        self.around("lease", self.inner.lease(cluster, holder, time))
            .await
    }

    async fn retain(
        &self,
        cut: &Cut,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Forgotten, StoreError> {
        self.around("retain", self.inner.retain(cut, now, limit))
            .await
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        self.around("size", self.inner.size()).await
    }
}
