//! The end of kubeconfigs.

use kubeconfig_types::{KubeconfigId, KubeconfigRevocationReport, KubeconfigRevocationRequest};
use reqwest::StatusCode;

use crate::cluster::here;
use crate::{Cluster, Failure, reason, reasons};

/// How a revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// The server has confirmed it: the credential is gone from the cluster.
    Confirmed,
    /// There is no such kubeconfig (404), and an earlier try of this call failed so that it may have ended it: the server goes on
    /// by itself with what was begun. What is not told is whether there was one.
    NotThere,
}

impl Cluster {
    /// Ends one (`revokeKubeconfig`). When this returns `Ok` it is not there any more.
    ///
    /// # Errors
    /// As [`Cluster::get`], 404 among them as long as no earlier try of this call may have begun it. After any other failure that
    /// may have come later than its begin, the server goes on by itself: the kubeconfig is `revoking` then, which `get` tells, and delivers nothing.
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

    /// Ends all that have what is named (`revokeKubeconfigs`), for who may revoke anyone's. It asks again while the answer is that
    /// not all of them were begun with (`complete`), as long as [`crate::Retry`] has it. The report is of all the requests
    /// together: what is `unconfirmed` stays `revoking`, and the server goes on by itself.
    ///
    /// Each request takes what there is at its time. Name `issued_before` if what is issued meanwhile is to stay.
    ///
    /// # Errors
    /// As [`Cluster::issue`]: 400 where nothing is named, and 403. What was begun before the failure stays begun.
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
