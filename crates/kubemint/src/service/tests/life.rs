//! A kubeconfig's life after it was issued: who sees it, download, revoke, expiry, sweep.

use chrono::TimeDelta;

use super::super::{Context, Issue};
use super::world::{World, ctx, key, start};
use super::{id, request};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::Filter;
use crate::record::{State, Status};

fn alice() -> Context {
    ctx("alice", "user")
}

fn root() -> Context {
    ctx("root", "admin")
}

#[tokio::test]
async fn creator_subject_and_admin_see_it_and_for_others_it_does_not_exist() {
    let world = World::new();
    let service = world.service();
    let wanted = Issue {
        user: Some("bob".to_owned()),
        id: Some(id("for-bob")),
        ..Issue::default()
    };
    service.issue(&root(), &key(), wanted).await.unwrap();
    let bob = ctx("bob", "user");
    let mut other_bob = ctx("bob", "user");
    other_bob.caller.principal.issuer = "https://other-issuer".to_owned();
    for who in [&root(), &bob, &ctx("carol", "admin")] {
        assert_eq!(
            service
                .get(who, &key(), &id("for-bob"))
                .await
                .unwrap()
                .status,
            Status::Active
        );
        assert_eq!(
            service
                .list(who, &key(), &Filter::default(), None, 50)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
    }
    for who in [&alice(), &other_bob] {
        let refused = service.get(who, &key(), &id("for-bob")).await;
        assert!(
            matches!(refused, Err(Error::NoSuchKubeconfig)),
            "{refused:?}"
        );
        let refused = service.revoke(who, &key(), &id("for-bob")).await;
        assert!(
            matches!(refused, Err(Error::NoSuchKubeconfig)),
            "{refused:?}"
        );
    }
    assert!(
        service
            .list(&alice(), &key(), &Filter::default(), None, 50)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let refused = service
        .download(&ctx("carol", "admin"), &key(), &id("for-bob"))
        .await;
    assert!(matches!(refused, Err(Error::NotPermitted)), "{refused:?}");
    service
        .download(&bob, &key(), &id("for-bob"))
        .await
        .unwrap();
}

#[tokio::test]
async fn pages_hold_everything_once_newest_first() {
    let world = World::new();
    let service = world.service();
    for n in 0..7 {
        let wanted = Issue {
            id: Some(id(&format!("k{n}"))),
            ..Issue::default()
        };
        service.issue(&alice(), &key(), wanted).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = service
            .list(&alice(), &key(), &Filter::default(), after, 3)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|item| item.record.id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]);
}

#[tokio::test]
async fn a_download_ends_within_five_seconds_before_the_kubeconfig_whatever_the_clocks() {
    for skew in [-40, -3, 0, 2, 40] {
        let world = World::new();
        *world.skew.lock().unwrap() = skew;
        let issued = world
            .service()
            .issue(&alice(), &key(), request(None, Some(3600)))
            .await
            .unwrap();
        world.pass(1000);
        let delivery = world
            .service()
            .download(&alice(), &key(), &issued.record.id)
            .await
            .unwrap();
        assert_eq!(Some(delivery.expires_at), issued.record.expires_at);
        let events = world.events.lock().unwrap();
        let exp = events.last().unwrap().detail["exp"]
            .as_str()
            .unwrap()
            .to_owned();
        let early =
            delivery.expires_at - chrono::DateTime::parse_from_rfc3339(&exp).unwrap().to_utc();
        assert!(
            (0..=5).contains(&early.num_seconds()),
            "skew {skew}: {early}"
        );
    }
}

#[tokio::test]
async fn the_last_minutes_are_delivered_and_the_removal_ends_them() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&alice(), &key(), request(None, Some(3600)))
        .await
        .unwrap();
    world.pass(3500);
    world
        .service()
        .download(&alice(), &key(), &issued.record.id)
        .await
        .unwrap();
    world.pass(99);
    let done = world.service().reconcile(&key()).await;
    assert_eq!(done.expired, 1, "removed a second before its time");
    assert!(world.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_expired_one_is_read_but_not_downloaded() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&alice(), &key(), request(None, Some(600)))
        .await
        .unwrap();
    world.pass(600);
    let service = world.service();
    for _ in 0..2 {
        assert_eq!(
            service
                .get(&alice(), &key(), &issued.record.id)
                .await
                .unwrap()
                .status,
            Status::Expired
        );
        let refused = service.download(&alice(), &key(), &issued.record.id).await;
        assert!(matches!(refused, Err(Error::Expired)), "{refused:?}");
        service.reconcile(&key()).await;
    }
    assert_eq!(world.state(&issued.record.id), State::Expired);
    service
        .revoke(&alice(), &key(), &issued.record.id)
        .await
        .unwrap();
    assert!(
        service
            .list(&alice(), &key(), &Filter::default(), None, 9)
            .await
            .unwrap()
            .items
            .is_empty()
    );
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
async fn a_credential_is_audited_before_and_after_it_is_minted() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&alice(), &key(), Issue::default())
        .await
        .unwrap();
    world.break_next("append", 1);
    let refused = world
        .service()
        .download(&alice(), &key(), &issued.record.id)
        .await;
    assert!(matches!(refused, Err(Error::Store(_))), "{refused:?}");
    world
        .service()
        .download(&alice(), &key(), &issued.record.id)
        .await
        .unwrap();
    let kinds = world.kinds();
    assert_eq!(
        kinds[kinds.len() - 2..],
        [Kind::DownloadRequested, Kind::Downloaded]
    );
    let events = world.events.lock().unwrap();
    assert!(
        events
            .iter()
            .all(|event| !format!("{event:?}").contains("a token"))
    );
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
async fn strays_are_swept_once_they_are_old_and_live_ones_stay() {
    let world = World::new();
    let service = world.service();
    let live = service
        .issue(&alice(), &key(), Issue::default())
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
            .issue(&alice(), &key(), Issue::default())
            .await
            .unwrap();
    }
    world.objects.lock().unwrap().clear();
    let done = service.sweep(&key()).await;
    assert!(done.suspicious && done.lost == 0);
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
async fn a_download_that_meets_the_removal_at_its_end_is_expired_and_not_lost() {
    let world = World::new();
    let service = world.service();
    let issued = service
        .issue(&alice(), &key(), request(None, Some(3600)))
        .await
        .unwrap();
    let name = &issued.record.id;
    world.pass(3598);
    // While the credential is minted, the last second begins, and the reconciler removes the object.
    *world.minting.lock().unwrap() = 1;
    world.objects.lock().unwrap().remove(name);
    let late = service.download(&alice(), &key(), name).await;
    assert!(matches!(late, Err(Error::Ending)), "{late:?}");
    assert_eq!(service.sweep(&key()).await.lost, 0);
    assert_eq!(service.reconcile(&key()).await.expired, 1);
    assert_eq!(world.state(name), State::Expired);
}

