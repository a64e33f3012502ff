//! The reconciler's rounds, when there is much to do.

use std::sync::Arc;
use std::task::Poll;

use chrono::TimeDelta;

use super::super::{Context, Issue};
use super::id;
use super::world::{World, ctx, key};
use crate::id::KubeconfigId;
use crate::record::State;

fn alice() -> Context {
    ctx("alice", "user")
}

/// Issues so many, and lets their time pass.
async fn ended(world: &Arc<World>, count: usize) {
    let service = world.service();
    for number in 0..count {
        let wanted = Issue {
            id: Some(id(&format!("k-{number}"))),
            ttl: Some(600),
            ..Issue::default()
        };
        service.issue(&alice(), &key(), wanted).await.unwrap();
    }
    world.pass(600);
}

#[tokio::test]
async fn a_full_round_says_that_there_is_more_to_do() {
    let world = World::new();
    let service = world.service();
    ended(&world, 300).await;
    let first = service.reconcile(&key()).await;
    assert_eq!((first.expired, first.more), (256, true));
    let second = service.reconcile(&key()).await;
    assert_eq!((second.expired, second.more), (44, false));
    assert!(world.objects.lock().unwrap().is_empty());
    assert_eq!(service.reconcile(&key()).await.expired, 0);
}

#[tokio::test]
async fn a_cluster_that_is_ill_is_not_asked_for_each_of_many() {
    let world = World::new();
    let service = world.service();
    ended(&world, 300).await;
    world.break_next("remove", 300);
    let done = service.reconcile(&key()).await;
    assert!(
        (1..=10).contains(&done.errors.len()),
        "{}",
        done.errors.len()
    );
    assert_eq!((done.expired, done.more), (0, false));
}

#[tokio::test]
async fn what_finalizers_hold_keeps_nothing_else_from_its_end() {
    let world = World::new();
    let service = world.service();
    ended(&world, 300).await;
    let held: Vec<_> = (0..280).map(|number| id(&format!("k-{number}"))).collect();
    *world.held.lock().unwrap() = held.clone();
    let first = service.reconcile(&key()).await;
    assert_eq!((first.held.len(), first.expired), (256, 0));
    assert!(first.errors.is_empty(), "the cluster is well");
    // All others are seen, whatever of the older ones rests.
    let second = service.reconcile(&key()).await;
    assert_eq!((second.held.len(), second.expired), (24, 20));
    assert_eq!(service.held(&key()), 280);
    let third = service.reconcile(&key()).await;
    assert_eq!((third.held.len(), third.expired), (0, 0), "all rest");

    // A few of them at a time are tried again, and what is let go of ends.
    world.pass(2);
    assert_eq!(service.reconcile(&key()).await.held.len(), 4);
    world.held.lock().unwrap().clear();
    let mut expired = 0;
    for _ in 0..80 {
        world.pass(1);
        expired += service.reconcile(&key()).await.expired;
    }
    assert_eq!((expired, service.held(&key())), (280, 0));
}

#[tokio::test]
async fn what_ends_does_not_wait_until_all_that_is_held_is_known() {
    let world = World::new();
    let service = world.service();
    ended(&world, 301).await;
    *world.held.lock().unwrap() = (0..300).map(|number| id(&format!("k-{number}"))).collect();
    *world.holding.lock().unwrap() = TimeDelta::milliseconds(300);
    let began = *world.now.lock().unwrap();
    let first = service.reconcile(&key()).await;
    assert_eq!((first.expired, first.more), (0, true));
    // It was the last of all, and is the first of the next round.
    assert_eq!(service.reconcile(&key()).await.expired, 1);
    let took = *world.now.lock().unwrap() - began;
    assert!(took < TimeDelta::seconds(9), "{took}");
    while service.reconcile(&key()).await.more {}
    assert_eq!(service.held(&key()), 300, "each is tried");
}

#[tokio::test]
async fn an_expiry_is_among_the_first_whatever_else_is_held() {
    let world = World::new();
    let service = world.service();
    ended(&world, 301).await;
    let mut rows = world.rows.lock().unwrap().clone();
    // The one that expires is the oldest, and all others are revoked.
    for row in &mut rows[1..] {
        row.state = State::Revoking;
    }
    rows.rotate_left(1);
    *world.rows.lock().unwrap() = rows;
    *world.held.lock().unwrap() = (1..=300).map(|number| id(&format!("k-{number}"))).collect();
    *world.holding.lock().unwrap() = TimeDelta::milliseconds(300);
    service.reconcile(&key()).await;
    assert_eq!(service.reconcile(&key()).await.expired, 1);
}

#[tokio::test]
async fn each_that_is_held_is_tried_again_in_its_turn() {
    let world = World::new();
    let service = world.service();
    ended(&world, 10).await;
    *world.held.lock().unwrap() = (0..9).map(|number| id(&format!("k-{number}"))).collect();
    assert_eq!(service.reconcile(&key()).await.held.len(), 9);
    // The last one is let go of, and four are tried in a round.
    world.held.lock().unwrap().pop();
    let mut rounds = 0;
    while service.held(&key()) == 9 {
        world.pass(60);
        service.reconcile(&key()).await;
        rounds += 1;
        assert!(rounds <= 3, "{rounds} rounds, and it was not its turn");
    }
}

