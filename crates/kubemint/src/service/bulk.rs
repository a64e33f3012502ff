//! Revoke many kubeconfigs at once: whoever left, a role that was too much, everything from before a moment.
//!
//! It permits nothing that could not be done one by one: the caller must be permitted to get and revoke a kubeconfig
//! whoever's it is. First all that match are made revoking, durably and each with its own row, so that the reconciler
//! goes on with them whatever becomes of this request; then their objects are removed, as far as the time goes.

use std::collections::HashSet;
use std::future::Future;

use chrono::{DateTime, Utc};
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use uuid::Uuid;

use super::read::filtered;
use super::reconcile::WIDE;
use super::{Context, Kubemint};
use crate::audit::{Event, Kind};
use crate::cluster::ClusterKey;
use crate::error::{Error, Invalid};
use crate::policy::{Action, Decision};
use crate::ports::{ClusterError, Filter, Visible};
use crate::record::{Record, Relation, State, Status};

/// The most kubeconfigs that one request revokes.
const MOST: usize = 10_000;
/// How many are read at once.
const PAGE: u16 = 500;
/// How many writes are under way at once: the store commits them together.
const WRITES: usize = 64;
/// How many of a cluster's calls are under way at once.
const REMOVALS: usize = 16;
/// How many that could not be confirmed are named.
const NAMED: usize = 100;

/// What became of a revocation of many.
#[derive(Debug, Default)]
pub struct Report {
    /// How many it was begun for.
    pub matched: usize,
    /// How many of them are confirmed gone.
    pub revoked: usize,
    /// The first 100 of the others.
    pub unconfirmed: Vec<Unconfirmed>,
    /// Whether it was begun for all that match.
    pub complete: bool,
}

/// A kubeconfig whose revocation could not be confirmed.
#[derive(Debug)]
pub struct Unconfirmed {
    /// Its record, as it was found.
    pub record: Record,
    /// Why.
    pub why: Why,
}

/// Why a revocation could not be confirmed.
#[derive(Debug)]
pub enum Why {
    /// It failed.
    Failed(Error),
    /// The time of the request was over before, or the cluster failed others and was not asked again.
    NotHeard,
}

impl Report {
    fn unconfirmed(&mut self, record: Record, why: Why) {
        if self.unconfirmed.len() < NAMED {
            self.unconfirmed.push(Unconfirmed { record, why });
        }
    }
}

impl Kubemint {
    /// Revokes every kubeconfig of a cluster that is active or revoking, and that `filter` admits; its status is not
    /// looked at. What could not be confirmed in time stays revoking, and the reconciler goes on.
    ///
    /// # Errors
    /// [`Error::NoSuchCluster`], [`Error::NotPermitted`]; [`Error::Invalid`] for a filter that leaves nothing out;
    /// [`Error::Store`] when it could not be begun, or its end not be written down. Nothing else is an error.
    pub async fn revoke_many(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        filter: &Filter,
    ) -> Result<Report, Error> {
        let decision = self.permit_many(ctx, key, filter).await?;
        let until = self.ports.clock.now() + self.settings.bulk;
        let half = self.settings.bulk / 2;
        let event = |kind| filtered(self.event(ctx, kind, key), filter);
        let requested = Event {
            decision: Some(decision.clone()),
            ..event(Kind::BulkRevokeRequested)
        };
        self.ports.store.append(requested).await?;
        let mut report = Report::default();
        let found = match self.find_many(ctx, key, filter, &mut report).await {
            Ok(found) => found,
            Err(error) => {
                let refused = event(Kind::BulkRevokeRefused);
                return Err(self.refuse(refused, None, error).await);
            }
        };
        // However long it took to find them, there is time to end some: otherwise no repetition would come any further.
        let until = until.max(self.ports.clock.now() + half);
        let begun = (self.begin_many(ctx, found, &decision, until, &mut report)).await;
        self.end_many(ctx, begun, until, &mut report).await;
        let finished = event(Kind::BulkRevoked)
            .with("matched", json!(report.matched))
            .with("revoked", json!(report.revoked))
            .with("complete", report.complete);
        self.ports.store.append(finished).await?;
        Ok(report)
    }

