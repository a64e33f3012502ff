//! What happens on its own: expired credentials end, and broken-off work is finished.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{FuturesUnordered, StreamExt};

use super::Kubemint;
use super::patience::Patience;
use super::resting::Rest;
use super::turns::{Asked, Turn};
use crate::audit::Kind;
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::ports::ClusterError;
use crate::record::{Record, State};

/// How many records one round takes.
pub(super) const ROUND: u16 = 256;

/// How many are looked at where some could not be removed, so that these hide nothing else.
pub(super) const WIDE: u16 = 4096;

/// How long after its begin a round still begins something. What expires meanwhile is seen by the next one, and whoever has the
/// cluster to itself renews that between rounds.
const ROUND_TIME: Duration = Duration::from_secs(2);

/// How many that finalizers hold are tried again in one round: each keeps it for a moment.
const AGAIN: usize = 4;

/// What a round did.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// Pending records that were given up.
    pub failed: usize,
    /// Revocations that were confirmed.
    pub revoked: usize,
    /// Credentials that were ended at their time.
    pub expired: usize,
    /// How long after it each of them was confirmed to have ended, that is no certificate: nothing where it was before.
    pub delays: Vec<Duration>,
    /// Objects without a live record that were removed.
    pub swept: usize,
    /// Active records whose object was missing.
    pub lost: usize,
    /// Those of them that a sweep missed, for the log.
    pub missing: Vec<Record>,
    /// Roles that only records know, and whose objects could not be listed: the service may have no rights there any
    /// more. Nothing of them is called lost.
    pub unlisted: Vec<(String, ClusterError)>,
    /// Objects of other installations that a sweep saw; `None` if it was none.
    pub foreign: Option<usize>,
    /// Kubeconfigs whose objects were deleted, and are not gone, since finalizers hold them. Each is tried again by itself, after
    /// a pause; the round is none the worse for it.
    pub held: Vec<KubeconfigId>,
    /// What could not be done, and is tried again.
    pub errors: Vec<Error>,
    /// Nothing succeeded at the cluster, or the store failed: the rest was left for later.
    pub ill: bool,
    /// Live kubeconfigs that are tokens, at a cluster whose kubeconfigs are certificates now, and where the service has no credential
    /// any more: nothing ends them.
    pub stranded: usize,
    /// So many objects were missing that none was believed.
    pub suspicious: bool,
    /// Objects of this installation that a sweep saw and the store never heard of, however young: what was issued with them works
    /// on until they are removed. `None` if it was no sweep, or none that saw all.
    pub strangers: Option<Vec<KubeconfigId>>,
    /// The store never heard of so many objects that none of them was removed before its time; how many were left.
    pub unknown: usize,
    /// There may be more to do right now: the round was full or out of time, and the cluster is well.
    pub more: bool,
}

/// What became of one record.
pub(super) enum Settled {
    Failed,
    Revoked,
    /// So long after its time, and at once where it was before. (A certificate ends by itself.)
    Expired(Option<Duration>),
    /// Someone else was faster.
    Already,
}

impl Reconciled {
    fn count(&mut self, settled: &Settled) {
        match settled {
            Settled::Failed => self.failed += 1,
            Settled::Revoked => self.revoked += 1,
            Settled::Expired(delay) => {
                self.expired += 1;
                self.delays.extend(*delay);
            }
            Settled::Already => {}
        }
    }

    /// How many records it is done with.
    fn settled(&self) -> usize {
        self.failed + self.revoked + self.expired
    }
}

impl Kubemint {
    /// How many kubeconfigs' objects at a cluster are deleted, and held by finalizers, as far as this process has met them.
    #[must_use]
    pub fn held(&self, key: &ClusterKey) -> usize {
        self.resting.held(key) + self.strays.held(key)
    }

    /// Forgets what could not be removed at a cluster: it is another replica's to look after.
    pub fn forget_resting(&self, key: &ClusterKey) {
        self.resting.only(key, &HashSet::new());
        self.strays.only(key, &HashSet::new());
    }

