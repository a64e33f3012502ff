//! The port of the store: the records and the audit trail.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::kept::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, StoreError, Visible,
};
use crate::audit::Event;
use crate::cluster::ClusterKey;
use crate::id::KubeconfigId;
use crate::record::{Record, RecordRef};

/// The records and the audit trail. Every method that takes an event writes it in the same transaction, and returns
/// only when both are durable. Transitions are conditional: `false` means that the record was not in the state that
/// the transition starts from, and that nothing was written. After an error the work may have been done nevertheless: the
/// answer alone may have been lost. Times are kept to the millisecond.
#[async_trait]
pub trait Store: Send + Sync {
    /// What this installation is.
    fn instance(&self) -> Instance;

    /// Whether the store can be written. For the readiness probe.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Writes a pending record, unless its name is taken or its idempotency key was used. The event is written only
    /// when the answer is [`Begun::Started`]. The key is looked up first, and "now" is the record's `created_at`: a key
    /// whose `keep_until` is not after it, or whose issue failed, is as unused.
    ///
    /// A name is taken from the first record that has it, with one exception: where that record failed, its creator may
    /// take its place with a new one, since nothing was ever delivered under the name and no object of it is left. The
    /// new record is the newest of all, and no key leads to it but its own. What retention forgot is nobody's to take.
    ///
    /// `most` is how many kubeconfigs may be alive for the record's user (`issued_for`, of the creator's issuer) at its
    /// cluster, this one included: pending
    /// until their deadline, active until their end, and revoking. Whatever comes at once, there are no more.
    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError>;

    /// `pending -> active`, with what was granted; never of a record that was given up (see [`abandon`](Self::abandon)).
    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError>;

    /// `pending -> failed`; its idempotency key is free again.
    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

    /// Gives up a pending record: its deadline is its creation from now on, so that it is due, and no
    /// [`activate`](Self::activate) succeeds any more, not even one that was sent before and is carried out later. `false`:
    /// it is not pending. What becomes of it is another step, which has an event.
    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError>;

    /// `active -> revoking`, and `expired -> revoking` (so that a user can be rid of it); also `true` when it is
    /// revoking already. The event is written each time.
    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

    /// `revoking -> revoked`.
    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

    /// `active -> revoked`, because the object was gone from the cluster.
    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

    /// `active -> expired`, once the object is gone.
    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

    /// Records one more credential of an active record.
    async fn add_credential(
        &self,
        record: &RecordRef,
        jti: Option<&str>,
        expires_at: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError>;

    /// Writes an event alone.
    async fn append(&self, event: Event) -> Result<(), StoreError>;

    /// The record of a name, in whatever state.
    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError>;

    /// The records of a cluster that are shown and visible and that `filter` admits at `now`, newest first, from after
    /// `after`, at most `limit`.
    async fn list(
        &self,
        cluster: &ClusterKey,
        visible: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError>;

    /// The records of a cluster that need the reconciler at `now`: pending past `pending_until`, revoking (certificates
    /// only past `expires_at`, since nothing else ends them), and active past `expires_at` (each: at that time or before),
    /// at most `limit`. The three kinds come in turns, ended ones first,
    /// and each kind from its oldest, so that many of one kind that cannot be settled keep no other from being seen.
    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError>;

    /// The active records of a cluster, newest first, for comparison with its objects, by pages from after `after`.
    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError>;

    /// By what a cluster is known again, as noted.
    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError>;

    /// Notes a namespace of a cluster, in place of an earlier note of it.
    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError>;

    /// Forgets what was noted of a cluster, so that whichever is met next is the right one.
    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError>;

    /// What is alive at `now`, in all clusters: also in those that the configuration does not know any more. Certificates
    /// past their end are not. It counts the records one by one.
    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError>;

    /// Whether `holder` may reconcile a cluster, alone, for `time` from now by the store's own clock. The holder renews
    /// it by asking again, and gives it back by asking for no time. A store that one process has alone always says yes.
    async fn lease(
        &self,
        _cluster: &ClusterKey,
        _holder: Uuid,
        _time: Duration,
    ) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Forgets what retention says, of each kind at most `limit`, and writes no event. There may be more, even where it forgets
    /// less than that: it is asked until it forgets nothing. A store may keep everything.
    async fn retain(
        &self,
        _cut: &Cut,
        _now: DateTime<Utc>,
        _limit: u16,
    ) -> Result<Forgotten, StoreError> {
        Ok(Forgotten::default())
    }
    /// How large it is: for metrics, and cheap enough for them. `None`: it does not know.
    async fn size(&self) -> Result<Option<Size>, StoreError> {
        Ok(None)
    }
}
