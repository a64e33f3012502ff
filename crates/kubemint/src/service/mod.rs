//! The service: what a caller can ask for, and what the reconciler does on its own.

mod bulk;
mod certificate;
mod discarded;
mod download;
mod issue;
mod patience;
mod read;
mod reconcile;
mod resting;
mod revoke;
mod sweep;
mod terms;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Map;

pub use bulk::{Report, Unconfirmed, Why};
pub use download::Delivery;
pub use issue::{Issue, Issued};
pub use read::{ListPage, Shown};
pub use reconcile::Reconciled;

use crate::audit::{Event, Kind};
use crate::caller::Caller;
use crate::cluster::{ClusterKey, ClusterProfile};
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::policy::{Action, Decision, Query};
use crate::ports::{Clock, Clusters, Ids, Policy, Store};
use crate::record::{Record, Relation};

/// The shortest life that Kubernetes mints a token for, in seconds (TokenRequest, `expirationSeconds`).
pub(crate) const KUBERNETES_FLOOR: u32 = 600;

/// The world that the service lives in.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh identifiers.
    pub ids: Arc<dyn Ids>,
    /// Who may do what.
    pub policy: Arc<dyn Policy>,
    /// The clusters of the fleet.
    pub clusters: Arc<dyn Clusters>,
    /// The records and the audit trail.
    pub store: Arc<dyn Store>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long an issue may stay pending before it is given up. Longer than any cluster call may take.
    pub pending: Duration,
    /// How long a twin with the same idempotency key waits for the first.
    pub twin_wait: Duration,
    /// How long an idempotency key is kept.
    pub idempotency: Duration,
    /// How long an object without a live record is left alone before it is swept.
    pub sweep_after: Duration,
    /// How long a revocation of many goes on before it answers; the reconciler does the rest.
    pub bulk: Duration,
    /// How long before `expiresAt` the object is removed. The API server caches an accepted token for 10 s, so a
    /// removal that comes late would let it live on for more than 10 s.
    pub expiry_lead: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pending: Duration::from_secs(60),
            twin_wait: Duration::from_secs(10),
            idempotency: Duration::from_secs(24 * 3600),
            sweep_after: Duration::from_secs(15 * 60),
            bulk: Duration::from_secs(20),
            expiry_lead: Duration::from_secs(1),
        }
    }
}

/// A request's circumstances.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who calls.
    pub caller: Caller,
    /// Which request it is, for the audit trail.
    pub request_id: String,
}

/// The service.
pub struct Kubemint {
    ports: Ports,
    settings: Settings,
    /// Records whose objects could not be removed, and are tried again after a pause.
    resting: resting::Resting,
    /// Strays of which the same is true.
    strays: resting::Resting,
    /// What rounds that are under way have taken.
    turns: turns::Turns,
    /// The clusters with many objects that the store never heard of.
    suspected: Mutex<HashSet<ClusterKey>>,
}

impl Kubemint {
    /// The service in a world.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Self {
        Self {
            ports,
            settings,
            resting: resting::Resting::default(),
            strays: resting::Resting::default(),
            turns: turns::Turns::default(),
            suspected: Mutex::default(),
        }
    }

    /// The world that it lives in.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// An event of a request.
    fn event(&self, ctx: &Context, kind: Kind, cluster: &ClusterKey) -> Event {
        Event {
            at: self.ports.clock.now(),
            kind,
            request_id: Some(ctx.request_id.clone()),
            principal: Some(ctx.caller.principal.clone()),
            token_id: ctx.caller.token_id.clone(),
            cluster: cluster.clone(),
            kubeconfig: None,
            uid: None,
            decision: None,
            detail: Map::new(),
        }
    }

    /// An event of a request about a record.
    fn record_event(&self, ctx: &Context, kind: Kind, record: &Record) -> Event {
        Event {
            kubeconfig: Some(record.id.to_string()),
            uid: Some(record.uid),
            ..self.event(ctx, kind, &record.cluster)
        }
    }

    /// An event of the reconciler about a record.
    fn own_event(&self, kind: Kind, record: &Record) -> Event {
        Event {
            at: self.ports.clock.now(),
            kind,
            request_id: None,
            principal: None,
            token_id: None,
            cluster: record.cluster.clone(),
            kubeconfig: Some(record.id.to_string()),
            uid: Some(record.uid),
            decision: None,
            detail: Map::new(),
        }
    }

    /// Whether a record's time is over, or so nearly that the reconciler may be removing its object.
    fn is_ending(&self, record: &Record) -> bool {
        let from = self.ports.clock.now() + self.settings.expiry_lead;
        record.expires_at.is_some_and(|end| end <= from)
    }

    /// Writes that a request was refused, and returns why: `error`, or the store's own error when it cannot be
    /// written.
    async fn refuse(&self, event: Event, decision: Option<Decision>, error: Error) -> Error {
        let event = Event { decision, ..event }.with("reason", error.to_string());
        match self.ports.store.append(event).await {
            Ok(()) => error,
            Err(failed) => Error::Store(failed),
        }
    }

    fn decide(
        &self,
        ctx: &Context,
        cluster: &ClusterKey,
        action: Action,
        relation: Option<Relation>,
    ) -> Decision {
        let query = Query {
            caller: &ctx.caller,
            action,
            cluster,
            role: None,
            ttl: None,
            user: None,
            relation,
        };
        self.ports.policy.decide(&query)
    }

    /// The cluster, if it exists and the caller may know of it. Both halves are always looked up, so that the answers
    /// take the same work.
    fn discover(&self, ctx: &Context, key: &ClusterKey) -> (Option<Arc<ClusterProfile>>, Decision) {
        let decision = self.decide(ctx, key, Action::List, None);
        let profile = self
            .ports
            .clusters
            .profile(key)
            .filter(|_| decision.allowed);
        (profile, decision)
    }

    /// The record, with what the caller is to it, if it exists and the caller may do `action` with it. Otherwise the
    /// refusal is written as `refused`: as if it did not exist, unless the caller may at least read it.
    async fn permitted(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        id: &KubeconfigId,
        action: Action,
        refused: Kind,
    ) -> Result<(Record, Arc<ClusterProfile>, Decision), Error> {
        let (profile, _) = self.discover(ctx, key);
        let now = self.ports.clock.now();
        let record = self
            .ports
            .store
            .find(key, id)
            .await?
            .filter(|record| record.status(now).is_some());
        let relation = record
            .as_ref()
            .map_or(Relation::Stranger, |record| record.relation(&ctx.caller));
        let readable = self.decide(ctx, key, Action::Get, Some(relation));
        // A download mints anew, so it is judged by what it gives. The rest is the same whatever the role: a list, where
        // nobody is asked about each record, must hold what may be read.
        let given = record.as_ref().filter(|_| action == Action::Download);
        let decision = self.ports.policy.decide(&Query {
            caller: &ctx.caller,
            action,
            cluster: key,
            role: given.map(|record| record.role.as_str()),
            ttl: None,
            user: given.map(|record| record.issued_for.as_str()),
            relation: Some(relation),
        });
        let mut event = self.event(ctx, refused, key);
        event.kubeconfig = Some(id.to_string());
        match (record, profile) {
            (Some(record), Some(profile)) if readable.allowed && decision.allowed => {
                Ok((record, profile, decision))
            }
            (Some(record), Some(_)) if readable.allowed => {
                event.uid = Some(record.uid);
                Err(self
                    .refuse(event, Some(decision), Error::NotPermitted)
                    .await)
            }
            _ => Err(self
                .refuse(event, Some(readable), Error::NoSuchKubeconfig)
                .await),
        }
    }
}
