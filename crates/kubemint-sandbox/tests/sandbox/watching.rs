//! Watches: what happened since, what happens now, and an end in time.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, accounts, cluster};

const VIEWER: &str = "kubemint-viewer";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the stream until `count` events have come.
async fn events(response: &mut reqwest::Response, count: usize) -> Vec<(String, String)> {
    let mut text = String::new();
    while text.matches('\n').count() < count {
        let chunk = tokio::time::timeout(PATIENCE, response.chunk())
            .await
            .expect("in time");
        match chunk.expect("a chunk") {
            Some(chunk) => text.push_str(std::str::from_utf8(&chunk).expect("text")),
            None => break,
        }
    }
    text.lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).expect("an event");
            let name = event["object"]["metadata"]["name"]
                .as_str()
                .expect("a name");
            (
                event["type"].as_str().expect("a type").to_owned(),
                name.to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(action, name)| ((*action).to_owned(), (*name).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_watch_tells_what_was_missed_and_what_follows() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    let version = api.get(&accounts(VIEWER)).await.good(200)["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    api.account(VIEWER, "missed").await;
    api.account("kubemint-editor", "elsewhere").await;
    let path = format!(
        "{}?watch=1&resourceVersion={version}&timeoutSeconds=20",
        accounts(VIEWER)
    );
    let mut stream = api.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(events(&mut stream, 1).await, pairs(&[("ADDED", "missed")]));
    api.account(VIEWER, "live").await;
    api.delete(&format!("{}/missed", accounts(VIEWER)))
        .await
        .good(200);
    assert_eq!(
        events(&mut stream, 2).await,
        pairs(&[("ADDED", "live"), ("DELETED", "missed")])
    );
    let path = format!(
        "{}?watch=true&fieldSelector=metadata.name%3Dlive&timeoutSeconds=1",
        accounts(VIEWER)
    );
    let mut stream = api.request(Method::GET, &path).send().await.unwrap();
    let seen = tokio::time::timeout(PATIENCE, events(&mut stream, 9)).await;
    let seen = seen.expect("it ends at its time limit");
    assert_eq!(seen, pairs(&[("ADDED", "live")]));
}

#[tokio::test]
async fn a_watch_from_too_long_ago_is_gone_and_one_with_a_streamed_list_is_declined() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    for number in 0..2100 {
        let body = json!({"metadata": {"name": format!("cm-{number}")}});
        let path = "/api/v1/namespaces/default/configmaps";
        assert_eq!(api.post(path, &body).await.status, 201);
    }
    api.get("/api/v1/configmaps?watch=1&resourceVersion=1")
        .await
        .refused(410, "Expired");
    api.get("/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
        .await
        .refused(422, "Invalid");
    api.get("/api/v1/configmaps?watch=1&resourceVersion=x")
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn watches_are_limited_and_end_with_the_cluster() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    let mut open = Vec::new();
    let refused = loop {
        let response = api
            .request(Method::GET, "/api/v1/nodes?watch=1")
            .send()
            .await
            .unwrap();
        if response.status() != 200 {
            break response.status().as_u16();
        }
        open.push(response);
    };
    assert_eq!((refused, open.len()), (429, 256));
    let end = tokio::time::timeout(PATIENCE, cluster.stop()).await;
    end.expect("it waits for no watch");
    assert!(api.request(Method::GET, "/version").send().await.is_err());
}
