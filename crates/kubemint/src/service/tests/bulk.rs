//! Revoking many at once.

use chrono::TimeDelta;
use serde_json::json;

use super::super::{Context, Issue, Why};
use super::world::{World, ctx, key, start};
use super::{id, request};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::Filter;
use crate::record::State;

fn root() -> Context {
    ctx("root", "admin")
}

fn of(user: &str) -> Filter {
    Filter {
        user: Some(user.to_owned()),
        ..Filter::default()
    }
}

/// Kubeconfigs of alice and bob; carol's has ended, and dave's first was revoked.
async fn many(world: &std::sync::Arc<World>) {
    let service = world.service();
    for (name, user, role, ttl) in [
        ("a-1", "alice", "viewer", 900),
        ("a-2", "alice", "editor", 900),
        ("b-1", "bob", "viewer", 900),
        ("c-1", "carol", "viewer", 60),
    ] {
        let wanted = Issue {
            user: Some(user.to_owned()),
            id: Some(id(name)),
            ..request(Some(role), Some(ttl))
        };
        service.issue(&root(), &key(), wanted).await.unwrap();
        world.pass(10);
    }
    world.pass(100);
}

#[tokio::test]
async fn everything_that_matches_is_gone_and_nothing_else() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let report = service
        .revoke_many(&root(), &key(), &of("alice"))
        .await
        .unwrap();
    assert_eq!(
        (report.matched, report.revoked, report.complete),
        (2, 2, true)
    );
    assert!(report.unconfirmed.is_empty());
    for (name, state) in [
        ("a-1", State::Revoked),
        ("a-2", State::Revoked),
        ("b-1", State::Active),
        ("c-1", State::Active),
    ] {
        assert_eq!(world.state(&id(name)), state, "{name}");
    }
    let objects = world.objects.lock().unwrap().len();
    assert_eq!(objects, 2);
    // Nothing is left to match.
    let again = service
        .revoke_many(&root(), &key(), &of("alice"))
        .await
        .unwrap();
    assert_eq!((again.matched, again.revoked), (0, 0));
}

#[tokio::test]
async fn an_issue_that_is_under_way_keeps_it_from_being_complete() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let set = |state| {
        let now = *world.now.lock().unwrap();
        for row in world.rows.lock().unwrap().iter_mut() {
            if row.id == id("a-2") {
                row.state = state;
                // By another replica's clock, which is ahead.
                row.pending_until = now + TimeDelta::seconds(61);
            }
        }
    };
    set(State::Pending);
    let revoke = async |user| {
        let report = service.revoke_many(&root(), &key(), &of(user)).await;
        let report = report.unwrap();
        (report.matched, report.complete)
    };
    assert_eq!(revoke("alice").await, (1, false));
    assert_eq!(revoke("bob").await, (1, true), "it is not bob's");
    set(State::Active);
    assert_eq!(revoke("alice").await, (1, true));
}

#[tokio::test]
async fn selectors_add_up_and_what_has_ended_is_not_matched() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let viewers = Filter {
        role: Some("viewer".to_owned()),
        issued_before: Some(start() + TimeDelta::seconds(10)),
        ..Filter::default()
    };
    let report = service
        .revoke_many(&root(), &key(), &viewers)
        .await
        .unwrap();
    assert_eq!((report.matched, report.revoked), (1, 1));
    assert_eq!(world.state(&id("a-1")), State::Revoked);
    let report = service
        .revoke_many(&root(), &key(), &of("carol"))
        .await
        .unwrap();
    assert_eq!((report.matched, report.complete), (0, true));
}

#[tokio::test]
async fn it_is_one_audited_operation_of_rows_that_one_request_joins() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let before = world.kinds().len();
    service
        .revoke_many(&root(), &key(), &of("alice"))
        .await
        .unwrap();
    let events = world.events.lock().unwrap();
    let rows = &events[before..];
    let kinds: Vec<Kind> = rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds.first(), Some(&Kind::BulkRevokeRequested));
    assert_eq!(kinds.last(), Some(&Kind::BulkRevoked));
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count(Kind::RevokeRequested), count(Kind::Revoked)), (2, 2));
    assert!(rows.iter().all(|row| row.request_id == rows[0].request_id));
    assert!(
        rows[0]
            .decision
            .as_ref()
            .is_some_and(|decision| decision.allowed)
    );
    assert_eq!(rows[0].detail["user"], "alice");
    let last = &rows[rows.len() - 1].detail;
    assert_eq!(
        (&last["matched"], &last["revoked"], &last["complete"]),
        (&json!(2), &json!(2), &json!(true))
    );
}

