//! The reconciler's tasks: one for each cluster, so that a dead one holds up no other.

use std::sync::Arc;
use std::time::Duration;

use kubemint::{ClusterKey, Kubemint};
use slog::{Logger, o};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// How often each cluster's records are looked through. Expiry is as punctual as this.
const TICK: Duration = Duration::from_millis(500);
/// How often a cluster's objects are compared with the records.
const SWEEP: Duration = Duration::from_secs(300);
/// The longest pause after errors.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Running tasks; they end when `stop` turns true.
pub(crate) fn start(
    service: &Arc<Kubemint>,
    metrics: &Arc<Metrics>,
    log: &Logger,
    stop: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for key in service.ports().clusters.keys() {
        let log = log.new(o!("task" => "reconciler", "cluster" => key.to_string()));
        let worker = Worker {
            service: Arc::clone(service),
            metrics: Arc::clone(metrics),
            key,
            log,
        };
        tasks.spawn(worker.run(stop.clone()));
    }
    tasks
}

struct Worker {
    service: Arc<Kubemint>,
    metrics: Arc<Metrics>,
    key: ClusterKey,
    log: Logger,
}

impl Worker {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = TICK;
        let mut next_sweep = Instant::now();
        loop {
            let mut well = self.report(self.service.reconcile(&self.key).await);
            if well && Instant::now() >= next_sweep {
                well = self.report(self.service.sweep(&self.key).await);
                next_sweep = Instant::now() + SWEEP;
            }
            pause = if well {
                TICK
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Counts and logs what a round did; whether it went without an error.
    fn report(&self, done: kubemint::Reconciled) -> bool {
        let counts = [
            ("failed", done.failed),
            ("revoked", done.revoked),
            ("expired", done.expired),
            ("swept", done.swept),
            ("lost", done.lost),
            ("error", done.errors.len()),
            ("suspicious", usize::from(done.suspicious)),
        ];
        for (outcome, count) in counts {
            self.metrics.reconciled(&self.key, outcome, count);
        }
        for error in &done.errors {
            slog::warn!(self.log, "could not reconcile, will try again"; "error" => crate::edge::chain(error));
        }
        if done.suspicious {
            slog::error!(
                self.log,
                "most objects of this cluster are missing; nothing was believed. \
                Is it the same cluster? If so, revoke what is lost by the API"
            );
        }
        if done.errors.is_empty() {
            self.metrics
                .round(&self.key, self.service.ports().clock.now().timestamp());
        }
        done.errors.is_empty()
    }
}
