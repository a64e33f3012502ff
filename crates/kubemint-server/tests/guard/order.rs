//! What happens in which order: nothing of a body before the token, and the orderly end.

use std::time::Duration;

use crate::raw::{PATIENCE, Raw};
use crate::stage::{OPEN, Stage, collection, head, issue, until};

const JSON: &str =
    "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n";

#[tokio::test]
async fn a_body_is_asked_for_only_after_the_token_is_accepted() {
    let stage = Stage::start().await;
    let mut stranger = Raw::connect(stage.address()).await;
    stranger
        .send(format!(
            "POST {} HTTP/1.1\r\nHost: h\r\n{JSON}\r\n",
            collection()
        ))
        .await;
    assert_eq!(
        stranger.answer().await.status,
        401,
        "without a 100 before it"
    );

    let mut alice = Raw::connect(stage.address()).await;
    alice.send(head("POST", &stage.token("alice"), JSON)).await;
    assert_eq!(alice.answer().await.status, 100);
    alice.send("{}").await;
    assert_eq!(alice.answer().await.status, 201);
    stage.stop().await;
}

#[tokio::test]
async fn a_malformed_chunk_that_comes_with_the_head_is_judged_after_the_token() {
    let stage = Stage::start().await;
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    for body in [
        "zz\r\n",
        "2;x=y\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    ] {
        for (token, status) in [("x.y.z".to_owned(), 401), (stage.token("alice"), 400)] {
            let answer = stage.ask(head("POST", &token, chunked) + body).await;
            assert_eq!(answer.status, status, "{body:?}: {answer:?}");
        }
    }
    let good = head("POST", &stage.token("alice"), chunked) + "2\r\n{}\r\n0\r\n\r\n";
    // Whatever is there of it when the head is read, and on one connection.
    let mut raw = Raw::connect(stage.address()).await;
    for _ in 0..3 {
        raw.send(&good).await;
        assert_eq!(raw.answer().await.status, 201);
    }
    stage.stop().await;
}

#[tokio::test]
async fn an_issue_whose_client_has_gone_is_completed() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    stage.slow_cluster(Duration::from_millis(300));
    let mut raw = Raw::connect(stage.address()).await;
    raw.send(issue(&token)).await;
    stage.issues_under_way(1).await;
    drop(raw);
    until("it is listed", async || {
        let list = stage.ask(head("GET", &token, "")).await;
        list.body.contains("\"selfLink\"")
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn stopping_answers_what_is_under_way_and_closes_what_is_not() {
    // What is idle or silent would be waited for for ever.
    let stage = Stage::configured(|config, _| {
        config.grace = Duration::from_secs(3600);
        config.guard.deadlines.idle = config.grace;
        config.guard.deadlines.first_byte = config.grace;
    })
    .await;
    let token = stage.token("alice");
    stage.slow_cluster(Duration::from_secs(3));
    let mut idle = Raw::connect(stage.address()).await;
    idle.send(OPEN).await;
    assert_eq!(idle.answer().await.status, 200);
    let mut silent = Raw::connect(stage.address()).await;
    let mut busy = Raw::connect(stage.address()).await;
    busy.send(issue(&token)).await;
    stage.issues_under_way(1).await;
    let Stage {
        sandbox,
        running,
        folder: _folder,
        ..
    } = stage;
    let address = running.address();
    let stopping = tokio::spawn(running.stop());
    assert!(idle.is_closed().await && silent.is_closed().await);
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nobody listens"
    );
    let answer = busy.answer().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.all("connection"), ["close"]);
    let end = tokio::time::timeout(PATIENCE, stopping).await;
    end.expect("an end in time").expect("an orderly end");
    sandbox.stop().await;
}
