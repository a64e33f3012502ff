//! The clusters of the configuration, as the domain sees them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::cluster::{ClusterKey, ClusterProfile};
use kubemint::ports::{ClusterError, Clusters, Credential, Landmark, Listing, ObjectRef, Store};
use kubemint::record::Record;
use slog::{Logger, warn};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::Author;
use crate::authority::Authority;
use crate::clock::{Clock, Skew};
use crate::config::{ClusterConfig, is_label};
use crate::connection::Connection;
use crate::expiry::Expiry;
use crate::failure::unsigned;
use crate::health::{self, Health};
use crate::identity::Identity;
use crate::limits::Limits;
use crate::member::Member;
use crate::observe::Observer;
use crate::refusals::{Refusals, Refused};

/// How old the health of a cluster may be that is not asked anew.
const RECENT: Duration = Duration::from_secs(60);

/// Why a fleet cannot be set up.
#[derive(Debug, Error)]
pub enum FleetError {
    /// Two entries are the same cluster.
    #[error("cluster {0} is configured twice")]
    Twice(ClusterKey),
    /// It was called outside of a Tokio runtime, which the connections need.
    #[error("no Tokio runtime is running")]
    NoRuntime,
}

/// The clusters of the configuration, each with its connection. It is the service's way to Kubernetes.
pub struct Fleet {
    author: Author,
    observer: Arc<dyn Observer>,
    order: Vec<ClusterKey>,
    members: BTreeMap<ClusterKey, Member>,
}

impl Fleet {
    /// Reads every credential and sets up every connection, without calling anyone. `instance` is this installation's
    /// UUID: what it makes is labelled with it, and what has another label is left alone. Warnings of the
    /// configuration are logged.
    ///
    /// A cluster whose files cannot be used is out of order, and no error here: that is logged, its health tells it, and
    /// its operations fail until the files can be used. They are read again as always. Later changes of files that
    /// cannot be used are logged, and the old ones kept.
    ///
    /// # Errors
    /// A cluster that is there twice, or no Tokio runtime.
    pub fn new(
        clusters: Vec<ClusterConfig>,
        instance: Uuid,
        log: Logger,
    ) -> Result<Self, FleetError> {
        Self::with_limits(clusters, instance, log, Limits::default())
    }

    /// The same, with other limits than the usual.
    ///
    /// # Errors
    /// Those of [`Fleet::new`].
    pub fn with_limits(
        clusters: Vec<ClusterConfig>,
        instance: Uuid,
        log: Logger,
        limits: Limits,
    ) -> Result<Self, FleetError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(FleetError::NoRuntime);
        }
        let mut order = Vec::with_capacity(clusters.len());
        let mut members = BTreeMap::new();
        for config in clusters {
            for warning in config.role_warnings() {
                warn!(log, "{}", warning);
            }
            let key = config.key.clone();
            let config = Arc::new(config);
            let connection = Connection::new(Arc::clone(&config), limits.reread, log.clone());
            let authority = Authority::new(&config, limits.reread, &log);
            let member = Member {
                config,
                limits,
                log: log.clone(),
                connection,
                authority,
                clock: Clock::default(),
                identity: Identity::default(),
                health: health::Known::default(),
                refusals: Refusals::default(),
                short: Mutex::default(),
                noted: None,
                bulkhead: Semaphore::new(limits.concurrency),
                making: Semaphore::new(limits.making()),
            };
            if members.insert(key.clone(), member).is_some() {
                return Err(FleetError::Twice(key));
            }
            order.push(key);
        }
        Ok(Self {
            author: Author {
                instance,
                names_people: true,
            },
            observer: Arc::new(()),
            order,
            members,
        })
    }

    /// The fleet, with somebody watching: for metrics.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// The fleet, whose objects in the clusters name nobody: neither whom they are for nor who asked for them.
    #[must_use]
    pub fn nameless(mut self) -> Self {
        self.author.names_people = false;
        self
    }

    /// The fleet, with a memory of which cluster is which: one that is another than before is out of order. Without it
    /// whatever answers is the right one.
    #[must_use]
    pub fn remembering(mut self, store: &Arc<dyn Store>) -> Self {
        for member in self.members.values_mut() {
            member.identity.memory = Some(Arc::clone(store));
        }
        self
    }

    /// The fleet, which tells in its preflight whether each cluster is the one that was noted: for who has read a store and
    /// does not serve it.
    #[must_use]
    pub fn noted(mut self, landmarks: &[(ClusterKey, Landmark)]) -> Self {
        for member in self.members.values_mut() {
            let own = landmarks
                .iter()
                .filter(|(key, _)| *key == member.config.key);
            member.noted = Some(own.map(|(_, landmark)| landmark.clone()).collect());
        }
        self
    }

    /// How a cluster is, as of a few seconds ago; `None` if there is no such cluster. It never takes longer than 6
    /// seconds (3 for the cluster's own answer), and asks seldom.
    pub async fn health(&self, key: &ClusterKey) -> Option<Health> {
        Some(self.members.get(key)?.health(self.observer.as_ref()).await)
    }

    /// How a cluster was when it was asked last, if that ended a minute ago at most. Nobody is asked.
    #[must_use]
    pub fn last_health(&self, key: &ClusterKey) -> Option<Health> {
        self.members.get(key)?.health.within(RECENT)
    }

    /// What a cluster refused of its configured roles within the last quarter of an hour, and has not done since; `None` where
    /// nothing. Refusals of the service's credential are none of these: they are the cluster's health.
    #[must_use]
    pub fn refused(&self, key: &ClusterKey) -> Option<Refused> {
        self.members.get(key)?.refusals.told(Instant::now())
    }

    /// Why the service's own credential at a cluster, or the authority that signs for it, cannot be read again, while what was read
    /// before still applies; `None` where all is well, and where there never was any.
    #[must_use]
    pub fn stale_credential(&self, key: &ClusterKey) -> Option<String> {
        let member = self.members.get(key)?;
        let authority = member.authority.as_ref().and_then(Authority::stale);
        match (member.connection.stale(), authority) {
            (Some(connection), Some(authority)) => Some(format!("{connection}; {authority}")),
            (one, other) => one.or(other),
        }
    }

    /// How often files of the clusters were read again that had changed: those that can be used, and those that cannot.
    #[must_use]
    pub fn rereads(&self) -> (u64, u64) {
        let counts = self.members().flat_map(|member| {
            let authority = member.authority.as_ref().map(Authority::rereads);
            [Some(member.connection.rereads()), authority]
        });
        counts.flatten().fold((0, 0), |(ok, failed), (more, less)| {
            (ok + more, failed + less)
        })
    }

    /// How far a cluster's clock is ahead of this machine's, by its latest answer, or by the latest of the last minute that showed
    /// more than is tolerated; `None` as long as it has given none.
    #[must_use]
    pub fn skew(&self, key: &ClusterKey) -> Option<Skew> {
        self.members.get(key)?.clock.skew()
    }

    /// When the service's own credential at a cluster ends, where it says so: a token that is a JWT, or a certificate.
    #[must_use]
    pub fn credential_ends(&self, key: &ClusterKey) -> Option<DateTime<Utc>> {
        self.members.get(key)?.connection.ends()
    }

    /// What of a cluster's files ends by time, as they are used now.
    #[must_use]
    pub fn expiries(&self, key: &ClusterKey) -> Vec<Expiry> {
        self.members
            .get(key)
            .map(Member::expiries)
            .unwrap_or_default()
    }

    /// The members in the order of the configuration.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.order.iter().filter_map(|key| self.members.get(key))
    }

    fn member(&self, key: &ClusterKey) -> Result<&Member, ClusterError> {
        self.members.get(key).ok_or(ClusterError::Unknown)
    }

    /// The cluster where objects of a role are. A role that is no longer configured still names a namespace, so that what was
    /// issued before can be removed; a text that cannot be a role names nothing.
    fn home(&self, key: &ClusterKey, role: &str) -> Result<&Member, ClusterError> {
        let member = self.member(key)?;
        if is_label(role, 48) {
            Ok(member)
        } else {
            Err(ClusterError::Unknown)
        }
    }
}

