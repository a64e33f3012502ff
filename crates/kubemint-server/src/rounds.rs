//! A cluster's rounds. One that waits for what hangs goes on by itself, and the next one begins beside it, so that what ends
//! meanwhile ends in time.

use std::sync::Arc;
use std::time::Duration;

use kubemint::{ClusterKey, Kubemint, Reconciled};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::pace::Went;

/// How long a round is waited for. It begins nothing after two seconds, so what it does then is wait.
const LONGEST: Duration = Duration::from_millis(2500);

/// The rounds that are under way; they end with this. They are few: each that waits has one of the places that a cluster's rounds
/// share, a call ends after ten seconds, and a round that finds no place ends at once.
#[derive(Default)]
pub(crate) struct Rounds {
    under_way: JoinSet<Reconciled>,
}

/// What came of the rounds that have ended.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) done: Vec<Reconciled>,
    /// One goes on, and waits.
    pub(crate) waits: bool,
    /// One panicked, which the panic hook has told.
    pub(crate) broke: bool,
}

impl Ended {
    /// Whether everything was done.
    pub(crate) fn is_well(&self) -> bool {
        !self.waits && !self.failed()
    }

    /// Whether something went wrong.
    pub(crate) fn failed(&self) -> bool {
        self.broke || self.done.iter().any(|done| !done.errors.is_empty())
    }

    /// What the pause until the next round depends on.
    pub(crate) fn went(&self) -> Went {
        if self.broke || self.done.iter().any(|done| done.ill) {
            Went::Ill
        } else if self.failed() {
            Went::Failing
        } else {
            Went::Well
        }
    }

    /// Whether there is more to do right now.
    pub(crate) fn more(&self) -> bool {
        self.done.iter().any(|done| done.more)
    }
}

impl Rounds {
    /// Begins a round, and waits for it, but not for long.
    pub(crate) async fn next(&mut self, service: &Arc<Kubemint>, key: &ClusterKey) -> Ended {
        let until = Instant::now() + LONGEST;
        let (service, key) = (Arc::clone(service), key.clone());
        let round = async move { service.reconcile(&key).await };
        let begun = self.under_way.spawn(round).id();
        let mut ended = Ended::default();
        while let Ok(Some(round)) = timeout_at(until, self.under_way.join_next_with_id()).await {
            let id = match round {
                Ok((id, done)) => {
                    ended.done.push(done);
                    id
                }
                Err(error) => {
                    ended.broke = true;
                    error.id()
                }
            };
            if id == begun {
                break;
            }
        }
        ended.waits = !self.under_way.is_empty();
        ended
    }

    /// Breaks off what is under way, and waits until nothing of it holds the store any more.
    pub(crate) async fn break_off(&mut self) {
        self.under_way.shutdown().await;
    }
}