    /// Does what is due at a cluster: gives up what is pending for too long, goes on revoking, and ends what has
    /// expired. An error of one record does not stop the others, unless they would only wait for the same. What could not be
    /// removed keeps nothing else waiting: what finalizers hold rests for a while, and what failed is tried last. A round may be made
    /// beside one that waits: they share nothing that is due.
    pub async fn reconcile(&self, key: &ClusterKey) -> Reconciled {
        let mut done = Reconciled::default();
        let now = self.ports.clock.now();
        let resting = self.resting.count(key);
        let limit = if resting == 0 {
            ROUND
        } else {
            // The kinds of what is due come in turns, and all that rests may be of one of the three.
            u16::try_from(usize::from(WIDE) + 3 * resting).unwrap_or(u16::MAX)
        };
        let until = now + self.settings.expiry_lead;
        let due = match self.ports.store.due(key, until, limit).await {
            Ok(due) => due,
            Err(error) => {
                done.errors.push(error.into());
                done.ill = true;
                return done;
            }
        };
        let full = due.len() >= usize::from(limit);
        if resting > 0 && !full {
            self.resting
                .only(key, &due.iter().map(|record| record.uid).collect());
        }
        let due = due.into_iter().filter(|record| {
            // Only what ends has a lead; an issue has its time to the last moment.
            let has_time = record.state == State::Pending && record.pending_until > now;
            // Nothing ends a certificate but time, so it has no lead either.
            !has_time && (!record.is_certificate() || record.has_ended(now))
        });
        let due = if resting == 0 {
            due.collect()
        } else {
            self.beside_resting(key, due.collect(), now)
        };
        let all = self.settle_all(due, &mut done).await;
        done.more = !done.ill && (!all || (full && done.settled() > 0));
        done
    }

