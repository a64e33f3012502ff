//! What happens on its own: expired credentials end, broken-off work is finished, and strays are swept.

use std::collections::{BTreeSet, HashSet};

use futures::stream::{FuturesUnordered, StreamExt};

use super::Kubemint;
use super::held::Rest;
use super::issue::object_of;
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::ports::{ClusterError, FoundObject, Position};
use crate::record::{Record, State};

/// How many records one round takes.
const ROUND: u16 = 256;

/// How many of them are worked on at once: a cluster far away answers as slowly to one as to several, and a credential
/// whose time has come must not wait for all the others. Few enough that requests find a cluster's calls free.
const AT_ONCE: usize = 8;

/// How many that are known to be held by finalizers are tried again in one round: each keeps it for a moment.
const HELD_AGAIN: usize = 4;

/// More missing objects than this, and more than half of all, are no accident: someone points us at another cluster,
/// or at a restored one. An operator must look.
const SUSPICIOUS: usize = 10;

/// What a round did.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// Pending records that were given up.
    pub failed: usize,
    /// Revocations that were confirmed.
    pub revoked: usize,
    /// Credentials that were ended at their time.
    pub expired: usize,
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
    /// So many objects were missing that none was believed.
    pub suspicious: bool,
    /// There may be more to do right now: the round was full, and went well.
    pub more: bool,
}

/// What became of one record.
pub(super) enum Settled {
    Failed,
    Revoked,
    Expired,
    Lost,
    /// Someone else was faster.
    Already,
}

impl Reconciled {
    fn count(&mut self, settled: &Settled) {
        match settled {
            Settled::Failed => self.failed += 1,
            Settled::Revoked => self.revoked += 1,
            Settled::Expired => self.expired += 1,
            Settled::Lost => self.lost += 1,
            Settled::Already => {}
        }
    }

    /// How many records it is done with.
    fn settled(&self) -> usize {
        self.failed + self.revoked + self.expired + self.lost
    }
}

impl Kubemint {
    /// How many kubeconfigs' objects at a cluster are deleted, and held by finalizers, as far as this process has met them.
    #[must_use]
    pub fn held(&self, key: &ClusterKey) -> usize {
        self.held.count(key) + self.strays.count(key)
    }

    /// Does what is due at a cluster: gives up what is pending for too long, goes on revoking, and ends what has
    /// expired. An error of one record does not stop the others, unless they would only wait for the same. What finalizers
    /// hold rests for a while, and keeps nothing else waiting.
    pub async fn reconcile(&self, key: &ClusterKey) -> Reconciled {
        let mut done = Reconciled::default();
        let now = self.ports.clock.now();
        let until = now + self.settings.expiry_lead;
        // The kinds of what is due come in turns, and all that rests may be of one of the three: so many more are asked for.
        let resting = self.held.count(key);
        let limit = u16::try_from(usize::from(ROUND) + 3 * resting).unwrap_or(u16::MAX);
        let due = match self.ports.store.due(key, until, limit).await {
            Ok(due) => due,
            Err(error) => {
                done.errors.push(error.into());
                return done;
            }
        };
        let full = due.len() >= usize::from(limit);
        if resting > 0 && !full {
            self.held
                .only(key, &due.iter().map(|record| record.uid).collect());
        }
        let mut again = 0;
        let due = due.into_iter().filter(|record| {
            match self.held.known(key, record.uid, now) {
                None => {}
                Some(true) if again < HELD_AGAIN => again += 1,
                Some(_) => return false,
            }
            // Only what ends has a lead; an issue has its time to the last moment.
            let has_time = record.state == State::Pending && record.pending_until > now;
            // Nothing ends a certificate but time, so it has no lead either.
            !has_time && (!record.is_certificate() || record.has_ended(now))
        });
        self.settle_all(due, &mut done).await;
        done.more = full && done.errors.is_empty() && done.settled() > 0;
        done
    }

