//! A repeated request is answered once, and a taken name stays taken.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Setting, Stage, collection};
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects};

#[tokio::test]
async fn the_same_key_and_body_is_the_same_answer_and_another_body_is_a_conflict() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let body = json!({"ttl": 900, "displayName": "first"});
    let first = alice.issue_once("key-1", &body).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    let replay = alice.issue_once("key-1", &body).await;
    assert_eq!((replay.status.as_u16(), replay.json()), (201, first.json()));
    assert_eq!(replay.headers["location"], first.headers["location"]);
    // The members' order and the spaces between them mean nothing.
    let raw = r#"{ "displayName" : "first", "ttl":900 }"#;
    let request = stage
        .request(reqwest::Method::POST, &collection())
        .bearer_auth(&alice.token);
    let request = request
        .header("content-type", "application/json")
        .header("idempotency-key", "key-1");
    assert_eq!(Stage::read(request.body(raw)).await.json(), first.json());

    for other in [
        json!({"ttl": 901, "displayName": "first"}),
        json!({"ttl": 900}),
        json!({}),
    ] {
        let answer = alice.issue_once("key-1", &other).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (409, "idempotency_key_reused")
        );
    }
    // A key is its caller's.
    let bob = Actor::new(&stage, "bob", &["compute.admin"]);
    let his = bob.issue_once("key-1", &body).await;
    assert_eq!(his.status.as_u16(), 201);
    assert_ne!(his.json()["uid"], first.json()["uid"]);
    assert_eq!(objects(stage.world().cluster()).len(), 2);

    // What was answered is answered again, even if revoked since.
    assert_eq!(
        alice.revoke(&link(&first.json())).await.status.as_u16(),
        204
    );
    let late = alice.issue_once("key-1", &body).await;
    assert_eq!((late.status.as_u16(), late.json()), (201, first.json()));
    assert_eq!(objects(stage.world().cluster()).len(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn fifty_twins_at_once_make_one_credential_and_get_one_answer() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let body = json!({"ttl": 900});
    let twins = (0..50).map(|_| alice.issue_once("twin", &body));
    let answers = futures::future::join_all(twins).await;
    let bodies: BTreeSet<String> = answers.iter().map(|answer| answer.text.clone()).collect();
    assert!(
        answers.iter().all(|answer| answer.status.as_u16() == 201),
        "{bodies:?}"
    );
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let made = objects(stage.world().cluster());
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(json!(made[0].name), answers[0].json()["id"]);
    assert_eq!(
        stage.world().cluster().requests(RequestKind::TOKEN_REQUEST),
        1
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_twin_that_waits_too_long_is_told_to_come_again() {
    let setting = Setting::default();
    let setting = setting.change(|config| config.settings.twin_wait = Duration::from_millis(200));
    let stage = setting.start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let slow = Effect::Delay(Duration::from_millis(1500));
    stage
        .world()
        .cluster()
        .inject(Fault::once(RequestKind::TOKEN_REQUEST, slow));
    let body = json!({});
    let second = async {
        crate::acting::until("the first is under way", async || {
            stage.world().cluster().requests(RequestKind::TOKEN_REQUEST) == 1
        })
        .await;
        alice.issue_once("twin", &body).await
    };
    let (first, second) = tokio::join!(alice.issue_once("twin", &body), second);
    assert_eq!(
        (second.status.as_u16(), second.reason().as_str()),
        (503, "in_progress")
    );
    assert!(second.headers.contains_key("retry-after"));
    assert_eq!(first.status.as_u16(), 201);
    assert_eq!(alice.issue_once("twin", &body).await.json(), first.json());
    stage.stop().await;
}

#[tokio::test]
async fn a_first_that_failed_frees_its_key_and_a_name_that_it_chose() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let fails = async |key: &str, body: &Value| {
        let broken = Fault::once(RequestKind::TOKEN_REQUEST, Effect::refuse(500));
        stage.world().cluster().inject(broken);
        let failed = alice.issue_once(key, body).await;
        assert_eq!(failed.status.as_u16(), 503, "{}", failed.text);
    };
    let body = json!({"ttl": 900});
    fails("key", &body).await;
    assert_eq!(objects(stage.world().cluster()), []);
    // As Retry-After asked for.
    let again = alice.issue_once("key", &body).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    assert_eq!(alice.issue_once("key", &body).await.json(), again.json());
    // A key that is free may be used for something else.
    fails("other", &body).await;
    let different = alice.issue_once("other", &json!({"ttl": 901})).await;
    assert_eq!(different.status.as_u16(), 201, "{}", different.text);

    // Nothing was ever delivered under the name: whoever chose it may try again, with the key or without one.
    let named = json!({"id": "mine"});
    fails("named", &named).await;
    let bob = Actor::new(&stage, "bob", &["compute.viewer"]);
    let his = bob.issue(named.clone()).await;
    assert_eq!(
        (his.status.as_u16(), his.reason().as_str()),
        (409, "id_taken"),
        "it is still hers"
    );
    fails("named", &named).await;
    let again = alice.issue_once("named", &named).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    assert_eq!(again.json()["id"], "mine");
    assert_eq!(alice.issue_once("named", &named).await.json(), again.json());
    let other = alice.issue(named.clone()).await;
    assert_eq!(
        (other.status.as_u16(), other.reason().as_str()),
        (409, "id_taken"),
        "it is given now"
    );
    let made = objects(stage.world().cluster());
    assert_eq!(
        made.iter().filter(|object| object.name == "mine").count(),
        1,
        "{made:?}"
    );
    stage.stop().await;
}

#[tokio::test]
async fn who_repeats_after_a_hiccup_of_the_cluster_waits_no_longer_than_others() {
    let setting = Setting::default().patience(Duration::from_secs(1));
    let stage = setting.start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let body = json!({"ttl": 900});
    cluster.inject(Fault::always(RequestKind::ANY, Effect::Hang));
    for attempt in ["first", "again, as Retry-After says"] {
        let answer = alice.issue_once("key", &body).await;
        // Nothing is under way: the first one was answered.
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, "cluster_unreachable"),
            "{attempt}: {}",
            answer.text
        );
    }
    cluster.clear_faults();
    let began = Instant::now();
    let granted = alice.issue_once("key", &body).await;
    assert_eq!(granted.status.as_u16(), 201, "{}", granted.text);
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(alice.issue_once("key", &body).await.json(), granted.json());
    let made = objects(cluster);
    assert_eq!(made.len(), 1, "{made:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_chosen_name_is_given_once_for_ever() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let bob = Actor::new(&stage, "bob", &["compute.viewer"]);
    let mine = json!({"id": "mine"});
    let issued = alice.issued(mine.clone()).await;
    assert_eq!(
        (&issued["id"], link(&issued)),
        (&json!("mine"), format!("{}/mine", collection()))
    );
    let taken = async |actor: &Actor<'_>, why: &str| {
        let answer = actor.issue(mine.clone()).await;
        let detail: Value = answer.json()["error"]["details"][0].clone();
        assert_eq!(answer.status.as_u16(), 409, "{why}: {}", answer.text);
        assert_eq!(
            detail,
            json!({"reason": "id_taken", "field": "id"}),
            "{why}"
        );
    };
    taken(&alice, "its owner asks again").await;
    taken(&bob, "someone else asks").await;
    assert_eq!(alice.revoke(&link(&issued)).await.status.as_u16(), 204);
    taken(&alice, "it was revoked").await;
    taken(&bob, "it was revoked").await;
    assert_eq!(objects(stage.world().cluster()), []);
    stage.stop().await;
}
