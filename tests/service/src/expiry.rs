//! The end that was agreed on.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use harness::sandbox::{Effect, Fault, RequestKind, WorldOptions};
use harness::{CLUSTER, PROJECT, REGION, Setting, collection};
use reqwest::StatusCode;
use serde_json::json;

use crate::acting::{Actor, collection_of, link, objects, sample, time, until};

#[tokio::test]
async fn at_its_end_it_is_expired_and_its_credential_is_gone_in_time() {
    let stage = Setting::default().short_lives().start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let lasting = alice.issued(json!({"ttl": 600})).await;
    let issued = alice.issued(json!({"ttl": 4})).await;
    let end = time(&issued["expiresAt"]);
    assert!(end - Utc::now() <= TimeDelta::seconds(4), "{issued}");
    let delivered = alice.delivered(&link(&issued)).await;
    // Kubernetes mints for 600 s at least, so only the removal of the object ends it.
    assert!(delivered.claims()["exp"].as_i64().unwrap() > end.timestamp() + 500);
    assert_eq!(delivered.list_pods().await, StatusCode::OK);

    until("the object is removed", async || {
        objects(cluster).len() == 1
    })
    .await;
    assert!(
        (end - TimeDelta::seconds(2)..=end + TimeDelta::seconds(5)).contains(&Utc::now()),
        "in time"
    );
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    until("it reads as expired", async || {
        alice.get(&link(&issued)).await.json()["status"] == "expired"
    })
    .await;
    let listed = alice.get(&collection()).await.json();
    assert_eq!(listed["kubeconfigs"][0]["status"], "expired");
    assert_eq!(listed["kubeconfigs"][1]["status"], "active");
    for delivery in [
        alice.download(&link(&issued)).await,
        alice.file(&link(&issued)).await,
    ] {
        assert_eq!(
            (delivery.status.as_u16(), delivery.reason().as_str()),
            (409, "expired")
        );
    }
    // Whether it was late is told to whoever watches.
    let ended = format!(
        "kubemint_expiry_delay_seconds_count{{cluster=\"{REGION}/{PROJECT}/{CLUSTER}\"}} 1\n"
    );
    until("its delay is told", async || {
        let metrics = stage.internal("/metrics").await.text;
        metrics.contains(&ended)
    })
    .await;
    // The other one goes on.
    let other = alice.delivered(&link(&lasting)).await;
    assert_eq!(other.list_pods().await, StatusCode::OK);

    // Whoever wants to be rid of it can.
    assert_eq!(alice.revoke(&link(&issued)).await.status.as_u16(), 204);
    assert_eq!(alice.get(&link(&issued)).await.status.as_u16(), 404);
    stage.stop().await;
}

#[tokio::test]
async fn it_reads_as_expired_even_while_its_object_cannot_be_removed() {
    let stage = Setting::default().short_lives().start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 4})).await;
    cluster.inject(Fault::always(
        RequestKind::DELETE_SERVICE_ACCOUNT,
        Effect::refuse(403),
    ));
    until("its time is over", async || {
        Utc::now() >= time(&issued["expiresAt"])
    })
    .await;
    assert_eq!(alice.get(&link(&issued)).await.json()["status"], "expired");
    assert_eq!(alice.download(&link(&issued)).await.reason(), "expired");
    assert_eq!(objects(cluster).len(), 1, "it could not be removed");
    cluster.clear_faults();
    until("the reconciler catches up", async || {
        objects(cluster).is_empty()
    })
    .await;
    assert_eq!(alice.get(&link(&issued)).await.json()["status"], "expired");
    stage.stop().await;
}

