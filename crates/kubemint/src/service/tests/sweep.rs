//! What a sweep believes: only what was really listed, at the place of the record, and said again by name.

use super::super::{Context, Issue};
use super::world::{World, ctx, key, start};
use super::{id, request};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::ClusterError;
use crate::record::{Record, State};

fn admin() -> Context {
    ctx("root", "admin")
}

async fn issued(world: &std::sync::Arc<World>, role: &str, ttl: i64) -> Record {
    let wanted = request(Some(role), Some(ttl));
    let issued = world.service().issue(&admin(), &key(), wanted).await;
    issued.unwrap().record
}

#[tokio::test]
async fn a_role_that_is_taken_out_of_the_configuration_loses_nothing_and_ends_at_its_time() {
    let world = World::new();
    let service = world.service();
    let editor = issued(&world, "editor", 3600).await;
    *world.roles.lock().unwrap() = vec!["viewer"];
    let done = service.sweep(&key()).await;
    assert_eq!((done.lost, done.errors.len()), (0, 0));
    assert_eq!(world.state(&editor.id), State::Active);
    // It is seen, and can be revoked, as before.
    let shown = service.get(&admin(), &key(), &editor.id).await;
    assert_eq!(shown.unwrap().record.role, "editor");
    world.pass(3600);
    assert_eq!(service.reconcile(&key()).await.expired, 1);
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_listed_of_a_role_that_was_is_told_and_not_lost() {
    let world = World::new();
    let service = world.service();
    let editor = issued(&world, "editor", 3600).await;
    *world.roles.lock().unwrap() = vec!["viewer"];
    *world.closed.lock().unwrap() = vec!["editor".to_owned()];
    world.objects.lock().unwrap().clear();
    let done = service.sweep(&key()).await;
    assert_eq!(done.lost, 0);
    assert!(matches!(&done.unlisted[..], [(role, ClusterError::Refused(_))] if role == "editor"));
    assert_eq!(world.state(&editor.id), State::Active);
}

#[tokio::test]
async fn a_role_without_rights_holds_up_no_other() {
    let world = World::new();
    let service = world.service();
    for role in ["editor", "viewer"] {
        for number in 0..20 {
            let wanted = Issue {
                id: Some(id(&format!("{role}-{number}"))),
                ..request(Some(role), Some(600))
            };
            service.issue(&admin(), &key(), wanted).await.unwrap();
        }
    }
    *world.closed.lock().unwrap() = vec!["editor".to_owned()];
    world.pass(600);
    let done = service.reconcile(&key()).await;
    assert_eq!(done.expired, 20);
    assert!((1..=10).contains(&done.errors.len()));
    assert!(matches!(
        done.errors[0],
        Error::Cluster(ClusterError::Refused(_))
    ));
}

#[tokio::test]
async fn a_configured_role_without_rights_keeps_no_other_from_being_swept() {
    let world = World::new();
    let service = world.service();
    let editor = issued(&world, "editor", 7200).await;
    let viewer = issued(&world, "viewer", 7200).await;
    let stray = (uuid::Uuid::from_u128(77), "stray".to_owned(), start());
    world.objects.lock().unwrap().insert(id("stray"), stray);
    world.objects.lock().unwrap().remove(&viewer.id);
    world.pass(15 * 60);
    *world.closed.lock().unwrap() = vec!["editor".to_owned()];
    let done = service.sweep(&key()).await;
    assert_eq!((done.lost, done.swept, done.errors.len()), (1, 1, 1));
    assert!(matches!(
        done.errors[0],
        Error::Cluster(ClusterError::Refused(_))
    ));
    assert_eq!(done.foreign, None);
    assert_eq!(world.state(&editor.id), State::Active);
}

#[tokio::test]
async fn what_a_role_without_rights_hides_is_not_taken_for_gone() {
    let world = World::new();
    let service = world.service();
    strays(&world, 11);
    world.pass(30 * 60);
    assert_eq!(service.sweep(&key()).await.unknown, 11);
    // Nothing of them is seen, and most end meanwhile.
    *world.closed.lock().unwrap() = vec!["viewer".to_owned()];
    assert_eq!(service.sweep(&key()).await.unknown, 0);
    let some: Vec<_> = (0..8).map(|n| id(&format!("stray-{n}"))).collect();
    (world.objects.lock().unwrap()).retain(|id, _| !some.contains(id));
    world.closed.lock().unwrap().clear();
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (0, 3));
}

