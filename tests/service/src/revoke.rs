//! The end that someone asks for: confirmed, or owed until it is.

use std::time::Duration;

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Setting, Stage, collection};
use reqwest::StatusCode;
use serde_json::json;

use crate::acting::{Actor, link, objects, until};

#[tokio::test]
async fn after_a_204_the_object_is_gone_and_the_token_with_it() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let kept = link(&alice.issued(json!({})).await);
    let link = link(&alice.issued(json!({})).await);
    let delivered = alice.delivered(&link).await;
    assert_eq!(delivered.list_pods().await, StatusCode::OK);
    // The cluster takes its time: the answer waits for it.
    let slow = Effect::Delay(Duration::from_millis(300));
    stage
        .world()
        .cluster()
        .inject(Fault::once(RequestKind::DELETE_SERVICE_ACCOUNT, slow));
    let answer = alice.revoke(&link).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let left = objects(stage.world().cluster());
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(kept.ends_with(&left[0].name));
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);

    for gone in [
        alice.revoke(&link).await,
        alice.get(&link).await,
        alice.download(&link).await,
        alice.file(&link).await,
    ] {
        assert_eq!(
            (gone.status.as_u16(), gone.reason().as_str()),
            (404, "no_such_kubeconfig")
        );
    }
    assert_eq!(alice.listed().await, [left[0].name.clone()]);
    stage.stop().await;
}

#[tokio::test]
async fn while_the_cluster_is_down_it_is_revoking_and_ends_when_the_cluster_is_back() {
    let stage = Setting::default()
        .patience(Duration::from_secs(1))
        .start()
        .await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let link = link(&alice.issued(json!({})).await);
    let delivered = alice.delivered(&link).await;
    cluster.inject(Fault::always(RequestKind::ANY, Effect::CutBefore));

    let answer = alice.revoke(&link).await;
    assert_eq!(
        (answer.status.as_u16(), answer.reason().as_str()),
        (503, "cluster_unreachable")
    );
    assert!(
        answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    let shown = alice.get(&link).await;
    assert_eq!(
        (shown.status.as_u16(), &shown.json()["status"]),
        (200, &json!("revoking"))
    );
    let listed = alice.get(&collection()).await.json();
    assert_eq!(listed["kubeconfigs"][0]["status"], "revoking");
    for delivery in [alice.download(&link).await, alice.file(&link).await] {
        assert_eq!(
            (delivery.status.as_u16(), delivery.reason().as_str()),
            (409, "revoking")
        );
    }
    // Asking again is the same request, not an error of its own.
    assert_eq!(alice.revoke(&link).await.status.as_u16(), 503);
    assert_eq!(objects(cluster).len(), 1);

    cluster.clear_faults();
    until("the reconciler finishes", async || {
        alice.get(&link).await.status == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!(objects(cluster), []);
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    assert!(alice.listed().await.is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn a_lost_answer_to_the_deletion_is_found_out() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let link = link(&alice.issued(json!({})).await);
    let lost = Fault::once(RequestKind::DELETE_SERVICE_ACCOUNT, Effect::CutAfter);
    stage.world().cluster().inject(lost);
    assert_eq!(alice.revoke(&link).await.status.as_u16(), 204);
    assert_eq!(objects(stage.world().cluster()), []);
    stage.stop().await;
}

#[tokio::test]
async fn what_an_operator_removed_at_the_cluster_is_revoked_here() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let removed = alice.issued(json!({"id": "removed"})).await;
    assert!(cluster.delete_service_account("kubemint-viewer", "removed"));
    let answer = alice.download(&link(&removed)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.reason().as_str()),
        (404, "no_such_kubeconfig")
    );
    assert_eq!(alice.get(&link(&removed)).await.status.as_u16(), 404);
    assert!(alice.listed().await.is_empty());

    // The same when it is revoked: it is gone, as was asked.
    let other = alice.issued(json!({"id": "other"})).await;
    assert!(cluster.delete_service_account("kubemint-viewer", "other"));
    assert_eq!(alice.revoke(&link(&other)).await.status.as_u16(), 204);
    stage.stop().await;
}

#[tokio::test]
async fn two_who_revoke_at_once_both_learn_that_it_is_gone() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let link = link(&alice.issued(json!({})).await);
    let answers = futures::future::join_all((0..8).map(|_| alice.revoke(&link))).await;
    let codes: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    assert!(
        codes.contains(&204) && codes.iter().all(|code| [204, 404].contains(code)),
        "{codes:?}"
    );
    assert_eq!(objects(stage.world().cluster()), []);
    stage.stop().await;
}
