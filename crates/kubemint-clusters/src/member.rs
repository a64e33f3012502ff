//! One cluster of the fleet: its connection, its bulkhead, and the one way in which calls are made.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use kubemint::ports::{ClusterError, Landmark};
use slog::{Logger, error, info};
use tokio::sync::{AcquireError, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::answer::Answer;
use crate::authority::Authority;
use crate::clock::Clock;
use crate::config::{ClusterConfig, role_namespace};
use crate::connection::{Connection, Lease};
use crate::failure;
use crate::health;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::observe::Observer;
use crate::refusals::Refusals;

/// How often a call is tried at most.
const ATTEMPTS: u32 = 3;

/// The pause before the first repetition; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that a cluster may ask to wait within a call; whoever asks for longer is busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a call may be made again after it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is the same as doing it once.
    Harmless,
    /// Only when the cluster certainly did not do it.
    IfNotDone,
}

/// One cluster.
pub(crate) struct Member {
    pub(crate) config: Arc<ClusterConfig>,
    pub(crate) limits: Limits,
    pub(crate) log: Logger,
    pub(crate) connection: Connection,
    /// What signs client certificates, where kubeconfigs are such.
    pub(crate) authority: Option<Authority>,
    pub(crate) clock: Clock,
    pub(crate) identity: Identity,
    pub(crate) health: health::Known,
    /// What it refused of late, whatever its health is otherwise.
    pub(crate) refusals: Refusals,
    /// When the log was last told that it grants less than it is asked for.
    pub(crate) short: Mutex<Option<Instant>>,
    /// By what a store knows it, where that was asked for by one who serves nothing.
    pub(crate) noted: Option<Vec<Landmark>>,
    pub(crate) bulkhead: Semaphore,
    /// As much of it as may be taken by what makes credentials: the rest is for what ends them, however much is asked for.
    pub(crate) making: Semaphore,
}

/// What makes credentials.
const MAKING: [&str; 2] = ["create", "mint"];

impl Member {
    /// Does `work` for a role within the bulkhead and before the deadline, and tells the observer. An error says what was
    /// done, and where.
    pub(crate) async fn operation<T>(
        &self,
        name: &'static str,
        role: &str,
        observer: &dyn Observer,
        within: Duration,
        work: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        let began = Instant::now();
        let places = async {
            let making = match MAKING.contains(&name) {
                true => Some(self.making.acquire().await),
                false => None,
            };
            Ok::<_, AcquireError>((making.transpose()?, self.bulkhead.acquire().await?))
        };
        let result = match timeout(self.limits.queue.min(within), places).await {
            Ok(Ok(_places)) => match timeout_at(began + within, work).await {
                Ok(result) => result,
                Err(_) => Err(failure::unreachable("it did not answer in time")),
            },
            Ok(Err(_)) | Err(_) => Err(failure::busy("too many calls to it are under way")),
        };
        // A client certificate has no namespace.
        let namespace =
            (self.authority.is_none() || name != "certify").then(|| role_namespace(role));
        // Of the credential the probe knows by itself, and when it is mended.
        let of_the_credential = (result.as_ref()).is_err_and(failure::is_of_the_credential);
        let act = if name == "objects" { "list" } else { name };
        let result = result.map_err(|error| failure::during(error, act, namespace.as_deref()));
        // Where certificates are signed the rest is of before, and a role that is not configured any more needs no rights.
        let counts = self.authority.is_none() && self.config.roles.contains_key(role);
        if counts && !of_the_credential {
            self.refusals.note(role, name, &result, Instant::now());
        }
        let outcome = result.as_ref().err().map_or("ok", failure::outcome);
        observer.call(
            &self.config.key,
            name,
            outcome,
            began.elapsed().as_secs_f64(),
        );
        result
    }

    /// Makes a call and reads its answer, of at most `largest` bytes, whatever its status. It is repeated a few times
    /// where that may help and does no harm; the deadline is the caller's.
    pub(crate) async fn call(
        &self,
        request: &Request<Vec<u8>>,
        repeat: Repeat,
        largest: usize,
    ) -> Result<Answer, ClusterError> {
        if self.config.credential.is_none() {
            return Err(failure::refused(
                "the configuration has no credential of the service for this cluster",
            ));
        }
        let mut lease = self.connection.lease().await?;
        let mut renewed = false;
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let result = self.once(&lease, request, largest).await;
            let wait = match &result {
                // A refused call was not done. The credential may have been renewed a moment ago.
                Ok(answer) if answer.status == StatusCode::UNAUTHORIZED && !renewed => {
                    renewed = true;
                    match self.connection.renewed(&lease).await {
                        Some(fresh) => {
                            lease = fresh;
                            continue;
                        }
                        None => return result,
                    }
                }
                // Neither was one that came too often.
                Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => {
                    answer.retry_after.unwrap_or(pause)
                }
                Ok(answer) if answer.status.is_server_error() && repeat == Repeat::Harmless => {
                    answer.retry_after.unwrap_or(pause)
                }
                Err(ClusterError::Unreachable(_)) if repeat == Repeat::Harmless => pause,
                _ => return result,
            };
            if attempt == ATTEMPTS || wait > PATIENCE {
                return result;
            }
            sleep(wait).await;
            attempt += 1;
            pause *= 2;
        }
    }

    /// One exchange. Redirects are answers like others: the client follows none.
    pub(crate) async fn once(
        &self,
        lease: &Lease,
        request: &Request<Vec<u8>>,
        largest: usize,
    ) -> Result<Answer, ClusterError> {
        let mut request = request.clone().map(Body::from);
        if let Some(authorization) = &lease.authorization {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let answer = lease
            .client
            .send(request)
            .await
            .map_err(|error| failure::of_transport(&error))?;
        let (head, body) = answer.into_parts();
        match self.clock.saw(&head.headers, Utc::now(), Instant::now()) {
            Some(skew) if skew.matters() => {
                error!(self.log, "{}", skew; "cluster" => %self.config.key, "seconds" => skew.0);
            }
            Some(_) => {
                info!(self.log, "its clock and this machine's agree again"; "cluster" => %self.config.key);
            }
            None => {}
        }
        let body = Limited::new(body, largest)
            .collect()
            .await
            .map_err(|error| failure::of_transport(error.as_ref()))?
            .to_bytes();
        let answer = Answer::new(head.status, &head.headers, body);
        Ok(answer)
    }
}
