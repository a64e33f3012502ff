//! Sweeps: a cluster's objects are compared with the records. What stands for no live record is removed, and a record whose
//! object is gone is revoked.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use super::Kubemint;
use super::issue::object_of;
use super::patience::Patience;
use super::reconcile::{ROUND, Reconciled};
use super::resting::Rest;
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::id::KubeconfigId;
use crate::ports::{ClusterError, FoundObject, ObjectRef, Position};
use crate::record::{Record, State};

/// More missing objects than this, and more than half of all, are no accident: someone points us at another cluster,
/// or at a restored one. So many objects that the store never heard of are none either: it was restored from an old copy, or lost
/// its last writes. An operator must look.
const SUSPICIOUS: usize = 10;

impl Kubemint {
    /// Compares a cluster's objects with the records: an object without a live record is removed once it is old
    /// enough to belong to no issue under way, and an active record without an object is revoked. What fails for one does not
    /// stop the others, unless they would only wait for the same. Where the store never heard of many, only those are removed
    /// whose time is over: nobody can end the others by this service, but their time will.
    pub async fn sweep(&self, key: &ClusterKey) -> Reconciled {
        let mut done = Reconciled::default();
        if let Err(error) = self.sweep_into(key, &mut done).await {
            done.errors.push(error);
            done.ill = true;
        }
        done
    }

    async fn sweep_into(&self, key: &ClusterKey, done: &mut Reconciled) -> Result<(), Error> {
        // The records first: one that is issued after this read has its object already, or has none to miss.
        let active = self.active_records(key).await?;
        let tokens = active.iter().filter(|record| !record.is_certificate());
        let tokens = tokens.count();
        if self.certifies(key) && !self.has_credential(key) {
            done.stranded = tokens;
            return Ok(());
        }
        let Listed {
            found,
            certain,
            refused,
        } = self.list_objects(key, &active, done).await?;
        let complete = refused.is_empty() && done.unlisted.is_empty();
        // Certificates need no rights there: only what is alive of before does.
        if !self.certifies(key) || tokens > 0 {
            done.errors.extend(refused);
        }
        // A leftover without an object of its own (a binding whose ServiceAccount is gone) is no credential.
        let objects = found
            .iter()
            .filter(|found| found.object.object_uid.is_some());
        let present: HashSet<_> = objects.map(|found| found.object.uid).collect();
        let missing: Vec<_> = active
            .iter()
            .filter(|record| !record.is_certificate() && certain.contains(&record.role))
            .filter(|record| !present.contains(&record.uid) && !self.is_ending(record))
            .collect();
        let missing = if missing.len() > SUSPICIOUS && missing.len() * 2 > active.len() {
            // Unless many were revoked since they were read.
            let (missing, still) = self.still_active(missing).await?;
            if missing.len() > SUSPICIOUS && missing.len() * 2 > active.len() - still {
                done.suspicious = true;
                return Ok(());
            }
            missing
        } else {
            missing
        };
        let mut patience = Patience::default();
        for record in missing {
            if patience.is_over_with(&record.role) {
                continue;
            }
            match self.lose_if_gone(record, done).await {
                Ok(()) => patience.succeeded(&record.role),
                Err(error) => {
                    patience.failed(&record.role, &error);
                    done.errors.push(error);
                }
            }
        }
        if complete {
            let present = found.iter().map(|found| found.object.uid).collect();
            self.strays.only(key, &present);
        }
        let (strays, strangers) = self.strays_of(key, &active, found).await?;
        // Those that are left out of an incomplete list are not gone.
        done.strangers = complete.then_some(strangers);
        for stray in self.guarded(key, strays, complete, done) {
            self.sweep_stray(key, stray, &mut patience, done).await;
        }
        done.ill = patience.is_over();
        Ok(())
    }

