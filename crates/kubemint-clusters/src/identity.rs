//! Whether a cluster is the one that it was. Its address may come to lead elsewhere: by a slip in the configuration, by
//! a change of DNS or of a load balancer, to a cluster that was built anew. What it says is gone may then be alive where
//! it was made, so nothing that it says is believed.
//!
//! A cluster is known again by the UIDs that it gave to the namespaces of the roles, which the service may read anyway.
//! They are noted in the store when they are first seen. One that is as it was says that the cluster is; then others may
//! have been made anew, and are noted anew. When none is as it was, it is another cluster.

use std::sync::{Arc, Mutex as Cell, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kubemint::ports::{ClusterError, Landmark, Store, StoreError};
use slog::{error, info, warn};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::collection::ONE;
use crate::config::role_namespace;
use crate::failure;
use crate::member::{Member, Repeat};

/// How long an answer is believed. What does not depend on it asks anew.
const LASTING: Duration = Duration::from_secs(10);

/// How long the store may take to say what is noted. It has less time than a probe, whose answer is of the cluster.
const REMEMBERING: Duration = Duration::from_secs(2);

/// What is known of a cluster's identity.
#[derive(Default)]
pub(crate) struct Identity {
    /// Where it is remembered; `None`: nowhere, and every cluster is the right one.
    pub(crate) memory: Option<Arc<dyn Store>>,
    /// What came out last, and when.
    last: Cell<Option<(Instant, Verdict)>>,
    /// Held while it is found out, so that one asks and the others go by what is known.
    asking: Mutex<()>,
}

/// What came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is the one that it was, or the first that was met.
    Same,
    /// It says nothing that it could be known by.
    Unknown,
    /// It is another one.
    Another,
}

/// What a namespace says.
pub(crate) enum Sight {
    Uid(String),
    Absent,
    /// It cannot be read, for this reason.
    Unreadable(String),
}

impl Identity {
    fn last(&self) -> Option<(Instant, Verdict)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what came out; whether it is news.
    fn set(&self, verdict: Verdict) -> Option<Verdict> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace((Instant::now(), verdict));
        before.map(|(_, verdict)| verdict)
    }
}

impl Member {
    /// Makes sure that the cluster is the one that it was, as of a few seconds ago; `role` is the one that is worked with.
    ///
    /// # Errors
    /// [`ClusterError::Another`], and [`ClusterError::Busy`] when it cannot be looked up.
    pub(crate) async fn recognise(&self, role: &str) -> Result<(), ClusterError> {
        let identity = &self.identity;
        if identity.memory.is_none() {
            return Ok(());
        }
        let verdict = match identity.last() {
            Some((when, verdict)) if when.elapsed() < LASTING => verdict,
            Some((_, verdict)) => match identity.asking.try_lock() {
                Ok(_only) => self.find_out(role).await?.0,
                Err(_) => verdict,
            },
            // Nothing is known to go by, and one that asks in vain must hold up nobody else.
            None => self.find_out(role).await?.0,
        };
        verdict.judged()
    }

    /// The same, as of a moment that was a moment ago. Of many that ask at once a few call.
    pub(crate) async fn recognise_since(
        &self,
        role: &str,
        moment: Instant,
    ) -> Result<(), ClusterError> {
        if self.identity.memory.is_none() {
            return Ok(());
        }
        let _only = self.identity.asking.lock().await;
        match self.identity.last() {
            Some((when, verdict)) if when >= moment => verdict.judged(),
            _ => self.find_out(role).await?.0.judged(),
        }
    }

    /// The same, as of now; and whether the namespace of `role` is known to be the one where its objects were made, or
    /// has been made anew in the same cluster.
    pub(crate) async fn recognise_now(&self, role: &str) -> Result<bool, ClusterError> {
        if self.identity.memory.is_none() {
            return Ok(true);
        }
        let _only = self.identity.asking.lock().await;
        // A sweep has more time than that, and others wait for what comes out.
        let found_out = timeout(self.limits.deadline, self.find_out(role)).await;
        let in_vain = |_| failure::unreachable("it did not answer in time");
        let (verdict, certain) = found_out.map_err(in_vain)??;
        verdict.judged()?;
        Ok(certain)
    }

