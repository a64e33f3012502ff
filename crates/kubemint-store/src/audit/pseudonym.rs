//! A trail without names: who acted and whom it was for, as keyed pseudonyms.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, Store, StoreError, Visible,
};
use kubemint::record::{Record, RecordRef};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::row::hex;

/// Details that may name someone, in an event and in the request that it tells of.
const NAMES: [&str; 3] = ["user", "displayName", "description"];

/// Gives everyone a name that says nothing of them, and the same one each time: HMAC-SHA-256 of the text. Whoever has
/// the key can tell whether a name is someone's by trying; nobody else can.
pub struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    /// With a key. One of 32 random bytes is as good as any.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The pseudonym of a text: `p-` and 32 hexadecimal digits.
    #[must_use]
    pub fn of(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        format!("p-{}", hex(&tag.as_ref()[..16]))
    }

    /// By the key that is drawn with a store and lies in it.
    #[must_use]
    pub fn of_store(instance: &Instance) -> Self {
        // Not the store's own secret itself, which has another use.
        let own = hmac::Key::new(hmac::HMAC_SHA256, &instance.page_key);
        Self::new(hmac::sign(&own, b"audit pseudonyms").as_ref())
    }

    /// What tells the key from others, in 32 hexadecimal digits, and says no more of it than a pseudonym does: the second half of a
    /// hash by it, where pseudonyms are first halves, of a text that is nobody's name.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let tag = hmac::sign(&self.0, b"\0fingerprint");
        hex(&tag.as_ref()[16..])
    }

    /// The event without names: subject, user, and what someone wrote for people to read. What is of machines stays:
    /// the issuer, the token's identifier, the kubeconfig's name and UUID.
    #[must_use]
    pub fn hide(&self, mut event: Event) -> Event {
        if let Some(principal) = &mut event.principal {
            principal.subject = self.of(&principal.subject);
        }
        self.hide_in(&mut event.detail);
        if let Some(Value::Object(request)) = event.detail.get_mut("request") {
            self.hide_in(request);
        }
        event
    }

    fn hide_in(&self, members: &mut Map<String, Value>) {
        for name in NAMES {
            if let Some(Value::String(text)) = members.get_mut(name) {
                *text = self.of(text);
            }
        }
    }
}

/// A store whose trail has pseudonyms. Records have names as before: they are what the service works with, and go when
/// retention says.
pub struct Pseudonymous {
    inner: Arc<dyn Store>,
    pseudonyms: Pseudonyms,
}

impl Pseudonymous {
    /// `inner`, with pseudonyms in every event that is written.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, pseudonyms: Pseudonyms) -> Self {
        Self { inner, pseudonyms }
    }

    fn hide(&self, event: Event) -> Event {
        self.pseudonyms.hide(event)
    }
}

#[async_trait]
impl Store for Pseudonymous {
    fn instance(&self) -> Instance {
        self.inner.instance()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        let event = self.hide(event);
        self.inner
            .begin_issue(record, idempotency, most, event)
            .await
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.inner.activate(record, grant, self.hide(event)).await
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.inner.fail(record, self.hide(event)).await
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        self.inner.abandon(record).await
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.inner.begin_revoke(record, self.hide(event)).await
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.inner.finish_revoke(record, self.hide(event)).await
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.inner.lose(record, self.hide(event)).await
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.inner.expire(record, self.hide(event)).await
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        jti: Option<&str>,
        expires_at: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        let event = self.hide(event);
        self.inner
            .add_credential(record, jti, expires_at, event)
            .await
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        self.inner.append(self.hide(event)).await
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        self.inner.find(cluster, id).await
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
        self.inner
            .list(cluster, visible, filter, now, after, limit)
            .await
    }

    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        self.inner.due(cluster, now, limit).await
    }

    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.inner.active(cluster, after, limit).await
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        self.inner.landmarks(cluster).await
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        self.inner.note_landmark(cluster, landmark).await
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        self.inner.forget_landmarks(cluster).await
    }

    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        self.inner.alive(now).await
    }

    async fn lease(
        &self,
        cluster: &ClusterKey,
        holder: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        self.inner.lease(cluster, holder, time).await
    }

    async fn retain(
        &self,
        cut: &Cut,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Forgotten, StoreError> {
        self.inner.retain(cut, now, limit).await
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        self.inner.size().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_same_each_time_and_another_ones_with_another_key() {
        let (one, other) = (Pseudonyms::new(&[1; 32]), Pseudonyms::new(&[2; 32]));
        assert_eq!(one.of("alice"), one.of("alice"));
        assert_ne!(one.of("alice"), one.of("bob"));
        assert_ne!(one.of("alice"), other.of("alice"));
        assert_eq!(one.of("alice").len(), 34);
    }

    #[test]
    fn a_fingerprint_tells_keys_apart_and_is_nobodys_pseudonym() {
        let (one, other) = (Pseudonyms::new(&[1; 32]), Pseudonyms::new(&[2; 32]));
        assert_eq!(one.fingerprint(), Pseudonyms::new(&[1; 32]).fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 32);
        assert_ne!(format!("p-{}", one.fingerprint()), one.of("\0fingerprint"));
    }
}