    /// What is tried where some could not be removed: a few of those that finalizers hold, whose rest is over for longest; then all
    /// that are not known to be such, the newest first, since the older ones may be as they are; and at last those that failed.
    fn beside_resting(
        &self,
        key: &ClusterKey,
        due: Vec<Record>,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        let (mut held, mut others, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for record in due {
            match self.resting.pause(key, record.uid) {
                None => others.push(record),
                Some(pause) if !pause.held => failed.push(record),
                Some(pause) => held.extend(pause.over_since(now).map(|since| (since, record))),
            }
        }
        held.sort_by_key(|(since, _)| *since);
        let again = held.into_iter().take(AGAIN);
        let again = again.map(|(_, record)| record);
        again.chain(newest_first(others)).chain(failed).collect()
    }

    /// Settles the records, as many at once as there are places, and as many as a round may. Once the cluster is ill no further one is
    /// begun. Whether no time or number kept any from being begun.
    async fn settle_all(&self, due: Vec<Record>, done: &mut Reconciled) -> bool {
        let end = self.ports.clock.now() + ROUND_TIME;
        let mut left = usize::from(ROUND);
        // In their order.
        let mut waiting: BTreeMap<_, _> = due.into_iter().enumerate().collect();
        let mut under_way = FuturesUnordered::new();
        let mut patience = Patience::default();
        let mut all = true;
        loop {
            if !patience.is_over() {
                all = waiting.is_empty() || (left > 0 && self.ports.clock.now() < end);
                let most = if all { left } else { 0 };
                for (record, turn) in self.take_turns(&mut waiting, most, &patience) {
                    left -= 1;
                    under_way.push(async move {
                        let settled = self.settle(&record).await;
                        drop(turn);
                        (settled, record)
                    });
                }
            }
            match under_way.next().await {
                None => {
                    done.ill = patience.is_over();
                    return all;
                }
                Some((Ok(settled), record)) => {
                    patience.succeeded(&record.role);
                    done.count(&settled);
                }
                Some((Err(Error::Cluster(ClusterError::Held)), record)) => {
                    done.held.push(record.id);
                }
                Some((Err(error), record)) => {
                    patience.failed(&record.role, &error);
                    done.errors.push(error);
                }
            }
        }
    }

    /// Takes the first of those that there is a place for. What has none goes on waiting; what another round has is its.
    fn take_turns(
        &self,
        waiting: &mut BTreeMap<usize, Record>,
        most: usize,
        patience: &Patience,
    ) -> Vec<(Record, Turn<'_>)> {
        let (mut taken, mut others) = (Vec::new(), Vec::new());
        let mut crowded = HashSet::new();
        for (&rank, record) in waiting.iter() {
            if taken.len() == most {
                break;
            }
            let role = record.role.as_str();
            if crowded.contains(role) {
                continue;
            }
            if patience.is_over_with(role) {
                others.push(rank);
                continue;
            }
            // (Each step is conditional: that a record is one round's only spares the cluster the same call twice.)
            match self.turns.take(&record.cluster, role, record.uid) {
                Asked::Taken(turn) => taken.push((rank, turn)),
                Asked::UnderWay => others.push(rank),
                Asked::NoPlace => {
                    crowded.insert(role);
                }
                Asked::Full => break,
            }
        }
        for rank in others {
            waiting.remove(&rank);
        }
        let taken = taken.into_iter();
        taken
            .filter_map(|(rank, turn)| Some((waiting.remove(&rank)?, turn)))
            .collect()
    }

    /// Does what is due with one record: removes its object, and writes down what that makes of it. What is pending is given up
    /// first: its request may be about to make it active.
    pub(super) async fn settle(&self, record: &Record) -> Result<Settled, Error> {
        let given_up = record.is_given_up();
        if record.state == State::Pending
            && !given_up
            && !self.ports.store.abandon(&record.reference()).await?
        {
            return Ok(Settled::Already);
        }
        match self.remove(record).await {
            Ok(()) => self.resting.forget(&record.cluster, record.uid),
            Err(error) => {
                let rest = match error {
                    ClusterError::Held => Rest::RECORD,
                    _ => Rest::FAILED_RECORD,
                };
                let now = self.ports.clock.now();
                (self.resting).rest(&record.cluster, record.uid, rest, now);
                return Err(Error::Cluster(error));
            }
        }
        let reference = record.reference();
        let store = &self.ports.store;
        let (changed, settled) = match record.state {
            State::Pending => {
                let reason = if given_up {
                    "its request or its process failed, and could not end it"
                } else {
                    "it was pending for too long"
                };
                let event = self.own_event(Kind::IssueFailed, record);
                let event = event.with("reason", reason);
                (store.fail(&reference, event).await?, Settled::Failed)
            }
            State::Revoking => {
                let event = self.own_event(Kind::Revoked, record);
                let revoked = store.finish_revoke(&reference, event).await?;
                (revoked, Settled::Revoked)
            }
            State::Active => {
                let event = self.own_event(Kind::Expired, record);
                let late = record.expires_at.map(|end| self.ports.clock.now() - end);
                let late = late.filter(|_| !record.is_certificate());
                let delay = late.map(|late| late.to_std().unwrap_or_default());
                let expired = store.expire(&reference, event).await?;
                (expired, Settled::Expired(delay))
            }
            State::Revoked | State::Failed | State::Expired => (false, Settled::Already),
        };
        Ok(if changed { settled } else { Settled::Already })
    }
}

/// The records, each kind's newest first, and the kinds in turns; they come each from its oldest.
fn newest_first(records: Vec<Record>) -> impl Iterator<Item = Record> {
    let mut ranks: HashMap<State, usize> = HashMap::new();
    let ranked = records.into_iter().rev().map(|record| {
        let rank = ranks.entry(record.state).or_default();
        *rank += 1;
        // What has ended is before the others: its time was promised.
        ((*rank, record.state != State::Active), record)
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, record)| record)
}
