//! Download a kubeconfig: mint a fresh credential that ends when the kubeconfig does.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::discarded::Discarded;
use super::issue::object_of;
use super::{Context, KUBERNETES_FLOOR, Kubemint};
use crate::audit::{Event, Kind};
use crate::cluster::{ClusterKey, ClusterProfile};
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::policy::{Action, Decision};
use crate::ports::{ClusterError, Credential, Secret};
use crate::record::{Record, State, Status};

/// How much earlier than the kubeconfig a delivered credential may end, in seconds.
const SLACK: i64 = 5;

/// How often a credential that ends at the wrong time is thrown away and minted again.
const TRIES: u32 = 3;

/// What goes into a kubeconfig file.
#[derive(Debug)]
pub struct Delivery {
    /// The kubeconfig's record.
    pub record: Record,
    /// The cluster.
    pub profile: Arc<ClusterProfile>,
    /// What it authenticates with.
    pub secret: Secret,
    /// When the kubeconfig ends.
    pub expires_at: DateTime<Utc>,
}

impl Kubemint {
    /// Mints a credential for a kubeconfig that the caller may download. It is audited before and after.
    ///
    /// # Errors
    /// [`Error::NoSuchKubeconfig`], [`Error::NotPermitted`], [`Error::Expired`], [`Error::Ending`],
    /// [`Error::Revoking`], [`Error::Cluster`], [`Error::Store`].
    pub async fn download(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Delivery, Error> {
        let (record, profile, decision) = self
            .permitted(ctx, key, id, Action::Download, Kind::DownloadRefused)
            .await?;
        let now = self.ports.clock.now();
        let expires_at = match (record.status(now), record.expires_at) {
            (Some(Status::Active), Some(end)) if (end - now).num_seconds() >= 1 => end,
            (Some(Status::Revoking), _) => {
                return Err(self
                    .not_deliverable(ctx, &record, decision, Error::Revoking)
                    .await);
            }
            (Some(Status::Active), _) => {
                return Err(self
                    .not_deliverable(ctx, &record, decision, Error::Ending)
                    .await);
            }
            _ => {
                return Err(self
                    .not_deliverable(ctx, &record, decision, Error::Expired)
                    .await);
            }
        };
        let event = Event {
            decision: Some(decision),
            ..self.record_event(ctx, Kind::DownloadRequested, &record)
        };
        self.ports.store.append(event).await?;
        let mut discarded = Discarded::default();
        let minted = if record.is_certificate() {
            self.ports.clusters.certify(&record, now, expires_at).await
        } else {
            self.mint_until(&record, expires_at, &mut discarded).await
        };
        let credential = match minted {
            Ok(credential) => credential,
            Err(error) => return Err(self.not_minted(ctx, &record, error, &discarded).await),
        };
        if self.ports.clock.now() >= expires_at {
            // It took so long that its time is over; what was minted ends with the object.
            discarded.add(credential.jti);
            let error = Error::Expired;
            return Err(self.not_delivered(ctx, &record, error, &discarded).await);
        }
        let event = discarded
            .told(self.record_event(ctx, Kind::Downloaded, &record))
            .with("jti", credential.jti.clone())
            .with("exp", credential.expires_at.to_rfc3339());
        let reference = record.reference();
        let jti = credential.jti.as_deref();
        if !self
            .ports
            .store
            .add_credential(&reference, jti, credential.expires_at, event)
            .await?
        {
            // Revoked or ended meanwhile: its object, and with it this credential, is or will be gone.
            let error = if self.is_ending(&record) {
                self.over(&record)
            } else {
                self.what_became_of(&record).await?
            };
            discarded.add(credential.jti);
            return Err(self.not_delivered(ctx, &record, error, &discarded).await);
        }
        // The cluster grants less than it did, or a certificate's authority was changed for one that ends earlier: less is told.
        let early = (expires_at - credential.expires_at).num_seconds();
        let expires_at = if record.is_certificate() || early > SLACK {
            expires_at.min(credential.expires_at)
        } else {
            expires_at
        };
        Ok(Delivery {
            record,
            profile,
            secret: credential.secret,
            expires_at,
        })
    }

    /// Why nothing is delivered any more for a record that ends now: what it is called wherever it is read.
    fn over(&self, record: &Record) -> Error {
        match record.status(self.ports.clock.now()) {
            Some(Status::Active) => Error::Ending,
            _ => Error::Expired,
        }
    }

    /// Policy permits it, and the record's state does not.
    async fn not_deliverable(
        &self,
        ctx: &Context,
        record: &Record,
        decision: Decision,
        error: Error,
    ) -> Error {
        let event = self.record_event(ctx, Kind::DownloadRefused, record);
        self.refuse(event, Some(decision), error).await
    }

    async fn not_delivered(
        &self,
        ctx: &Context,
        record: &Record,
        error: Error,
        discarded: &Discarded,
    ) -> Error {
        let event = self.record_event(ctx, Kind::DownloadRefused, record);
        self.refuse(discarded.told(event), None, error).await
    }

    async fn not_minted(
        &self,
        ctx: &Context,
        record: &Record,
        error: ClusterError,
        discarded: &Discarded,
    ) -> Error {
        if matches!(error, ClusterError::Missing) && self.is_ending(record) {
            // The reconciler was faster. It is expired, or nearly so, and not lost.
            let over = self.over(record);
            return self.not_delivered(ctx, record, over, discarded).await;
        }
        let error = if matches!(error, ClusterError::Missing) {
            match self.missing(ctx, record).await {
                Ok(gone) => return self.not_delivered(ctx, record, gone, discarded).await,
                Err(error) => error,
            }
        } else {
            Error::Cluster(error)
        };
        let event = self.record_event(ctx, Kind::DownloadFailed, record);
        self.refuse(discarded.told(event), None, error).await
    }

    /// What a kubeconfig is whose object was not there: gone, whoever removed it, if the cluster is the one where it was made,
    /// and says so again. A revocation or an end that is under way was first.
    async fn missing(&self, ctx: &Context, record: &Record) -> Result<Error, Error> {
        let (clusters, store) = (&self.ports.clusters, &self.ports.store);
        let gone = clusters.is_gone(&record.cluster, &object_of(record)).await;
        if !gone.map_err(Error::Cluster)? {
            return Err(Error::Cluster(ClusterError::Misbehaving(
                "the object was not there, and it is not certain that it is gone".into(),
            )));
        }
        let event = self.record_event(ctx, Kind::ObjectMissing, record);
        if store.lose(&record.reference(), event).await? {
            return Ok(Error::NoSuchKubeconfig);
        }
        self.what_became_of(record).await
    }

    /// What a kubeconfig is that was active a moment ago.
    async fn what_became_of(&self, record: &Record) -> Result<Error, Error> {
        let now = self.ports.store.find(&record.cluster, &record.id).await?;
        let now = now.filter(|now| now.uid == record.uid);
        Ok(match now.map(|now| now.state) {
            Some(State::Revoking) => Error::Revoking,
            Some(State::Expired) => Error::Expired,
            _ => Error::NoSuchKubeconfig,
        })
    }

    /// A credential that ends with the kubeconfig, or within [`SLACK`] before it. The cluster's clock may differ from
    /// ours, or tick between: the first try shows by how much. With less than Kubernetes' floor left, a longer one is
    /// taken: the removal of the object ends it.
    async fn mint_until(
        &self,
        record: &Record,
        end: DateTime<Utc>,
        discarded: &mut Discarded,
    ) -> Result<Credential, ClusterError> {
        let object = object_of(record);
        let floor = i64::from(KUBERNETES_FLOOR);
        let mut seconds = end.timestamp() - self.ports.clock.now().timestamp();
        for tried in 1..=TRIES {
            let asked = u32::try_from(seconds.max(floor)).unwrap_or(u32::MAX);
            let credential = self
                .ports
                .clusters
                .mint(&record.cluster, &object, asked)
                .await?;
            let early = (end - credential.expires_at).num_seconds();
            let in_time = early >= 0;
            let at_the_floor = !in_time && i64::from(asked) <= floor;
            // A cluster that grants less than it is asked grants no more when it is asked again.
            let granted = (credential.expires_at - credential.issued_at).num_seconds();
            let enough = tried == TRIES || granted < i64::from(asked);
            if (0..=SLACK).contains(&early) || at_the_floor || (in_time && enough) {
                return Ok(credential);
            }
            discarded.add(credential.jti);
            // The last try aims for the middle of the slack, so that one more tick does not matter.
            let margin = if tried + 1 == TRIES { SLACK / 2 } else { 0 };
            seconds = i64::from(asked) + early - margin;
        }
        Err(ClusterError::Misbehaving(
            "it grants longer than it is asked".into(),
        ))
    }
}