#[async_trait]
impl Clusters for Fleet {
    fn profile(&self, key: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        self.members
            .get(key)
            .map(|member| member.connection.profile())
    }

    fn keys(&self) -> Vec<ClusterKey> {
        self.order.clone()
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        let member = self.member(&record.cluster)?;
        let Some(role) = member.config.roles.get(&record.role) else {
            return Err(ClusterError::Unknown);
        };
        let work = async {
            member.recognise(&record.role).await?;
            member.create(record, role, self.author).await
        };
        member
            .operation(
                "create",
                &record.role,
                self.observer.as_ref(),
                member.limits.deadline,
                work,
            )
            .await
    }

    async fn mint(
        &self,
        key: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        let member = self.home(key, &object.role)?;
        let work = async {
            member.recognise(&object.role).await?;
            member.mint(object, seconds).await
        };
        member
            .operation(
                "mint",
                &object.role,
                self.observer.as_ref(),
                member.limits.deadline,
                work,
            )
            .await
    }

    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        let member = self.member(&record.cluster)?;
        let Some(role) = member.config.roles.get(&record.role) else {
            return Err(unsigned(format!(
                "role {} is not configured any more: the groups of its certificates are not known",
                record.role
            )));
        };
        let work = member.certify(record, role, now, until);
        member
            .operation(
                "certify",
                &record.role,
                self.observer.as_ref(),
                member.limits.deadline,
                work,
            )
            .await
    }

    async fn remove(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        let member = self.home(key, &object.role)?;
        let until = Instant::now() + member.limits.deadline;
        let work = async {
            member.recognise(&object.role).await?;
            member.remove(object, until).await
        };
        member
            .operation(
                "remove",
                &object.role,
                self.observer.as_ref(),
                member.limits.deadline,
                work,
            )
            .await
    }

    async fn objects(&self, key: &ClusterKey, role: &str) -> Result<Listing, ClusterError> {
        let member = self.home(key, role)?;
        let work = async {
            let certain = member.recognise_now(role).await?;
            let (objects, foreign) = member.objects(role, self.author.instance).await?;
            Ok(Listing {
                objects,
                certain,
                foreign,
            })
        };
        member
            .operation(
                "objects",
                role,
                self.observer.as_ref(),
                member.limits.listing,
                work,
            )
            .await
    }

    async fn is_gone(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        let member = self.home(key, &object.role)?;
        let work = async {
            // In this order: an absence is believed of a cluster that is known again since.
            let there = member.exists(object).await?;
            let certain = member.recognise_now(&object.role).await?;
            Ok(certain && !there)
        };
        member
            .operation(
                "look",
                &object.role,
                self.observer.as_ref(),
                member.limits.deadline,
                work,
            )
            .await
    }
}
