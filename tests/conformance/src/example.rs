//! The documented example, byte for byte.

use harness::{CLUSTER, PROJECT, REGION, Stage};
use kubeconfig_types::{Kubeconfig, KubeconfigIssueRequest, KubeconfigStatus};
use serde_json::Value;

const PAGE: &str = include_str!("../../../spec/examples/issue-kubeconfig.txt");
const REQUEST: &str = include_str!("../../../spec/examples/issue-kubeconfig.request.json");
const RESPONSE: &str = include_str!("../../../spec/examples/issue-kubeconfig.response.json");

#[test]
fn the_examples_are_those_of_the_documented_page() {
    assert!(
        PAGE.contains(RESPONSE.trim_end()),
        "the response is the page's, byte for byte"
    );
    // The page shows the request as JavaScript: JSON without quotes around the names.
    let shown = PAGE
        .split_once("JSON.stringify(")
        .and_then(|(_, rest)| rest.split_once(')'))
        .unwrap()
        .0;
    let sent = shown
        .replace("{user", "{\"user\"")
        .replace(" role", "\"role\"")
        .replace(" ttl", "\"ttl\"");
    let sent = sent.replace(": ", ":").replace('\'', "\"");
    assert_eq!(sent, REQUEST);
}

#[test]
fn the_documented_request_and_response_come_back_equal() {
    let request: KubeconfigIssueRequest = serde_json::from_str(REQUEST).unwrap();
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        serde_json::from_str::<Value>(REQUEST).unwrap()
    );
    let response: Kubeconfig = serde_json::from_str(RESPONSE).unwrap();
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        serde_json::from_str::<Value>(RESPONSE).unwrap()
    );
}

#[tokio::test]
async fn the_documented_request_reaches_the_server_and_is_judged_by_configuration_not_by_shape() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let request: KubeconfigIssueRequest = serde_json::from_str(REQUEST).unwrap();
    let client = stage.client(&token);
    let issue = |body: KubeconfigIssueRequest| {
        client
            .issue_kubeconfig()
            .region(REGION)
            .project(PROJECT)
            .cluster_id(CLUSTER)
            .body(body)
            .send()
    };
    // `<string>` is no role here: 403, not 400.
    let refused = issue(request.clone()).await.unwrap_err();
    let kubeconfig_client::Error::ErrorResponse(refused) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.status().as_u16(), 403);
    assert_eq!(
        refused.error.details[0].reason.as_str(),
        "role_not_permitted"
    );

    let known = KubeconfigIssueRequest {
        user: Some("alice".parse().unwrap()),
        role: Some("viewer".parse().unwrap()),
        ..request
    };
    let issued = issue(known).await.unwrap();
    assert_eq!(issued.status().as_u16(), 201);
    let location = issued.headers()["location"].to_str().unwrap().to_owned();
    let issued = issued.into_inner();
    assert_eq!(
        issued.self_link.as_deref().map(String::as_str),
        Some(location.as_str())
    );
    let id = issued.id.clone().unwrap();
    assert_eq!(
        location.rsplit('/').next(),
        Some(id.as_str()),
        "id is the last segment of selfLink"
    );
    let lives = issued.expires_at.unwrap() - issued.created_at.unwrap();
    assert!((122..=124).contains(&lives.num_seconds()), "{lives}");
    assert_eq!(issued.status, Some(KubeconfigStatus::Active));

    let read = client
        .get_kubeconfig()
        .region(REGION)
        .project(PROJECT)
        .cluster_id(CLUSTER)
        .id(id)
        .send();
    assert_eq!(
        serde_json::to_value(read.await.unwrap().into_inner()).unwrap(),
        serde_json::to_value(&issued).unwrap()
    );
    stage.stop().await;
}
