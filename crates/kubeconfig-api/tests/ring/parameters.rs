//! Path, query and headers: what is not in the document is refused, and the error names the parameter.

use crate::server::{PATH, Running, TOKEN};

#[tokio::test]
async fn a_path_parameter_out_of_its_schema_is_400_and_named() {
    let server = Running::start();
    let long = "a".repeat(64);
    for (region, project, cluster, field) in [
        ("BAD", "p1", "c1", "region"),
        ("r1", "p_1", "c1", "project"),
        ("r1", "p1", long.as_str(), "clusterId"),
        ("r1", "p1", "a%2Fb", "clusterId"),
        ("r1", "p1", "a%0A", "clusterId"),
        ("r1", "p1", "a%00", "clusterId"),
        ("r1", "p1", "%C3%A9", "clusterId"),
        ("r1", "p1", "a+b", "clusterId"),
    ] {
        let reply = server
            .get(&format!(
                "/v1/regions/{region}/projects/{project}/compute/clusters/{cluster}/kubeconfigs"
            ))
            .await;
        assert_eq!(
            (reply.status, reply.field()),
            (400, field.to_owned()),
            "{region} {project} {cluster}: {reply:?}"
        );
    }
    let reply = server
        .get("/v1/regions/BAD/projects/BAD/compute/clusters/BAD/kubeconfigs")
        .await;
    assert_eq!(reply.error()["details"].as_array().map(Vec::len), Some(3));
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_is_only_like_a_route_is_404() {
    let server = Running::start();
    for path in [
        format!("{PATH}/"),
        PATH.replace("/projects", "//projects"),
        format!("/{PATH}"),
        format!("{PATH}/k1//download"),
    ] {
        let reply = server.get(&path).await;
        assert_eq!(
            (reply.status, reply.error()["details"][0]["reason"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_query_parameter_out_of_its_schema_is_400_and_named() {
    let server = Running::start();
    for (query, field, reason) in [
        ("pageSize=0", "pageSize", "too_small"),
        ("pageSize=501", "pageSize", "too_large"),
        ("pageSize=%2B5", "pageSize", "not_an_integer"),
        ("pageSize=05", "pageSize", "not_an_integer"),
        ("pageSize=1.0", "pageSize", "not_an_integer"),
        ("pageSize=", "pageSize", "not_an_integer"),
        ("pageSize=1&pageSize=1", "pageSize", "duplicate_parameter"),
        ("page_size=1", "page_size", "unknown_parameter"),
        ("pageToken=", "pageToken", "too_short"),
        ("pageToken=a%20b", "pageToken", "pattern_mismatch"),
    ] {
        let reply = server.get(&format!("{PATH}?{query}")).await;
        assert_eq!(
            (reply.status, reply.field()),
            (400, field.to_owned()),
            "{query}: {reply:?}"
        );
        assert_eq!(reply.error()["details"][0]["reason"], reason, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_absent_query_parameter_has_the_documents_default() {
    let server = Running::start();
    assert!(server.get(PATH).await.body.contains("size-50"));
    assert!(
        server
            .get(&format!("{PATH}?pageSize=7"))
            .await
            .body
            .contains("size-7")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_header_out_of_its_schema_is_400_and_other_headers_are_nobodys_business() {
    let server = Running::start();
    let common = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
    for key in [
        "Idempotency-Key: \r\n",
        "Idempotency-Key: a b\r\n",
        "Idempotency-Key: é\r\n",
        "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
    ] {
        let reply = server
            .send("POST", PATH, &format!("{common}{key}"), "{}")
            .await;
        assert_eq!(
            (reply.status, reply.field().as_str()),
            (400, "Idempotency-Key"),
            "{key}"
        );
    }
    let reply = server
        .send(
            "POST",
            PATH,
            &format!("{common}X-Other: é\r\nidempotency-key: a\r\n"),
            "{}",
        )
        .await;
    assert_eq!(reply.status, 201);
    server.stop().await;
}
