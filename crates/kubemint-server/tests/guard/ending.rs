//! The end when something does not: whoever still waits shortly before the end of the grace period is told, and the server
//! ends within it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use kubemint_server::serve::Running;
use serde_json::Value;

use crate::encrypted::{self, http2};
use crate::raw::{Answer, Raw};
use crate::stage::{Stage, collection, head, issue, until};

const GRACE: Duration = Duration::from_secs(4);
/// Longer than anything here lasts.
const LONG: Duration = Duration::from_secs(120);

async fn brief() -> Stage {
    Stage::configured(|config, _| config.grace = GRACE).await
}

/// Holds a stop to the grace period: the best of three, since the machine may have other things to do.
async fn in_time(stop: impl AsyncFn() -> Duration) {
    let mut took = Vec::new();
    while took.len() < 3 {
        let last = stop().await;
        if last < GRACE {
            return;
        }
        took.push(last);
    }
    panic!("{took:?}");
}

/// Stops, and tells how long it took.
async fn stop(running: Running) -> Duration {
    let began = Instant::now();
    running.stop().await;
    began.elapsed()
}

fn is_told(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.reason(), "shutting_down");
    assert_eq!(answer.all("retry-after"), ["1"]);
    assert_eq!(answer.all("connection"), ["close"]);
}

#[tokio::test]
async fn what_is_under_way_at_the_end_of_the_grace_period_is_answered_503() {
    in_time(async || {
        let stage = brief().await;
        let token = stage.token("alice");
        stage.slow_cluster(LONG);
        let mut waiting = Raw::connect(stage.address()).await;
        waiting.send(issue(&token)).await;
        stage.issues_under_way(1).await;
        let (answer, took) = tokio::join!(waiting.answer(), stop(stage.running));
        is_told(&answer);
        assert!(waiting.is_closed().await);
        assert!(took > GRACE / 2, "it had its time: {took:?}");
        took
    })
    .await;
}

#[tokio::test]
async fn a_body_that_never_comes_to_its_end_is_answered_and_holds_nothing_up() {
    in_time(async || {
        let stage = brief().await;
        let mut raw = Raw::connect(stage.address()).await;
        let fields = "Content-Type: application/json\r\nContent-Length: 4096\r\n";
        raw.send(head("POST", &stage.token("alice"), fields)).await;
        raw.send("{").await;
        until("it is under way", async || {
            stage.metric("kubemint_requests_in_flight ").await > 0
        })
        .await;
        let (answer, took) = tokio::join!(raw.answer(), stop(stage.running));
        is_told(&answer);
        took
    })
    .await;
}

#[tokio::test]
async fn streams_of_http_2_are_told_too() {
    in_time(async || {
        let (stage, certificate) = encrypted::configured(|config| config.grace = GRACE).await;
        stage.slow_cluster(LONG);
        let mut sender = http2(&stage, &certificate).await;
        let request = Request::post(format!("https://localhost{}", collection()))
            .header("authorization", format!("Bearer {}", stage.token("alice")))
            .header("content-type", "application/json")
            .body(Full::from(Bytes::from_static(b"{}")))
            .expect("a request");
        let answer = tokio::spawn(sender.send_request(request));
        stage.issues_under_way(1).await;
        let took = stop(stage.running).await;
        let answer = answer.await.expect("no panic").expect("an answer");
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let body = answer.into_body().collect().await.expect("a body");
        let body: Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        assert_eq!(body["error"]["details"][0]["reason"], "shutting_down");
        took
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_reads_no_answer_holds_nothing_up() {
    in_time(async || {
        let stage = brief().await;
        let mut deaf = Raw::connect(stage.address()).await;
        // More answers than the buffers of a socket hold, and none is read.
        let asked = "GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n".repeat(2000);
        let asking = tokio::spawn(async move {
            deaf.send(asked).await;
            std::future::pending::<()>().await;
        });
        until("one is answered", async || {
            stage.log().contains("/openapi.json")
        })
        .await;
        let took = stop(stage.running).await;
        asking.abort();
        // It is cut off at the end itself.
        took.saturating_sub(Duration::from_millis(500))
    })
    .await;
}
