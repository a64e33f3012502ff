//! The reconciler's tasks: one for each cluster, so that a dead one holds up no other.
//!
//! Sweeps go on beside the rounds, since a list may take as long as it likes, and rounds beside one that waits for what hangs: what
//! ends meanwhile ends in time.
//!
//! Where replicas share a store, each cluster is one replica's at a time: it holds a lease, and another one takes it over
//! soon after it is gone. What two do at once for a moment is harmless, since each step is conditional.

use std::sync::Arc;
use std::time::Duration;

use kubemint::{ClusterKey, KubeconfigId, Kubemint};
use kubemint_clusters::Fleet;
use slog::{Logger, o};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::Retention;
use crate::metrics::Metrics;
use crate::pace::Pace;
use crate::retention;
use crate::rounds::{Ended, Rounds};
use crate::sweeps::Sweeps;
use crate::told::Told;

/// How long a replica has a cluster to itself without asking again, and so how long nobody reconciles it after that
/// replica died.
const LEASE: Duration = Duration::from_secs(5);
/// How many names one line of the log has.
const NAMED: usize = 20;
/// How often the log is reminded of what goes on.
const REMINDER: Duration = Duration::from_secs(60);

/// Running tasks; they end when `stop` turns true.
pub(crate) fn start(
    service: &Arc<Kubemint>,
    fleet: &Arc<Fleet>,
    metrics: &Arc<Metrics>,
    retention: Retention,
    log: &Logger,
    stop: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let holder = service.ports().ids.uid();
    let forgetting = log.new(o!("task" => "retention"));
    tasks.spawn(retention::run(
        Arc::clone(service),
        Arc::clone(fleet),
        retention,
        forgetting,
        stop.clone(),
    ));
    for key in service.ports().clusters.keys() {
        let log = log.new(o!("task" => "reconciler", "cluster" => key.to_string()));
        let worker = Worker {
            service: Arc::clone(service),
            metrics: Arc::clone(metrics),
            key,
            holder,
            asked: Told::default(),
            under_way: Rounds::default(),
            rounds: Told::default(),
            sweeps: Sweeps::new(),
            swept: Told::default(),
            foreign: 0,
            strangers: Vec::new(),
            held: None,
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
    /// This process, as leases know it.
    holder: Uuid,
    /// What was told of its lease.
    asked: Told,
    /// Its rounds.
    under_way: Rounds,
    /// What was told of its rounds.
    rounds: Told,
    sweeps: Sweeps,
    /// And of its sweeps.
    swept: Told,
    /// How many objects of other installations were seen last.
    foreign: usize,
    /// Which objects that the store never heard of were told last.
    strangers: Vec<KubeconfigId>,
    /// When it was last told that finalizers hold something.
    held: Option<Instant>,
    log: Logger,
}

impl Worker {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // What alerts look at is there from the start, also where nothing ever goes well.
        self.count(&kubemint::Reconciled::default());
        let begun = self.service.ports().clock.now().timestamp();
        self.metrics.round(&self.key, begun);
        let mut pace = Pace::new(Instant::now());
        let mut ours = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(pace.next()) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if pace.renews(Instant::now()) {
                ours = self.lease(ours).await;
            }
            if !pace.is_due(Instant::now()) {
                continue;
            }
            let mut ended = Ended::default();
            if let Some(done) = self.sweeps.ended() {
                self.report(&done);
                for error in &done.errors {
                    self.swept
                        .complain(&self.log, "could not sweep, will try again", error);
                }
                if self.sweeps.are_well() && self.swept.is_over() {
                    slog::info!(self.log, "sweeps again");
                }
            }
            if ours {
                ended = self.under_way.next(&self.service, &self.key).await;
                for done in &ended.done {
                    self.report(done);
                    for error in &done.errors {
                        self.rounds.complain(
                            &self.log,
                            "could not reconcile, will try again",
                            error,
                        );
                    }
                }
                if ended.is_well() && self.rounds.is_over() {
                    slog::info!(self.log, "reconciles again");
                }
                self.sweeps.begin(&self.service, &self.key);
                // Whoever watches the last round sees what fails again and again, what hangs, and a sweep that does.
                if ended.is_well() && !ended.more() && self.sweeps.are_well() {
                    let now = self.service.ports().clock.now().timestamp();
                    self.metrics.round(&self.key, now);
                }
            }
            pace.rest(Instant::now(), ended.more(), ended.went());
        }
        self.under_way.break_off().await;
        self.sweeps.break_off().await;
        if ours {
            // Given back, so that another replica goes on at once; without this the lease ends by itself.
            let store = &self.service.ports().store;
            let _ = store.lease(&self.key, self.holder, Duration::ZERO).await;
        }
    }

    /// Whether this replica reconciles the cluster now.
    async fn lease(&mut self, was_ours: bool) -> bool {
        let store = &self.service.ports().store;
        match store.lease(&self.key, self.holder, LEASE).await {
            Ok(ours) => {
                self.asked.is_over();
                if ours != was_ours {
                    slog::debug!(self.log, "the cluster changed hands"; "ours" => ours);
                }
                if !ours {
                    // Whoever has it finds out anew what finalizers hold, and tells it.
                    self.service.forget_resting(&self.key);
                    self.under_way = Rounds::default();
                    self.sweeps = Sweeps::new();
                    self.metrics.held(&self.key, 0);
                    self.metrics.foreign(&self.key, 0);
                    self.metrics.strangers(&self.key, 0);
                    (self.foreign, self.strangers) = (0, Vec::new());
                }
                ours
            }
            Err(error) => {
                self.asked.complain(
                    &self.log,
                    "cannot ask for the cluster, will try again",
                    &error,
                );
                false
            }
        }
    }

    /// Counts what a round or a sweep did.
    fn count(&self, done: &kubemint::Reconciled) {
        let counts = [
            ("failed", done.failed),
            ("revoked", done.revoked),
            ("expired", done.expired),
            ("swept", done.swept),
            ("lost", done.lost),
            ("held", done.held.len()),
            ("error", done.errors.len()),
            ("suspicious", usize::from(done.suspicious)),
            ("unknown", done.unknown),
        ];
        for (outcome, count) in counts {
            self.metrics.reconciled(&self.key, outcome, count);
        }
        self.metrics.expired(&self.key, &done.delays);
    }

    /// Counts and logs what a round or a sweep did.
    fn report(&mut self, done: &kubemint::Reconciled) {
        self.count(done);
        self.metrics.held(&self.key, self.service.held(&self.key));
        if let Some(first) = done.held.first()
            && self.held.is_none_or(|told| told.elapsed() >= REMINDER)
        {
            slog::warn!(self.log, "objects are deleted, and finalizers in the cluster hold them: their tokens \
                are refused about a minute after the deletion, and their records stay as they are until whoever put these there lets go";
                "kubeconfig" => first.as_str(), "count" => self.service.held(&self.key));
            self.held = Some(Instant::now());
        }
        for record in &done.missing {
            slog::warn!(self.log, "a kubeconfig's object is gone from the cluster: it is revoked";
                "kubeconfig" => record.id.as_str(), "uid" => record.uid.to_string(), "role" => &record.role);
        }
        if let Some(foreign) = done.foreign {
            self.metrics.foreign(&self.key, foreign);
            if foreign > 0 && self.foreign != foreign {
                slog::warn!(self.log, "there are objects of another kubemint: if its store is lost, they live on, and nobody \
                    ends what was issued with them"; "count" => foreign);
            }
            self.foreign = foreign;
        }
        if let Some(strangers) = &done.strangers {
            self.metrics.strangers(&self.key, strangers.len());
            let mut strangers = strangers.clone();
            strangers.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
            if !strangers.is_empty() && self.strangers != strangers {
                let names: Vec<_> = strangers
                    .iter()
                    .take(NAMED)
                    .map(KubeconfigId::as_str)
                    .collect();
                slog::warn!(self.log, "there are objects of this installation that the store does not know, as after a restore of an \
                    older copy: what was issued with them works on, and no list shows it; a few are removed when they are 15 minutes \
                    old, more than ten at their own time"; "count" => strangers.len(), "kubeconfigs" => names.join(" "));
            }
            self.strangers = strangers;
        }
        for (role, error) in &done.unlisted {
            slog::warn!(self.log, "a role that is not configured any more has live kubeconfigs, and its objects cannot be \
                listed; they are left as they are";
                "role" => role, "error" => crate::edge::chain(error));
        }
        if done.stranded > 0 {
            slog::warn!(self.log, "live kubeconfigs are tokens of before this cluster's became client certificates, and the service has no \
                credential there: nobody can revoke them, and nothing ends them at their time; give `credential` back until they are over";
                "count" => done.stranded);
        }
        if done.suspicious {
            slog::error!(
                self.log,
                "most objects of this cluster are missing; nothing was believed. \
                Is it the same cluster? If so, revoke what is lost by the API"
            );
        }
        if done.unknown > 0 {
            slog::error!(
                self.log,
                "there are many objects of this installation that the store never heard of; they are left until their time is over. \
                Was an old copy restored? To end them now, delete the service accounts that have this installation's label and \
                that no list shows"; "count" => done.unknown
            );
        }
    }
}