    /// Settles the records, several at once. Once the cluster is ill no further one is begun.
    async fn settle_all(&self, due: impl Iterator<Item = Record>, done: &mut Reconciled) {
        let mut waiting = due.fuse();
        let mut under_way = FuturesUnordered::new();
        let mut ill = false;
        let mut refusing = HashSet::new();
        loop {
            while !ill && under_way.len() < AT_ONCE {
                let Some(record) = waiting.next() else { break };
                if refusing.contains(&record.role) {
                    continue;
                }
                under_way.push(async move { (self.settle(&record).await, record) });
            }
            match under_way.next().await {
                None => return,
                Some((Ok(settled), _)) => done.count(&settled),
                Some((Err(Error::Cluster(ClusterError::Held)), record)) => {
                    done.held.push(record.id);
                }
                Some((Err(error), Record { role, .. })) => {
                    match error {
                        // The next record would only wait for the same deadline.
                        Error::Cluster(
                            ClusterError::Unreachable(_)
                            | ClusterError::Busy(_)
                            | ClusterError::Another(_),
                        ) => {
                            ill = true;
                        }
                        // Rights are given by the role's namespace: a role that was given up holds up no other.
                        Error::Cluster(ClusterError::Refused(_)) => {
                            refusing.insert(role);
                        }
                        _ => {}
                    }
                    done.errors.push(error);
                }
            }
        }
    }

    /// Does what is due with one record: removes its object, and writes down what that makes of it.
    pub(super) async fn settle(&self, record: &Record) -> Result<Settled, Error> {
        match self.remove(record).await {
            Ok(()) => self.held.forget(&record.cluster, record.uid),
            Err(error) => {
                if matches!(error, ClusterError::Held) {
                    let now = self.ports.clock.now();
                    (self.held).rest(&record.cluster, record.uid, Rest::RECORD, now);
                }
                return Err(Error::Cluster(error));
            }
        }
        let reference = record.reference();
        let store = &self.ports.store;
        let (changed, settled) = match record.state {
            State::Pending => {
                let event = self
                    .own_event(Kind::IssueFailed, record)
                    .with("reason", "it was pending for too long");
                if store.fail(&reference, event).await? {
                    (true, Settled::Failed)
                } else {
                    // It was granted in the very last moment, and its object has just been removed.
                    let event = self.own_event(Kind::ObjectMissing, record);
                    (store.lose(&reference, event).await?, Settled::Lost)
                }
            }
            State::Revoking => {
                let event = self.own_event(Kind::Revoked, record);
                let revoked = store.finish_revoke(&reference, event).await?;
                (revoked, Settled::Revoked)
            }
            State::Active => {
                let event = self.own_event(Kind::Expired, record);
                (store.expire(&reference, event).await?, Settled::Expired)
            }
            State::Revoked | State::Failed | State::Expired => (false, Settled::Already),
        };
        Ok(if changed { settled } else { Settled::Already })
    }

    /// Compares a cluster's objects with the records: an object without a live record is removed once it is old
    /// enough to belong to no issue under way, and an active record without an object is revoked.
    pub async fn sweep(&self, key: &ClusterKey) -> Reconciled {
        let mut done = Reconciled::default();
        if let Err(error) = self.sweep_into(key, &mut done).await {
            done.errors.push(error);
        }
        done
    }

    async fn sweep_into(&self, key: &ClusterKey, done: &mut Reconciled) -> Result<(), Error> {
        if self.certifies(key) {
            // There are no objects to compare with.
            return Ok(());
        }
        // The records first: one that is issued after this read has its object already, or has none to miss.
        let active = self.active_records(key).await?;
        let (found, certain) = self.list_objects(key, &active, done).await?;
        // A leftover without an object of its own (a binding whose ServiceAccount is gone) is no credential.
        let whole = found
            .iter()
            .filter(|found| found.object.object_uid.is_some());
        let present: HashSet<_> = whole.map(|found| found.object.uid).collect();
        let missing: Vec<_> = active
            .iter()
            .filter(|record| !record.is_certificate() && certain.contains(&record.role))
            .filter(|record| !present.contains(&record.uid) && !self.is_ending(record))
            .collect();
        if missing.len() > SUSPICIOUS && missing.len() * 2 > active.len() {
            done.suspicious = true;
            return Ok(());
        }
        for record in missing {
            self.lose_if_gone(record, done).await?;
        }
        let present = found.iter().map(|found| found.object.uid).collect();
        self.strays.only(key, &present);
        for found in found {
            self.sweep_object(key, found, done).await?;
        }
        Ok(())
    }

