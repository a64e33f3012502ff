//! What is done at one replica is known to all of them.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use futures::future::join_all;
use harness::{Stage, collection};
use kubemint::audit::Kind;
use kubemint_sandbox::RequestKind;
use reqwest::Method;
use serde_json::json;

use crate::fleet::{Fleet, until};

/// The database server of the tests that do not stop it.
pub(crate) static SHARED: LazyLock<postgresql::Cluster> =
    LazyLock::new(|| postgresql::Cluster::start(&[]));

#[tokio::test(flavor = "multi_thread")]
async fn what_one_issued_another_delivers_and_a_third_revokes() {
    let fleet = Fleet::start(&SHARED, 3).await;
    let issued = fleet.issue(0, 900).await;
    let link = issued["selfLink"].as_str().unwrap();
    let delivered = fleet
        .call(1, Method::GET, &format!("{link}/download"))
        .await;
    assert_eq!(delivered.status, 200, "{}", delivered.text);
    let id = issued["id"].as_str().unwrap();
    assert!(delivered.text.contains(id), "{}", delivered.text);
    let listed = fleet.call(2, Method::GET, &collection()).await.json();
    assert_eq!(listed["kubeconfigs"], json!([issued]));
    let revoked = fleet.call(2, Method::DELETE, link).await;
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    assert!(fleet.accounts().is_empty());
    for index in 0..3 {
        assert_eq!(fleet.call(index, Method::GET, link).await.status, 404);
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_of_one_is_good_at_another() {
    let fleet = Fleet::start(&SHARED, 2).await;
    for _ in 0..3 {
        fleet.issue(0, 900).await;
    }
    let path = format!("{}?pageSize=2", collection());
    let first = fleet.call(0, Method::GET, &path).await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let path = format!("{path}&pageToken={token}");
    let second = fleet.call(1, Method::GET, &path).await.json();
    assert_eq!(second["kubeconfigs"].as_array().unwrap().len(), 1);
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_at_different_replicas_are_given_one_credential() {
    let fleet = Fleet::start(&SHARED, 3).await;
    let body = json!({"role": "viewer", "ttl": 900});
    let answers = join_all((0..30).map(|twin| {
        let request = fleet.request(twin % 3, Method::POST, &collection());
        Stage::read(request.header("Idempotency-Key", "twin").json(&body))
    }))
    .await;
    let first = answers[0].json();
    for answer in answers {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.json(), first);
    }
    let id = first["id"].as_str().unwrap();
    assert_eq!(fleet.accounts().into_iter().collect::<Vec<_>>(), [id]);
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_that_expires_is_cleaned_once() {
    let fleet = Fleet::start(&SHARED, 3).await;
    let mut names = Vec::new();
    for index in 0..18 {
        let issued = fleet.issue(index % 3, 2).await;
        names.push(issued["id"].as_str().unwrap().to_owned());
    }
    until(Duration::from_secs(20), "all are removed", async || {
        fleet.accounts().is_empty()
    })
    .await;
    let expired = async || {
        let mut rows: HashMap<String, usize> = HashMap::new();
        let events = fleet.audit().await;
        for event in events.iter().filter(|event| event.kind == Kind::Expired) {
            *rows.entry(event.kubeconfig.clone().unwrap()).or_default() += 1;
        }
        rows
    };
    until(Duration::from_secs(10), "all are recorded", async || {
        expired().await.len() == names.len()
    })
    .await;
    for name in &names {
        assert_eq!(expired().await[name], 1, "{name}");
        let removals = fleet.cluster().audit();
        let removals = removals
            .iter()
            .filter(|line| line.kind == RequestKind::DELETE_SERVICE_ACCOUNT && line.name == *name);
        assert_eq!(removals.count(), 1, "{name}");
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finalizers_hold_is_told_by_the_one_that_reconciles() {
    let fleet = Fleet::start(&SHARED, 1).await;
    let issued = fleet.issue(0, 2).await;
    let name = issued["id"].as_str().unwrap();
    let hold = |held| {
        let cluster = fleet.cluster();
        assert!(cluster.hold_service_account("kubemint-viewer", name, held));
    };
    hold(true);
    let told = async |count: &str| {
        let metrics = fleet.internal(0, "/metrics").await.text;
        let mut lines = metrics.lines();
        lines.any(|line| line.starts_with("kubemint_held_objects{") && line.ends_with(count))
    };
    until(Duration::from_secs(20), "it is told", async || {
        told(" 1").await
    })
    .await;
    // The cluster is another's from now on, and stays so.
    let taken = "UPDATE lease SET holder = gen_random_uuid(), until = until + interval '1 hour'";
    assert!(SHARED.sql(fleet.database(), taken));
    until(
        Duration::from_secs(20),
        "it is the other's to tell",
        async || told(" 0").await,
    )
    .await;
    hold(false);
    fleet.stop().await;
}
