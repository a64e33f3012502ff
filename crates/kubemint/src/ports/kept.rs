//! What the port of the store is asked with, and what it answers.

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::caller::Principal;
use crate::cluster::ClusterKey;
use crate::record::{Record, Status};

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
    /// The same key and meaning came before, and this is its record, which is pending: under way, or given up if its
    /// deadline is over.
    InProgress(Box<Record>),
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
        status.is_some() && (self.status.is_none() || self.status == status) && self.names(record)
    }

    /// Whether it means a record, whatever becomes of its life.
    #[must_use]
    pub fn names(&self, record: &Record) -> bool {
        (self.user.as_ref()).is_none_or(|user| *user == record.issued_for)
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
    /// How many of them are known to be tokens, which only a call to the cluster ends before their time.
    pub tokens: u64,
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
    /// `expires_at`, and `created_at` of one that was never granted. One that an idempotency key leads to stays. Their credentials
    /// go before, and a record of which some are left stays until they are gone.
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
    /// Credentials of records that are over.
    pub credentials: u64,
    /// Records.
    pub records: u64,
    /// Events.
    pub events: u64,
}

/// How large a store is, and how much room it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The bytes of its file, or of its whole database.
    pub bytes: u64,
    /// The bytes of the log beside the file, which is folded into it from time to time; `None`: it has none of its own.
    pub log: Option<u64>,
    /// How many bytes are free where the file is; `None`: its disk is another machine's.
    pub free: Option<u64>,
    /// How many kubeconfigs were begun, about: numbers that were drawn. Their names are kept for ever.
    pub kubeconfigs: u64,
    /// How many events the trail holds: those written to its chains, less those that retention cut.
    pub events: u64,
}
