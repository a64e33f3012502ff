//! Any history of requests, time, rounds of the reconciler, outages and lost answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use crash::{Faults, Harm, Plan, Point, Side};
use kubemint::ports::{Clock, Filter};
use kubemint::{Error, Issue, KubeconfigId, Kubemint, Status};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::expected::{Model, Seen};
use super::steps::{Act, CALLS, NAMES, Step, step};
use super::world::{World, caller, key};
use crate::kept::Fresh;

/// A history as it goes on.
struct History {
    world: Arc<World>,
    service: Arc<Kubemint>,
    faults: Arc<Faults>,
    model: Model,
}

impl History {
    async fn new(fresh: &Fresh) -> Self {
        let world = World::new();
        let (service, faults) = world.service(fresh.store().await as _);
        Self {
            world,
            service,
            faults,
            model: Model::default(),
        }
    }

    /// The name that a number stands for: a chosen one, or one that was issued for a key.
    fn name(&self, number: usize) -> KubeconfigId {
        let issued = number
            .checked_sub(NAMES)
            .and_then(|key| self.model.keys.get(&key));
        issued.map_or_else(
            || format!("k{number}").parse().expect("a name"),
            |issued| issued.record.id.clone(),
        )
    }

    async fn play(&mut self, (act, harm): Step) {
        let plan = harm.map_or(Plan::Calm, |(call, after)| {
            let point = Point {
                call: CALLS[call].to_owned(),
                nth: 1,
                side: if after { Side::After } else { Side::Before },
            };
            Plan::At(vec![(point, Harm::Fail)])
        });
        self.faults.follow(plan);
        match act {
            Act::Named(name, ttl) => self.issue_named(name, ttl).await,
            Act::Keyed(key) => self.issue_keyed(key).await,
            Act::Download(number) => self.download(number).await,
            Act::Revoke(number) => self.revoke(number).await,
            Act::Advance(seconds) => self.world.pass(TimeDelta::seconds(seconds)),
            Act::Reconcile => {
                self.service.reconcile(&key()).await;
                self.model.settle();
            }
            Act::Sweep => {
                self.service.sweep(&key()).await;
                self.model.settle();
            }
            Act::Down => self.world.fall(true),
            Act::Up => self.world.fall(false),
            Act::Steal(number) => {
                let name = self.name(number);
                self.world.steal(&name);
                // It is not known yet, and comes out at the next sweep or download.
                if let Some(entry) = self.model.entries.get_mut(&name) {
                    entry.may_be.insert(Seen::Nothing);
                }
            }
        }
        self.faults.follow(Plan::Calm);
        self.look().await;
    }

    async fn issue_named(&mut self, number: usize, ttl: i64) {
        let id: KubeconfigId = format!("k{number}").parse().expect("a name");
        let request = Issue {
            id: Some(id.clone()),
            ttl: Some(ttl),
            ..Issue::default()
        };
        let entry = self.model.entries.get(&id);
        let known = entry.is_some();
        let taken = entry.is_some_and(|entry| !entry.perhaps_free);
        match self.service.issue(&caller(), &key(), request).await {
            Ok(issued) => {
                assert!(!taken, "{id} was issued twice");
                self.model.granted(&issued);
            }
            Err(Error::IdTaken) => assert!(known, "{id} was free"),
            // The answer of the last write may be lost: then it is granted, and nobody was told.
            Err(Error::Store(_)) if !taken => self.model.perhaps(id),
            // It is failed, or will be.
            Err(Error::Cluster(_)) if !taken => self.model.nothing(id),
            Err(Error::Store(_)) => {}
            Err(other) => panic!("{id}: {other:?}"),
        }
    }

    async fn issue_keyed(&mut self, number: usize) {
        let request = Issue {
            ttl: Some(900),
            idempotency_key: Some(format!("key-{number}")),
            ..Issue::default()
        };
        match self.service.issue(&caller(), &key(), request).await {
            Ok(issued) => {
                if let Some(earlier) = self.model.keys.get(&number) {
                    assert!(issued.replayed);
                    assert_eq!(issued.record.uid, earlier.record.uid, "key-{number}");
                } else {
                    // A lost answer may have granted it; then this one replays it, and it may be over already.
                    if issued.replayed {
                        self.model.perhaps(issued.record.id.clone());
                        self.model
                            .entries
                            .entry(issued.record.id.clone())
                            .and_modify(|entry| {
                                entry.perhaps_free = false;
                            });
                    } else {
                        self.model.granted(&issued);
                    }
                    self.model.keys.insert(number, issued);
                }
            }
            Err(Error::Store(_) | Error::Cluster(_) | Error::InProgress) => {}
            Err(other) => panic!("key-{number}: {other:?}"),
        }
    }

