//! A client that someone else wrote from the documented draft: it knows operations, paths, codes and the error body,
//! and nothing of the extensions.

use harness::{Stage, collection};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_client_of_the_draft_works() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let call = async |method, path: &str, body: Option<&Value>| {
        stage.call(method, path, Some(&token), body).await
    };

    let issued = call(
        Method::POST,
        &collection(),
        Some(&json!({"user": "bob", "role": "viewer", "ttl": 900})),
    )
    .await;
    assert_eq!(issued.status.as_u16(), 201, "{}", issued.text);
    let issued = issued.json();
    for documented in [
        "selfLink",
        "id",
        "uid",
        "issuedFor",
        "createdAt",
        "expiresAt",
    ] {
        assert!(issued[documented].is_string(), "{documented}: {issued}");
    }
    assert_eq!(issued["issuedFor"], "bob");
    let link = issued["selfLink"].as_str().unwrap();
    assert_eq!(
        link,
        format!("{}/{}", collection(), issued["id"].as_str().unwrap())
    );

    let listed = call(Method::GET, &format!("{}?pageSize=1", collection()), None).await;
    assert_eq!(
        listed.json()["kubeconfigs"][0]["id"],
        issued["id"],
        "{}",
        listed.text
    );

    // Bob is the subject: the file is his (an administrator who is neither creator nor subject may not have it).
    let bob = stage.token("bob", &["compute.viewer"]);
    let file = stage
        .call(Method::GET, &format!("{link}/download"), Some(&bob), None)
        .await;
    assert_eq!(file.headers["content-type"], "application/yaml");
    assert!(file.text.contains("kind: Config"), "{}", file.text);

    let revoked = call(Method::DELETE, link, None).await;
    assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    let again = call(Method::DELETE, link, None).await;
    assert_eq!(again.status.as_u16(), 404);
    let error = again.json()["error"].clone();
    assert_eq!(error["code"], 404, "{}", again.text);
    assert!(
        error["message"].is_string() && error["details"].is_array(),
        "{}",
        again.text
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_list_is_walked_by_its_tokens() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let mut made = Vec::new();
    for n in 0..7 {
        let body = json!({"id": format!("k{n}")});
        let issued = stage
            .call(Method::POST, &collection(), Some(&token), Some(&body))
            .await;
        assert_eq!(issued.status.as_u16(), 201, "{}", issued.text);
        made.insert(0, body["id"].clone());
    }
    let (mut seen, mut query) = (Vec::new(), "?pageSize=3".to_owned());
    loop {
        let page = stage
            .call(Method::GET, &(collection() + &query), Some(&token), None)
            .await
            .json();
        seen.extend(
            page["kubeconfigs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        let Some(next) = page["nextPageToken"].as_str() else {
            break;
        };
        query = format!("?pageSize=3&pageToken={next}");
        // Another caller may not use it.
        let bob = stage.token("bob", &["compute.admin"]);
        let foreign = stage
            .call(Method::GET, &(collection() + &query), Some(&bob), None)
            .await;
        assert_eq!(foreign.status.as_u16(), 400, "{}", foreign.text);
    }
    assert_eq!(seen, made, "newest first, each once");
    stage.stop().await;
}
