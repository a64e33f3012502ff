//! The fakes: a clock that tests move, a cluster that keeps objects in memory, a store that keeps rows in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use super::super::{Context, Kubemint, Ports, Settings};
use crate::audit::{Event, Kind};
use crate::caller::Caller;
use crate::cluster::{ClusterKey, ClusterProfile, CredentialKind, RoleRules};
use crate::id::KubeconfigId;
use crate::policy::{Action, Decision, Query};
use crate::ports::*;
use crate::record::{Record, RecordRef, Relation, State};

pub(super) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

/// An object: the kubeconfig's UUID, the cluster's own UID, and when it was made.
pub(super) type Object = (Uuid, String, DateTime<Utc>);

/// Everything that is faked, in one place.
pub(super) struct World {
    pub(super) now: Mutex<DateTime<Utc>>,
    drawn: AtomicU64,
    pub(super) rows: Mutex<Vec<Record>>,
    pub(super) keys: Mutex<BTreeMap<String, (String, Uuid)>>,
    pub(super) events: Mutex<Vec<Event>>,
    pub(super) objects: Mutex<BTreeMap<KubeconfigId, Object>>,
    /// What policy, clusters and store were asked, in order, by those who decide whether something is there.
    pub(super) calls: Mutex<Vec<String>>,
    /// The next calls of a name fail so.
    pub(super) broken: Mutex<BTreeMap<&'static str, u32>>,
    /// How far the cluster's clock is ahead, in seconds.
    pub(super) skew: Mutex<i64>,
    /// The longest life that the cluster grants, in seconds.
    pub(super) cap: Mutex<i64>,
    /// How long it takes to mint a credential, in seconds.
    pub(super) minting: Mutex<i64>,
    /// How long it takes to remove an object, in seconds.
    pub(super) removing: Mutex<i64>,
    /// What the cluster's kubeconfigs authenticate with.
    pub(super) kind: Mutex<CredentialKind>,
    /// The roles of the configuration.
    pub(super) roles: Mutex<Vec<&'static str>>,
    /// The roles in whose namespaces the service has no rights.
    pub(super) closed: Mutex<Vec<String>>,
    /// Whether its lists are empty, whatever there is.
    pub(super) blind: Mutex<bool>,
    /// Whether it is known to be the same cluster.
    pub(super) certain: Mutex<bool>,
}

impl World {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(start()),
            drawn: AtomicU64::new(0),
            rows: Mutex::default(),
            keys: Mutex::default(),
            events: Mutex::default(),
            objects: Mutex::default(),
            calls: Mutex::default(),
            broken: Mutex::default(),
            skew: Mutex::new(0),
            cap: Mutex::new(i64::MAX),
            minting: Mutex::new(0),
            removing: Mutex::new(0),
            kind: Mutex::default(),
            roles: Mutex::new(vec!["viewer", "editor"]),
            closed: Mutex::default(),
            blind: Mutex::default(),
            certain: Mutex::new(true),
        })
    }

    pub(super) fn service(self: &Arc<Self>) -> Kubemint {
        let ports = Ports {
            clock: self.clone(),
            ids: self.clone(),
            policy: self.clone(),
            clusters: self.clone(),
            store: self.clone(),
        };
        Kubemint::new(ports, Settings::default())
    }

    pub(super) fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    pub(super) fn break_next(&self, call: &'static str, times: u32) {
        self.broken.lock().unwrap().insert(call, times);
    }

    fn fails(&self, call: &'static str) -> bool {
        let mut broken = self.broken.lock().unwrap();
        match broken.get_mut(call) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn called(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|event| event.kind)
            .collect()
    }

    pub(super) fn state(&self, id: &KubeconfigId) -> State {
        self.rows
            .lock()
            .unwrap()
            .iter()
            .find(|row| row.id == *id)
            .unwrap()
            .state
    }

    fn move_to(
        &self,
        wanted: &RecordRef,
        from: &[State],
        to: State,
        event: Event,
    ) -> Result<bool, StoreError> {
        if self.fails("store") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        let row = rows
            .iter_mut()
            .find(|row| row.uid == wanted.uid && from.contains(&row.state));
        Ok(row.is_some_and(|row| {
            row.state = to;
            self.events.lock().unwrap().push(event);
            true
        }))
    }

    fn page(&self, keep: impl Fn(&Record) -> bool, after: Option<Position>, limit: u16) -> Page {
        let rows = self.rows.lock().unwrap();
        let before = after.map_or(rows.len(), |Position(at)| usize::try_from(at).unwrap());
        let mut found = rows[..before]
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, row)| keep(row));
        let taken: Vec<_> = found.by_ref().take(usize::from(limit)).collect();
        let next = found
            .next()
            .and(taken.last())
            .map(|(at, _)| Position(*at as u64));
        Page {
            records: taken.into_iter().map(|(_, row)| row.clone()).collect(),
            next,
        }
    }
}

