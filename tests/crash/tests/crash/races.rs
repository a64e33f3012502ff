//! Revocation, download and expiry of one kubeconfig at the same moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use kubemint::ports::Clock;
use kubemint::{Error, Issue, State, Status};

use crate::all;
use crate::kept::Fresh;
use crate::model::{World, caller, key};

/// How long a call of the cluster takes at most, in microseconds.
const SLOWNESS: u64 = 3000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocation_download_and_expiry_at_once_end_in_one_of_their_orders() {
    race(&Fresh::embedded(), if all() { 2000 } else { 120 }).await;
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_revocation_download_and_expiry_at_once_end_in_one_of_their_orders() {
    race(&Fresh::postgres(), if all() { 300 } else { 40 }).await;
}

async fn race(fresh: &Fresh, rounds: i64) {
    let store = fresh.store().await;
    let world = World::new();
    world.slowness.store(SLOWNESS, Ordering::Relaxed);
    let (service, _) = world.service(Arc::clone(&store) as _);
    let (mut deliveries, mut revocations) = (0, 0);
    for round in 0..rounds {
        let issued = service
            .issue(&caller(), &key(), Issue::default())
            .await
            .expect("issued");
        let id = issued.record.id.clone();
        let end = issued.record.expires_at.expect("an end");
        // Just before, at, and after the moment from which the reconciler ends it.
        let revoked_too = round % 3 == 0;
        world.set(end - TimeDelta::milliseconds(1002 - (round % 5)));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (service, id) = (Arc::clone(&service), id.clone());
            tasks.spawn(async move {
                let delivered = service.download(&caller(), &key(), &id).await;
                (delivered.map(|_| ()), false)
            });
        }
        if revoked_too {
            let (service, id) = (Arc::clone(&service), id.clone());
            tasks.spawn(async move { (service.revoke(&caller(), &key(), &id).await, true) });
        }
        let reconciler = {
            let (service, world) = (Arc::clone(&service), Arc::clone(&world));
            tokio::spawn(async move {
                for _ in 0..4 {
                    service.reconcile(&key()).await;
                    service.sweep(&key()).await;
                    world.pass(TimeDelta::milliseconds(1));
                }
            })
        };
        let mut revoked = false;
        while let Some(done) = tasks.join_next().await {
            match done.expect("no panic") {
                (Ok(()), true) => {
                    revoked = true;
                    assert!(!world.standing().contains(&id), "{id}: revoked, and there");
                }
                (Ok(()), false) => deliveries += 1,
                (Err(Error::Expired | Error::Ending), false) => {}
                (Err(Error::NoSuchKubeconfig | Error::Revoking), false) if revoked_too => {}
                (other, revoke) => panic!("{id}: {other:?} (revocation: {revoke})"),
            }
        }
        reconciler.await.expect("no panic");
        revocations += usize::from(revoked);
        assert_eq!(revoked, revoked_too, "{id}");
        world.set(end);
        let done = service.reconcile(&key()).await;
        assert!(done.errors.is_empty(), "{:?}", done.errors);
        assert!(world.standing().is_empty(), "{id}: {:?}", world.standing());
        let record = store
            .find(&key(), &id)
            .await
            .expect("a record")
            .expect("a record");
        if revoked {
            assert_eq!(record.state, State::Revoked);
        } else {
            // Nobody revoked it, so it can still be read.
            assert_eq!(record.state, State::Expired, "round {round}");
            assert_eq!(record.status(world.now()), Some(Status::Expired));
        }
        let minted = store
            .credentials(&record.reference())
            .await
            .expect("credentials");
        assert!(!minted.is_empty());
    }
    assert!(deliveries > 0 && revocations > 0, "nothing raced");
    println!("{rounds} rounds, {deliveries} deliveries, {revocations} revocations");
}
