//! The reconciler's rounds, when there is much to do.

use std::sync::Arc;

use super::super::{Context, Issue};
use super::id;
use super::world::{World, ctx, key};

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
        (1..=8).contains(&done.errors.len()),
        "{}",
        done.errors.len()
    );
    assert_eq!((done.expired, done.more), (0, false));
}
