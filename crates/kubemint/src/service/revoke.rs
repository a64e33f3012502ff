//! Revoke a kubeconfig: end it, and say so only when the cluster has confirmed it.

use super::{Context, Kubemint};
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::policy::Action;

impl Kubemint {
    /// Revokes a kubeconfig. Once this returns `Ok`, its object is gone from the cluster, and with it every credential
    /// that was delivered for it (within the API server's authentication cache of 10 s).
    ///
    /// # Errors
    /// [`Error::NoSuchKubeconfig`], [`Error::NotPermitted`]. After [`Error::Cluster`] and [`Error::Irrevocable`] it stays
    /// revoking, and the reconciler goes on.
    pub async fn revoke(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<(), Error> {
        let (record, _, decision) = self
            .permitted(ctx, key, id, Action::Revoke, Kind::RevokeRefused)
            .await?;
        let reference = record.reference();
        let event = Event {
            decision: Some(decision),
            ..self.record_event(ctx, Kind::RevokeRequested, &record)
        };
        if !self.ports.store.begin_revoke(&reference, event).await? {
            // Someone else was faster: it is revoked, confirmed.
            let event = self.record_event(ctx, Kind::RevokeRefused, &record);
            return Err(self.refuse(event, None, Error::NoSuchKubeconfig).await);
        }
        match self.end_one(ctx, &record).await {
            Err(error @ (Error::Cluster(_) | Error::Irrevocable { .. })) => {
                let event = self.record_event(ctx, Kind::RevokeFailed, &record);
                Err(self.refuse(event, None, error).await)
            }
            ended => ended,
        }
    }
}
