//! Paths and methods that lead nowhere, and what clients say of themselves.

use std::net::SocketAddr;

use serde_json::Value;

use crate::raw::Raw;
use crate::stage::{Stage, collection, head, until};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

#[tokio::test]
async fn a_path_with_an_empty_segment_never_routes() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let here = collection();
    for path in [
        format!("/{here}"),
        format!("{here}/"),
        here.replace("/v1/", "/v1//"),
        here.replace("/compute/", "//compute/"),
        format!("{here}//x"),
        "/openapi.json/".to_owned(),
        "//openapi.json".to_owned(),
        format!("{here}/?pageSize=1"),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
        let answer = stage.ask(request).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    for path in [
        "/v1/./regions",
        "/v1/../openapi.json",
        "/v1/%2e%2e/openapi.json",
        "/openapi.json/..",
        "/%ff",
    ] {
        let answer = stage.ask(get(path)).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        answer.reason();
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_segment_that_is_no_text_is_a_bad_parameter_of_a_caller_who_is_known() {
    let stage = Stage::start().await;
    let bearer = format!("Authorization: Bearer {}\r\n", stage.token("alice"));
    for segment in ["..", ".", "%ff", "%C0%AF", "x%ED%A0%80"] {
        for (path, field) in [
            (format!("{}/{segment}", collection()), "id"),
            (format!("{}/{segment}/download", collection()), "id"),
            (
                collection().replace("/us-texas-1/", &format!("/{segment}/")),
                "region",
            ),
        ] {
            let ask =
                |auth: &str| stage.ask(format!("GET {path} HTTP/1.1\r\nHost: h\r\n{auth}\r\n"));
            assert_eq!(ask("").await.status, 401, "{path}");
            let answer = ask(&bearer).await;
            assert_eq!(answer.status, 400, "{path}: {answer:?}");
            let body: Value = serde_json::from_str(&answer.body).expect("a body");
            assert_eq!(body["error"]["details"][0]["field"], field, "{path}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405_with_one_allow_field_and_the_documented_body()
 {
    let stage = Stage::start().await;
    let unknown = stage.ask(get("/nowhere")).await;
    assert_eq!(
        (unknown.status, unknown.reason().as_str()),
        (404, "not_found")
    );
    for method in [
        "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "post", "Post", "get",
    ] {
        let answer = stage.ask(head(method, "x", "")).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (405, "method_not_allowed"),
            "{method}"
        );
        assert_eq!(answer.all("allow"), ["GET, POST"], "{method}");
    }
    let item = stage
        .ask(get("/openapi.json").replace("GET", "DELETE"))
        .await;
    assert_eq!((item.status, item.all("allow")), (405, vec!["GET"]));
    stage.stop().await;
}

#[tokio::test]
async fn a_lower_case_post_issues_nothing() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let fields = "Content-Type: application/json\r\nContent-Length: 2\r\n";
    let answer = stage.ask(head("post", &token, fields) + "{}").await;
    assert_eq!(answer.status, 405);
    let list = stage.ask(head("GET", &token, "")).await;
    assert_eq!(list.body, r#"{"kubeconfigs":[]}"#);
    stage.stop().await;
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_not_believed() {
    let stage = Stage::start().await;
    for fields in [
        "X-Remote-User: admin\r\nX-Remote-Group: system:masters\r\n",
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-User: admin\r\nForwarded: for=127.0.0.1\r\n",
        "Kubemint-Seal: 0000000000000000000000000000000000000000000000000000000000000000\r\nKubemint-Peer: 10.0.0.1:1\r\n",
        "Connection: kubemint-seal, kubemint-peer, authorization\r\n",
    ] {
        let request = format!("GET {} HTTP/1.1\r\nHost: h\r\n{fields}\r\n", collection());
        assert_eq!(stage.ask(request).await.status, 401, "{fields}");
        // Nor does it keep anyone out.
        let answer = stage.ask(head("GET", &stage.token("alice"), fields)).await;
        assert_eq!(answer.status, 200, "{fields}: {answer:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn two_tokens_are_none() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let answer = stage
        .ask(head(
            "GET",
            &token,
            &format!("Authorization: Bearer {token}\r\n"),
        ))
        .await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (401, "unauthenticated")
    );
    stage.stop().await;
}

#[tokio::test]
async fn who_comes_around_the_guard_is_not_let_in() {
    let stage = Stage::start().await;
    // dropshot tells its private port in the log.
    let log = stage.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    let behind = lines.filter(|line| line["part"] == "http" && line["msg"] == "listening");
    let behind: Vec<SocketAddr> = behind
        .filter_map(|line| line["local_addr"].as_str()?.parse().ok())
        .collect();
    assert_eq!(behind.len(), 1, "{log}");
    assert!(behind[0].ip().is_loopback() && behind[0] != stage.address());
    let token = stage.token("alice");
    let answer = Raw::ask(behind[0], head("GET", &token, "")).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (401, "unauthenticated")
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_token_in_a_wrong_place_is_in_no_line_of_a_refusal() {
    let stage = Stage::start().await;
    let token = stage.token("alice");
    let canary = token.split('.').next_back().expect("a signature");
    for line in [
        format!("{canary} //x HTTP/1.1\r\nHost: h"),
        format!("GET //{token} HTTP/1.1\r\nHost: h"),
        format!("GET /v1//{canary}/ HTTP/1.1\r\nHost: h"),
        format!("GET //x?access_token={token} HTTP/1.1\r\nHost: h"),
        format!("GET /x#{token} HTTP/1.1\r\nHost: h"),
        format!("GET ftp://h/{token} HTTP/1.1\r\nHost: h"),
        format!("GET /{token} HTTP/1.1\r\nHost: {token}/"),
        format!("GET /x HTTP/1.1\r\nHost: h\r\nExpect: {token}"),
        format!("GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: {token}"),
    ] {
        let answer = stage.ask(format!("{line}\r\n\r\n")).await;
        assert!((400..=417).contains(&answer.status), "{line}: {answer:?}");
        assert!(!answer.body.contains(canary), "{line}: {answer:?}");
    }
    // What was refused by its head is noted once the peer has read its answer.
    until("every refusal is noted", async || {
        stage.log().matches("request refused").count() >= 9
    })
    .await;
    let log = stage.log();
    assert!(!log.contains(canary), "{log}");
    stage.stop().await;
}
