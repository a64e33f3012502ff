//! Revoking kubeconfigs.

use kubeconfig_types::{KubeconfigId, KubeconfigRevocationReport, KubeconfigRevocationRequest};
use reqwest::StatusCode;

use crate::cluster::here;
use crate::{Cluster, Failure, reason, reasons};

/// How a revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// The server has confirmed that the credential is gone from the cluster.
    Confirmed,
    /// There is no such kubeconfig (404), but an earlier try of this call failed in a way that it may have revoked it: the server
    /// goes on by itself with what was begun. Whether there was one is not known.
    NotThere,
}

impl Cluster {
    /// Revokes one kubeconfig (`revokeKubeconfig`). After `Ok` it does not exist any more.
    ///
    /// # Errors
    /// As [`Cluster::get`]; 404 only if no earlier try of this call may have begun it. After a failure that may have come later
    /// than the beginning, the server goes on by itself: the kubeconfig is then `revoking`, which `get` tells, and cannot be
    /// downloaded.
    pub async fn revoke(&self, id: &KubeconfigId) -> Result<Revoked, Failure> {
        let request = here!(self.revoke_kubeconfig).id(id.clone());
        let mut tries = self.retry.tries();
        let mut begun = false;
        loop {
            let failure = match self.send(request.clone().send()).await {
                Ok(_) => return Ok(Revoked::Confirmed),
                Err(failure) => failure,
            };
            // Not any 404: a page of whatever stands before the server says nothing of the kubeconfig.
            if begun && reason(&failure) == Some(reasons::NO_SUCH_KUBECONFIG) {
                return Ok(Revoked::NotThere);
            }
            begun |= may_have_begun(&failure);
            tries.again(failure).await?;
        }
    }

    /// Revokes all kubeconfigs that match (`revokeKubeconfigs`); the caller must be permitted to revoke anyone's. It asks again
    /// while the answer is not `complete`, for as long as [`crate::Retry`] says. The report adds up all requests: what is
    /// `unconfirmed` stays `revoking`, and the server goes on by itself.
    ///
    /// Each request takes what exists at its time. Set `issued_before` if what is issued meanwhile must stay.
    ///
    /// # Errors
    /// As [`Cluster::issue`]; 400 if nothing is named, and 403. What was begun before the failure goes on.
    pub async fn revoke_all(
        &self,
        which: KubeconfigRevocationRequest,
    ) -> Result<KubeconfigRevocationReport, Failure> {
        let request = here!(self.revoke_kubeconfigs).body(which);
        let mut tries = self.retry.tries();
        let mut gone = 0_i32;
        loop {
            let answer = match self.send(request.clone().send()).await {
                Ok(answer) => answer,
                Err(failure) => {
                    tries.again(failure).await?;
                    continue;
                }
            };
            let last = answer.into_inner();
            if last.complete || !tries.wait(None).await {
                return Ok(together(gone, last));
            }
            gone = gone.saturating_add(last.revoked.get());
        }
    }
}

/// Whether a failure may have come after the revocation was begun: not where the request was never sent, or not let in.
fn may_have_begun(failure: &Failure) -> bool {
    let unsent = matches!(failure, Failure::CommunicationError(error) if error.is_connect());
    let refused = failure.status() == Some(StatusCode::TOO_MANY_REQUESTS)
        || matches!(
            reason(failure),
            Some(reasons::OVERLOADED | reasons::AUTHENTICATION_UNAVAILABLE)
        );
    !unsent && !refused
}

/// What is not gone is matched by the next request again, so only what is gone adds up.
fn together(gone: i32, last: KubeconfigRevocationReport) -> KubeconfigRevocationReport {
    let sum = |number: i32| gone.saturating_add(number);
    // Neither is below its bound, 0.
    let matched = sum(last.matched.get()).try_into().unwrap_or(last.matched);
    let revoked = sum(last.revoked.get()).try_into().unwrap_or(last.revoked);
    KubeconfigRevocationReport {
        matched,
        revoked,
        ..last
    }
}
