//! A kubeconfig's life after it was issued: how it ends.

use chrono::TimeDelta;

use super::super::{Context, Issue};
use super::request;
use super::world::{World, ctx, key};
use crate::audit::Kind;
use crate::error::Error;
use crate::record::{State, Status};

fn alice() -> Context {
    ctx("alice", "user")
}

#[tokio::test]
async fn revoke_answers_only_when_it_is_gone_and_goes_on_by_itself() {
    let world = World::new();
    let service = world.service();
    let issued = service
        .issue(&alice(), &key(), Issue::default())
        .await
        .unwrap();
    let name = &issued.record.id;
    world.break_next("remove", 1);
    let failed = service.revoke(&alice(), &key(), name).await;
    assert!(matches!(failed, Err(Error::Cluster(_))), "{failed:?}");
    assert_eq!(world.kinds().last(), Some(&Kind::RevokeFailed));
    assert_eq!(
        service.get(&alice(), &key(), name).await.unwrap().status,
        Status::Revoking
    );
    let refused = service.download(&alice(), &key(), name).await;
    assert!(matches!(refused, Err(Error::Revoking)), "{refused:?}");
    assert_eq!(service.reconcile(&key()).await.revoked, 1);
    assert!(world.objects.lock().unwrap().is_empty());
    let again = service.revoke(&alice(), &key(), name).await;
    assert!(matches!(again, Err(Error::NoSuchKubeconfig)), "{again:?}");
    assert!(matches!(
        service.get(&alice(), &key(), name).await,
        Err(Error::NoSuchKubeconfig)
    ));
}

#[tokio::test]
async fn an_object_removed_behind_our_back_revokes_the_kubeconfig() {
    let world = World::new();
    let service = world.service();
    let first = service
        .issue(&alice(), &key(), Issue::default())
        .await
        .unwrap();
    let second = service
        .issue(&alice(), &key(), Issue::default())
        .await
        .unwrap();
    world.objects.lock().unwrap().remove(&first.record.id);
    assert_eq!(service.sweep(&key()).await.lost, 1);
    assert_eq!(world.state(&first.record.id), State::Revoked);
    world.objects.lock().unwrap().remove(&second.record.id);
    let gone = service.download(&alice(), &key(), &second.record.id).await;
    assert!(matches!(gone, Err(Error::NoSuchKubeconfig)), "{gone:?}");
    assert_eq!(world.state(&second.record.id), State::Revoked);
    // The loss has a row, and so has the download's own end.
    let kinds = world.kinds();
    assert_eq!(
        kinds[kinds.len() - 3..],
        [
            Kind::DownloadRequested,
            Kind::ObjectMissing,
            Kind::DownloadRefused
        ]
    );
}

#[tokio::test]
async fn a_record_is_never_active_longer_than_its_grant() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&alice(), &key(), request(None, Some(60)))
        .await
        .unwrap();
    let end = issued.record.expires_at.unwrap();
    assert_eq!(
        issued.record.status(end - TimeDelta::milliseconds(1)),
        Some(Status::Active)
    );
    assert_eq!(issued.record.status(end), Some(Status::Expired));
}

#[tokio::test]
async fn what_is_pending_is_given_up_at_its_deadline_and_not_a_moment_before() {
    let world = World::new();
    let service = world.service();
    service
        .issue(&alice(), &key(), Issue::default())
        .await
        .unwrap();
    // As its process left it that was killed before the last write.
    world.rows.lock().unwrap()[0].state = State::Pending;
    world.pass(59);
    assert_eq!(service.reconcile(&key()).await.failed, 0);
    world.pass(1);
    assert_eq!(service.reconcile(&key()).await.failed, 1);
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_has_expired_is_revoked_without_a_word_of_the_cluster() {
    let world = World::new();
    let service = world.service();
    let issued = service.issue(&alice(), &key(), Issue::default()).await;
    let record = issued.unwrap().record;
    world.pass(i64::from(record.ttl));
    assert_eq!(service.reconcile(&key()).await.expired, 1);
    // The cluster confirmed then that its object is gone, and is away now.
    world.break_next("remove", u32::MAX);
    service.revoke(&alice(), &key(), &record.id).await.unwrap();
    assert_eq!(world.state(&record.id), State::Revoked);
}