#[tokio::test]
async fn a_download_that_outlasts_the_kubeconfig_is_not_delivered() {
    let world = World::new();
    let service = world.service();
    let issued = service
        .issue(&alice(), &key(), request(None, Some(60)))
        .await
        .unwrap();
    world.pass(55);
    *world.minting.lock().unwrap() = 5;
    let late = service.download(&alice(), &key(), &issued.record.id).await;
    assert!(matches!(late, Err(Error::Expired)), "{late:?}");
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
async fn a_list_can_be_narrowed_and_says_so_in_the_trail() {
    let world = World::new();
    let service = world.service();
    let issue = async |name: &str, user: &str, role: &str, ttl| {
        let wanted = Issue {
            user: Some(user.to_owned()),
            id: Some(id(name)),
            ..request(Some(role), Some(ttl))
        };
        service.issue(&root(), &key(), wanted).await.unwrap();
    };
    issue("short", "alice", "viewer", 60).await;
    issue("long", "alice", "editor", 900).await;
    issue("bobs", "bob", "viewer", 900).await;
    let listed = async |who: &Context, filter: Filter| {
        let page = service.list(who, &key(), &filter, None, 50).await.unwrap();
        let ids = page.items.iter().map(|item| item.record.id.to_string());
        ids.collect::<Vec<_>>()
    };
    let active = Filter {
        status: Some(Status::Active),
        ..Filter::default()
    };
    let viewers = Filter {
        role: Some("viewer".to_owned()),
        ..Filter::default()
    };
    let alices = Filter {
        user: Some("alice".to_owned()),
        ..active.clone()
    };
    assert_eq!(
        listed(&root(), active.clone()).await,
        ["bobs", "long", "short"]
    );
    assert_eq!(listed(&root(), viewers.clone()).await, ["bobs", "short"]);
    // A filter shows nobody more than they may see.
    assert_eq!(listed(&alice(), viewers).await, ["short"]);
    // By the clock at the time of reading, whatever the reconciler does.
    world.pass(60);
    assert_eq!(listed(&root(), active).await, ["bobs", "long"]);
    assert_eq!(listed(&root(), alices).await, ["long"]);
    let events = world.events.lock().unwrap();
    let detail = &events.last().unwrap().detail;
    assert_eq!(detail["status"], "active");
    assert_eq!(detail["user"], "alice");
    assert_eq!(detail["count"], 1);
    assert!(!detail.contains_key("role"));
}
