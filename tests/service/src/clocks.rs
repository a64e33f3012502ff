//! The truth about time: the cluster's clock may differ, and it may grant less or more than it is asked. What is told is
//! what the credential itself says; less is told, and more is refused and cleaned up.

use chrono::{TimeDelta, Utc};
use harness::sandbox::{ClusterOptions, Effect, Fault, RequestKind, WorldOptions};
use harness::{CLUSTER, Setting, Stage, collection};
use kubemint::audit::Kind;
use reqwest::StatusCode;
use serde_json::json;

use crate::acting::{Actor, link, objects, time, until};

const MINT: RequestKind = RequestKind::TOKEN_REQUEST;

/// The end of a delivered token, in seconds since 1970.
fn end_of(token: &serde_json::Value) -> i64 {
    token["exp"].as_i64().unwrap()
}

#[tokio::test]
async fn by_a_clock_that_differs_the_credentials_own_end_is_told() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    for minutes in [-7, -1, 1, 7] {
        let skew = TimeDelta::minutes(minutes);
        cluster.set_clock_skew(skew.num_milliseconds());
        let there = Utc::now() + skew;
        let issued = alice.issued(json!({"ttl": 900})).await;
        let end = time(&issued["expiresAt"]);
        // A life of what was asked, by the cluster's clock.
        let life = (end - there).num_seconds();
        assert!((898..=905).contains(&life), "{minutes}: {life}");
        let delivered = alice.delivered(&link(&issued)).await;
        let early = end.timestamp() - end_of(&delivered.claims());
        // What is left by our clock decides what Kubernetes' floor lets be minted.
        let left = (end - there).num_seconds();
        assert!(
            left >= 600 && (0..=5).contains(&early),
            "{minutes}: {early}"
        );
        assert_eq!(
            time(&delivered.file["extensions"][0]["extension"]["expiresAt"]),
            end
        );
        assert_eq!(delivered.list_pods().await, StatusCode::OK, "{minutes}");
        // A clock that is set right later changes nothing of what was told.
        cluster.set_clock_skew(0);
        assert_eq!(
            time(&alice.get(&link(&issued)).await.json()["expiresAt"]),
            end
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_short_life_counts_from_the_clusters_own_clock_and_ends_when_it_says() {
    let stage = Setting::default().short_lives().start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    cluster.set_clock_skew(2_000);
    let asked = Utc::now();
    let issued = alice.issued(json!({"ttl": 2})).await;
    let end = time(&issued["expiresAt"]);
    let told = (end - asked).num_milliseconds();
    assert!((2_900..=6_000).contains(&told), "{told}");
    until("its object is removed", async || {
        objects(cluster).is_empty()
    })
    .await;
    assert!(
        Utc::now() >= end - TimeDelta::seconds(2),
        "not long before it"
    );
    assert!(
        Utc::now() <= end + TimeDelta::seconds(5),
        "nor long after it"
    );
    stage.stop().await;
}

#[tokio::test]
async fn what_is_over_by_the_clusters_clock_before_it_begins_is_not_issued() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    cluster.set_clock_skew(-300_000);
    let refused = alice.issue(json!({"id": "late", "ttl": 120})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.reason().as_str()),
        (503, "cluster_misbehaving"),
        "{}",
        refused.text
    );
    assert!(objects(cluster).is_empty());
    assert_eq!(
        alice.get(&format!("{}/late", collection())).await.status,
        StatusCode::NOT_FOUND
    );
    stage.stop().await;
}

#[tokio::test]
async fn less_than_asked_is_told_and_ends_then() {
    let mut world = WorldOptions::with_clusters(&[CLUSTER]);
    world.clusters[0] = ClusterOptions {
        max_token_seconds: Some(5),
        ..world.clusters[0].clone()
    };
    let stage = Stage::with(world).await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let asked = Utc::now();
    let issued = alice.issued(json!({"ttl": 3600})).await;
    let end = time(&issued["expiresAt"]);
    let told = (end - asked).num_seconds();
    assert!((3..=6).contains(&told), "told {told} s");
    let delivered = alice.delivered(&link(&issued)).await;
    assert_eq!(delivered.list_pods().await, StatusCode::OK);
    until("its object is removed", async || {
        objects(cluster).is_empty()
    })
    .await;
    assert!(Utc::now() <= end + TimeDelta::seconds(5));
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    until("it is expired", async || {
        alice.get(&link(&issued)).await.json()["status"] == "expired"
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn more_than_asked_is_refused_and_cleaned_up_and_audited() {
    let mut stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    cluster.inject(Fault::always(MINT, Effect::GrantOff(60)));
    let refused = alice.issue(json!({"id": "greedy", "ttl": 900})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.reason().as_str()),
        (503, "cluster_misbehaving")
    );
    assert!(
        objects(cluster).is_empty(),
        "its object, and with it its token, is gone"
    );
    cluster.clear_faults();
    let issued = alice.issued(json!({"id": "good", "ttl": 900})).await;

    // At a download: nothing is delivered, and the kubeconfig is what it was.
    cluster.inject(Fault::always(MINT, Effect::GrantOff(60)));
    for answer in [
        alice.download(&link(&issued)).await,
        alice.file(&link(&issued)).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, "cluster_misbehaving")
        );
    }
    cluster.clear_faults();
    assert_eq!(alice.get(&link(&issued)).await.json()["status"], "active");
    // A little more is the rounding of clusters: asked again, for less.
    cluster.inject(Fault::always(MINT, Effect::GrantOff(7)));
    let delivered = alice.delivered(&link(&issued)).await;
    let early = time(&issued["expiresAt"]).timestamp() - end_of(&delivered.claims());
    assert!((0..=5).contains(&early), "{early}");
    cluster.clear_faults();

    let events = stage.stop_and_read_audit().await;
    let kinds = |name: &str| -> Vec<Kind> {
        let of = events
            .iter()
            .filter(|event| event.kubeconfig.as_deref() == Some(name));
        of.map(|event| event.kind).collect()
    };
    assert_eq!(kinds("greedy"), [Kind::IssueRequested, Kind::IssueFailed]);
    assert_eq!(
        kinds("good")
            .iter()
            .filter(|kind| **kind == Kind::DownloadFailed)
            .count(),
        2
    );
    assert_eq!(
        kinds("good")
            .iter()
            .filter(|kind| **kind == Kind::Downloaded)
            .count(),
        1
    );
    stage.stop().await;
}