    /// Those of some records that are active by now, and how many are not.
    async fn still_active<'a>(
        &self,
        records: Vec<&'a Record>,
    ) -> Result<(Vec<&'a Record>, usize), Error> {
        let (mut active, mut others) = (Vec::new(), 0);
        for record in records {
            let now = self.ports.store.find(&record.cluster, &record.id).await?;
            let same = now.filter(|now| now.uid == record.uid);
            if same.is_some_and(|now| now.state == State::Active) {
                active.push(record);
            } else {
                others += 1;
            }
        }
        Ok((active, others))
    }

    /// The objects that stand for no live record, whatever their age; and those of them that the store never heard of: a record is
    /// there before its object, so it was lost.
    async fn strays_of(
        &self,
        key: &ClusterKey,
        active: &[Record],
        found: Vec<FoundObject>,
    ) -> Result<(Vec<Stray>, Vec<KubeconfigId>), Error> {
        // What was active a moment ago is no stray yet, and most are: they need no look at the store.
        let active: HashSet<_> = active.iter().map(|record| record.uid).collect();
        let (mut strays, mut strangers) = (Vec::new(), Vec::new());
        for found in found {
            if active.contains(&found.object.uid) {
                continue;
            }
            let known = match self.known(key, &found.object).await? {
                Some(record) if is_live(&record) => continue,
                known => known.is_some(),
            };
            if !known && found.object.object_uid.is_some() {
                strangers.push(found.object.id.clone());
            }
            strays.push(Stray { found, known });
        }
        Ok((strays, strangers))
    }

    /// Those that may be removed: they are old enough to belong to no issue under way. Once there were too many at a cluster that
    /// the store never heard of, none of these is before its time, as long as there are any: few are left at the end, too. They are
    /// counted whatever their age: under a steady load, a few come of age between two sweeps.
    fn guarded(
        &self,
        key: &ClusterKey,
        mut strays: Vec<Stray>,
        complete: bool,
        done: &mut Reconciled,
    ) -> Vec<ObjectRef> {
        let now = self.ports.clock.now();
        let until = now - self.settings.sweep_after;
        let unknown =
            |stray: &Stray| !stray.known && stray.found.ends_at.is_none_or(|end| end > now);
        let count = strays.iter().filter(|stray| unknown(stray)).count();
        if self.suspects(key, count, complete) {
            done.unknown = count;
            strays.retain(|stray| !unknown(stray));
        }
        strays.retain(|stray| stray.found.created_at <= until);
        strays.into_iter().map(|stray| stray.found.object).collect()
    }

    /// Whether so many objects that the store never heard of are left alone. That none is left is certain only where all were
    /// listed.
    fn suspects(&self, key: &ClusterKey, count: usize, complete: bool) -> bool {
        let mut suspected = self
            .suspected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if count == 0 && complete {
            suspected.remove(key);
        } else if count > SUSPICIOUS {
            suspected.insert(key.clone());
        }
        suspected.contains(key)
    }

    /// Whether the service may ask the cluster at all.
    fn has_credential(&self, key: &ClusterKey) -> bool {
        let profile = self.ports.clusters.profile(key);
        profile.is_some_and(|profile| profile.has_credential)
    }

    /// The objects at every place where there may be some: of the configured roles, and of those that only records know
    /// any more. A role that the cluster refuses holds up no other: rights are given by namespaces.
    async fn list_objects(
        &self,
        key: &ClusterKey,
        active: &[Record],
        done: &mut Reconciled,
    ) -> Result<Listed, Error> {
        let clusters = &self.ports.clusters;
        let profile = clusters.profile(key);
        let configured: BTreeSet<_> = profile.map_or_else(BTreeSet::new, |profile| {
            profile.roles.keys().cloned().collect()
        });
        let recorded = active.iter().filter(|record| !record.is_certificate());
        let mut roles: BTreeSet<_> = recorded.map(|record| record.role.clone()).collect();
        roles.extend(configured.iter().cloned());
        let mut listed = Listed::default();
        let mut foreign = 0;
        for role in roles {
            match clusters.objects(key, &role).await {
                Ok(listing) => {
                    listed.found.extend(listing.objects);
                    foreign += listing.foreign;
                    if listing.certain {
                        listed.certain.insert(role);
                    }
                }
                Err(error @ ClusterError::Refused(_)) if configured.contains(&role) => {
                    listed.refused.push(Error::Cluster(error));
                }
                Err(error) if configured.contains(&role) => return Err(Error::Cluster(error)),
                Err(error) => done.unlisted.push((role, error)),
            }
        }
        // What was not seen everywhere is not known to have changed.
        done.foreign = listed.refused.is_empty().then_some(foreign);
        Ok(listed)
    }

    /// Ends the record of an object that no list has, if the cluster says of that very object that it is gone.
    async fn lose_if_gone(&self, record: &Record, done: &mut Reconciled) -> Result<(), Error> {
        let object = object_of(record);
        let gone = self.ports.clusters.is_gone(&record.cluster, &object).await;
        if !gone.map_err(Error::Cluster)? {
            return Ok(());
        }
        let event = self.own_event(Kind::ObjectMissing, record);
        if self.ports.store.lose(&record.reference(), event).await? {
            done.lost += 1;
            done.missing.push(record.clone());
        }
        Ok(())
    }

    async fn sweep_stray(
        &self,
        key: &ClusterKey,
        stray: ObjectRef,
        patience: &mut Patience,
        done: &mut Reconciled,
    ) {
        let now = self.ports.clock.now();
        if self.strays.rests(key, stray.uid, now) || patience.is_over_with(&stray.role) {
            return;
        }
        match self.remove_stray(key, &stray).await {
            Ok(()) => {
                patience.succeeded(&stray.role);
                done.swept += 1;
            }
            Err(Error::Cluster(ClusterError::Held)) => {
                self.strays.rest(key, stray.uid, Rest::STRAY, now);
                done.held.push(stray.id);
            }
            Err(error) => {
                patience.failed(&stray.role, &error);
                if matches!(error, Error::Cluster(_)) {
                    self.strays.rest(key, stray.uid, Rest::FAILED_STRAY, now);
                }
                done.errors.push(error);
            }
        }
    }

    /// Removes what has a pending record's name and stands for no live record: a call of an earlier try under the name was done
    /// after that try had failed. Whether there was something.
    pub(super) async fn clear_name(&self, record: &Record) -> Result<bool, Error> {
        let key = &record.cluster;
        let listing = self.ports.clusters.objects(key, &record.role).await;
        let mut cleared = false;
        for FoundObject { object, .. } in listing.map_err(Error::Cluster)?.objects {
            let same_name = object.id == record.id && object.uid != record.uid;
            if same_name && !self.is_live(key, &object).await? {
                self.remove_stray(key, &object).await?;
                cleared = true;
            }
        }
        Ok(cleared)
    }

    /// Whether an object that was seen stands for a live record. One that does not never will again: a record is there before
    /// its object, its UUID is never used again, and what has ended stays so.
    async fn is_live(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, Error> {
        let record = self.known(key, object).await?;
        Ok(record.is_some_and(|record| is_live(&record)))
    }

    /// The record that an object stands for, if the store has it.
    async fn known(&self, key: &ClusterKey, object: &ObjectRef) -> Result<Option<Record>, Error> {
        let record = self.ports.store.find(key, &object.id).await?;
        Ok(record.filter(|record| record.uid == object.uid))
    }

    /// Removes an object without a live record.
    async fn remove_stray(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), Error> {
        // Before, so that nothing is ever gone without a row; one that cannot be removed now has one for each attempt.
        let event = Event {
            at: self.ports.clock.now(),
            kind: Kind::Swept,
            request_id: None,
            principal: None,
            token_id: None,
            cluster: key.clone(),
            kubeconfig: Some(object.id.to_string()),
            uid: Some(object.uid),
            decision: None,
            detail: serde_json::Map::new(),
        };
        self.ports.store.append(event).await?;
        let removed = self.ports.clusters.remove(key, object).await;
        removed.map_err(Error::Cluster)
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

/// What is at a cluster.
#[derive(Default)]
struct Listed {
    found: Vec<FoundObject>,
    /// The roles whose list can be believed.
    certain: BTreeSet<String>,
    /// Why configured roles could not be listed that the cluster refuses.
    refused: Vec<Error>,
}

/// An object without a live record.
struct Stray {
    found: FoundObject,
    /// Whether the store knows what it stood for.
    known: bool,
}

fn is_live(record: &Record) -> bool {
    matches!(
        record.state,
        State::Pending | State::Active | State::Revoking
    )
}
