//! Kubeconfigs that are client certificates: there is no object in the cluster, and nothing but time ends them.

use chrono::{SubsecRound, TimeDelta};

use super::Kubemint;
use crate::cluster::{ClusterKey, CredentialKind};
use crate::error::Error;
use crate::ports::{ClusterError, Grant};
use crate::record::{CERTIFICATE, Record};

impl Kubemint {
    /// Whether a cluster's kubeconfigs are client certificates now.
    pub(super) fn certifies(&self, key: &ClusterKey) -> bool {
        self.ports
            .clusters
            .profile(key)
            .is_some_and(|profile| profile.kind == CredentialKind::Certificate)
    }

    /// Whether a record certainly has no object in its cluster. One that is pending was never delivered: if the cluster
    /// was configured otherwise when it was begun, what is left of it is swept when it is so configured again.
    pub(super) fn has_no_object(&self, record: &Record) -> bool {
        record.is_certificate() || (record.object_uid.is_none() && self.certifies(&record.cluster))
    }

    /// Signs a first certificate, which is thrown away: what it says is granted.
    pub(super) async fn certify_first(&self, record: &Record) -> Result<Grant, ClusterError> {
        // Certificates have whole seconds.
        let now = self.ports.clock.now();
        let until = now.trunc_subsecs(0) + TimeDelta::seconds(i64::from(record.ttl));
        let credential = self.ports.clusters.certify(record, now, until).await?;
        Ok(Grant {
            expires_at: credential.expires_at,
            object_uid: CERTIFICATE.to_owned(),
            jti: credential.jti,
        })
    }

    /// Refuses to say that a certificate is revoked as long as it is valid.
    pub(super) fn wait_for_the_end(&self, record: &Record) -> Result<(), Error> {
        let now = self.ports.clock.now();
        match record.expires_at {
            Some(until) if record.is_certificate() && until > now => {
                let millis = (until - now).num_milliseconds();
                let seconds = u32::try_from(millis / 1000 + 1).unwrap_or(u32::MAX);
                Err(Error::Irrevocable { until, seconds })
            }
            _ => Ok(()),
        }
    }
}
