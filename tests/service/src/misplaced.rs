//! What a client puts where it has no business is found nowhere.

use harness::{Setting, Stage, collection};
use serde_json::json;

use crate::acting::{Actor, link};
use crate::secrets::Secrets;

/// Sends a canary in each place of a request where it has no business, to every kind of end.
async fn misplaced(stage: &Stage, secrets: &mut Secrets) -> String {
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    let issued = alice.issued(json!({})).await;
    let link = link(&issued);
    let mut told = String::new();
    let mut send = async |request: reqwest::RequestBuilder| {
        let answer = Stage::read(request).await;
        told += &format!("{:?}", answer.headers);
        told += &answer.text;
        answer.status.as_u16()
    };
    let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);

    secrets.in_any_writing("a token in a query", "canary-of-a-token-in-a-query");
    for query in [
        "access_token=canary-of-a-token-in-a-query",
        "pageToken=canary-of-a-token-in-a-query",
        "pageSize=canary-of-a-token-in-a-query",
        "access_token=%63anary-of-a-token-in-a-query",
    ] {
        for path in [
            collection(),
            link.clone(),
            format!("{link}/file"),
            "/nowhere".to_owned(),
        ] {
            let target = format!("{path}?{query}");
            send(stage.request(get.clone(), &target)).await;
            send(
                stage
                    .request(get.clone(), &target)
                    .bearer_auth(&alice.token),
            )
            .await;
        }
    }

    secrets.in_any_writing("a token in a path", "CANARY-of-a-token-in-a-path");
    for path in [
        "/v1/CANARY-of-a-token-in-a-path".to_owned(),
        format!("{}/CANARY-of-a-token-in-a-path", collection()),
        format!("{link}/CANARY-of-a-token-in-a-path"),
        collection().replace("/regions/", "/regions/CANARY-of-a-token-in-a-path"),
    ] {
        send(stage.request(get.clone(), &path)).await;
        let request = stage.request(get.clone(), &path);
        send(request.bearer_auth(&alice.token)).await;
    }

    secrets.in_any_writing("a token as a role", "CANARY-of-a-token-as-a-role");
    let request = stage
        .request(post.clone(), &collection())
        .bearer_auth(&alice.token);
    let role = json!({"role": "CANARY-of-a-token-as-a-role"});
    assert_eq!(send(request.json(&role)).await, 403);

    secrets.in_any_writing("a header's garbage", "canary-of-an-authorization");
    for value in [
        "canary-of-an-authorization",
        "Bearer canary-of-an-authorization garbage",
        "Bearer  canary-of-an-authorization",
        "Basic canary-of-an-authorization",
        "Digest username=\"canary-of-an-authorization\"",
    ] {
        let request = stage.request(get.clone(), &collection());
        let status = send(request.header("authorization", value)).await;
        assert_eq!(status, 401, "{value}");
    }
    for header in [
        "cookie",
        "x-api-key",
        "proxy-authorization",
        "x-forwarded-for",
    ] {
        let request = stage
            .request(get.clone(), &collection())
            .bearer_auth(&alice.token);
        send(request.header(header, "canary-of-an-authorization")).await;
    }

    secrets.in_any_writing("a body's member", "canary-of-a-body-member");
    for body in [
        r#"{"token": "canary-of-a-body-member"}"#,
        r#"{"ttl": "canary-of-a-body-member"}"#,
        r#"{"user": ["canary-of-a-body-member"]}"#,
        r#"["canary-of-a-body-member"]"#,
        r#""canary-of-a-body-member"#,
        "canary-of-a-body-member",
    ] {
        let request = stage
            .request(post.clone(), &collection())
            .bearer_auth(&alice.token);
        let request = request.header("content-type", "application/json");
        assert_eq!(send(request.body(body)).await, 400, "{body}");
    }
    let request = stage
        .request(post.clone(), &collection())
        .bearer_auth(&alice.token);
    let other = request
        .header("content-type", "text/plain")
        .body("canary-of-a-body-member");
    assert_eq!(send(other).await, 415);

    secrets.in_any_writing("an idempotency key", "canary-of-an-idempotency-key");
    for body in [
        json!({}),
        json!({}),
        json!({"ttl": 1234}),
        json!({"ttl": "x"}),
    ] {
        let request = stage
            .request(post.clone(), &collection())
            .bearer_auth(&alice.token);
        let request = request.header("idempotency-key", "canary-of-an-idempotency-key");
        send(request.json(&body)).await;
    }
    told
}

#[tokio::test]
async fn what_is_put_in_the_wrong_place_is_found_nowhere() {
    let mut stage = Setting::default().start().await;
    let mut secrets = Secrets::default();
    let told = misplaced(&stage, &mut secrets).await;
    for entry in std::fs::read_dir(stage.folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with("-token") {
            let key = std::fs::read_to_string(&path).unwrap();
            secrets.token("a credential's file", key.trim());
        }
    }
    // Names of members and parameters that nobody knows are told to who sent them; no value is.
    secrets.in_none_of("an answer", told.as_bytes());
    let trail = secrets.nowhere(&mut stage).await;
    let log = stage.log();
    assert!(log.contains("\"uri\":\"/nowhere?…\""), "{log}");
    assert!(trail.contains("IssueRefused") && trail.contains("IssueReplayed"));
    stage.stop().await;
}
