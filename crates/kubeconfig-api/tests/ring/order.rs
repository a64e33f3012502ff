//! Authenticate, then parameters, then the body, then the handler; and what each refusal says.

use crate::server::{PATH, Running, TOKEN};

#[tokio::test]
async fn an_accepted_request_is_answered_as_the_document_says() {
    let server = Running::start();
    let reply = server.issue(r#"{"user": "bob", "ttl": 123}"#).await;
    assert_eq!(
        (reply.status, reply.headers["location"].as_str()),
        (201, "/v1/x")
    );
    assert!(reply.headers.contains_key("x-request-id"));
    assert_eq!(
        server.seen(),
        [
            "authenticate issueKubeconfig",
            "issue for Some(\"bob\") by alice",
            "answered issueKubeconfig 201"
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_request_without_a_good_token_is_401_whatever_else_is_wrong() {
    let server = Running::start();
    let bad = "/v1/regions/BAD/projects/p1/compute/clusters/c1/kubeconfigs?nonsense=1";
    for authorization in [
        "",
        "Authorization: Bearer wrong\r\n",
        "Authorization: Basic Z29vZA==\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer two words\r\n",
        "Authorization: Bearer good\r\nAuthorization: Bearer good\r\n",
    ] {
        let reply = server.send("POST", bad, authorization, "not json").await;
        assert_eq!(reply.status, 401, "{authorization}");
        assert!(
            reply.headers["www-authenticate"].starts_with("Bearer"),
            "{reply:?}"
        );
        assert_eq!(reply.error()["details"][0]["reason"], "unauthenticated");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for_without_a_token() {
    let server = Running::start();
    let reply = server
        .raw(format!(
            "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n"
        ))
        .await;
    assert_eq!(reply.status, 401);
    // Had the body been waited for, it would be 408.
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let server = Running::start();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"
    );
    let reply = server.raw(head).await;
    assert_eq!(
        (reply.status, reply.error()["details"][0]["reason"].as_str()),
        (408, Some("body_timeout"))
    );
    assert!(
        server
            .seen()
            .contains(&"refused alice issueKubeconfig 408".to_owned())
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_cap_is_413_announced_or_not() {
    let server = Running::start();
    let large = format!(r#"{{"user": "{}"}}"#, "a".repeat(20_000));
    assert_eq!(server.issue(&large).await.status, 413);
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let reply = server.raw(head + &chunk).await;
    assert_eq!(
        (reply.status, reply.error()["details"][0]["limit"].as_i64()),
        (413, Some(16384))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_another_media_type_is_415() {
    let server = Running::start();
    let authorization = format!("Authorization: Bearer {TOKEN}\r\n");
    for (headers, status) in [
        ("", 415),
        ("Content-Type: text/plain\r\n", 415),
        ("Content-Type: application/json; charset=latin1\r\n", 415),
        (
            "Content-Type: application/json\r\nContent-Type: application/json\r\n",
            415,
        ),
        (
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            415,
        ),
        ("Content-Type: Application/JSON; charset=\"UTF-8\"\r\n", 201),
    ] {
        let reply = server
            .send("POST", PATH, &format!("{authorization}{headers}"), "{}")
            .await;
        assert_eq!(reply.status, status, "{headers}");
        if status == 415 {
            reply.error();
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_the_schema_forbids_is_400_and_names_the_member() {
    let server = Running::start();
    for (body, field) in [
        (r#"{"ttl": 0}"#, "ttl"),
        (r#"{"ttl": "60"}"#, "ttl"),
        (r#"{"ttl": 60.0}"#, "ttl"),
        (r#"{"ttl": 9223372036854775808}"#, "ttl"),
        (r#"{"user": null}"#, "user"),
        (r#"{"user": ""}"#, "user"),
        (r#"{"users": "bob"}"#, "users"),
        (r#"{"user": "a", "user": "b"}"#, "user"),
        (r#"["bob", "viewer", 1]"#, "body"),
        (r#"{} {}"#, "body"),
        ("null", "body"),
        ("", "body"),
    ] {
        let reply = server.issue(body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.field(), field, "{body}: {reply:?}");
    }
    assert!(
        !server.seen().iter().any(|line| line.starts_with("issue")),
        "{:?}",
        server.seen()
    );
    server.stop().await;
}

#[tokio::test]
async fn refusals_of_the_authenticator_carry_their_headers() {
    let server = Running::start();
    for (token, status, wait) in [("often", 429, "7"), ("down", 503, "9")] {
        let reply = server
            .send(
                "GET",
                PATH,
                &format!("Authorization: Bearer {token}\r\n"),
                "",
            )
            .await;
        assert_eq!(
            (reply.status, reply.headers["retry-after"].as_str()),
            (status, wait)
        );
        reply.error();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_handlers_error_is_answered_with_its_status_body_and_headers() {
    let server = Running::start();
    let taken = server.issue(r#"{"user": "taken"}"#).await;
    assert_eq!(
        (taken.status, taken.error()["details"][0]["reason"].as_str()),
        (409, Some("id_taken"))
    );
    let busy = server.issue(r#"{"user": "busy"}"#).await;
    assert_eq!(
        (busy.status, busy.headers["retry-after"].as_str()),
        (503, "30")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_panic_is_answered_500_and_the_server_lives() {
    let server = Running::start();
    for reply in [
        server.issue(r#"{"user": "panic"}"#).await,
        server
            .send("GET", PATH, "Authorization: Bearer panic\r\n", "")
            .await,
    ] {
        assert_eq!(reply.status, 500);
        assert!(!reply.error().to_string().contains("panics"), "{reply:?}");
    }
    let seen = server.seen();
    assert!(
        seen.contains(&"panicked issueKubeconfig".to_owned()),
        "{seen:?}"
    );
    assert!(
        seen.contains(&"panicked listKubeconfigs".to_owned()),
        "{seen:?}"
    );
    assert_eq!(server.issue("{}").await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn successes_have_the_declared_media_types_and_headers() {
    let server = Running::start();
    let file = server.get(&format!("{PATH}/k1/download")).await;
    assert_eq!(
        (
            file.status,
            file.headers["content-type"].as_str(),
            file.headers["cache-control"].as_str()
        ),
        (200, "application/yaml", "no-store")
    );
    assert_eq!(file.body, "apiVersion: v1\nkind: Config\n");
    let gone = server
        .send(
            "DELETE",
            &format!("{PATH}/k1"),
            &format!("Authorization: Bearer {TOKEN}\r\n"),
            "",
        )
        .await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    server.stop().await;
}

#[tokio::test]
async fn a_large_body_that_is_on_its_way_still_gets_its_answer() {
    let server = Running::start();
    let body = "a".repeat(600_000);
    for _ in 0..20 {
        assert_eq!(server.issue(&body).await.status, 413);
    }
    let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: text/plain\r\n");
    assert_eq!(server.send("POST", PATH, &headers, &body).await.status, 415);
    server.stop().await;
}
