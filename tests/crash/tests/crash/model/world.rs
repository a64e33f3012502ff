//! A clock that tests move, and a cluster in memory that may be down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use crash::{Faults, Plan};
use kubemint::policy::{Decision, Query};
use kubemint::ports::{
    Clock, ClusterError, Clusters, Credential, FoundObject, Ids, Listing, ObjectRef, Policy,
    Secret, Store,
};
use kubemint::{
    Caller, ClusterKey, ClusterProfile, Context, CredentialKind, KubeconfigId, Kubemint, Ports,
    Record, RoleRules, Settings,
};
use uuid::Uuid;

/// Everything that is not the store.
pub(crate) struct World {
    now: Mutex<DateTime<Utc>>,
    objects: Mutex<BTreeMap<KubeconfigId, (Uuid, DateTime<Utc>)>>,
    down: AtomicBool,
    drawn: AtomicU64,
    /// The longest that a call of the cluster takes, in microseconds of real time.
    pub(crate) slowness: AtomicU64,
}

/// The cluster of everybody.
pub(crate) fn key() -> ClusterKey {
    ClusterKey::new("us-texas-1", "blue", "prod")
}

/// The usual caller.
pub(crate) fn caller() -> Context {
    Context {
        caller: Caller::new("https://issuer.example", "alice"),
        request_id: "request".to_owned(),
    }
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()),
            objects: Mutex::default(),
            down: AtomicBool::new(false),
            drawn: AtomicU64::new(0),
            slowness: AtomicU64::new(0),
        })
    }

    /// The service, on a store, with faults to come.
    pub(crate) fn service(self: &Arc<Self>, store: Arc<dyn Store>) -> (Arc<Kubemint>, Arc<Faults>) {
        let faults = Faults::new(Plan::Calm);
        let ports = Ports {
            clock: self.clone(),
            ids: self.clone(),
            policy: self.clone(),
            clusters: self.clone(),
            store,
        };
        let service = Kubemint::new(faults.around(ports), Settings::default());
        (Arc::new(service), faults)
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.now.lock().expect("no panic held it") += time;
    }

    pub(crate) fn set(&self, now: DateTime<Utc>) {
        *self.now.lock().expect("no panic held it") = now;
    }

    pub(crate) fn fall(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Takes an object away behind everybody's back.
    pub(crate) fn steal(&self, id: &KubeconfigId) {
        self.objects().remove(id);
    }

    /// The names of the objects.
    pub(crate) fn standing(&self) -> Vec<KubeconfigId> {
        self.objects().keys().cloned().collect()
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<KubeconfigId, (Uuid, DateTime<Utc>)>> {
        self.objects.lock().expect("no panic held it")
    }

    async fn reached(&self) -> Result<(), ClusterError> {
        let slowness = self.slowness.load(Ordering::Relaxed);
        if slowness > 0 {
            let time = self
                .drawn
                .fetch_add(7919, Ordering::Relaxed)
                .wrapping_mul(2_654_435_761);
            tokio::time::sleep(Duration::from_micros((time >> 7) % slowness)).await;
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(ClusterError::Unreachable("it is down".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().expect("no panic held it")
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().expect("no panic held it") += duration;
        tokio::task::yield_now().await;
    }
}

impl Ids for World {
    fn uid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn kubeconfig_id(&self) -> KubeconfigId {
        let random = Uuid::new_v4().into_bytes();
        KubeconfigId::generated(random[..12].try_into().expect("twelve"))
    }
}

impl Policy for World {
    fn decide(&self, _: &Query<'_>) -> Decision {
        Decision {
            allowed: true,
            reasons: Vec::new(),
            policy_hash: "everything".to_owned(),
        }
    }
}

#[async_trait]
impl Clusters for World {
    fn profile(&self, wanted: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        let rules = RoleRules {
            min_ttl: 1,
            max_ttl: 86_400,
        };
        let profile = ClusterProfile {
            key: key(),
            public_url: "https://cluster.example".to_owned(),
            ca_pem: None,
            kind: CredentialKind::Token,
            has_credential: true,
            roles: [("viewer".to_owned(), rules)].into(),
            default_role: "viewer".to_owned(),
            default_ttl: 3600,
            max_active_per_user: None,
        };
        (*wanted == key()).then(|| Arc::new(profile))
    }

    fn keys(&self) -> Vec<ClusterKey> {
        vec![key()]
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        self.reached().await?;
        let mut objects = self.objects();
        let made = (record.uid, self.now());
        let (uid, _) = *objects.entry(record.id.clone()).or_insert(made);
        if uid == record.uid {
            Ok(format!("object-{uid}"))
        } else {
            Err(ClusterError::Foreign)
        }
    }

    async fn mint(
        &self,
        _: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        self.reached().await?;
        let there = self
            .objects()
            .get(&object.id)
            .is_some_and(|(uid, _)| *uid == object.uid);
        if !there {
            return Err(ClusterError::Missing);
        }
        let issued_at = self.now();
        Ok(Credential {
            secret: Secret::Token("a token".to_owned().into()),
            issued_at,
            expires_at: issued_at + TimeDelta::seconds(i64::from(seconds)),
            jti: Some(Uuid::new_v4().to_string()),
        })
    }

    async fn certify(
        &self,
        _: &Record,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        Err(ClusterError::Unsigned("this world has tokens".into()))
    }

    async fn remove(&self, _: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        self.reached().await?;
        let mut objects = self.objects();
        if objects
            .get(&object.id)
            .is_some_and(|(uid, _)| *uid == object.uid)
        {
            objects.remove(&object.id);
        }
        Ok(())
    }

    async fn is_gone(&self, _: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        self.reached().await?;
        let objects = self.objects();
        let there = objects.get(&object.id);
        Ok(there.is_none_or(|(uid, _)| *uid != object.uid))
    }

    async fn objects(&self, _: &ClusterKey, _: &str) -> Result<Listing, ClusterError> {
        self.reached().await?;
        let objects = self.objects();
        let found = objects.iter().map(|(id, (uid, created_at))| FoundObject {
            object: ObjectRef {
                role: "viewer".to_owned(),
                id: id.clone(),
                uid: *uid,
                object_uid: Some(format!("object-{uid}")),
            },
            created_at: *created_at,
            ends_at: None,
        });
        Ok(Listing {
            objects: found.collect(),
            certain: true,
            foreign: 0,
        })
    }
}
