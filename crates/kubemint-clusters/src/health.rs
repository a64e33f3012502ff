//! Whether a cluster serves: asked seldom, for display.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use kubemint::ports::ClusterError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::failure;
use crate::member::{Member, Repeat};
use crate::observe::Observer;

/// How long the answer may take.
const PROMPT: Duration = Duration::from_secs(3);

/// How a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It accepts the service's credential, and calls itself ready. It may refuse what a role needs all the same:
    /// [`Fleet::refused`](crate::Fleet::refused) tells that.
    Ready,
    /// It is not of use now.
    Sick {
        /// `unreachable`, `refused`, `busy`, `misbehaving`, `another`, `unsigned`, or `not known again`.
        class: &'static str,
        /// More words on it.
        detail: String,
    },
}

/// The class of a cluster that answers, while the store does not say which it was.
const UNRECOGNISED: &str = "not known again";

impl Health {
    /// Whether it is the store that is not well, and nothing is known against the cluster.
    #[must_use]
    pub fn is_of_the_store(&self) -> bool {
        matches!(self, Health::Sick { class, .. } if *class == UNRECOGNISED)
    }
}

/// What was found last, and when.
#[derive(Default)]
pub(crate) struct Known {
    /// Held while the cluster is asked.
    asking: Mutex<()>,
    latest: RwLock<Option<(Instant, Health)>>,
}

impl Known {
    /// What was found last, if it is not older than this.
    pub(crate) fn within(&self, age: Duration) -> Option<Health> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let (when, health) = latest.as_ref()?;
        (when.elapsed() < age).then(|| health.clone())
    }

    fn take(&self, health: &Health) {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        *latest = Some((Instant::now(), health.clone()));
    }
}

impl Member {
    /// The health, no older than the limits say. Many may ask at once: one of them calls.
    pub(crate) async fn health(&self, observer: &dyn Observer) -> Health {
        let _only = self.health.asking.lock().await;
        if let Some(health) = self.health.within(self.limits.health) {
            return health;
        }
        let prompt = PROMPT.min(self.limits.deadline);
        let late = |_| Err(failure::unreachable("it did not answer in time"));
        let began = Instant::now();
        let answered = timeout(prompt, self.ready()).await.unwrap_or_else(late);
        // What the store takes to say which cluster it was is none of the cluster's time.
        let took = began.elapsed();
        let result = match answered {
            Ok(()) => timeout(prompt, self.known_again())
                .await
                .unwrap_or_else(late),
            failed => failed,
        };
        let forgotten = result.as_ref().is_err_and(failure::is_forgetful);
        let outcome = match &result {
            Err(error) if !forgotten => failure::outcome(error),
            _ => "ok",
        };
        observer.call(&self.config.key, "health", outcome, took.as_secs_f64());
        let health = match &result {
            Ok(()) => Health::Ready,
            Err(_) if forgotten => Health::Sick {
                class: UNRECOGNISED,
                detail: "the store does not answer".to_owned(),
            },
            Err(error) => Health::Sick {
                class: outcome,
                detail: failure::detail(error),
            },
        };
        self.health.take(&health);
        health
    }

    /// Asks the cluster whether it is ready. An unfit credential is refused even here. An authority for client certificates
    /// must be of use, and is all that is looked at where the service has no credential.
    async fn ready(&self) -> Result<(), ClusterError> {
        if let Some(authority) = &self.authority {
            authority.signer().await?;
            if self.config.credential.is_none() {
                return self.connection.bundled().await;
            }
        }
        let request = http::Request::get("/readyz")
            .body(Vec::new())
            .map_err(|_| failure::misbehaving("the request cannot be built"))?;
        let answer = self.call(&request, Repeat::IfNotDone, 64 * 1024).await?;
        if answer.status != http::StatusCode::OK {
            return Err(answer.error());
        }
        Ok(())
    }

    /// Makes sure that it is the cluster that it was, where it has namespaces to be known by.
    async fn known_again(&self) -> Result<(), ClusterError> {
        // One role is as good as another for that.
        match self.config.roles.keys().next() {
            Some(role) if self.config.credential.is_some() => self.recognise(role).await,
            _ => Ok(()),
        }
    }
}
