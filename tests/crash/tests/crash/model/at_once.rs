//! Requests, rounds and time at the same moment, on one kubeconfig: what they answer, and what is left, is what they would in some
//! order, one after the other (Herlihy and Wing, "Linearizability", 1990).

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use crash::{Harm, Plan, Point, Side};
use futures::future::join_all;
use kubemint::ports::StoreError;
use kubemint::{Error, Issue, KubeconfigId, Kubemint, Status};
use kubemint_store::{Options, SqliteStore};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::world::{World, caller, key};
use crate::kept::{Fresh, Kept};

/// How long a call of the cluster takes at most, in microseconds of real time.
const SLOWNESS: u64 = 1500;

/// How often a store that is broken may pass unnoticed.
const ATTEMPTS: u32 = 20;

/// What is there before.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Granted,
    /// Granted, and about to end: so many milliseconds before the moment from which the reconciler ends it.
    Ending(i64),
}

/// What happens at once.
#[derive(Clone, Copy, Debug)]
enum Act {
    Issue,
    Download,
    Revoke,
    Reconcile,
    Sweep,
    /// Time passes: issues that are under way are given up.
    Wait,
}

/// What a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Issued,
    IdTaken,
    /// An issue took too long.
    TooLong,
    /// The last write of an issue got no answer, and was given up. It may still arrive.
    Undone,
    Delivered,
    /// A download came at the end.
    Over,
    /// A download met a revocation.
    Revoking,
    /// A download or a revocation found nothing.
    Nothing,
    Revoked,
    /// The store had no time, on a machine that is very busy: what came of it nobody knows.
    Busy,
}

/// Where the kubeconfig is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Nothing,
    Pending,
    Active,
    Revoking,
    Revoked,
    Expired,
}

use State::{Active, Expired, Nothing, Pending, Revoked, Revoking};

/// A moment of a request: from which states it is possible, and where it leads; `None`: nowhere else.
type Moment = (&'static [State], Option<State>);

impl Told {
    /// The moments of a request that was answered so, in their order.
    fn moments(self, ending: bool) -> Vec<Moment> {
        match self {
            Told::Issued => vec![(&[Nothing], Some(Pending)), (&[Pending], Some(Active))],
            Told::TooLong | Told::Undone => {
                vec![(&[Nothing], Some(Pending)), (&[Pending], Some(Nothing))]
            }
            Told::IdTaken => vec![(&[Pending, Active, Revoking, Revoked, Expired], None)],
            Told::Delivered => vec![(&[Active], None)],
            Told::Over if ending => vec![(&[Active, Expired], None)],
            Told::Over => vec![(&[Expired], None)],
            Told::Revoking => vec![(&[Revoking], None)],
            Told::Nothing => vec![(&[Nothing, Pending, Revoked], None)],
            Told::Busy => unreachable!("it is not judged"),
            Told::Revoked => vec![
                (&[Active, Expired, Revoking], Some(Revoking)),
                (&[Revoking, Revoked], Some(Revoked)),
            ],
        }
    }
}

/// Where all of it may end, in any order of what is left of each request. The reconciler may come between.
fn ends(from: State, left: &[Vec<Moment>], reconciler: bool, ending: bool) -> BTreeSet<State> {
    let mut all = BTreeSet::new();
    if left.iter().all(Vec::is_empty) {
        all.insert(from);
    }
    if reconciler {
        let then = match from {
            Revoking => Some(Revoked),
            Active if ending => Some(Expired),
            _ => None,
        };
        all.extend(then.map_or_else(BTreeSet::new, |then| ends(then, left, reconciler, ending)));
    }
    for (at, moments) in left.iter().enumerate() {
        let Some((possible, then)) = moments.first() else {
            continue;
        };
        if possible.contains(&from) {
            let mut rest = left.to_vec();
            rest[at].remove(0);
            all.extend(ends(then.unwrap_or(from), &rest, reconciler, ending));
        }
    }
    all
}

fn id() -> KubeconfigId {
    "k".parse().expect("a name")
}

async fn issue(service: &Kubemint) -> Result<kubemint::Issued, Error> {
    let wanted = Issue {
        id: Some(id()),
        ttl: Some(3600),
        ..Issue::default()
    };
    service.issue(&caller(), &key(), wanted).await
}

/// Does one act. What it was told, if it is a request.
async fn act(service: Arc<Kubemint>, world: Arc<World>, act: Act) -> Option<Told> {
    Some(match act {
        Act::Issue => match issue(&service).await {
            Ok(_) => Told::Issued,
            Err(Error::IdTaken) => Told::IdTaken,
            Err(Error::Cluster(_)) => Told::TooLong,
            Err(Error::Store(error)) if is_late(&error) => Told::Undone,
            Err(Error::Store(_)) => Told::Busy,
            Err(other) => panic!("issue: {other:?}"),
        },
        Act::Download => match service.download(&caller(), &key(), &id()).await {
            Ok(_) => Told::Delivered,
            Err(Error::Expired | Error::Ending) => Told::Over,
            Err(Error::Revoking) => Told::Revoking,
            Err(Error::NoSuchKubeconfig) => Told::Nothing,
            Err(Error::Store(_)) => Told::Busy,
            Err(other) => panic!("download: {other:?}"),
        },
        Act::Revoke => match service.revoke(&caller(), &key(), &id()).await {
            Ok(()) => {
                assert!(world.standing().is_empty(), "revoked, and there");
                Told::Revoked
            }
            Err(Error::NoSuchKubeconfig) => Told::Nothing,
            Err(Error::Store(_)) => Told::Busy,
            Err(other) => panic!("revoke: {other:?}"),
        },
        Act::Reconcile => {
            let done = service.reconcile(&key()).await;
            return busy(&done.errors);
        }
        Act::Sweep => {
            let done = service.sweep(&key()).await;
            if let Some(busy) = busy(&done.errors) {
                return Some(busy);
            }
            assert_eq!(done.lost, 0, "nobody took anything away");
            return None;
        }
        Act::Wait => {
            world.pass(TimeDelta::seconds(61));
            return None;
        }
    })
}

/// Whether an error is the injected one of a write that is carried out later.
fn is_late(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(why) if why.to_string().contains("is late"))
}

