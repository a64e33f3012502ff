//! Revoking many at once.

use std::time::Duration;

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Answer, Setting, Stage, collection};
use kubemint::audit::Kind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, until};

/// Where many are revoked.
fn revocations() -> String {
    collection().replace("/kubeconfigs", "/kubeconfig-revocations")
}

async fn revoke_many(actor: &Actor<'_>, body: Value) -> Answer {
    actor.issue_at(&revocations(), body).await
}

/// Revokes, which must be answered with a report.
async fn report(actor: &Actor<'_>, body: Value) -> Value {
    let answer = revoke_many(actor, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn whoever_left_has_no_credential_any_more() {
    let mut stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    let alice = Actor::new(&stage, "alice", &["compute.editor"]);
    let bob = Actor::new(&stage, "bob", &["compute.viewer"]);
    let own = alice.issued(json!({"ttl": 900})).await;
    let given = json!({"ttl": 900, "user": "alice", "role": "editor"});
    let given = root.issued(given).await;
    let kept = bob.issued(json!({"ttl": 900})).await;
    let delivered = alice.delivered(&link(&own)).await;
    let kept_by_bob = bob.delivered(&link(&kept)).await;
    assert_eq!(delivered.list_pods().await, StatusCode::OK);

    let told = report(&root, json!({"user": "alice"})).await;
    let expected = json!({"matched": 2, "revoked": 2, "unconfirmed": [], "complete": true});
    assert_eq!(told, expected);
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    assert_eq!(kept_by_bob.list_pods().await, StatusCode::OK);
    for gone in [&own, &given] {
        assert_eq!(root.get(&link(gone)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(bob.listed().await.len(), 1);
    assert_eq!(objects(stage.world().cluster()).len(), 1);

    let events = stage.stop_and_read_audit().await;
    let of = |kind| events.iter().filter(move |event| event.kind == kind);
    let begun = of(Kind::BulkRevokeRequested).next().expect("a row");
    assert_eq!(begun.detail["user"], "alice");
    let ended = of(Kind::BulkRevoked).next().expect("a row");
    assert_eq!(
        (&ended.detail["matched"], &ended.detail["revoked"]),
        (&json!(2), &json!(2))
    );
    for kind in [Kind::RevokeRequested, Kind::Revoked] {
        let joined = of(kind).filter(|event| event.request_id == begun.request_id);
        assert_eq!(joined.count(), 2, "{kind:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn selectors_add_up() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    for (id, role) in [("old", "viewer"), ("older", "editor")] {
        root.issued(json!({"id": id, "role": role, "ttl": 900}))
            .await;
    }
    let before = chrono::Utc::now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    root.issued(json!({"id": "new", "ttl": 900})).await;
    let none = json!({"issuedBefore": "2020-01-01T00:00:00Z"});
    assert_eq!(report(&root, none).await["matched"], 0);
    let told = report(&root, json!({"issuedBefore": before, "role": "viewer"})).await;
    assert_eq!((&told["matched"], &told["revoked"]), (&json!(1), &json!(1)));
    assert_eq!(root.listed().await, ["new", "older"]);
    let told = report(&root, json!({"issuedBefore": before})).await;
    assert_eq!(told["revoked"], 1);
    assert_eq!(root.listed().await, ["new"]);
    stage.stop().await;
}

/// Programs have clocks of microseconds, records are dated by milliseconds.
#[tokio::test]
async fn a_bound_within_the_millisecond_of_an_issue_includes_it() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    let issued = root.issued(json!({"id": "k1", "ttl": 900})).await;
    let created = issued["createdAt"].as_str().unwrap().to_owned();
    let at = json!({"issuedBefore": created});
    assert_eq!(report(&root, at).await["matched"], 0);
    let millisecond = chrono::DateTime::parse_from_rfc3339(&created).unwrap();
    let within = millisecond + chrono::TimeDelta::microseconds(1);
    let told = report(&root, json!({"issuedBefore": within})).await;
    assert_eq!(told["revoked"], 1);
    stage.stop().await;
}

#[tokio::test]
async fn what_a_sick_cluster_does_not_confirm_is_named_and_goes_on_by_itself() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    for id in ["k1", "k2", "k3"] {
        root.issued(json!({"id": id, "ttl": 900})).await;
    }
    let cluster = stage.world().cluster();
    let deletion = RequestKind::DELETE_SERVICE_ACCOUNT;
    cluster.inject(Fault::always(deletion, Effect::refuse(500)));
    let told = report(&root, json!({"user": "root"})).await;
    assert_eq!(
        (&told["matched"], &told["revoked"], &told["complete"]),
        (&json!(3), &json!(0), &json!(true))
    );
    let unconfirmed = told["unconfirmed"].as_array().unwrap();
    assert_eq!(unconfirmed.len(), 3);
    for one in unconfirmed {
        let reason = one["reason"].as_str().unwrap();
        assert!(["cluster_busy", "not_confirmed"].contains(&reason), "{one}");
        let shown = root.get(one["selfLink"].as_str().unwrap()).await.json();
        assert_eq!(shown["id"], one["id"]);
        assert_eq!(shown["status"], "revoking");
    }
    cluster.clear_faults();
    until("they are gone", async || objects(cluster).is_empty()).await;
    until("nothing is revoking", async || {
        root.listed().await.is_empty()
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn hundreds_are_gone_with_one_request() {
    let setting = Setting::default();
    // On a busy machine it may take longer than a caller would wait.
    let setting = setting.change(|config| config.settings.bulk = Duration::from_secs(120));
    let stage = setting.start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    for _ in 0..10 {
        let issues = (0..30).map(|_| root.issued(json!({"ttl": 900})));
        futures::future::join_all(issues).await;
    }
    let told = report(&root, json!({"role": "viewer"})).await;
    assert_eq!(
        (&told["matched"], &told["revoked"]),
        (&json!(300), &json!(300))
    );
    assert_eq!(objects(stage.world().cluster()), []);
    stage.stop().await;
}

#[tokio::test]
async fn it_is_for_administrators_and_means_something() {
    let mut stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    root.issued(json!({"id": "kept", "ttl": 900, "user": "alice"}))
        .await;
    let own = json!({"user": "alice"});
    for role in ["compute.viewer", "compute.editor"] {
        let alice = Actor::new(&stage, "alice", &[role]);
        let refused = revoke_many(&alice, own.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.reason().as_str()),
            (403, "not_permitted"),
            "{role}: also for what is her own: that is one at a time"
        );
    }
    for (body, field) in [
        (json!({}), None),
        (json!([]), None),
        (json!({"user": ""}), Some("user")),
        (json!({"user": null}), Some("user")),
        (json!({"role": 7}), Some("role")),
        (json!({"issuedBefore": "yesterday"}), Some("issuedBefore")),
        (json!({"user": "alice", "status": "active"}), Some("status")),
        (json!({"users": ["alice"]}), Some("users")),
    ] {
        let refused = revoke_many(&root, body.clone()).await;
        assert_eq!(refused.status.as_u16(), 400, "{body}: {}", refused.text);
        let told = refused.json();
        let details = told["error"]["details"].as_array().unwrap();
        let named = details
            .iter()
            .any(|detail| detail["field"].as_str() == field);
        assert!(field.is_none() || named, "{body}: {told}");
    }
    assert_eq!(root.listed().await, ["kept"]);
    // It is a collection that can only be added to.
    let read = root.call(Method::GET, &revocations()).await;
    assert_eq!(read.status.as_u16(), 405, "{}", read.text);
    let events = stage.stop_and_read_audit().await;
    let refused = events
        .iter()
        .filter(|event| event.kind == Kind::BulkRevokeRefused);
    assert_eq!(refused.count(), 10);
    stage.stop().await;
}
