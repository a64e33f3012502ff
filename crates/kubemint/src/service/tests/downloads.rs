//! Download: what is delivered, until when, and what is delivered no more.

use chrono::TimeDelta;

use super::super::{Context, Issue};
use super::request;
use super::world::{World, ctx, key, start};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::Filter;
use crate::record::{State, Status};

fn alice() -> Context {
    ctx("alice", "user")
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
async fn what_a_cluster_grants_less_than_it_did_is_told() {
    let world = World::new();
    let service = world.service();
    let issued = service
        .issue(&alice(), &key(), request(None, Some(3600)))
        .await
        .unwrap();
    *world.cap.lock().unwrap() = 900;
    let delivery = service
        .download(&alice(), &key(), &issued.record.id)
        .await
        .unwrap();
    assert_eq!(delivery.expires_at, start() + TimeDelta::seconds(900));
    // It was minted once: another try would be granted no more.
    let events = world.events.lock().unwrap();
    let row = events.last().unwrap();
    assert_eq!(row.kind, Kind::Downloaded);
    assert!(row.detail.get("discarded").is_none(), "{:?}", row.detail);
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
        // Policy permits it; what it has become does not.
        let told = world.events.lock().unwrap().last().cloned().unwrap();
        let permitted = told.decision.is_some_and(|decision| decision.allowed);
        assert!(told.kind == Kind::DownloadRefused && permitted);
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
