//! What the schema forbids, sent to a running server as a stranger would send it.

use harness::{Answer, Stage, collection};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

async fn post(stage: &Stage, token: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = stage
        .request(Method::POST, &collection())
        .bearer_auth(token);
    Stage::read(
        request
            .header(CONTENT_TYPE, "application/json")
            .body(body.into()),
    )
    .await
}

#[tokio::test]
async fn bodies_that_the_schema_forbids_are_refused_naming_the_member() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let long = |n: usize| "a".repeat(n);
    let cases: Vec<(String, &str, &str)> = vec![
        // Bounds.
        (json!({"user": ""}).to_string(), "too_short", "user"),
        (json!({"user": long(254)}).to_string(), "too_long", "user"),
        (json!({"role": ""}).to_string(), "too_short", "role"),
        (
            json!({"displayName": long(257)}).to_string(),
            "too_long",
            "displayName",
        ),
        (
            json!({"description": long(1025)}).to_string(),
            "too_long",
            "description",
        ),
        (
            json!({"description": "a\u{1b}[2Jb"}).to_string(),
            "pattern_mismatch",
            "description",
        ),
        (json!({"ttl": 0}).to_string(), "too_small", "ttl"),
        (json!({"ttl": -1}).to_string(), "too_small", "ttl"),
        (
            r#"{"ttl": 9223372036854775808}"#.to_owned(),
            "too_large",
            "ttl",
        ),
        (r#"{"ttl": 60.5}"#.to_owned(), "not_an_integer", "ttl"),
        (r#"{"ttl": 60.0}"#.to_owned(), "not_an_integer", "ttl"),
        (r#"{"ttl": 1e2}"#.to_owned(), "not_an_integer", "ttl"),
        (json!({"id": "A"}).to_string(), "pattern_mismatch", "id"),
        (json!({"id": "a-"}).to_string(), "pattern_mismatch", "id"),
        (json!({"id": "a\n"}).to_string(), "pattern_mismatch", "id"),
        (json!({"id": long(64)}).to_string(), "too_long", "id"),
        // Types and nulls.
        (json!({"ttl": "60"}).to_string(), "wrong_type", "ttl"),
        (json!({"ttl": true}).to_string(), "wrong_type", "ttl"),
        (json!({"user": 5}).to_string(), "wrong_type", "user"),
        (json!({"user": ["a"]}).to_string(), "wrong_type", "user"),
        (
            json!({"user": null}).to_string(),
            "null_not_allowed",
            "user",
        ),
        (json!({"ttl": null}).to_string(), "null_not_allowed", "ttl"),
        // Unknown members: one that was meant to narrow access must not be dropped.
        (
            json!({"namespace": "team-a"}).to_string(),
            "unknown_member",
            "namespace",
        ),
        (json!({"User": "a"}).to_string(), "unknown_member", "User"),
        (
            r#"{"ttl": 60, "ttl": 86400}"#.to_owned(),
            "duplicate_member",
            "ttl",
        ),
        (
            r#"{"ttl": 60, "\u0074tl": 86400}"#.to_owned(),
            "duplicate_member",
            "ttl",
        ),
    ];
    for (body, reason, field) in cases {
        let answer = post(&stage, &token, body.clone()).await;
        let detail = answer.json()["error"]["details"][0].clone();
        assert_eq!(answer.status.as_u16(), 400, "{body}: {}", answer.text);
        assert_eq!(
            (&detail["reason"], &detail["field"]),
            (&json!(reason), &json!(field)),
            "{body}"
        );
    }
    nothing_was_made(&stage);
    stage.stop().await;
}

#[tokio::test]
async fn bodies_that_are_not_the_json_object_are_refused() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let deep = "[".repeat(5000).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        br#"["alice","viewer",60]"#.to_vec(),
        b"\"x\"".to_vec(),
        b"{".to_vec(),
        b"{}{}".to_vec(),
        b"{} x".to_vec(),
        b"{\"ttl\":01}".to_vec(),
        b"{'ttl':60}".to_vec(),
        b"{\"ttl\":60,}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"user\":\"\xff\"}".to_vec(),
        b"{\"user\":\"\\ud800\"}".to_vec(),
        deep,
    ];
    for body in bodies {
        let answer = post(&stage, &token, body.clone()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(answer.status.as_u16(), 400, "{shown}: {}", answer.text);
        assert!(!answer.reason().is_empty(), "{shown}: {}", answer.text);
    }
    nothing_was_made(&stage);
    stage.stop().await;
}

#[tokio::test]
async fn too_much_and_the_wrong_kind_have_their_own_answers() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let big = post(
        &stage,
        &token,
        format!("{{\"description\":\"{}\"}}", "a".repeat(16 * 1024)),
    )
    .await;
    assert_eq!(big.status.as_u16(), 413, "{}", big.text);
    let request = || {
        stage
            .request(Method::POST, &collection())
            .bearer_auth(&token)
    };
    for kind in [
        "text/plain",
        "application/xml",
        "application/jsonx",
        "application/json; charset=latin-1",
    ] {
        let answer = Stage::read(request().header(CONTENT_TYPE, kind).body("{}")).await;
        assert_eq!(answer.status.as_u16(), 415, "{kind}: {}", answer.text);
    }
    let unsaid = Stage::read(request().body("{}")).await;
    assert_eq!(unsaid.status.as_u16(), 415, "{}", unsaid.text);
    let packed = request()
        .header(CONTENT_TYPE, "application/json")
        .header("content-encoding", "gzip")
        .body("{}");
    assert_eq!(Stage::read(packed).await.status.as_u16(), 415);
    nothing_was_made(&stage);
    stage.stop().await;
}