    async fn find_out(&self, role: &str) -> Result<(Verdict, bool), ClusterError> {
        let Some(memory) = &self.identity.memory else {
            return Ok((Verdict::Same, true));
        };
        let key = &self.config.key;
        let noted = remembered(memory.landmarks(key)).await?;
        let namespace = role_namespace(role);
        let here = self.sight(&namespace).await?;
        let known = noted.iter().find(|noted| noted.namespace == namespace);
        let as_it_was =
            |noted: &Landmark, sight: &Sight| matches!(sight, Sight::Uid(uid) if *uid == noted.uid);
        if known.is_some_and(|known| as_it_was(known, &here)) {
            return Ok((self.found(Verdict::Same, None), true));
        }
        // By another namespace: this one may be new, made anew or taken away.
        let mut same = noted.is_empty() && matches!(here, Sight::Uid(_));
        let mut differs = known.is_some() && !matches!(here, Sight::Unreadable(_));
        let mut unread = here.unread();
        for other in noted.iter().filter(|other| other.namespace != namespace) {
            let sight = self.sight(&other.namespace).await?;
            same |= as_it_was(other, &sight);
            differs |= !as_it_was(other, &sight) && !matches!(sight, Sight::Unreadable(_));
            unread = unread.or(sight.unread());
            if same {
                break;
            }
        }
        if !same {
            let verdict = if differs {
                Verdict::Another
            } else {
                Verdict::Unknown
            };
            return Ok((self.found(verdict, unread.as_deref()), false));
        }
        if let Sight::Uid(uid) = here {
            if known.is_some() {
                warn!(self.log, "a namespace was made anew"; "cluster" => %key, "namespace" => &namespace);
            }
            let landmark = Landmark { namespace, uid };
            remembered(memory.note_landmark(key, &landmark)).await?;
            return Ok((self.found(Verdict::Same, None), true));
        }
        // Nothing can be in a namespace that is gone; in one that cannot be read there may be.
        Ok((
            self.found(Verdict::Same, None),
            matches!(here, Sight::Absent),
        ))
    }

    pub(crate) async fn sight(&self, namespace: &str) -> Result<Sight, ClusterError> {
        let request = http::Request::get(format!("/api/v1/namespaces/{namespace}"))
            .body(Vec::new())
            .map_err(|_| failure::misbehaving("the request cannot be built"))?;
        let answer = self.call(&request, Repeat::Harmless, ONE).await?;
        if answer.says_absent("namespaces", namespace) {
            return Ok(Sight::Absent);
        }
        if answer.status != http::StatusCode::OK {
            return Ok(Sight::Unreadable(failure::detail(&answer.error())));
        }
        let metadata = answer
            .json::<Namespace>()
            .map(|namespace| namespace.metadata);
        let uid = metadata.ok().and_then(|metadata| {
            let named = metadata.name.as_deref() == Some(namespace);
            metadata.uid.filter(|uid| named && !uid.is_empty())
        });
        let unfit = || Sight::Unreadable("its answer is not that namespace with a UID".to_owned());
        Ok(uid.map_or_else(unfit, Sight::Uid))
    }

    /// Notes what came out, and tells the log when it is news.
    fn found(&self, verdict: Verdict, unread: Option<&str>) -> Verdict {
        let before = self.identity.set(verdict);
        let key = &self.config.key;
        match verdict {
            Verdict::Another if before != Some(verdict) => {
                error!(self.log, "the cluster is OUT OF ORDER: {}", ANOTHER; "cluster" => %key);
            }
            Verdict::Same if before == Some(Verdict::Another) => {
                info!(self.log, "it is the same cluster again"; "cluster" => %key);
            }
            Verdict::Unknown if before != Some(verdict) => {
                warn!(self.log, "the namespaces of the roles cannot be read, so that the cluster is not known again; objects that \
                    are missing are not believed to be gone"; "cluster" => %key, "reason" => unread);
            }
            _ => {}
        }
        verdict
    }
}

impl Sight {
    /// Why it cannot be read, if so.
    fn unread(&self) -> Option<String> {
        match self {
            Self::Unreadable(reason) => Some(reason.clone()),
            Self::Uid(_) | Self::Absent => None,
        }
    }
}

/// What the store answers, if it does so before the cluster is waited for in vain.
async fn remembered<T>(
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ClusterError> {
    match timeout(REMEMBERING, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(ClusterError::Busy(Box::new(failure::Forgetful))),
    }
}

/// What is wrong, and how it is mended.
pub(crate) const ANOTHER: &str = "behind api_url is another cluster than before; set it right, or, if the cluster was built anew, or the \
     namespaces of all its roles were, run `kubemint-server accept-cluster`";

impl Verdict {
    fn judged(self) -> Result<(), ClusterError> {
        match self {
            Verdict::Same | Verdict::Unknown => Ok(()),
            Verdict::Another => Err(ClusterError::Another(Box::new(failure::Detail(
                ANOTHER.into(),
            )))),
        }
    }
}
