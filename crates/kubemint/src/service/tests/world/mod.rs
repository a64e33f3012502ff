//! The fakes: a clock that tests move, a policy of three roles, a cluster and a store in memory.

mod clusters;
mod store;

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
use crate::cluster::{ClusterKey, CredentialKind};
use crate::id::KubeconfigId;
use crate::policy::{Action, Decision, Query};
use crate::ports::{Clock, Ids, Policy};
use crate::record::{Record, Relation, State};

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
    /// Whether the service has a credential there.
    pub(super) credential: Mutex<bool>,
    /// The roles of the configuration.
    pub(super) roles: Mutex<Vec<&'static str>>,
    /// The roles in whose namespaces the service has no rights.
    pub(super) closed: Mutex<Vec<String>>,
    /// What the records become, by another request, while the next credential is minted.
    pub(super) becomes: Mutex<Option<State>>,
    /// The objects that a webhook minds: each fails to be removed, and the cluster is well.
    pub(super) minded: Mutex<Vec<KubeconfigId>>,
    /// The roles whose objects are removed by no call that ends.
    pub(super) hanging: Mutex<Vec<String>>,
    /// The objects that finalizers hold.
    pub(super) held: Mutex<Vec<KubeconfigId>>,
    /// How long it takes to see that one is held.
    pub(super) holding: Mutex<TimeDelta>,
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
            credential: Mutex::new(true),
            roles: Mutex::new(vec!["viewer", "editor"]),
            closed: Mutex::default(),
            becomes: Mutex::default(),
            minded: Mutex::default(),
            hanging: Mutex::default(),
            held: Mutex::default(),
            holding: Mutex::default(),
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

/// How long a guest may have something, in seconds.
pub(super) const GUESTS: u32 = 1234;

/// Admins may do everything but download what is not theirs; users may do everything with what is theirs; guests too, but
/// issue for a short while only, and not download; heirs may get what another asked for in their name; others nothing.
impl Policy for World {
    fn decide(&self, query: &Query<'_>) -> Decision {
        self.called(format!("decide {:?} {:?}", query.action, query.relation));
        let has = |role: &str| query.caller.roles.iter().any(|held| held == role);
        let own = query.relation != Some(Relation::Stranger);
        let allowed = match query.action {
            Action::Issue => {
                let short = query.ttl.is_some_and(|ttl| ttl <= GUESTS);
                let role = query.role != Some("editor");
                has("admin") || (has("user") && role) || (has("guest") && role && short)
            }
            Action::IssueForOthers => has("admin"),
            Action::Download => own && (has("admin") || has("user")),
            Action::Get if has("heir") => query.relation == Some(Relation::Subject),
            Action::List if has("heir") => true,
            _ => has("admin") || ((has("user") || has("guest")) && own),
        };
        Decision {
            allowed,
            reasons: Vec::new(),
            policy_hash: "fake".to_owned(),
        }
    }
}
