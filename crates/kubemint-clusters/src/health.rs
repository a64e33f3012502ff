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
    /// It accepts the service's credential, and calls itself ready.
    Ready,
    /// It is not of use now.
    Sick {
        /// `unreachable`, `refused`, `busy`, `misbehaving` or `unsigned`.
        class: &'static str,
        /// More words on it, none of them the cluster's own.
        detail: String,
    },
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
        let began = Instant::now();
        let result = match timeout(PROMPT.min(self.limits.deadline), self.ready()).await {
            Ok(result) => result,
            Err(_) => Err(failure::unreachable("it did not answer in time")),
        };
        let outcome = result.as_ref().err().map_or("ok", failure::outcome);
        observer.call(
            &self.config.key,
            "health",
            outcome,
            began.elapsed().as_secs_f64(),
        );
        let health = match &result {
            Ok(()) => Health::Ready,
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
        match self.config.roles.keys().next() {
            Some(role) => self.recognise(role).await,
            None => Ok(()),
        }
    }
}
