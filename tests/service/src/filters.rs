//! Lists that are narrowed: by status, user and role.

use harness::{Answer, Stage, collection};
use serde_json::json;

use crate::acting::{Actor, link, text, until};

/// The ids of a list, in pages of `size`; every page asks with the same filters.
async fn listed(actor: &Actor<'_>, filters: &str, size: usize) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("{}?pageSize={size}{filters}{token}", collection());
        let answer = actor.get(&path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
        let page = answer.json();
        let items = page["kubeconfigs"].as_array().unwrap();
        assert!(items.len() <= size);
        ids.extend(items.iter().map(|item| text(&item["id"])));
        match page.get("nextPageToken") {
            Some(next) => token = format!("&pageToken={}", text(next)),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn a_list_holds_what_its_filters_admit() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    for (id, user, role, ttl) in [
        ("a1", "alice", "viewer", 900),
        ("a2", "alice", "editor", 900),
        ("b1", "bob", "viewer", 900),
        ("b2", "bob", "viewer", 60),
    ] {
        let body = json!({"id": id, "user": user, "role": role, "ttl": ttl});
        let issued = root.issued(body).await;
        assert_eq!(issued["role"], role, "what a filter looks at can be read");
    }
    for (filters, expected) in [
        ("", &["b2", "b1", "a2", "a1"][..]),
        ("&status=active", &["b2", "b1", "a2", "a1"]),
        ("&status=expired", &[]),
        ("&status=revoking", &[]),
        ("&user=alice", &["a2", "a1"]),
        ("&role=viewer", &["b2", "b1", "a1"]),
        ("&user=alice&role=viewer", &["a1"]),
        ("&user=bob&status=active", &["b2", "b1"]),
        ("&user=nobody", &[]),
        ("&role=cluster-admin", &[]),
        ("&user=%E2%9C%93%20a%26b%3D", &[]),
    ] {
        for size in [1, 2, 500] {
            assert_eq!(listed(&root, filters, size).await, expected, "{filters}");
        }
    }
    // A filter shows nobody more than they may see.
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    assert_eq!(listed(&alice, "&user=bob", 50).await, Vec::<String>::new());
    assert_eq!(listed(&alice, "&role=viewer", 50).await, ["a1"]);
    stage.stop().await;
}

#[tokio::test]
async fn status_is_what_it_is_when_the_list_is_read() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    root.issued(json!({"id": "long", "ttl": 900})).await;
    let short = root.issued(json!({"id": "short", "ttl": 60})).await;
    let gone = root.issued(json!({"id": "gone", "ttl": 900})).await;
    root.revoke(&link(&gone)).await;
    let stuck = root.issued(json!({"id": "stuck", "ttl": 900})).await;
    stage
        .world()
        .cluster()
        .inject(harness::sandbox::Fault::always(
            harness::sandbox::RequestKind::DELETE_SERVICE_ACCOUNT,
            harness::sandbox::Effect::refuse(500),
        ));
    assert_eq!(root.revoke(&link(&stuck)).await.status.as_u16(), 503);
    assert_eq!(listed(&root, "&status=revoking", 50).await, ["stuck"]);
    assert_eq!(listed(&root, "&status=active", 50).await, ["short", "long"]);
    // Each is in the list of the status that it says of itself.
    for status in ["active", "expired", "revoking"] {
        for id in listed(&root, &format!("&status={status}"), 50).await {
            let shown = root.get(&format!("{}/{id}", collection())).await;
            assert_eq!(shown.json()["status"], status, "{id}");
        }
    }
    assert_eq!(short["status"], "active");
    stage.world().cluster().clear_faults();
    until("it is gone", async || {
        listed(&root, "&status=revoking", 50).await.is_empty()
    })
    .await;
    stage.stop().await;
}

fn refused(answer: &Answer, field: &str, what: &str) {
    assert_eq!(answer.status.as_u16(), 400, "{what}: {}", answer.text);
    let body = answer.json();
    let details = body["error"]["details"].as_array().unwrap();
    let named = details.iter().any(|detail| detail["field"] == field);
    assert!(named, "{what}: {}", answer.text);
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused_by_name() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    let long = format!("user={}", "u".repeat(254));
    for (query, field) in [
        ("status=gone", "status"),
        ("status=", "status"),
        ("status=Active", "status"),
        ("status=active&status=expired", "status"),
        ("user=", "user"),
        ("user=a&user=b", "user"),
        (&*long, "user"),
        ("user=a%0Ab", "user"),
        ("role=", "role"),
        ("role=a%E2%80%AEb", "role"),
        ("issuedBefore=2023-11-07T05:31:56Z", "issuedBefore"),
        ("state=active", "state"),
    ] {
        let answer = root.get(&format!("{}?{query}", collection())).await;
        refused(&answer, field, query);
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_page_token_goes_on_with_its_own_filters_alone() {
    let stage = Stage::start().await;
    let root = Actor::new(&stage, "root", &["compute.admin"]);
    for _ in 0..3 {
        root.issued(json!({"ttl": 900})).await;
    }
    let filters = ["", "&status=active", "&user=root", "&role=viewer"];
    let mut tokens = Vec::new();
    for filter in filters {
        let path = format!("{}?pageSize=1{filter}", collection());
        let page = root.get(&path).await.json();
        tokens.push(text(&page["nextPageToken"]));
    }
    for (at, token) in tokens.iter().enumerate() {
        for (with, filter) in filters.iter().enumerate() {
            let path = format!("{}?pageSize=1{filter}&pageToken={token}", collection());
            let answer = root.get(&path).await;
            if at == with {
                assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
            } else {
                refused(&answer, "pageToken", &path);
                assert_eq!(answer.reason(), "invalid_page_token");
            }
        }
    }
    stage.stop().await;
}