#[tokio::test]
async fn what_is_another_replicas_to_look_after_is_forgotten() {
    let world = World::new();
    let service = world.service();
    ended(&world, 1).await;
    *world.held.lock().unwrap() = vec![id("k-0")];
    service.reconcile(&key()).await;
    assert_eq!(service.held(&key()), 1);
    service.forget_resting(&key());
    assert_eq!(service.held(&key()), 0);
}

#[tokio::test]
async fn what_someone_else_ended_is_held_no_more() {
    let world = World::new();
    let service = world.service();
    ended(&world, 2).await;
    *world.held.lock().unwrap() = vec![id("k-0"), id("k-1")];
    service.reconcile(&key()).await;
    assert_eq!(service.held(&key()), 2);
    // Another replica was faster.
    world.rows.lock().unwrap()[0].state = State::Expired;
    service.reconcile(&key()).await;
    assert_eq!(service.held(&key()), 1);
}

#[tokio::test]
async fn a_stray_that_a_finalizer_holds_stops_no_sweep() {
    let world = World::new();
    let service = world.service();
    ended(&world, 3).await;
    world.pass(16 * 60);
    world.rows.lock().unwrap().clear();
    *world.held.lock().unwrap() = vec![id("k-0")];
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.held), (2, vec![id("k-0")]));
    assert!(done.errors.is_empty());
    // It rests: no row for each sweep of a stray that stays.
    let rows = world.kinds().len();
    assert!(service.sweep(&key()).await.held.is_empty());
    assert_eq!((world.kinds().len(), service.held(&key())), (rows, 1));
    world.held.lock().unwrap().clear();
    world.pass(10 * 60);
    assert_eq!(service.sweep(&key()).await.swept, 1);
    service.sweep(&key()).await;
    assert_eq!(service.held(&key()), 0);
}

#[tokio::test]
async fn one_object_that_fails_by_itself_holds_up_no_other() {
    let world = World::new();
    let service = world.service();
    ended(&world, 300).await;
    // The oldest, so it is the first of the first round.
    *world.minded.lock().unwrap() = vec![id("k-0")];
    let first = service.reconcile(&key()).await;
    assert_eq!((first.expired, first.errors.len()), (255, 1));
    assert!(first.more && !first.ill);
    // And the last of each other one, which tells of it.
    let second = service.reconcile(&key()).await;
    assert_eq!((second.expired, second.errors.len()), (44, 1));
    assert_eq!(service.held(&key()), 0, "no finalizer holds it");
    world.minded.lock().unwrap().clear();
    assert_eq!(service.reconcile(&key()).await.expired, 1);
}

#[tokio::test]
async fn many_objects_that_fail_hold_up_the_others_for_a_few_rounds_once() {
    let world = World::new();
    let service = world.service();
    ended(&world, 330).await;
    *world.minded.lock().unwrap() = (0..20).map(|number| id(&format!("k-{number}"))).collect();
    // Where nothing succeeds it may be the cluster, and the next round is another try.
    let mut expired = 0;
    for _ in 0..5 {
        expired += service.reconcile(&key()).await.expired;
    }
    assert_eq!(expired, 310);
    // What ends from now on is among the first.
    let record = {
        let mut rows = world.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row.id == id("k-329")).unwrap();
        row.state = State::Active;
        row.clone()
    };
    assert_eq!(service.reconcile(&key()).await.expired, 1);
    assert_eq!(world.state(&record.id), State::Expired);
}

#[tokio::test]
async fn a_cluster_that_is_well_again_is_asked_for_all_of_them_at_once() {
    let world = World::new();
    let service = world.service();
    ended(&world, 300).await;
    for _ in 0..60 {
        world.break_next("remove", 300);
        assert!(service.reconcile(&key()).await.ill);
    }
    world.break_next("remove", 0);
    let first = service.reconcile(&key()).await;
    assert_eq!((first.expired, first.more), (256, true));
    assert_eq!(service.reconcile(&key()).await.expired, 44);
}

/// Issues one of each role, and lets their time pass.
async fn one_of_each(world: &Arc<World>, number: usize) -> [KubeconfigId; 2] {
    let ids = ["viewer", "editor"].map(|role| id(&format!("{role}-{number}")));
    for (id, role) in ids.iter().zip(["viewer", "editor"]) {
        let wanted = Issue {
            id: Some(id.clone()),
            role: Some(role.to_owned()),
            ttl: Some(600),
            ..Issue::default()
        };
        let service = world.service();
        service
            .issue(&ctx("alice", "admin"), &key(), wanted)
            .await
            .unwrap();
    }
    world.pass(600);
    ids
}

#[tokio::test]
async fn a_role_whose_removals_hang_delays_no_end_of_another() {
    let world = World::new();
    let service = world.service();
    *world.hanging.lock().unwrap() = vec!["editor".to_owned()];
    let (key, mut rounds) = (key(), Vec::new());
    // One more of it ends before each round, and each round waits for what it could begin.
    for number in 0..40 {
        let [viewer, _] = one_of_each(&world, number).await;
        let mut round = Box::pin(service.reconcile(&key));
        let ended = futures::poll!(round.as_mut());
        assert_eq!(world.state(&viewer), State::Expired);
        if let Poll::Ready(ended) = ended {
            // It found no place for them, and there is no use in another one at once.
            assert!(!ended.more && !ended.ill && ended.errors.is_empty());
        } else {
            rounds.push(round);
        }
    }
    assert_eq!(rounds.len(), 8, "half of the places");
    // Who is given up gives its places back.
    world.hanging.lock().unwrap().clear();
    drop(rounds);
    assert_eq!(service.reconcile(&key).await.expired, 40);
}
