//! A store that cannot be written: nothing is done that could not be recorded.

use std::time::{Duration, Instant};

use harness::sandbox::RequestKind;
use harness::{Answer, Stage, collection};
use reqwest::StatusCode;
use serde_json::json;

use crate::acting::{Actor, link, objects};

fn is_told(answer: &Answer, what: &str) {
    let told = (answer.status.as_u16(), answer.reason());
    let expected = (503, "store_unavailable".to_owned());
    assert_eq!(told, expected, "{what}: {}", answer.text);
    assert!(answer.headers.contains_key("retry-after"), "{what}");
}

#[tokio::test]
async fn while_no_audit_row_can_be_written_nothing_is_minted_revealed_or_removed() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);
    let collection = collection();
    let minted = cluster.requests(RequestKind::TOKEN_REQUEST);

    // Another program holds the write lock, as a careless backup would.
    let thief = rusqlite::Connection::open(stage.database()).unwrap();
    thief.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let (issued, read, listed, downloaded, file, revoked, refused, ready) = tokio::join!(
        alice.issue(json!({})),
        alice.get(&link),
        alice.get(&collection),
        alice.download(&link),
        alice.file(&link),
        alice.revoke(&link),
        alice.issue(json!({"role": "cluster-admin"})),
        stage.internal("/readyz"),
    );
    // The lock is waited for 0.9 s, and not by each of seven: by those who came first, by the others together, and by whoever came
    // between.
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    for (answer, what) in [
        (issued, "issue"),
        (read, "get"),
        (listed, "list"),
        (downloaded, "download"),
        (file, "file"),
        (revoked, "revoke"),
        (refused, "a refusal"),
    ] {
        is_told(&answer, what);
    }
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["ready"], false, "{}", ready.text);
    assert_eq!(stage.internal("/healthz").await.status, StatusCode::OK);
    assert_eq!(cluster.requests(RequestKind::TOKEN_REQUEST), minted);
    assert_eq!(
        objects(cluster).len(),
        1,
        "nothing was made, and nothing removed"
    );

    thief.execute_batch("ROLLBACK").unwrap();
    assert_eq!(alice.get(&link).await.json()["status"], "active");
    alice.delivered(&link).await;
    assert_eq!(alice.issue(json!({})).await.status, StatusCode::CREATED);
    assert_eq!(stage.internal("/readyz").await.json()["ready"], true);
    assert_eq!(alice.revoke(&link).await.status, StatusCode::NO_CONTENT);
    stage.stop().await;
}

#[tokio::test]
async fn a_store_whose_file_was_taken_away_is_not_ready_and_says_why() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    alice.issued(json!({})).await;
    let away = stage.database().with_extension("away");
    std::fs::rename(stage.database(), &away).unwrap();
    let ready = stage.internal("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    let told = ready.json()["store"].as_str().unwrap().to_owned();
    assert!(told.contains("its file was taken away"), "{told}");
    is_told(&alice.issue(json!({})).await, "issue");
    assert_eq!(objects(stage.world().cluster()).len(), 1);
    std::fs::rename(&away, stage.database()).unwrap();
    assert_eq!(stage.internal("/readyz").await.json()["ready"], true);
    alice.issued(json!({})).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_trail_that_takes_no_row_is_told_to_whoever_asks_whether_it_is_ready() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);
    let ready = stage.internal("/readyz").await;
    assert_eq!(ready.json()["ready"], true, "{}", ready.text);
    let other = rusqlite::Connection::open(stage.database()).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refused BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no more'); END",
        )
        .unwrap();
    let read = alice.get(&link).await;
    assert_eq!(
        read.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        read.text
    );
    let ready = stage.internal("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["ready"], false, "{}", ready.text);
    other.execute_batch("DROP TRIGGER refused").unwrap();
    assert_eq!(stage.internal("/readyz").await.json()["ready"], true);
    assert_eq!(alice.get(&link).await.json()["status"], "active");
    stage.stop().await;
}
