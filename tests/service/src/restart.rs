//! What outlives the process: everything that was answered; and what a crash leaves is put in order.

use std::time::Duration;

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Setting, Stage, collection};
use kubemint::audit::Kind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, text, until};

#[tokio::test]
async fn records_keys_names_and_page_tokens_outlive_the_process() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let alice = Actor::bearing(&stage, token.clone());
    let body = json!({"user": "bob", "displayName": "Bob's", "description": "for bob", "ttl": 900});
    let keyed = alice.issue_once("key", &body).await.json();
    let mine = alice.issued(json!({"id": "mine", "role": "editor"})).await;
    let gone = alice.issued(json!({"id": "gone"})).await;
    assert_eq!(alice.revoke(&link(&gone)).await.status.as_u16(), 204);
    let page = alice
        .get(&format!("{}?pageSize=1", collection()))
        .await
        .json();
    assert_eq!(page["kubeconfigs"][0]["id"], "mine");
    let next = format!(
        "{}?pageSize=1&pageToken={}",
        collection(),
        text(&page["nextPageToken"])
    );
    let delivered = alice.delivered(&link(&mine)).await;

    stage.restart().await;
    let alice = Actor::bearing(&stage, token);
    assert_eq!(alice.get(&link(&keyed)).await.json(), keyed);
    assert_eq!(alice.get(&link(&mine)).await.json(), mine);
    assert_eq!(alice.get(&link(&gone)).await.status.as_u16(), 404);
    let rest = alice.get(&next).await.json();
    assert_eq!(rest, json!({"kubeconfigs": [keyed]}));
    let replay = alice.issue_once("key", &body).await;
    assert_eq!(
        (replay.status.as_u16(), replay.json()),
        (201, keyed.clone())
    );
    assert_eq!(
        alice.issue_once("key", &json!({})).await.status.as_u16(),
        409
    );
    for id in ["mine", "gone"] {
        assert_eq!(
            alice.issue(json!({"id": id})).await.status.as_u16(),
            409,
            "{id}"
        );
    }
    // What was delivered before works, and what is delivered now too; then it is revoked as if nothing had been.
    assert_eq!(delivered.list_pods().await, StatusCode::OK);
    assert_eq!(
        alice.delivered(&link(&mine)).await.list_pods().await,
        StatusCode::OK
    );
    assert_eq!(alice.revoke(&link(&mine)).await.status.as_u16(), 204);
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    stage.stop().await;
}

/// Sends a request without waiting for its answer.
fn send(stage: &Stage, method: Method, path: &str, token: &str, body: Option<&Value>) {
    let mut request = stage.request(method, path).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(body).header("idempotency-key", "key");
    }
    tokio::spawn(request.send());
}

#[tokio::test]
async fn what_a_crash_broke_off_is_given_up_and_may_be_asked_for_again() {
    for (at, made) in [
        (RequestKind::CREATE_SERVICE_ACCOUNT, 0),
        (RequestKind::TOKEN_REQUEST, 1),
    ] {
        let setting = Setting::default();
        let mut stage = setting
            .change(|config| {
                // Nobody waits for this: the next process knows that this one is gone.
                config.settings.pending = Duration::from_secs(600);
                config.settings.twin_wait = Duration::from_millis(200);
            })
            .start()
            .await;
        let token = stage.token("alice", &["compute.viewer"]);
        let body = json!({"ttl": 900});
        stage
            .world()
            .cluster()
            .inject(Fault::always(at, Effect::Hang));
        send(&stage, Method::POST, &collection(), &token, Some(&body));
        until("the issue is under way", async || {
            stage.world().cluster().requests(at) == 1
        })
        .await;
        stage.crash().await;
        stage.world().cluster().clear_faults();
        assert_eq!(objects(stage.world().cluster()).len(), made, "{at:?}");

        stage.start_server().await.expect("a server");
        let alice = Actor::bearing(&stage, token);
        assert!(
            alice.listed().await.is_empty(),
            "what is pending is never shown"
        );
        until("the key is free", async || {
            alice.issue_once("key", &body).await.status == StatusCode::CREATED
        })
        .await;
        let again = alice.issue_once("key", &body).await;
        until("what was left is removed", async || {
            objects(stage.world().cluster()).len() == 1
        })
        .await;
        assert_eq!(alice.listed().await, [text(&again.json()["id"])], "{at:?}");
        let audit = stage.stop_and_read_audit().await;
        let failed: Vec<_> = audit
            .iter()
            .filter(|event| event.kind == Kind::IssueFailed)
            .collect();
        assert_eq!(failed.len(), 1, "{at:?}: {failed:?}");
        assert_eq!(failed[0].request_id, None, "the reconciler's");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_revocation_that_a_crash_broke_off_is_finished() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let alice = Actor::bearing(&stage, token.clone());
    let link = link(&alice.issued(json!({})).await);
    let delivered = alice.delivered(&link).await;
    let at = RequestKind::DELETE_SERVICE_ACCOUNT;
    stage
        .world()
        .cluster()
        .inject(Fault::always(at, Effect::Hang));
    send(&stage, Method::DELETE, &link, &token, None);
    until("the revocation is under way", async || {
        stage.world().cluster().requests(at) == 1
    })
    .await;
    stage.crash().await;
    assert_eq!(objects(stage.world().cluster()).len(), 1);
    stage.world().cluster().clear_faults();
    stage.start_server().await.expect("a server");
    let alice = Actor::bearing(&stage, token);
    until("it is revoked", async || {
        alice.get(&link).await.status == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!(objects(stage.world().cluster()), []);
    assert_eq!(delivered.list_pods().await, StatusCode::UNAUTHORIZED);
    stage.stop().await;
}

#[tokio::test]
async fn what_expired_while_nobody_served_is_ended_at_the_start() {
    let mut stage = Setting::default().short_lives().start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let alice = Actor::bearing(&stage, token.clone());
    let issued = alice.issued(json!({"ttl": 4})).await;
    stage.crash().await;
    assert_eq!(objects(stage.world().cluster()).len(), 1);
    let end = crate::acting::time(&issued["expiresAt"]);
    until("its time is over", async || chrono::Utc::now() > end).await;
    assert_eq!(
        objects(stage.world().cluster()).len(),
        1,
        "nobody was there to remove it"
    );
    stage.start_server().await.expect("a server");
    until("it is ended", async || {
        objects(stage.world().cluster()).is_empty()
    })
    .await;
    let alice = Actor::bearing(&stage, token);
    assert_eq!(alice.get(&link(&issued)).await.json()["status"], "expired");
    stage.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_files_is_refused_and_the_first_goes_on() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let link = link(
        &Actor::bearing(&stage, token.clone())
            .issued(json!({}))
            .await,
    );
    let refused = stage.start_server().await.unwrap_err();
    let mut told = refused.to_string();
    let mut source = std::error::Error::source(&refused);
    while let Some(error) = source {
        told = format!("{told}: {error}");
        source = error.source();
    }
    let expected = "kubemint.db: another process uses the database: it holds ";
    assert!(
        told.starts_with("cannot open the store ") && told.contains(expected),
        "{told}"
    );
    let alice = Actor::bearing(&stage, token);
    assert_eq!(alice.get(&link).await.status.as_u16(), 200);
    stage.stop().await;
}