/// Whether the store had no time; nothing else may be an error.
fn busy(errors: &[Error]) -> Option<Told> {
    let all = errors.iter().all(|error| matches!(error, Error::Store(_)));
    assert!(all, "{errors:?}");
    (!errors.is_empty()).then_some(Told::Busy)
}

/// Plays all at once, and holds what comes of it against every order. Of the issues' last writes the `late`-th is carried out when
/// nobody waits for it any more. Whether it could be judged.
async fn play(store: Arc<dyn Kept>, before: Before, acts: &[Act], late: Option<u32>) -> bool {
    let world = World::new();
    world.slowness.store(SLOWNESS, Ordering::Relaxed);
    let (service, faults) = world.service(Arc::clone(&store) as _);
    if let Before::Granted | Before::Ending(_) = before {
        let issued = issue(&service).await.expect("issued");
        if let Before::Ending(left) = before {
            let end = issued.record.expires_at.expect("an end");
            world.set(end - TimeDelta::milliseconds(1000 + left));
        }
    }
    let harm = late.map(|nth| {
        let point = Point {
            call: "activate".to_owned(),
            nth,
            side: Side::Before,
        };
        (point, Harm::Late)
    });
    faults.follow(Plan::At(harm.into_iter().collect()));
    let tasks = acts
        .iter()
        .map(|one| tokio::spawn(act(Arc::clone(&service), Arc::clone(&world), *one)));
    let told = join_all(tasks).await.into_iter();
    let told: Vec<_> = told.filter_map(|told| told.expect("no panic")).collect();
    faults.caught_up().await;
    if told.contains(&Told::Busy) {
        return false;
    }

    let ending = matches!(before, Before::Ending(_));
    let reconciler = acts.iter().any(|act| matches!(act, Act::Reconcile));
    let from = match before {
        Before::Nothing => Nothing,
        Before::Granted | Before::Ending(_) => Active,
    };
    let moments: Vec<_> = told.iter().map(|told| told.moments(ending)).collect();
    let possible = ends(from, &moments, reconciler, ending);
    assert!(!possible.is_empty(), "no order explains {told:?}");
    let shown = service.get(&caller(), &key(), &id()).await;
    let seen: &[State] = match shown.map(|shown| shown.status) {
        Ok(Status::Active) => &[Active],
        // Its time may be over, and nobody has ended it yet.
        Ok(Status::Expired) => &[Expired, Active],
        Ok(Status::Revoking) => &[Revoking],
        Err(Error::NoSuchKubeconfig) => &[Nothing, Revoked],
        Err(other) => panic!("{other:?}"),
    };
    assert!(
        seen.iter().any(|seen| possible.contains(seen)),
        "{told:?} end in one of {possible:?}, and {seen:?} is shown"
    );

    // And once nothing is under way, what stands is what is active.
    world.pass(TimeDelta::seconds(61));
    for _ in 0..2 {
        let done = service.reconcile(&key()).await;
        assert!(done.errors.is_empty(), "{:?}", done.errors);
    }
    let record = store.find(&key(), &id()).await.expect("a store");
    let active = record.is_some_and(|record| record.state == kubemint::State::Active);
    assert_eq!(world.standing().len(), usize::from(active));
    true
}