    /// Whether the caller may. Whoever's a kubeconfig is, it must be one that they could revoke by itself.
    async fn permit_many(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        filter: &Filter,
    ) -> Result<Decision, Error> {
        let refused = filtered(self.event(ctx, Kind::BulkRevokeRefused, key), filter);
        let (profile, discovered) = self.discover(ctx, key);
        let decide = |action| Relation::ALL.map(|of| self.decide(ctx, key, action, Some(of)));
        let decisions = [decide(Action::Get), decide(Action::Revoke)].concat();
        if profile.is_none() {
            let error = Error::NoSuchCluster;
            return Err(self.refuse(refused, Some(discovered), error).await);
        }
        if let Some(denied) = decisions.iter().find(|decision| !decision.allowed) {
            let denied = Some(denied.clone());
            return Err(self.refuse(refused, denied, Error::NotPermitted).await);
        }
        if filter.user.is_none() && filter.role.is_none() && filter.issued_before.is_none() {
            let invalid = ["user", "role", "issuedBefore"].map(|field| Invalid {
                field,
                reason: "nothing_selected",
                limit: None,
                message: "at least one of user, role and issuedBefore must be given".to_owned(),
            });
            let error = Error::Invalid(invalid.to_vec());
            return Err(self.refuse(refused, None, error).await);
        }
        // The last one: to revoke what is someone else's.
        decisions.into_iter().next_back().ok_or(Error::NotPermitted)
    }