    /// The objects at every place where there may be some: of the configured roles, and of those that only records know
    /// any more. The roles whose list can be believed are told beside them.
    async fn list_objects(
        &self,
        key: &ClusterKey,
        active: &[Record],
        done: &mut Reconciled,
    ) -> Result<(Vec<FoundObject>, BTreeSet<String>), Error> {
        let clusters = &self.ports.clusters;
        let profile = clusters.profile(key);
        let configured: BTreeSet<_> = profile.map_or_else(BTreeSet::new, |profile| {
            profile.roles.keys().cloned().collect()
        });
        let recorded = active.iter().filter(|record| !record.is_certificate());
        let mut roles: BTreeSet<_> = recorded.map(|record| record.role.clone()).collect();
        roles.extend(configured.iter().cloned());
        let (mut found, mut certain) = (Vec::new(), BTreeSet::new());
        let mut foreign = 0;
        for role in roles {
            match clusters.objects(key, &role).await {
                Ok(listing) => {
                    found.extend(listing.objects);
                    foreign += listing.foreign;
                    if listing.certain {
                        certain.insert(role);
                    }
                }
                Err(error) if configured.contains(&role) => return Err(Error::Cluster(error)),
                Err(error) => done.unlisted.push((role, error)),
            }
        }
        done.foreign = Some(foreign);
        Ok((found, certain))
    }

    /// Ends the record of an object that no list has, if the cluster says of that very object that it is gone.
    async fn lose_if_gone(&self, record: &Record, done: &mut Reconciled) -> Result<(), Error> {
        let object = object_of(record);
        let exists = self.ports.clusters.exists(&record.cluster, &object).await;
        if exists.map_err(Error::Cluster)? {
            return Ok(());
        }
        let event = self.own_event(Kind::ObjectMissing, record);
        if self.ports.store.lose(&record.reference(), event).await? {
            done.lost += 1;
            done.missing.push(record.clone());
        }
        Ok(())
    }

    async fn sweep_object(
        &self,
        key: &ClusterKey,
        found: FoundObject,
        done: &mut Reconciled,
    ) -> Result<(), Error> {
        let now = self.ports.clock.now();
        let uid = found.object.uid;
        if found.created_at + self.settings.sweep_after > now
            || self.strays.known(key, uid, now) == Some(false)
        {
            return Ok(());
        }
        let record = self.ports.store.find(key, &found.object.id).await?;
        let live = record.is_some_and(|record| {
            record.uid == found.object.uid
                && matches!(
                    record.state,
                    State::Pending | State::Active | State::Revoking
                )
        });
        if live {
            return Ok(());
        }
        // Before, so that nothing is ever gone without a row; one that cannot be removed now has one for each attempt.
        let event = Event {
            at: now,
            kind: Kind::Swept,
            request_id: None,
            principal: None,
            token_id: None,
            cluster: key.clone(),
            kubeconfig: Some(found.object.id.to_string()),
            uid: Some(uid),
            decision: None,
            detail: serde_json::Map::new(),
        };
        self.ports.store.append(event).await?;
        match self.ports.clusters.remove(key, &found.object).await {
            Ok(()) => done.swept += 1,
            Err(ClusterError::Held) => {
                self.strays.rest(key, uid, Rest::STRAY, now);
                done.held.push(found.object.id);
            }
            Err(error) => return Err(Error::Cluster(error)),
        }
        Ok(())
    }

    async fn active_records(&self, key: &ClusterKey) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        let mut after: Option<Position> = None;
        loop {
            let page = self.ports.store.active(key, after, ROUND).await?;
            records.extend(page.records);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(records),
            }
        }
    }
}