/// Tries so many plays, or as many as `--all` asks for.
fn try_all(fresh: impl FnOnce() -> Fresh, few: u32, many: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let config = Config {
        cases: if crate::all() { many } else { few },
        rng_seed: if crate::all() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(1)
        },
        failure_persistence: None,
        // What is at once comes out otherwise each time.
        max_shrink_iters: 0,
        ..Config::default()
    };
    let before = prop_oneof![
        2 => Just(Before::Nothing),
        2 => Just(Before::Granted),
        2 => (-2..3i64).prop_map(Before::Ending),
    ];
    let act = prop_oneof![
        2 => Just(Act::Issue),
        3 => Just(Act::Download),
        2 => Just(Act::Revoke),
        2 => Just(Act::Reconcile),
        1 => Just(Act::Sweep),
        1 => Just(Act::Wait),
    ];
    let acts = proptest::collection::vec(act, 2..7);
    let late = proptest::option::weighted(0.4, 1..3u32);
    let fresh = fresh();
    let (cases, judged) = (config.cases, Cell::new(0));
    let tried = TestRunner::new(config).run(&(before, acts, late), |(before, acts, late)| {
        let one = runtime.block_on(async {
            let store = fresh.store().await;
            play(store, before, &acts, late).await
        });
        judged.set(judged.get() + u32::from(one));
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
    println!("{} of {cases} judged", judged.get());
    assert!(judged.get() > cases / 2, "{}", judged.get());
}

#[test]
fn whatever_happens_at_once_could_have_happened_one_after_the_other() {
    try_all(Fresh::embedded, 200, 4000);
}

#[cfg(feature = "postgres-tests")]
#[test]
fn on_postgresql_whatever_happens_at_once_could_have_happened_one_after_the_other() {
    try_all(Fresh::postgres, 40, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_write_that_arrives_after_its_issue_was_given_up_changes_nothing() {
    for acts in [&[Act::Issue][..], &[Act::Issue, Act::Reconcile]] {
        let store = Fresh::embedded().store().await;
        assert!(
            play(store, Before::Nothing, acts, Some(1)).await,
            "{acts:?}"
        );
    }
}

/// The same on a store whose giving up is no fence (D54): it leaves a live record without its object, and that is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_giving_up_is_no_fence_is_noticed() {
    let broken = "CREATE TRIGGER unfenced AFTER UPDATE OF pending_until ON kubeconfig BEGIN
        UPDATE kubeconfig SET pending_until = created_at + 1 WHERE seq = NEW.seq; END";
    // The late write and the clean-up race each other.
    for _ in 0..ATTEMPTS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubemint.db");
        drop(SqliteStore::open(Options::new(&path)).expect("a store"));
        let database = rusqlite::Connection::open(&path).expect("the database");
        database.execute_batch(broken).expect("a trigger");
        drop(database);
        let store = SqliteStore::open(Options::new(&path)).expect("the store");
        let store = Arc::new(store);
        let played = tokio::spawn(play(store, Before::Nothing, &[Act::Issue], Some(1)));
        if let Err(error) = played.await {
            let told = error.into_panic();
            let told = told.downcast_ref::<String>().expect("a text");
            assert!(told.contains("[Active] is shown"), "{told}");
            return;
        }
    }
    panic!("it is not noticed");
}

#[test]
fn an_order_that_explains_nothing_is_not_found() {
    let both = [Told::Revoked, Told::Delivered].map(|told| told.moments(false));
    assert_eq!(ends(Active, &both, false, false), BTreeSet::from([Revoked]));
    // Nothing can be delivered of what was never issued, nor issued twice.
    let delivered = [Told::Delivered.moments(false)];
    assert!(ends(Nothing, &delivered, true, false).is_empty());
    let twice = [Told::Issued, Told::Issued].map(|told| told.moments(false));
    assert!(ends(Nothing, &twice, true, false).is_empty());
    // What was given up while another tried is free again.
    let one = [Told::TooLong, Told::IdTaken, Told::Nothing].map(|told| told.moments(false));
    assert_eq!(ends(Nothing, &one, false, false), BTreeSet::from([Nothing]));
    // Nothing expires before its time.
    let over = [Told::Over.moments(false)];
    assert!(ends(Active, &over, true, false).is_empty());
}