#[tokio::test]
async fn what_the_cluster_does_not_confirm_is_told_and_goes_on_by_itself() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let everyone = Filter {
        issued_before: Some(world.now.lock().unwrap().to_owned()),
        ..Filter::default()
    };
    world.break_next("remove", u32::MAX);
    let report = service
        .revoke_many(&root(), &key(), &everyone)
        .await
        .unwrap();
    assert_eq!(
        (report.matched, report.revoked, report.complete),
        (3, 0, true)
    );
    assert_eq!(report.unconfirmed.len(), 3);
    assert!(matches!(
        report.unconfirmed[0].why,
        Why::Failed(Error::Cluster(_))
    ));
    for name in ["a-1", "a-2", "b-1"] {
        assert_eq!(world.state(&id(name)), State::Revoking, "{name}");
    }
    // The same again finds them as they are.
    let report = service
        .revoke_many(&root(), &key(), &of("bob"))
        .await
        .unwrap();
    assert_eq!((report.matched, report.revoked), (1, 0));
    world.break_next("remove", 0);
    assert_eq!(service.reconcile(&key()).await.revoked, 3);
}

#[tokio::test]
async fn the_time_of_a_request_is_bounded() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    // Each removal takes longer than a request may.
    *world.removing.lock().unwrap() = 60;
    for n in 0..30 {
        let wanted = Issue {
            user: Some("erin".to_owned()),
            id: Some(id(&format!("e-{n}"))),
            ..request(None, Some(3600))
        };
        service.issue(&root(), &key(), wanted).await.unwrap();
    }
    let report = service
        .revoke_many(&root(), &key(), &of("erin"))
        .await
        .unwrap();
    assert_eq!((report.matched, report.complete), (30, true));
    assert!((1..=16).contains(&report.revoked), "{}", report.revoked);
    assert_eq!(report.unconfirmed.len(), 30 - report.revoked);
    assert!(matches!(report.unconfirmed[0].why, Why::NotHeard));
    *world.removing.lock().unwrap() = 0;
    assert_eq!(
        service.reconcile(&key()).await.revoked,
        30 - report.revoked,
        "all of them are revoking"
    );
}

#[tokio::test]
async fn only_who_may_revoke_anyones_may() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    let alice = ctx("alice", "user");
    let own = service.revoke_many(&alice, &key(), &of("alice")).await;
    assert!(
        matches!(own, Err(Error::NoSuchCluster | Error::NotPermitted)),
        "{own:?}"
    );
    let nobody = ctx("mallory", "none");
    let unknown = service.revoke_many(&nobody, &key(), &of("alice")).await;
    assert!(matches!(unknown, Err(Error::NoSuchCluster)), "{unknown:?}");
    let everything = service
        .revoke_many(&root(), &key(), &Filter::default())
        .await;
    assert!(
        matches!(everything, Err(Error::Invalid(_))),
        "{everything:?}"
    );
    let kinds = world.kinds();
    assert_eq!(kinds[kinds.len() - 3..], [Kind::BulkRevokeRefused; 3]);
    assert_eq!(world.state(&id("a-1")), State::Active);
}

#[tokio::test]
async fn nothing_is_begun_without_its_row() {
    let world = World::new();
    let service = world.service();
    many(&world).await;
    world.break_next("append", 1);
    let failed = service.revoke_many(&root(), &key(), &of("alice")).await;
    assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
    assert_eq!(world.state(&id("a-1")), State::Active);
    // One that cannot be made revoking is told, and the others are not lost.
    world.break_next("store", 1);
    let report = service
        .revoke_many(&root(), &key(), &of("alice"))
        .await
        .unwrap();
    assert_eq!((report.matched, report.revoked), (1, 1));
    assert!(matches!(
        report.unconfirmed[..],
        [super::super::Unconfirmed {
            why: Why::Failed(Error::Store(_)),
            ..
        }]
    ));
    // It is active, and nobody goes on with it but the next request.
    assert!(!report.complete);
    assert_eq!(world.state(&report.unconfirmed[0].record.id), State::Active);
    let again = service.revoke_many(&root(), &key(), &of("alice")).await;
    let again = again.unwrap();
    assert_eq!((again.matched, again.revoked, again.complete), (1, 1, true));
}