#[tokio::test]
async fn what_a_finalizer_holds_is_told_and_holds_up_nothing_else() {
    let stage = Setting::default().short_lives().start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let hold = |issued: &serde_json::Value, held| {
        let name = issued["id"].as_str().unwrap();
        assert!(cluster.hold_service_account("kubemint-viewer", name, held));
    };
    let stuck = alice.issued(json!({"ttl": 900})).await;
    hold(&stuck, true);
    let began = Instant::now();
    let answer = alice.revoke(&link(&stuck)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.reason().as_str()),
        (503, "held_by_finalizer"),
        "{}",
        answer.text
    );
    let told = answer.json()["error"]["message"].clone();
    assert_eq!(
        told,
        "the credential's object is deleted, but a finalizer in the cluster holds it"
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "nobody knows when it is let go: {:?}",
        began.elapsed()
    );
    assert_eq!(alice.get(&link(&stuck)).await.json()["status"], "revoking");

    // More that end by themselves are held, and those beside them end as punctually as ever.
    let mut ends = Vec::new();
    for n in 0..6 {
        let issued = alice.issued(json!({"ttl": 3})).await;
        if n % 2 == 0 {
            hold(&issued, true);
        } else {
            ends.push(issued);
        }
    }
    for issued in ends {
        until("it ends", async || {
            let left = objects(cluster);
            !left.iter().any(|object| issued["id"] == object.name)
        })
        .await;
        let late = Utc::now() - time(&issued["expiresAt"]);
        assert!(late <= TimeDelta::seconds(2), "{late}");
    }
    // The rounds go on, by the metrics too.
    let of_the_cluster = format!("{{cluster=\"{REGION}/{PROJECT}/{CLUSTER}\"}}");
    let value = async |name: &str| sample(&stage, &format!("{name}{of_the_cluster}")).await;
    until("all four are counted", async || {
        value("kubemint_held_objects").await == Some(4.0)
    })
    .await;
    let round = "kubemint_reconciler_last_round_timestamp_seconds";
    let before = value(round).await.unwrap();
    until("the reconciler finishes rounds", async || {
        value(round).await.unwrap() >= before + 2.0
    })
    .await;

    // Let go of, it is gone; the reconciler sees that at its next try, and who asks again sees it at once.
    for object in objects(cluster) {
        cluster.hold_service_account(&object.namespace, &object.name, false);
    }
    until("it is revoked", async || {
        let status = alice.revoke(&link(&stuck)).await.status;
        status == StatusCode::NO_CONTENT || status == StatusCode::NOT_FOUND
    })
    .await;
    let gone = alice.get(&link(&stuck)).await.status;
    assert_eq!(gone, StatusCode::NOT_FOUND);
    stage.stop().await;
}

#[tokio::test]
async fn a_list_that_hangs_delays_no_end() {
    let mut stage = Setting::default().short_lives().start().await;
    stage.stop_server().await;
    let list = RequestKind::LIST_SERVICE_ACCOUNTS;
    let cluster = stage.world().cluster();
    cluster.inject(Fault::always(list, Effect::Hang));
    let before = cluster.requests(list);
    stage.start_server().await.unwrap();
    let cluster = stage.world().cluster();
    until("a sweep waits for its list", async || {
        cluster.requests(list) > before
    })
    .await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    // One that ends while the first list is waited for, and one while the next is.
    for ttl in [4, 8] {
        let issued = alice.issued(json!({"ttl": ttl})).await;
        let end = time(&issued["expiresAt"]);
        until("it reads as expired", async || {
            alice.get(&link(&issued)).await.json()["status"] == "expired"
        })
        .await;
        until("the object is removed", async || {
            objects(cluster).is_empty()
        })
        .await;
        assert!(Utc::now() <= end + TimeDelta::seconds(5), "in time");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_removal_that_hangs_delays_no_other_end() {
    let stage = Setting::default().short_lives().start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 4})).await;
    let later = alice.issued(json!({"ttl": 9})).await;
    let delete = RequestKind::DELETE_SERVICE_ACCOUNT;
    // The first answer never comes: a call is given up after ten seconds.
    cluster.inject(Fault::once(delete, Effect::Hang));
    until("the first end waits", async || {
        cluster.pending_faults().is_empty()
    })
    .await;
    let end = time(&later["expiresAt"]);
    assert!(time(&issued["expiresAt"]) < end && Utc::now() < end);
    until("the other is removed", async || {
        let left = objects(cluster);
        left.iter()
            .all(|object| later["id"] != object.name.as_str())
    })
    .await;
    assert!(Utc::now() <= end + TimeDelta::seconds(5), "in time");
    stage.stop().await;
}

#[tokio::test]
async fn many_removals_that_hang_at_one_cluster_delay_no_end_at_another() {
    let world = WorldOptions::with_clusters(&[CLUSTER, "sick"]);
    let setting = Setting::default().world(world).short_lives();
    let stage = setting.start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let (well, sick) = (
        stage.world().cluster(),
        stage.world().cluster_named("sick").unwrap(),
    );
    let delete = RequestKind::DELETE_SERVICE_ACCOUNT;
    sick.inject(Fault::always(delete, Effect::Hang));
    let kubeconfigs = collection_of("sick");
    for _ in 0..40 {
        let answer = alice.issue_at(&kubeconfigs, json!({"ttl": 5})).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    // Some that end before the others hang, among them and after.
    let mut issued = Vec::new();
    for ttl in [4, 6, 8, 10] {
        issued.push(alice.issued(json!({"ttl": ttl})).await);
    }
    for one in issued {
        until("it is removed", async || {
            let left = objects(well);
            left.iter().all(|object| one["id"] != object.name.as_str())
        })
        .await;
    }
    assert!(sick.requests(delete) > 0);
    assert_eq!(objects(sick).len(), 40, "they hang");
    stage.stop().await;
}
