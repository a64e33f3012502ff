//! Which keys the pseudonyms of a trail were made with. A store notes each by its fingerprint, so that one that is another, or lost,
//! is noticed: what was written with it is found by no name any more.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::ports::StoreError;

use super::Pseudonyms;
use crate::config::Backend;
use crate::inspection::InspectError;
use crate::{postgres, sqlite};

/// A key, as a store notes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedKey {
    /// What tells it from others ([`Pseudonyms::fingerprint`]).
    pub fingerprint: String,
    /// When a server began with it for the first time.
    pub first: DateTime<Utc>,
    /// And the last time.
    pub last: DateTime<Utc>,
}

/// A store that notes the keys of its pseudonyms.
#[async_trait]
pub trait KeyNotes {
    /// Notes that pseudonyms of the trail are made with the key of a fingerprint from `now` on; the keys that were noted before, in
    /// the order of their last uses.
    ///
    /// # Errors
    /// As every write of a [`Store`](kubemint::ports::Store).
    async fn note_pseudonym_key(
        &self,
        fingerprint: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<NotedKey>, StoreError>;
}

/// What a store knows of the keys of its pseudonyms.
pub struct PseudonymKeys {
    /// Every key that was used, in the order of their last uses.
    pub noted: Vec<NotedKey>,
    /// The pseudonyms by the key that lies in the store itself, which are used where no other key is configured.
    pub own: Pseudonyms,
}

/// The key that was used last, if that is another than the one of a fingerprint. `noted` is in the order of last uses.
#[must_use]
pub fn another<'a>(noted: &'a [NotedKey], fingerprint: &str) -> Option<&'a NotedKey> {
    noted.last().filter(|last| last.fingerprint != fingerprint)
}

/// The keys of a store's pseudonyms, also while servers are using it.
///
/// # Errors
/// It cannot be opened or read, or is another program's, or of another schema than this program's.
pub async fn pseudonym_keys(backend: &Backend) -> Result<PseudonymKeys, InspectError> {
    match backend {
        Backend::Sqlite(options) => {
            let path = options.path.clone();
            Ok(tokio::task::spawn_blocking(move || sqlite::pseudonym_keys(&path)).await??)
        }
        Backend::Postgres(options) => Ok(postgres::pseudonym_keys(options).await?),
    }
}