#[tokio::test]
async fn parameters_that_the_schema_forbids_are_refused_naming_the_parameter() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let place = |region: &str, project: &str, cluster: &str| {
        format!("/v1/regions/{region}/projects/{project}/compute/clusters/{cluster}/kubeconfigs")
    };
    let long = "a".repeat(64);
    let here = collection();
    let cases = [
        (place("US", "p", "c"), "region"),
        (place(&long, "p", "c"), "region"),
        (place("r", "p%2Fq", "c"), "project"),
        (place("r", "%C3%A9", "c"), "project"),
        (place("r", "p", "c%00"), "clusterId"),
        (place("%FF", "p", "c"), "region"),
        (place("r", "p", "c%C0%AF"), "clusterId"),
        (place("r", "p", "-c"), "clusterId"),
        (format!("{here}?pageSize=0"), "pageSize"),
        (format!("{here}?pageSize=501"), "pageSize"),
        (format!("{here}?pageSize=abc"), "pageSize"),
        (format!("{here}?pageSize=1&pageSize=2"), "pageSize"),
        (format!("{here}?pageSize="), "pageSize"),
        (format!("{here}?pageToken="), "pageToken"),
        (format!("{here}?pageToken=%20"), "pageToken"),
        (format!("{here}?pageToken=forged"), "pageToken"),
        (format!("{here}?pagesize=1"), "pagesize"),
        (format!("{here}/UPPER"), "id"),
        (format!("{here}/%ED%A0%80/download"), "id"),
        (format!("{here}/{long}"), "id"),
        (format!("{here}/UPPER/download"), "id"),
        (format!("{here}/a_b/file"), "id"),
    ];
    for (path, field) in cases {
        let unknown = stage.call(Method::GET, &path, None, None).await;
        assert_eq!(unknown.status.as_u16(), 401, "{path}: {}", unknown.text);
        let answer = stage.call(Method::GET, &path, Some(&token), None).await;
        assert_eq!(answer.status.as_u16(), 400, "{path}: {}", answer.text);
        assert_eq!(
            answer.json()["error"]["details"][0]["field"],
            field,
            "{path}: {}",
            answer.text
        );
    }
    let key = stage
        .request(Method::POST, &here)
        .bearer_auth(&token)
        .header("idempotency-key", "a b");
    let refused = Stage::read(key.json(&json!({}))).await;
    assert_eq!(
        refused.json()["error"]["details"][0]["field"],
        "Idempotency-Key",
        "{}",
        refused.text
    );
    nothing_was_made(&stage);
    stage.stop().await;
}

/// A refused request creates nothing in the cluster.
fn nothing_was_made(stage: &Stage) {
    let made: Vec<_> = stage.world().cluster().service_accounts();
    let ours: Vec<_> = made
        .iter()
        .filter(|account| account.namespace.starts_with("kubemint-"))
        .collect();
    assert!(
        ours.iter()
            .all(|account| account.namespace == "kubemint-system"),
        "{ours:?}"
    );
}