    async fn download(&mut self, number: usize) {
        let id = self.name(number);
        let delivered = self.service.download(&caller(), &key(), &id).await;
        let now = self.world.now();
        let entry = self.model.entries.get(&id);
        let may_be = |seen| entry.is_none_or(|entry| entry.may_be.contains(&seen));
        let end = entry.and_then(|entry| entry.end);
        match delivered {
            Ok(delivery) => {
                assert!(entry.is_some() && may_be(Seen::Granted), "{id}: {entry:?}");
                assert!(delivery.expires_at > now, "{id}: delivered after its time");
                assert!(
                    self.world.standing().contains(&id),
                    "{id}: delivered what is gone"
                );
            }
            Err(Error::Expired | Error::Ending) => {
                let near = end.is_none_or(|end| end < now + TimeDelta::seconds(2));
                assert!(may_be(Seen::Granted) && near, "{id}: {entry:?} at {now}");
            }
            Err(Error::Revoking) => assert!(may_be(Seen::Revoking), "{id}: {entry:?}"),
            Err(Error::NoSuchKubeconfig) => assert!(may_be(Seen::Nothing), "{id}: {entry:?}"),
            Err(Error::Store(_) | Error::Cluster(_)) => {}
            Err(other) => panic!("{id}: {other:?}"),
        }
    }

    async fn revoke(&mut self, number: usize) {
        let id = self.name(number);
        let revoked = self.service.revoke(&caller(), &key(), &id).await;
        let gone = !self.world.standing().contains(&id);
        let Some(entry) = self.model.entries.get_mut(&id) else {
            let expected = matches!(revoked, Err(Error::NoSuchKubeconfig | Error::Store(_)));
            assert!(expected, "{id}: {revoked:?}");
            return;
        };
        match revoked {
            Ok(()) => {
                assert!(gone, "{id}: 204, and its object is there");
                assert!(
                    entry.may_be != BTreeSet::from([Seen::Nothing]),
                    "{id}: {entry:?}"
                );
                entry.may_be = BTreeSet::from([Seen::Nothing]);
            }
            Err(Error::NoSuchKubeconfig) => {
                assert!(entry.may_be.contains(&Seen::Nothing), "{id}: {entry:?}");
            }
            Err(Error::Cluster(_)) => entry.may_be = BTreeSet::from([Seen::Revoking]),
            Err(Error::Store(_)) if entry.may_be != BTreeSet::from([Seen::Nothing]) => {
                entry.may_be.extend([Seen::Revoking, Seen::Nothing]);
            }
            Err(Error::Store(_)) => {}
            Err(other) => panic!("{id}: {other:?}"),
        }
    }

    /// What can be seen is what may be; and from now on it is known.
    async fn look(&mut self) {
        let now = self.world.now();
        for (id, entry) in &mut self.model.entries {
            let shown = self.service.get(&caller(), &key(), id).await;
            let seen = match &shown {
                Ok(shown) => {
                    let uid = *entry.uid.get_or_insert(shown.record.uid);
                    assert_eq!(shown.record.uid, uid, "{id} is another one");
                    entry.end = shown.record.expires_at;
                    let over = entry.end.is_some_and(|end| end <= now);
                    match shown.status {
                        Status::Revoking => Seen::Revoking,
                        Status::Active => {
                            assert!(!over, "{id}: active after its time");
                            Seen::Granted
                        }
                        Status::Expired => {
                            // It is ended up to a second before its time.
                            let lead = TimeDelta::seconds(1);
                            let near = entry.end.is_some_and(|end| end <= now + lead);
                            assert!(near, "{id}: expired before its time");
                            Seen::Granted
                        }
                    }
                }
                Err(Error::NoSuchKubeconfig) => Seen::Nothing,
                Err(other) => panic!("{id}: {other:?}"),
            };
            assert!(
                entry.may_be.contains(&seen),
                "{id}: {shown:?}, and {entry:?}"
            );
            entry.perhaps_free &= seen == Seen::Nothing;
            // What is active may lose its stolen object later; what was never seen may still be found.
            let stolen = !self.world.standing().contains(id);
            if !(stolen && seen == Seen::Granted) {
                entry.may_be = BTreeSet::from([seen]);
            }
        }
    }

