//! A cluster's sweeps: one at a time, each in a task of its own, and the next after a while.

use std::sync::Arc;
use std::time::Duration;

use kubemint::{ClusterKey, Kubemint, Reconciled};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often a cluster's objects are compared with the records.
const INTERVAL: Duration = Duration::from_secs(300);
/// How soon a sweep that failed is made again; each time it fails once more, twice as late.
const AGAIN: Duration = Duration::from_secs(4);

/// When a cluster is swept. What goes on ends with this.
pub(crate) struct Sweeps {
    under_way: JoinSet<Reconciled>,
    next: Instant,
    /// How long the next that fails delays the one after it.
    pause: Duration,
    well: bool,
}

impl Sweeps {
    /// The first is due at once.
    pub(crate) fn new() -> Self {
        Self {
            under_way: JoinSet::new(),
            next: Instant::now(),
            pause: AGAIN,
            well: true,
        }
    }

    /// Begins a sweep, if it is time for one and none is under way.
    pub(crate) fn begin(&mut self, service: &Arc<Kubemint>, key: &ClusterKey) {
        if self.under_way.is_empty() && Instant::now() >= self.next {
            let (service, key) = (Arc::clone(service), key.clone());
            self.under_way
                .spawn(async move { service.sweep(&key).await });
        }
    }

    /// What one did that has ended.
    pub(crate) fn ended(&mut self) -> Option<Reconciled> {
        let ended = self.under_way.try_join_next()?;
        let done = ended.unwrap_or_else(|_| Reconciled {
            // It panicked, which the panic hook has told.
            ill: true,
            ..Reconciled::default()
        });
        self.well = done.errors.is_empty() && !done.ill;
        let pause = if self.well {
            self.pause = AGAIN;
            INTERVAL
        } else {
            let pause = self.pause;
            self.pause = (pause * 2).min(INTERVAL);
            pause
        };
        self.next = Instant::now() + pause;
        Some(done)
    }

    /// Breaks off what is under way, and waits until nothing of it holds the store any more.
    pub(crate) async fn break_off(&mut self) {
        self.under_way.shutdown().await;
    }

    /// Whether the last one that ended went without an error.
    pub(crate) fn are_well(&self) -> bool {
        self.well
    }
}