#[tokio::test]
async fn what_the_store_never_heard_of_is_named_before_it_is_removed() {
    let world = World::new();
    let service = world.service();
    issued(&world, "viewer", 7200).await;
    assert_eq!(service.sweep(&key()).await.strangers, Some(Vec::new()));
    strays(&world, 2);
    let done = service.sweep(&key()).await;
    let mut named = done.strangers.unwrap();
    named.sort_by_key(ToString::to_string);
    assert_eq!(named, [id("stray-0"), id("stray-1")]);
    assert_eq!(done.swept, 0);
    // What was not listed is not known to be gone.
    *world.closed.lock().unwrap() = vec!["viewer".to_owned()];
    assert_eq!(service.sweep(&key()).await.strangers, None);
    world.closed.lock().unwrap().clear();
    // One that it knows is none.
    let over = issued(&world, "viewer", 7200).await;
    for row in world.rows.lock().unwrap().iter_mut() {
        if row.id == over.id {
            row.state = State::Revoked;
        }
    }
    world.pass(15 * 60);
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.strangers.unwrap().len()), (3, 2));
    assert_eq!(service.sweep(&key()).await.strangers, Some(Vec::new()));
}

#[tokio::test]
async fn no_record_is_lost_to_a_list_that_its_own_object_contradicts() {
    let world = World::new();
    let service = world.service();
    let viewer = issued(&world, "viewer", 3600).await;
    *world.blind.lock().unwrap() = true;
    let done = service.sweep(&key()).await;
    assert_eq!((done.lost, done.missing.len()), (0, 0));
    assert_eq!(world.state(&viewer.id), State::Active);
    // Once it is gone, it is, and it is named.
    world.objects.lock().unwrap().clear();
    let done = service.sweep(&key()).await;
    assert_eq!(done.lost, 1);
    assert_eq!(done.missing[0].id, viewer.id);
}

#[tokio::test]
async fn nothing_is_lost_at_a_cluster_that_is_not_known_again() {
    let world = World::new();
    let service = world.service();
    let viewer = issued(&world, "viewer", 3600).await;
    world.objects.lock().unwrap().clear();
    *world.certain.lock().unwrap() = false;
    assert_eq!(service.sweep(&key()).await.lost, 0);
    assert_eq!(world.state(&viewer.id), State::Active);
}

#[tokio::test]
async fn strays_are_swept_once_they_are_old_and_live_ones_stay() {
    let world = World::new();
    let service = world.service();
    let live = service
        .issue(&admin(), &key(), Issue::default())
        .await
        .unwrap();
    let stray = (uuid::Uuid::from_u128(77), "stray".to_owned(), start());
    world.objects.lock().unwrap().insert(id("stray"), stray);
    assert_eq!(
        service.sweep(&key()).await.swept,
        0,
        "too young: it may belong to an issue under way"
    );
    world.pass(15 * 60);
    // Without a row nothing goes; with one it may fail to go.
    world.break_next("append", 1);
    let unwritten = service.sweep(&key()).await;
    assert!(matches!(unwritten.errors[..], [Error::Store(_)]));
    assert_eq!(world.objects.lock().unwrap().len(), 2);
    world.break_next("remove", 1);
    assert_eq!(service.sweep(&key()).await.swept, 0);
    assert_eq!(world.kinds().last(), Some(&Kind::Swept));
    // It rests then: each try has a row.
    let rows = world.kinds().len();
    assert_eq!(service.sweep(&key()).await.swept, 0);
    assert_eq!(world.kinds().len(), rows);
    world.pass(10 * 60);
    assert_eq!(service.sweep(&key()).await.swept, 1);
    let objects = world.objects.lock().unwrap();
    assert_eq!(objects.keys().collect::<Vec<_>>(), [&live.record.id]);
}

#[tokio::test]
async fn a_cluster_that_lost_nearly_everything_is_not_believed() {
    let world = World::new();
    let service = world.service();
    for _ in 0..12 {
        service
            .issue(&admin(), &key(), Issue::default())
            .await
            .unwrap();
    }
    world.objects.lock().unwrap().clear();
    let done = service.sweep(&key()).await;
    assert!(done.suspicious && done.lost == 0);
}