    /// The cluster is back, nothing fails, and time passes: nothing is left under way, and what stands in the cluster
    /// is what can be had.
    async fn quiesce(&mut self) {
        self.world.fall(false);
        for pass in [0, 70] {
            self.world.pass(TimeDelta::seconds(pass));
            let done = self.service.reconcile(&key()).await;
            assert!(done.errors.is_empty(), "{:?}", done.errors);
        }
        let swept = self.service.sweep(&key()).await;
        assert!(swept.errors.is_empty(), "{:?}", swept.errors);
        assert_eq!(swept.swept, 0, "strays that the protocol left");
        self.model.settle();
        for entry in self.model.entries.values_mut() {
            if entry.may_be.contains(&Seen::Granted) {
                entry.may_be.insert(Seen::Nothing);
            }
        }
        self.look().await;
        let mut live = BTreeSet::new();
        for id in self.model.entries.keys() {
            match self.service.get(&caller(), &key(), id).await {
                Ok(shown) if shown.status == Status::Active => {
                    let delivered = self.service.download(&caller(), &key(), id).await;
                    let ending =
                        shown.record.expires_at < Some(self.world.now() + TimeDelta::seconds(1));
                    assert!(delivered.is_ok() || ending, "{id}: {delivered:?}");
                    live.insert(id.clone());
                }
                Ok(shown) => assert_eq!(shown.status, Status::Expired, "{id}"),
                Err(Error::NoSuchKubeconfig) => {}
                Err(other) => panic!("{id}: {other:?}"),
            }
        }
        // What was granted and never told is not in the model, but in the list.
        let listed = self
            .service
            .list(&caller(), &key(), &Filter::default(), None, 500)
            .await
            .expect("a list");
        live.extend(
            listed
                .items
                .into_iter()
                .filter(|item| item.status == Status::Active)
                .map(|item| item.record.id),
        );
        let standing: BTreeSet<_> = self.world.standing().into_iter().collect();
        assert_eq!(
            standing, live,
            "what stands in the cluster, and what is active"
        );
        self.try_again().await;
    }

    /// Whatever failed is cleaned up by now, and its name can be had.
    async fn try_again(&mut self) {
        let free = self.model.entries.iter();
        let free: Vec<_> = free
            .filter(|(_, entry)| entry.perhaps_free)
            .map(|(id, _)| id.clone())
            .collect();
        for id in free {
            let request = Issue {
                id: Some(id.clone()),
                ttl: Some(900),
                ..Issue::default()
            };
            let issued = self.service.issue(&caller(), &key(), request).await;
            assert!(issued.is_ok(), "{id}: {issued:?}");
        }
    }
}

/// Tries so many histories, or as many as `--all` asks for.
fn try_all(fresh: impl FnOnce() -> Fresh, few: u32, many: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let config = Config {
        cases: if crate::all() { many } else { few },
        // The same histories each time, so that a change is judged by itself; `--all` looks further.
        rng_seed: if crate::all() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(1)
        },
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let histories = proptest::collection::vec(step(), 1..40);
    let fresh = fresh();
    let tried = TestRunner::new(config).run(&histories, |steps| {
        runtime.block_on(async {
            let mut history = History::new(&fresh).await;
            for step in steps {
                history.play(step).await;
            }
            history.quiesce().await;
        });
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

#[test]
fn any_history_shows_what_the_model_allows_and_ends_in_order() {
    try_all(Fresh::embedded, 32, 1000);
}

#[cfg(feature = "postgres-tests")]
#[test]
fn on_postgresql_any_history_shows_what_the_model_allows_and_ends_in_order() {
    try_all(Fresh::postgres, 8, 100);
}
