//! Issue a kubeconfig.

use std::time::Duration;

use chrono::{SubsecRound, TimeDelta};

use super::discarded::Discarded;
use super::terms::{Terms, meaning};
use super::{Context, KUBERNETES_FLOOR, Kubemint};
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::ports::{Begun, ClusterError, Grant, Idempotency, ObjectRef};
use crate::record::{Record, State, Status};

/// How often a twin looks whether the first is done.
const TWIN_POLL: Duration = Duration::from_millis(100);

/// What a caller asks for. Every part is optional (spec: schema `KubeconfigIssueRequest`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issue {
    /// The user that it is for; absent: the caller.
    pub user: Option<String>,
    /// The role; absent: the cluster's default.
    pub role: Option<String>,
    /// The time to live, in seconds; absent: the cluster's default.
    pub ttl: Option<i64>,
    /// The name; absent: generated.
    pub id: Option<KubeconfigId>,
    /// A name for people.
    pub display_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// What makes a repeated request safe.
    pub idempotency_key: Option<String>,
}

/// An issued kubeconfig.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// Its record.
    pub record: Record,
    /// What the caller is told of its life: active, also when an earlier answer is given again.
    pub status: Status,
    /// Whether it is an earlier answer, given again for the same idempotency key.
    pub replayed: bool,
}

impl Kubemint {
    /// Issues a kubeconfig: records it, makes its object in the cluster, reads the true expiry from a first
    /// credential, and records that. The credential itself is thrown away; a download mints its own.
    ///
    /// # Errors
    /// See [`Error`]. After [`Error::Cluster`] or [`Error::Store`] nothing is left that the reconciler does not
    /// clean up.
    pub async fn issue(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        request: Issue,
    ) -> Result<Issued, Error> {
        let terms = self.terms(ctx, key, &request).await?;
        let record = self.draft(ctx, key, &request, &terms);
        match self.begin(ctx, &record, &request, &terms).await? {
            Some(earlier) => Ok(earlier),
            None => self.grant(ctx, record).await,
        }
    }

    fn draft(&self, ctx: &Context, key: &ClusterKey, request: &Issue, terms: &Terms) -> Record {
        // What is told now is told again after a restart: stores keep milliseconds.
        let now = self.ports.clock.now().trunc_subsecs(3);
        Record {
            cluster: key.clone(),
            id: request
                .id
                .clone()
                .unwrap_or_else(|| self.ports.ids.kubeconfig_id()),
            uid: self.ports.ids.uid(),
            display_name: request.display_name.clone(),
            description: request.description.clone(),
            issued_for: terms.user.clone(),
            role: terms.role.clone(),
            created_by: ctx.caller.principal.clone(),
            ttl: terms.ttl,
            state: State::Pending,
            created_at: now,
            pending_until: now + self.settings.pending,
            expires_at: None,
            object_uid: None,
        }
    }

