//! How the world comes in: the traits that the edges implement.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use thiserror::Error;
use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Principal;
use crate::cluster::{ClusterKey, ClusterProfile};
use crate::id::KubeconfigId;
use crate::policy::{Decision, Query};
use crate::record::{Record, RecordRef, Status};

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
    /// It refused the service's own credential or rights (401, 403): an operator must mend it.
    #[error("the cluster refuses the service's credential")]
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
    /// All but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn remove(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError>;

    /// Every object of this installation that is of a role, at a cluster. The role need not be configured any more: its
    /// name says where its objects are.
    ///
    /// # Errors
    /// All but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn objects(&self, key: &ClusterKey, role: &str) -> Result<Listing, ClusterError>;

    /// Whether an object is there, and stands for its kubeconfig: asked for by its name alone, whatever a list says.
    ///
    /// # Errors
    /// All but [`ClusterError::Missing`] and [`ClusterError::Foreign`].
    async fn exists(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError>;
}

/// An idempotency key as the store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller, whose key it is.
    pub principal: Principal,
    /// The key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// The request's meaning as canonical text: the same key with another one is an error.
    pub fingerprint: String,
    /// Until when it is kept.
    pub keep_until: DateTime<Utc>,
}

/// How an issue began.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The record is durable as pending, with its audit event: go on.
    Started,
    /// The same key and meaning came before and was granted: this is its record, whatever became of it.
    Replay(Box<Record>),
    /// The same key and meaning came before and is still under way.
    InProgress,
    /// The same key came before with another meaning.
    KeyReused,
    /// The name is, or was, someone's.
    IdTaken,
    /// As many kubeconfigs are alive for its user as may be.
    QuotaExceeded,
}

/// What the cluster granted, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When the credential ends.
    pub expires_at: DateTime<Utc>,
    /// The cluster's own UID of the object.
    pub object_uid: String,
    /// The credential's identifier.
    pub jti: Option<String>,
}

/// A place in a list: the sequence number of the last record that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// Which records of a cluster a list may hold. The parts add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// Who asks.
    pub principal: Principal,
    /// Everything.
    pub all: bool,
    /// What the caller created.
    pub created: bool,
    /// What is for the caller: `issued_for` is the caller's subject, and the creator is of the caller's issuer.
    pub issued_for: bool,
}

/// Which of the visible records a list holds. Each part that is given narrows it; the default holds them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What a caller is told of its life.
    pub status: Option<Status>,
    /// The user that it is for, whoever's issuer named it.
    pub user: Option<String>,
    /// The role that it gives.
    pub role: Option<String>,
    /// Only what was asked for before this.
    pub issued_before: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether a list of `now` holds a record, if it may be seen. Stores find the same by their indexes.
    #[must_use]
    pub fn admits(&self, record: &Record, now: DateTime<Utc>) -> bool {
        let status = record.status(now);
        status.is_some()
            && (self.status.is_none() || self.status == status)
            && (self.user.as_ref()).is_none_or(|user| *user == record.issued_for)
            && (self.role.as_ref()).is_none_or(|role| *role == record.role)
            && (self.issued_before).is_none_or(|before| record.created_at < before)
    }
}

/// How many kubeconfigs of a role at a cluster are alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alive {
    /// The cluster, configured or not.
    pub cluster: ClusterKey,
    /// The role, configured or not.
    pub role: String,
    /// How many are pending, active or revoking: whoever has one of them may still use it, until it is ended.
    pub count: u64,
}

/// By what a cluster is known again: the UID that it gave to a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landmark {
    /// The namespace's name.
    pub namespace: String,
    /// The cluster's own UID of it.
    pub uid: String,
}

/// A page of records, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records: active, revoking or expired ones only.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

/// What this installation is, drawn once when its store is made.
#[derive(Clone)]
pub struct Instance {
    /// Labels the installation's objects in clusters.
    pub id: Uuid,
    /// Signs page tokens, so that a forged one is refused.
    pub page_key: [u8; 32],
}

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be used: the disk, the lock, the network.
    #[error("the store cannot be used")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It holds what this program cannot read.
    #[error("the store is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is no longer kept. Times are compared with the records' and events' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Idempotency keys whose `keep_until` is not after this go.
    pub keys: DateTime<Utc>,
    /// Records that were over (revoked, failed or expired) before this are forgotten, but for their names: by
    /// `expires_at`, and `created_at` of one that was never granted. One that an idempotency key leads to stays.
    pub records: Option<DateTime<Utc>>,
    /// Events of before this go, from each writer's oldest up to the first that stays. One whose time is more than a day
    /// ahead is a clock's error, and goes with the old ones that follow it.
    pub events: Option<DateTime<Utc>>,
}

/// How much retention removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Idempotency keys.
    pub keys: u64,
    /// Records.
    pub records: u64,
    /// Events.
    pub events: u64,
}

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

    /// `pending -> active`, with what was granted.
    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError>;

    /// `pending -> failed`; its idempotency key is free again.
    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError>;

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

    /// When the next active record of a cluster ends; `None` if none will.
    async fn next_expiry(&self, cluster: &ClusterKey) -> Result<Option<DateTime<Utc>>, StoreError>;

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

    /// Forgets what retention says, of each kind at most `limit`, and writes no event. A store may keep everything.
    async fn retain(
        &self,
        _cut: &Cut,
        _now: DateTime<Utc>,
        _limit: u16,
    ) -> Result<Forgotten, StoreError> {
        Ok(Forgotten::default())
    }
}
