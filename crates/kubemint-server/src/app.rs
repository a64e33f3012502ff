//! What every request meets: the service, who is calling, and what is counted.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use kubemint::audit::Kind;
use kubemint::{Context, Kubemint};
use kubemint_authn::{Authn, AuthnError};
use openapi_runtime::{Authenticator, Fault, Refusal, RequestHead};

use crate::attempt::Attempt;
use crate::edge::Pager;
use crate::guard::{self, Seal};
use crate::metrics::Metrics;
use crate::shares::{Place, Shares};

/// Seconds after which a caller may try again when an issuer's keys cannot be had.
const RETRY_ISSUER: u32 = 5;

/// Operations that deliver and end nothing: a token's signature will do. For all others its issuer is asked besides, where it
/// is configured to be asked.
const READING: [&str; 2] = ["listKubeconfigs", "getKubeconfig"];

/// A caller who has a place among those that are served.
pub struct Admitted {
    attempt: Attempt,
    place: Place,
}

/// A request's circumstances, and its caller's place, which is free again with them.
pub(crate) struct Served {
    attempt: Attempt,
    _place: Place,
}

impl Deref for Served {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.attempt.context
    }
}

/// The context of every request.
pub struct App {
    /// The domain.
    pub(crate) service: Arc<Kubemint>,
    /// Page tokens.
    pub(crate) pager: Pager,
    /// Who is calling.
    pub(crate) authn: Arc<Authn>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// The mark of requests that came through the guard.
    pub(crate) seal: Seal,
    /// What each caller may take.
    pub(crate) shares: Arc<Shares>,
}

impl App {
    /// A request's circumstances, as the domain knows them, for as long as it is served.
    pub(crate) fn context(admitted: Admitted) -> Served {
        let Admitted { attempt, place } = admitted;
        Served {
            attempt,
            _place: place,
        }
    }
}

fn refusal(error: AuthnError) -> Refusal {
    match error {
        AuthnError::Refused(reason) => Refusal::Unauthorized {
            internal: reason.to_string(),
        },
        AuthnError::Unavailable(_) | AuthnError::Unasked(_) => Refusal::Unavailable {
            retry_after: RETRY_ISSUER,
            internal: error.to_string(),
        },
    }
}

impl Authenticator for App {
    type Caller = Admitted;

    async fn authenticate(&self, request: &RequestHead<'_>) -> Result<Admitted, Refusal> {
        let headers = request.info.headers();
        let network = guard::peer_network(headers).filter(|_| self.seal.is_on(headers));
        let Some(network) = network else {
            return Err(Refusal::Unauthorized {
                internal: "the request did not come through the guard".to_owned(),
            });
        };
        let caller = self.authn.authenticate_from(request.bearer, network);
        let caller = caller.await.map_err(refusal)?;
        // First the share, so that no flood of a caller's reaches the issuer.
        let now = self.service.ports().clock.now();
        let request_id = guard::request_id(headers);
        let request_id = request_id.unwrap_or(request.request_id).to_owned();
        let place = self.shares.admit(&caller, &request_id, now)?;
        if !READING.contains(&request.operation) {
            let confirmed = self.authn.confirm(request.bearer, &caller).await;
            confirmed.map_err(refusal)?;
        }
        let attempt = Attempt::new(&self.service, request, caller, request_id);
        Ok(Admitted { attempt, place })
    }

    /// One audit row for every authenticated attempt: also for one that the contract refuses before a handler runs.
    async fn refused(
        &self,
        admitted: &Admitted,
        request: &RequestHead<'_>,
        status: u16,
        fault: &Fault,
    ) {
        let kind = match request.operation {
            "issueKubeconfig" => Kind::IssueRefused,
            "listKubeconfigs" => Kind::ListRefused,
            "revokeKubeconfig" => Kind::RevokeRefused,
            "revokeKubeconfigs" => Kind::BulkRevokeRefused,
            "downloadKubeconfig" | "getKubeconfigFile" => Kind::DownloadRefused,
            _ => Kind::ReadRefused,
        };
        let reason = fault
            .details
            .first()
            .map_or("malformed", |detail| detail.reason.as_ref());
        let event = admitted.attempt.event(kind);
        let event = event.with("status", status).with("reason", reason);
        // Nothing was done, so a lost row hides nothing; the store's own health is told by /readyz.
        let _ = self.service.ports().store.append(event).await;
    }

    fn answered(&self, operation: &'static str, status: u16, elapsed: Duration) {
        self.metrics.answered(operation, status, elapsed);
    }

    fn panicked(&self, _operation: &'static str) {
        self.metrics.panicked();
    }
}