    /// Makes the record durable as pending. `Some` is an earlier answer to give again. What is left of an earlier try with
    /// the same key that was given up is removed first: its caller was answered, and must not wait for the reconciler.
    async fn begin(
        &self,
        ctx: &Context,
        record: &Record,
        request: &Issue,
        terms: &Terms,
    ) -> Result<Option<Issued>, Error> {
        let Terms { most, decision, .. } = terms;
        let idempotency = request.idempotency_key.clone().map(|key| Idempotency {
            principal: ctx.caller.principal.clone(),
            key,
            fingerprint: meaning(request).to_string(),
            keep_until: record.created_at + self.settings.idempotency,
        });
        let event = Event {
            decision: Some(decision.clone()),
            ..self.record_event(ctx, Kind::IssueRequested, record)
        }
        .with("user", record.issued_for.as_str())
        .with("role", record.role.as_str())
        .with("ttl", record.ttl);
        let give_up = record.created_at + self.settings.twin_wait;
        let error = loop {
            match self
                .ports
                .store
                .begin_issue(record, idempotency.as_ref(), *most, event.clone())
                .await?
            {
                Begun::Started => return Ok(None),
                Begun::Replay(earlier) => {
                    let event = Event {
                        decision: Some(decision.clone()),
                        ..self.record_event(ctx, Kind::IssueReplayed, &earlier)
                    };
                    self.ports.store.append(event).await?;
                    return Ok(Some(Issued {
                        record: *earlier,
                        status: Status::Active,
                        replayed: true,
                    }));
                }
                Begun::InProgress(first) if first.pending_until <= self.ports.clock.now() => {
                    if let Err(error) = self.settle(&first).await {
                        break error;
                    }
                }
                Begun::InProgress(_) if self.ports.clock.now() < give_up => {
                    self.ports.clock.sleep(TWIN_POLL).await
                }
                Begun::InProgress(_) => break Error::InProgress,
                Begun::KeyReused => break Error::KeyReused,
                Begun::IdTaken => break Error::IdTaken,
                Begun::QuotaExceeded => {
                    break Error::QuotaExceeded {
                        limit: most.unwrap_or_default(),
                    };
                }
            }
        };
        let refused = Event {
            uid: None,
            ..self.record_event(ctx, Kind::IssueRefused, record)
        };
        Err(self.refuse(refused, Some(decision.clone()), error).await)
    }

    /// Makes the object and reads the true expiry.
    async fn grant(&self, ctx: &Context, record: Record) -> Result<Issued, Error> {
        let mut discarded = Discarded::default();
        let minted = match self.mint_first(&record, &mut discarded).await {
            // Past its deadline it counts for no quota any more.
            Ok(grant) if self.ports.clock.now() >= record.pending_until => {
                discarded.add(grant.jti);
                Err(Error::Cluster(too_long()))
            }
            minted => minted,
        };
        let grant = match minted {
            Ok(grant) => grant,
            Err(error) => {
                self.give_up(ctx, &record, &error, &discarded).await?;
                return Err(error);
            }
        };
        let event = self
            .record_event(ctx, Kind::Issued, &record)
            .with("expiresAt", grant.expires_at.to_rfc3339())
            .with("jti", grant.jti.clone());
        match self
            .ports
            .store
            .activate(&record.reference(), &grant, event)
            .await
        {
            Ok(true) => Ok(issued(Record {
                state: State::Active,
                expires_at: Some(grant.expires_at),
                object_uid: Some(grant.object_uid),
                ..record
            })),
            Ok(false) => {
                // The reconciler gave it up meanwhile: its deadline had passed.
                let error = Error::Cluster(too_long());
                discarded.add(grant.jti);
                self.give_up(ctx, &record, &error, &discarded).await?;
                Err(error)
            }
            Err(error) => {
                discarded.add(grant.jti);
                let doubt = (error.into(), discarded);
                self.settle_doubt(ctx, record, doubt).await
            }
        }
    }

    /// Finds out what became of a record whose last write got no answer: it is done, or given up, and then it is never done,
    /// late as it may arrive. Where the store says nothing at all, the record waits for its deadline.
    async fn settle_doubt(
        &self,
        ctx: &Context,
        record: Record,
        (error, discarded): (Error, Discarded),
    ) -> Result<Issued, Error> {
        let store = &self.ports.store;
        match store.abandon(&record.reference()).await {
            Ok(true) => self.give_up(ctx, &record, &error, &discarded).await?,
            Ok(false) => {
                let found = store.find(&record.cluster, &record.id).await?;
                let found = found.filter(|found| found.uid == record.uid);
                match found {
                    Some(record) if record.state == State::Active => return Ok(issued(record)),
                    Some(Record {
                        expires_at: Some(_),
                        ..
                    }) => {}
                    // Someone else gave it up, and removed what there was then.
                    _ => self.give_up(ctx, &record, &error, &discarded).await?,
                }
            }
            Err(_) => {}
        }
        Err(error)
    }

