//! What a sweep believes: only what was really listed, at the place of the record, and said again by name.

use super::super::{Context, Issue};
use super::world::{World, ctx, key};
use super::{id, request};
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