    /// What matches, newest first; the report says whether that is all.
    async fn find_many(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        filter: &Filter,
        report: &mut Report,
    ) -> Result<Vec<Record>, Error> {
        let everything = Visible {
            principal: ctx.caller.principal.clone(),
            all: true,
            created: true,
            issued_for: true,
        };
        let now = self.ports.clock.now();
        // Before the lists: what is active by the time that they are read is in them.
        let (mut under_way, all) = self.under_way(key, filter).await?;
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for status in [Status::Active, Status::Revoking] {
            let filter = Filter {
                status: Some(status),
                ..filter.clone()
            };
            let mut after = None;
            loop {
                let store = &self.ports.store;
                let page = store
                    .list(key, &everything, &filter, now, after, PAGE)
                    .await?;
                // What became revoking between the two is in both.
                let new = page.records.into_iter();
                found.extend(new.filter(|record| seen.insert(record.uid)));
                if found.len() > MOST {
                    found.truncate(MOST);
                    return Ok(found);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        under_way.retain(|uid| !seen.contains(uid));
        report.complete = all && under_way.is_empty();
        Ok(found)
    }

    /// The issues that match and are under way: in no list, and perhaps active in a moment. And whether these are all.
    async fn under_way(
        &self,
        key: &ClusterKey,
        filter: &Filter,
    ) -> Result<(Vec<Uuid>, bool), Error> {
        // Each is due by then, if it does not end before, also where another replica's clock, which began it, is ahead.
        let deadline = self.ports.clock.now() + self.settings.pending * 2;
        let due = self.ports.store.due(key, deadline, WIDE).await?;
        let all = due.len() < usize::from(WIDE);
        let pending = due.into_iter().filter(|record| {
            record.state == State::Pending && !record.is_given_up() && filter.names(record)
        });
        Ok((pending.map(|record| record.uid).collect(), all))
    }

    /// Makes all of them revoking, and returns those whose objects are to be removed.
    async fn begin_many(
        &self,
        ctx: &Context,
        found: Vec<Record>,
        decision: &Decision,
        until: DateTime<Utc>,
        report: &mut Report,
    ) -> Vec<Record> {
        let mut begun = Vec::with_capacity(found.len());
        let begin = |record: Record| async move {
            let event = Event {
                decision: Some(decision.clone()),
                ..self.record_event(ctx, Kind::RevokeRequested, &record)
            };
            let reference = record.reference();
            let done = self.ports.store.begin_revoke(&reference, event).await;
            (record, done)
        };
        let left = self
            .each(found, WRITES, until, begin, |(record, done)| {
                match done {
                    Ok(true) => {
                        report.matched += 1;
                        begun.push(record);
                    }
                    // Someone else was faster, and it is confirmed.
                    Ok(false) => {
                        report.matched += 1;
                        report.revoked += 1;
                    }
                    Err(error) => {
                        // It may be active still, and nobody goes on with it.
                        report.complete = false;
                        report.unconfirmed(record, Why::Failed(Error::Store(error)));
                        // The store is ill: others would only wait for it.
                        return false;
                    }
                }
                true
            })
            .await;
        report.complete &= left.is_empty();
        begun
    }

    /// Removes their objects, and writes down which are confirmed gone.
    async fn end_many(
        &self,
        ctx: &Context,
        begun: Vec<Record>,
        until: DateTime<Utc>,
        report: &mut Report,
    ) {
        let end = |record: Record| async move {
            let done = self.end_one(ctx, &record).await;
            (record, done)
        };
        let left = self
            .each(begun, REMOVALS, until, end, |(record, done)| match done {
                Ok(()) => {
                    report.revoked += 1;
                    true
                }
                Err(error) => {
                    let ill = matches!(
                        error,
                        Error::Store(_)
                            | Error::Cluster(
                                ClusterError::Unreachable(_)
                                    | ClusterError::Busy(_)
                                    | ClusterError::Another(_)
                                    | ClusterError::Refused(_)
                            )
                    );
                    report.unconfirmed(record, Why::Failed(error));
                    !ill
                }
            })
            .await;
        for record in left {
            report.unconfirmed(record, Why::NotHeard);
        }
    }

    /// Ends one that was so, and is revoking now, as a revocation of it alone does. Of one that had expired, the cluster confirmed
    /// then that its object is gone.
    pub(super) async fn end_one(&self, ctx: &Context, record: &Record) -> Result<(), Error> {
        self.wait_for_the_end(record)?;
        if record.state != State::Expired {
            self.remove(record).await.map_err(Error::Cluster)?;
        }
        // `false`: the reconciler confirmed it in the same moment. It is gone either way.
        let event = self.record_event(ctx, Kind::Revoked, record);
        self.ports
            .store
            .finish_revoke(&record.reference(), event)
            .await?;
        Ok(())
    }

    /// Works on each record, on so many at once, until `until`; `done` takes what came of each, and says whether to go
    /// on with others. Returns those that nothing is known of: not begun with, or not heard of in time.
    async fn each<T, F>(
        &self,
        records: Vec<Record>,
        at_once: usize,
        until: DateTime<Utc>,
        work: impl Fn(Record) -> F,
        mut done: impl FnMut(T) -> bool,
    ) -> Vec<Record>
    where
        F: Future<Output = T>,
    {
        let mut waiting = records.into_iter();
        let mut under_way = FuturesUnordered::new();
        let mut unheard: Vec<Option<Record>> = Vec::new();
        let mut go_on = true;
        loop {
            let now = self.ports.clock.now();
            while go_on && now < until && under_way.len() < at_once {
                let Some(record) = waiting.next() else { break };
                let place = unheard.len();
                unheard.push(Some(record.clone()));
                let work = work(record);
                under_way.push(async move { (place, work.await) });
            }
            if under_way.is_empty() {
                break;
            }
            let left = (until - now).to_std().unwrap_or_default();
            let sleep = self.ports.clock.sleep(left);
            let Either::Left((Some((place, outcome)), _)) = select(under_way.next(), sleep).await
            else {
                break;
            };
            unheard[place] = None;
            go_on &= done(outcome);
        }
        unheard.into_iter().flatten().chain(waiting).collect()
    }
}
