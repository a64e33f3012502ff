//! Heads that are not well-formed beyond doubt, and those that are too long.

use crate::raw::Raw;
use crate::stage::{OPEN, Stage, collection, head};

#[tokio::test]
async fn conflicting_and_malformed_framing_is_answered_400_and_nothing_behind_it_is_served() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    for framing in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2,2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: two\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Content-Length: 2\n",
    ] {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(head("POST", &token, framing) + "{}" + OPEN).await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, 400, "{framing:?}: {answer:?}");
        assert_eq!(answer.reason(), "malformed_request", "{framing:?}");
        assert!(raw.is_closed().await, "{framing:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_chunked_body_is_read_as_any_other_and_a_malformed_chunk_is_400() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let send = async |chunks: &str| stage.ask(head("POST", &token, chunked) + chunks).await;
    let good = send("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n").await;
    assert_eq!(good.status, 201, "{good:?}");
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2;x=y\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}}\r\n0\r\n\r\n",
    ] {
        let answer = send(chunks).await;
        assert_eq!(answer.status, 400, "{chunks:?}: {answer:?}");
        assert!(
            ["body_unreadable", "malformed_body"].contains(&answer.reason().as_str()),
            "{answer:?}"
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_request_names_one_host() {
    let stage = Stage::start().await;
    for hosts in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nhost: a\r\n",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
    ] {
        for version in ["1.1", "1.0"] {
            let answer = stage
                .ask(format!("GET /openapi.json HTTP/{version}\r\n{hosts}\r\n"))
                .await;
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (400, "malformed_request"),
                "{hosts:?}"
            );
        }
    }
    let other = stage
        .ask("GET http://other/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    assert_eq!(other.status, 400);
    let same = stage
        .ask("GET http://h/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    assert_eq!(same.status, 200);
    let old = stage
        .ask("GET /openapi.json HTTP/1.0\r\nHost: h\r\n\r\n")
        .await;
    assert_eq!(old.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn what_is_too_long_has_its_own_status() {
    let stage = Stage::start().await;
    let long = |length: usize| "a".repeat(length);
    let uri = |length| format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", long(length));
    assert_eq!(stage.ask(uri(9 * 1024)).await.status, 414);
    assert_eq!(stage.ask(uri(100 * 1024)).await.status, 414);
    assert_eq!(stage.ask(uri(7 * 1024)).await.status, 404);
    let query = format!(
        "GET {}?pageToken={} HTTP/1.1\r\nHost: h\r\n\r\n",
        collection(),
        long(9000)
    );
    assert_eq!(stage.ask(query).await.status, 414);
    for fields in [
        format!("X: {}\r\n", long(64 * 1024)),
        "X: y\r\n".repeat(200),
        format!("X: {}\r\n", long(1000)).repeat(60),
    ] {
        let answer = stage
            .ask(format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))
            .await;
        assert_eq!((answer.status, answer.reason().as_str()), (431, "too_long"));
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_is_not_http_is_400_and_what_is_another_version_is_505() {
    let stage = Stage::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\n\x01"[..],
        b"GET\r\n\r\n",
        b"GET /openapi.json\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\x01: y\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
    ] {
        let answer = stage.ask(bytes).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (400, "malformed_request"),
            "{bytes:?}"
        );
    }
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"] {
        let answer = stage
            .ask(format!("GET / {version}\r\nHost: h\r\n\r\n"))
            .await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (505, "unsupported_version"),
            "{version}"
        );
    }
    let expects = stage
        .ask("GET / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\n\r\n")
        .await;
    assert_eq!(
        (expects.status, expects.reason().as_str()),
        (417, "unknown_expectation")
    );
    stage.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_up_to_the_first_bad_one() {
    let stage = Stage::start().await;
    let mut raw = Raw::connect(stage.address()).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let bad = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n";
    let all = get("/openapi.json")
        + &get("/a")
        + &get("/openapi.json")
        + &get("/b")
        + bad
        + &get("/openapi.json");
    raw.send(all).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(raw.answer().await.status);
    }
    assert_eq!(statuses, [200, 404, 200, 404, 400]);
    assert!(raw.is_closed().await);
    stage.stop().await;
}

#[tokio::test]
async fn a_large_answer_reaches_a_client_that_has_stopped_sending() {
    let stage = Stage::start().await;
    let mut raw = Raw::connect(stage.address()).await;
    let last = "GET /openapi.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    raw.send(OPEN.repeat(200) + last).await;
    // The answers are more than buffers hold: the server has to wait for us, with the end of our requests before it.
    raw.ends_sending().await;
    for _ in 0..201 {
        let answer = raw.answer().await;
        assert_eq!(answer.body, kubeconfig_api::DOCUMENT);
    }
    assert!(raw.is_closed().await);
    stage.stop().await;
}

#[tokio::test]
async fn the_answer_to_a_head_request_has_no_body_that_the_next_answer_could_be_taken_for() {
    let stage = Stage::start().await;
    for path in ["/openapi.json", "/nowhere", "//x"] {
        let mut raw = Raw::connect(stage.address()).await;
        raw.send(format!("HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n") + OPEN)
            .await;
        let head = raw.head().await;
        assert!((400..=405).contains(&head.status), "{path}: {head:?}");
        let next = raw.answer().await;
        assert_eq!(next.status, 200, "{path}: {next:?}");
        assert_eq!(next.body, kubeconfig_api::DOCUMENT, "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_body_where_none_is_expected_is_no_request() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let smuggled = head("DELETE", &token, "");
    for framing in [
        format!("Content-Length: {}\r\n\r\n{smuggled}", smuggled.len()),
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
            smuggled.len()
        ),
    ] {
        for path in ["/openapi.json", "/nowhere"] {
            let mut raw = Raw::connect(stage.address()).await;
            raw.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n{framing}{OPEN}"))
                .await;
            let first = raw.answer().await;
            assert!([200, 400, 404].contains(&first.status), "{first:?}");
            // Then it is over, or the next one is ours: 405 would be the one in the body.
            if !first.all("connection").contains(&"close") {
                assert_eq!(raw.answer().await.status, 200, "{path} {framing:?}");
            }
            assert!(
                raw.is_silent(std::time::Duration::from_millis(20)).await || raw.is_closed().await
            );
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn nobody_is_led_to_another_protocol() {
    let stage = Stage::start().await;
    for fields in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
    ] {
        let answer = stage
            .ask(format!(
                "GET /openapi.json HTTP/1.1\r\nHost: h\r\n{fields}\r\n"
            ))
            .await;
        assert!([200, 400].contains(&answer.status), "{fields}: {answer:?}");
    }
    let preface = stage.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!([400, 505].contains(&preface.status), "{preface:?}");
    stage.stop().await;
}