pub(super) fn key() -> ClusterKey {
    ClusterKey::new("us-texas-1", "blue", "prod")
}

pub(super) fn ctx(subject: &str, role: &str) -> Context {
    let mut caller = Caller::new("https://issuer", subject);
    caller.roles.push(role.to_owned());
    Context {
        caller,
        request_id: "request-1".to_owned(),
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap() += duration;
    }
}

impl Ids for World {
    fn uid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.drawn.fetch_add(1, Ordering::Relaxed)))
    }

    fn kubeconfig_id(&self) -> KubeconfigId {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        KubeconfigId::generated([u8::try_from(drawn).unwrap(); 12])
    }
}

/// Admins may do everything but download what is not theirs; users may do everything with what is theirs; others
/// nothing.
impl Policy for World {
    fn decide(&self, query: &Query<'_>) -> Decision {
        self.called(format!("decide {:?} {:?}", query.action, query.relation));
        let has = |role: &str| query.caller.roles.iter().any(|held| held == role);
        let own = query.relation != Some(Relation::Stranger);
        let allowed = match query.action {
            Action::Issue => has("admin") || (has("user") && query.role != Some("editor")),
            Action::IssueForOthers => has("admin"),
            Action::Download => own && (has("admin") || has("user")),
            _ => has("admin") || (has("user") && own),
        };
        Decision {
            allowed,
            reasons: Vec::new(),
            policy_hash: "fake".to_owned(),
        }
    }
}

#[async_trait]
impl Clusters for World {
    fn profile(&self, wanted: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        self.called("profile".to_owned());
        let rules = RoleRules {
            min_ttl: 60,
            max_ttl: 86_400,
        };
        let roles = self.roles.lock().unwrap().clone();
        let roles = roles.into_iter().map(|role| (role.to_owned(), rules));
        (*wanted == key()).then(|| {
            Arc::new(ClusterProfile {
                key: key(),
                public_url: "https://cluster".to_owned(),
                ca_pem: None,
                kind: *self.kind.lock().unwrap(),
                roles: roles.collect(),
                default_role: "viewer".to_owned(),
                default_ttl: 3600,
                max_active_per_user: None,
            })
        })
    }

    fn keys(&self) -> Vec<ClusterKey> {
        vec![key()]
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        if self.fails("create") {
            return Err(ClusterError::Unreachable("broken".into()));
        }
        assert_eq!(
            self.state(&record.id),
            State::Pending,
            "the record is durable before the object exists"
        );
        let object_uid = format!("object-{}", record.uid);
        let made = (record.uid, object_uid.clone(), self.now());
        self.objects.lock().unwrap().insert(record.id.clone(), made);
        Ok(object_uid)
    }

    async fn mint(
        &self,
        _: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        if self.fails("mint") {
            return Err(ClusterError::Busy("broken".into()));
        }
        assert!(seconds >= 600, "Kubernetes mints no shorter token");
        self.pass(*self.minting.lock().unwrap());
        if !self.objects.lock().unwrap().contains_key(&object.id) {
            return Err(ClusterError::Missing);
        }
        let issued_at = self.now() + TimeDelta::seconds(*self.skew.lock().unwrap());
        let granted = i64::from(seconds).min(*self.cap.lock().unwrap());
        Ok(Credential {
            secret: Secret::Token("a token".to_owned().into()),
            issued_at,
            expires_at: issued_at + TimeDelta::seconds(granted),
            jti: Some("jti".to_owned()),
        })
    }

    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        if self.fails("certify") {
            return Err(ClusterError::Unsigned("broken".into()));
        }
        self.pass(*self.minting.lock().unwrap());
        let issued_at = now;
        let longest = issued_at + TimeDelta::seconds((*self.cap.lock().unwrap()).min(1 << 32));
        Ok(Credential {
            secret: Secret::Certificate {
                chain: format!("a certificate for {}", record.issued_for),
                key: "a key".to_owned().into(),
            },
            issued_at,
            expires_at: until.min(longest),
            jti: Some("X509SHA256=00".to_owned()),
        })
    }

    async fn remove(&self, _: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        if self.fails("remove") {
            return Err(ClusterError::Unreachable("broken".into()));
        }
        if self.closed.lock().unwrap().contains(&object.role) {
            return Err(ClusterError::Refused("no rights there".into()));
        }
        self.pass(*self.removing.lock().unwrap());
        let mut objects = self.objects.lock().unwrap();
        if objects
            .get(&object.id)
            .is_some_and(|(uid, ..)| *uid == object.uid)
        {
            objects.remove(&object.id);
        }
        Ok(())
    }

    async fn objects(&self, _: &ClusterKey, role: &str) -> Result<Listing, ClusterError> {
        let closed = self.closed.lock().unwrap();
        if closed.contains(&role.to_owned()) {
            return Err(ClusterError::Refused("no rights there".into()));
        }
        let rows = self.rows.lock().unwrap();
        let role_of = |uid: &Uuid| {
            let row = rows.iter().find(|row| row.uid == *uid);
            row.map_or("viewer", |row| &row.role)
        };
        let objects = self.objects.lock().unwrap();
        let found = objects
            .iter()
            .filter(|(_, (uid, ..))| role_of(uid) == role)
            .map(|(id, (uid, object_uid, created_at))| FoundObject {
                object: ObjectRef {
                    role: role.to_owned(),
                    id: id.clone(),
                    uid: *uid,
                    object_uid: Some(object_uid.clone()),
                },
                created_at: *created_at,
            });
        let blind = *self.blind.lock().unwrap();
        Ok(Listing {
            objects: found.filter(|_| !blind).collect(),
            certain: *self.certain.lock().unwrap(),
            foreign: 0,
        })
    }

    async fn exists(&self, _: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        let objects = self.objects.lock().unwrap();
        let there = objects.get(&object.id);
        Ok(there.is_some_and(|(uid, ..)| *uid == object.uid))
    }
}

