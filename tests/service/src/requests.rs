//! What a request is called, and what the log says of it.

use std::time::Duration;

use harness::{Stage, collection};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::acting::{Actor, until};

/// Sends bytes as they are, and reads what comes until the connection ends.
async fn raw(stage: &Stage, bytes: &[u8]) -> String {
    let socket = TcpStream::connect(stage.address()).await.unwrap();
    finished(socket, bytes).await
}

async fn finished(mut socket: TcpStream, bytes: &[u8]) -> String {
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The id by which an answer calls its request.
fn id(answer: &str) -> String {
    let mut fields = answer.lines();
    let found = fields.find_map(|line| line.strip_prefix("x-request-id: "));
    found.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn message(answer: &str) -> Value {
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["error"]["message"].clone()
}

/// The lines of the log that hold a text.
fn lines(stage: &Stage, part: &str) -> Vec<Value> {
    let log = stage.log();
    log.lines()
        .filter(|line| line.contains(part))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_request_has_one_id_on_its_answer_in_the_trail_and_in_the_log() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    // The body is asked for once its sender is known, and then there is a row.
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        collection(),
        alice.token
    );
    let mut ids = Vec::new();
    for (body, told) in [
        ("zz\r\n", "a chunk of the body is malformed"),
        (
            "2;x=y\r\n{}\r\n0\r\n\r\n",
            "a chunk of the body has an extension, which is not taken",
        ),
        (
            "2\r\n{}\r\n0\r\nA: b\r\n\r\n",
            "the body has trailers, which are not taken",
        ),
    ] {
        let mut socket = TcpStream::connect(stage.address()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; 25];
        socket.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        let answer = finished(socket, body.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body}: {answer}");
        assert_eq!(message(&answer), told, "{body}");
        ids.push(id(&answer));
    }
    let issued = alice.issue(json!({})).await;
    assert_eq!(issued.status.as_u16(), 201, "{}", issued.text);
    ids.push(issued.headers["x-request-id"].to_str().unwrap().to_owned());
    for id in &ids {
        until("its line is there", async || {
            lines(&stage, id).iter().any(|line| line["req_id"] == **id)
        })
        .await;
    }
    let rows: Vec<String> = stage
        .stop_and_read_audit()
        .await
        .into_iter()
        .filter_map(|event| event.request_id)
        .collect();
    for id in &ids {
        assert!(rows.contains(id), "{id} is not in {rows:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_is_refused_by_its_head_is_logged_with_what_it_asked_for() {
    let stage = Stage::start().await;
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canary";
    let both = "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long = "a".repeat(9000);
    for (head, method, path) in [
        (
            format!("POST /v1/regions HTTP/1.1\r\nHost: h\r\n{both}"),
            "POST",
            "/v1/regions",
        ),
        (
            format!("GET /v1/{long} HTTP/1.1\r\nHost: h\r\n\r\n"),
            "GET",
            "/v1/…",
        ),
        (
            format!("GET /v2/{token}?{token} HTTP/1.1\r\nHost: h\r\n{both}"),
            "GET",
            "/v2/…",
        ),
        (
            format!("{token} /v3 HTTP/1.1\r\nHost: h\r\n{both}"),
            "…",
            "/v3",
        ),
    ] {
        let answer = raw(&stage, head.as_bytes()).await;
        let id = id(&answer);
        until("its line is there", async || !lines(&stage, &id).is_empty()).await;
        let line = lines(&stage, &id).remove(0);
        assert_eq!(
            (line["method"].as_str(), line["path"].as_str()),
            (Some(method), Some(path)),
            "{line}"
        );
    }
    assert!(!stage.log().contains("canary"), "{}", stage.log());
    stage.stop().await;
}

#[tokio::test]
async fn who_has_no_token_fills_no_log() {
    let stage = Stage::start().await;
    let nobody = Actor::bearing(&stage, "x.y.z".to_owned());
    let path = collection();
    for _ in 0..10 {
        let answers = (0..20).map(|_| nobody.get(&path));
        for answer in futures::future::join_all(answers).await {
            assert_eq!(answer.status.as_u16(), 401, "{}", answer.text);
        }
    }
    // Whoever has one is told of as ever.
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    assert_eq!(alice.get(&path).await.status.as_u16(), 200);
    until("the last line is there", async || {
        !lines(&stage, "\"response_code\":200").is_empty()
            || !lines(&stage, "\"response_code\":\"200\"").is_empty()
    })
    .await;
    let refused = lines(&stage, "request refused").len();
    let completed = lines(&stage, "request completed").len();
    assert_eq!((refused, completed), (20, 21), "{}", stage.log());
    stage.stop().await;
}