/// So many objects that no record stands for.
fn strays(world: &World, count: u32) {
    for number in 0..count {
        let uid = uuid::Uuid::from_u128(1000 + u128::from(number));
        let stray = (uid, format!("stray-{number}"), *world.now.lock().unwrap());
        let id = id(&format!("stray-{number}"));
        world.objects.lock().unwrap().insert(id, stray);
    }
}

#[tokio::test]
async fn one_stray_that_cannot_be_removed_keeps_no_other() {
    let world = World::new();
    let service = world.service();
    strays(&world, 8);
    *world.minded.lock().unwrap() = vec![id("stray-0"), id("stray-1")];
    world.pass(15 * 60);
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.errors.len(), done.ill), (6, 2, false));
    // Once may have been an accident: the next sweep of those that fail tries them again.
    world.pass(4);
    *world.minded.lock().unwrap() = vec![id("stray-0")];
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.errors.len()), (1, 1));
    // What goes on failing rests longer and longer, up to two hours, without a row each time.
    for _ in 0..20 {
        world.pass(2 * 3600);
        assert_eq!(service.sweep(&key()).await.errors.len(), 1);
    }
    world.pass(3600);
    let rows = world.kinds().len();
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.errors.len()), (0, 0));
    assert_eq!(world.kinds().len(), rows);
    world.minded.lock().unwrap().clear();
    world.pass(3600);
    assert_eq!(service.sweep(&key()).await.swept, 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_looked_for_keeps_no_other() {
    let world = World::new();
    let service = world.service();
    for _ in 0..3 {
        issued(&world, "viewer", 3600).await;
    }
    world.objects.lock().unwrap().clear();
    world.break_next("look", 1);
    let done = service.sweep(&key()).await;
    assert_eq!((done.lost, done.errors.len(), done.ill), (2, 1, false));
    assert_eq!(service.sweep(&key()).await.lost, 1);
}

#[tokio::test]
async fn many_that_the_store_never_heard_of_are_left_until_their_time() {
    let world = World::new();
    let service = world.service();
    strays(&world, 11);
    world.pass(30 * 60);
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (0, 11));
    // Whatever is issued beside them, and however few are left.
    for _ in 0..14 {
        issued(&world, "viewer", 7200).await;
    }
    world.objects.lock().unwrap().remove(&id("stray-0"));
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (0, 10));
    // In the fakes, an object says that it ends after an hour.
    world.pass(30 * 60);
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (10, 0));
    assert_eq!(world.objects.lock().unwrap().len(), 14);
}

#[tokio::test]
async fn many_that_the_store_never_heard_of_are_many_before_they_are_old() {
    let world = World::new();
    let service = world.service();
    strays(&world, 5);
    world.pass(15 * 60);
    // As after a restore: what was issued since came bit by bit, and so it grows old.
    for number in 5..12 {
        let uid = uuid::Uuid::from_u128(1000 + number);
        let stray = (uid, format!("stray-{number}"), *world.now.lock().unwrap());
        let id = id(&format!("stray-{number}"));
        world.objects.lock().unwrap().insert(id, stray);
    }
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (0, 12));
}

#[tokio::test]
async fn many_that_the_store_knows_to_be_over_are_removed_at_once() {
    let world = World::new();
    let service = world.service();
    for _ in 0..12 {
        issued(&world, "viewer", 7200).await;
    }
    for row in world.rows.lock().unwrap().iter_mut() {
        row.state = State::Revoked;
    }
    strays(&world, 10);
    world.pass(30 * 60);
    let done = service.sweep(&key()).await;
    assert_eq!((done.swept, done.unknown), (22, 0));
}

#[tokio::test]
async fn what_is_active_needs_no_look_at_the_store() {
    let world = World::new();
    let service = world.service();
    for _ in 0..14 {
        issued(&world, "viewer", 7200).await;
    }
    world.pass(30 * 60);
    let looks = || {
        let calls = world.calls.lock().unwrap();
        calls.iter().filter(|call| *call == "find").count()
    };
    let before = looks();
    assert_eq!(service.sweep(&key()).await.swept, 0);
    assert_eq!(looks(), before);
}