    async fn mint_first(&self, record: &Record, discarded: &mut Discarded) -> Result<Grant, Error> {
        if self.certifies(&record.cluster) {
            return self.certify_first(record).await.map_err(Error::Cluster);
        }
        let object_uid = self.make(record).await?;
        let object = ObjectRef {
            object_uid: Some(object_uid.clone()),
            ..object_of(record)
        };
        let seconds = record.ttl.max(KUBERNETES_FLOOR);
        let credential = self
            .ports
            .clusters
            .mint(&record.cluster, &object, seconds)
            .await
            .map_err(Error::Cluster)?;
        // What was asked for below Kubernetes' floor ends earlier than the token says: its object is removed then.
        let asked = credential.issued_at + TimeDelta::seconds(i64::from(record.ttl));
        let expires_at = if record.ttl < KUBERNETES_FLOOR {
            credential.expires_at.min(asked)
        } else {
            credential.expires_at
        };
        if expires_at <= self.ports.clock.now() {
            discarded.add(credential.jti);
            // By our clock it is over before it begins: the cluster's is behind by more than the life that was asked.
            return Err(Error::Cluster(ClusterError::Misbehaving(
                "what it grants is over already: its clock is behind".into(),
            )));
        }
        Ok(Grant {
            expires_at,
            object_uid,
            jti: credential.jti,
        })
    }

    /// Makes the object. What a failed try under the same name may have left is nobody's: it goes first, rather than that its
    /// owner is told until the next sweep that the name is taken.
    async fn make(&self, record: &Record) -> Result<String, Error> {
        let clusters = &self.ports.clusters;
        match clusters.create(record).await {
            Err(ClusterError::Foreign) if self.clear_name(record).await? => {
                clusters.create(record).await.map_err(Error::Cluster)
            }
            made => made.map_err(Error::Cluster),
        }
    }

    /// Removes what a failed issue may have left, and says that it failed. What cannot be done now is left to the
    /// reconciler, or to a repetition with the same key, whichever is first: the record stays pending until then, and is
    /// given up at once.
    async fn give_up(
        &self,
        ctx: &Context,
        record: &Record,
        error: &Error,
        discarded: &Discarded,
    ) -> Result<(), Error> {
        let reason = match error {
            Error::Cluster(error) => error.to_string(),
            error => error.to_string(),
        };
        let event = self.record_event(ctx, Kind::IssueFailed, record);
        let event = discarded.told(event).with("reason", reason);
        if self.remove(record).await.is_err() {
            self.abandon(record).await;
            if !discarded.is_empty() {
                // Whoever goes on knows nothing of what was minted. If this cannot be written either, nobody does.
                let _ = self.ports.store.append(event).await;
            }
            return Ok(());
        }
        let store = &self.ports.store;
        match store.fail(&record.reference(), event.clone()).await {
            Ok(true) => {}
            // Someone else said so first, who knows nothing of what was minted.
            Ok(false) if !discarded.is_empty() => store.append(event).await?,
            Ok(false) => {}
            Err(error) => {
                self.abandon(record).await;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Gives up a pending record, so that it need not wait for its deadline. If that cannot be written either, it does.
    async fn abandon(&self, record: &Record) {
        let _ = self.ports.store.abandon(&record.reference()).await;
    }

    /// Removes a record's object, if it has or may have one.
    pub(super) async fn remove(&self, record: &Record) -> Result<(), ClusterError> {
        if self.has_no_object(record) {
            return Ok(());
        }
        self.ports
            .clusters
            .remove(&record.cluster, &object_of(record))
            .await
    }
}

/// What a new kubeconfig's caller is told.
fn issued(record: Record) -> Issued {
    Issued {
        record,
        status: Status::Active,
        replayed: false,
    }
}

fn too_long() -> ClusterError {
    ClusterError::Unreachable("the cluster took too long".into())
}

/// The object that stands for a record.
pub(super) fn object_of(record: &Record) -> ObjectRef {
    ObjectRef {
        role: record.role.clone(),
        id: record.id.clone(),
        uid: record.uid,
        object_uid: record.object_uid.clone(),
    }
}
