//! Issues that fail: what they leave, who removes it, and what a repetition meets.

use super::super::reconcile::Settled;
use super::super::{Issue, Issued, Kubemint};
use super::id;
use super::world::{World, ctx, key, start};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::ClusterError;
use crate::record::State;

#[tokio::test]
async fn nothing_is_minted_when_the_audit_trail_cannot_be_written() {
    let world = World::new();
    world.break_next("store", 1);
    let refused = world
        .service()
        .issue(&ctx("alice", "user"), &key(), Issue::default())
        .await;
    assert!(matches!(refused, Err(Error::Store(_))), "{refused:?}");
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_cluster_leaves_no_object_and_frees_the_key() {
    let world = World::new();
    world.break_next("mint", 1);
    let wanted = Issue {
        idempotency_key: Some("k".to_owned()),
        ..Issue::default()
    };
    let failed = world
        .service()
        .issue(&ctx("alice", "user"), &key(), wanted.clone())
        .await;
    assert!(matches!(failed, Err(Error::Cluster(_))), "{failed:?}");
    assert!(world.objects.lock().unwrap().is_empty());
    assert_eq!(world.kinds(), [Kind::IssueRequested, Kind::IssueFailed]);
    assert!(
        !world
            .service()
            .issue(&ctx("alice", "user"), &key(), wanted)
            .await
            .unwrap()
            .replayed
    );
}

#[tokio::test]
async fn what_a_failed_issue_cannot_clean_up_the_reconciler_does() {
    let world = World::new();
    world.break_next("mint", 1);
    world.break_next("remove", 1);
    let wanted = Issue {
        id: Some(id("mine")),
        ..Issue::default()
    };
    world
        .service()
        .issue(&ctx("alice", "user"), &key(), wanted)
        .await
        .unwrap_err();
    assert_eq!(world.state(&id("mine")), State::Pending);
    // Nobody goes on with it, so its deadline is over at once.
    assert_eq!(world.service().reconcile(&key()).await.failed, 1);
    assert_eq!(world.state(&id("mine")), State::Failed);
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_late_call_of_a_failed_try_made_keeps_nobody_from_the_name() {
    let world = World::new();
    let service = world.service();
    world.break_next("create", 1);
    let wanted = Issue {
        id: Some(id("mine")),
        ..Issue::default()
    };
    let issue = async || {
        let alice = ctx("alice", "user");
        service.issue(&alice, &key(), wanted.clone()).await
    };
    issue().await.unwrap_err();
    assert_eq!(world.state(&id("mine")), State::Failed);
    let failed = world.rows.lock().unwrap()[0].clone();
    // The call that was not answered is done now.
    let late = (failed.uid, "late".to_owned(), start());
    world.objects.lock().unwrap().insert(id("mine"), late);
    let granted = issue().await.unwrap();
    assert_eq!(
        world.objects.lock().unwrap()[&id("mine")].0,
        granted.record.uid
    );
    assert_eq!(
        world.kinds(),
        [
            Kind::IssueRequested,
            Kind::IssueFailed,
            Kind::IssueRequested,
            Kind::Swept,
            Kind::Issued
        ]
    );
    // The failed try itself, were it to go on only now, takes away nothing that is live.
    assert!(!service.clear_name(&failed).await.unwrap());
    assert_eq!(world.objects.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repetition_ends_what_a_failed_first_left_and_waits_for_nobody() {
    let world = World::new();
    let (service, alice) = (world.service(), ctx("alice", "user"));
    world.break_next("mint", 1);
    world.break_next("remove", 2);
    let wanted = Issue {
        idempotency_key: Some("k".to_owned()),
        ..Issue::default()
    };
    let issue = async || service.issue(&alice, &key(), wanted.clone()).await;
    issue().await.unwrap_err();
    let began = *world.now.lock().unwrap();
    // The cluster is not well yet: it is told that, and not that someone else is at it.
    let again = issue().await;
    assert!(
        matches!(again, Err(Error::Cluster(ClusterError::Unreachable(_)))),
        "{again:?}"
    );
    let granted = issue().await.unwrap();
    assert!(!granted.replayed);
    assert_eq!(*world.now.lock().unwrap(), began, "nobody waited");
    assert_eq!(world.objects.lock().unwrap().len(), 1);
    assert_eq!(
        world.kinds(),
        [
            Kind::IssueRequested,
            Kind::IssueRefused,
            Kind::IssueFailed,
            Kind::IssueRequested,
            Kind::Issued
        ]
    );
    assert!(issue().await.unwrap().replayed);
}

/// One issue of alice's, by the name `mine` and with the key `k`.
async fn issue(service: &Kubemint) -> Result<Issued, Error> {
    let wanted = Issue {
        id: Some(id("mine")),
        idempotency_key: Some("k".to_owned()),
        ..Issue::default()
    };
    service.issue(&ctx("alice", "user"), &key(), wanted).await
}

#[tokio::test]
async fn an_issue_that_takes_too_long_is_not_granted() {
    let world = World::new();
    *world.minting.lock().unwrap() = 60;
    let late = issue(&world.service()).await;
    assert!(matches!(late, Err(Error::Cluster(_))), "{late:?}");
    assert_eq!(world.state(&id("mine")), State::Failed);
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_given_up_meanwhile_is_not_granted() {
    let world = World::new();
    world.break_next("patience", 1);
    let late = issue(&world.service()).await;
    assert!(matches!(late, Err(Error::Cluster(_))), "{late:?}");
    assert_eq!(world.state(&id("mine")), State::Failed);
    assert!(world.objects.lock().unwrap().is_empty());
    assert!(!issue(&world.service()).await.unwrap().replayed);
}

#[tokio::test]
async fn what_was_granted_meanwhile_is_not_given_up() {
    let world = World::new();
    let service = world.service();
    issue(&service).await.unwrap();
    // As a reconciler read it that comes too late.
    let mut seen = world.rows.lock().unwrap()[0].clone();
    seen.state = State::Pending;
    let settled = service.settle(&seen).await.unwrap();
    assert!(matches!(settled, Settled::Already));
    assert_eq!(world.state(&id("mine")), State::Active);
    assert_eq!(world.objects.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_made_active_is_given_up_at_once() {
    let world = World::new();
    let service = world.service();
    world.break_next("activate", 1);
    let failed = issue(&service).await;
    assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
    assert_eq!(world.state(&id("mine")), State::Failed);
    assert!(world.objects.lock().unwrap().is_empty());
    assert!(!issue(&service).await.unwrap().replayed);
}

#[tokio::test]
async fn what_was_made_active_without_an_answer_is_told() {
    let world = World::new();
    let service = world.service();
    world.break_next("activate's answer", 1);
    let granted = issue(&service).await.unwrap();
    assert_eq!(granted.record, world.rows.lock().unwrap()[0]);
    assert_eq!(world.state(&id("mine")), State::Active);
    assert_eq!(world.objects.lock().unwrap().len(), 1);
    assert_eq!(world.kinds(), [Kind::IssueRequested, Kind::Issued]);
}

#[tokio::test]
async fn an_issue_whose_store_says_nothing_waits_for_its_deadline() {
    let world = World::new();
    let service = world.service();
    world.break_next("activate", 1);
    world.break_next("abandon", 1);
    let failed = issue(&service).await;
    assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
    // Its last write may be done yet, so its object stays.
    assert_eq!(world.state(&id("mine")), State::Pending);
    assert_eq!(world.objects.lock().unwrap().len(), 1);
    world.pass(60);
    assert_eq!(service.reconcile(&key()).await.failed, 1);
    assert!(world.objects.lock().unwrap().is_empty());
}