#[async_trait]
impl Store for World {
    fn instance(&self) -> Instance {
        Instance {
            id: Uuid::nil(),
            page_key: [0; 32],
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn begin_issue(
        &self,
        record: &Record,
        once: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        if self.fails("store") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        if let Some(once) = once
            && let Some((fingerprint, uid)) = self.keys.lock().unwrap().get(&once.key)
        {
            let earlier = rows.iter().find(|row| row.uid == *uid).unwrap();
            return Ok(match earlier.state {
                _ if *fingerprint != once.fingerprint => Begun::KeyReused,
                State::Pending => Begun::InProgress,
                _ => Begun::Replay(Box::new(earlier.clone())),
            });
        }
        let alive = rows.iter().filter(|row| {
            let ended = row.expires_at.is_some_and(|end| end <= record.created_at);
            row.cluster == record.cluster
                && row.issued_for == record.issued_for
                && match row.state {
                    State::Pending | State::Revoking => true,
                    State::Active => !ended,
                    State::Revoked | State::Expired | State::Failed => false,
                }
        });
        if most.is_some_and(|most| alive.count() >= most as usize) {
            return Ok(Begun::QuotaExceeded);
        }
        let retried =
            |row: &Record| row.state == State::Failed && row.created_by == record.created_by;
        if rows.iter().any(|row| row.id == record.id && !retried(row)) {
            return Ok(Begun::IdTaken);
        }
        rows.retain(|row| row.id != record.id);
        if let Some(once) = once {
            self.keys
                .lock()
                .unwrap()
                .insert(once.key.clone(), (once.fingerprint.clone(), record.uid));
        }
        rows.push(record.clone());
        self.events.lock().unwrap().push(event);
        Ok(Begun::Started)
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        let moved = self.move_to(record, &[State::Pending], State::Active, event)?;
        let mut rows = self.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row.uid == record.uid).unwrap();
        row.expires_at = Some(grant.expires_at);
        row.object_uid = Some(grant.object_uid.clone());
        Ok(moved)
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.keys
            .lock()
            .unwrap()
            .retain(|_, (_, uid)| *uid != record.uid);
        self.move_to(record, &[State::Pending], State::Failed, event)
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(
            record,
            &[State::Active, State::Expired, State::Revoking],
            State::Revoking,
            event,
        )
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Revoking], State::Revoked, event)
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Revoked, event)
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Expired, event)
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        _: Option<&str>,
        _: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Active, event)
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        self.called("append".to_owned());
        if self.fails("append") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        self.events.lock().unwrap().push(event);
        Ok(())
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        self.called("find".to_owned());
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .find(|row| row.cluster == *cluster && row.id == *id)
            .cloned())
    }

    async fn list(
        &self,
        _: &ClusterKey,
        who: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.called("list".to_owned());
        let visible = |row: &Record| {
            who.all
                || (who.created && row.created_by == who.principal)
                || (who.issued_for && row.issued_for == who.principal.subject)
        };
        Ok(self.page(|row| filter.admits(row, now) && visible(row), after, limit))
    }

    async fn due(
        &self,
        _: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let due = |row: &&Record| match row.state {
            State::Pending => row.pending_until <= now,
            State::Revoking => !row.is_certificate() || row.has_ended(now),
            State::Active => row.expires_at.unwrap() <= now,
            _ => false,
        };
        let most = usize::from(limit);
        Ok(rows.iter().filter(due).take(most).cloned().collect())
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        let _ = cluster;
        Ok(Vec::new())
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        let _ = (cluster, landmark);
        Ok(())
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        let _ = cluster;
        Ok(())
    }

    async fn alive(&self, _: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        Ok(Vec::new())
    }

    async fn next_expiry(&self, _: &ClusterKey) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self
            .rows
            .lock()
            .unwrap()
            .iter()
            .filter_map(|row| row.expires_at)
            .min())
    }

    async fn active(
        &self,
        _: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        Ok(self.page(|row| row.state == State::Active, after, limit))
    }
}
