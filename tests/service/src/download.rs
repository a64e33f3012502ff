//! What is delivered: a fresh credential each time, that ends with the kubeconfig, in a file that works.

use chrono::{DateTime, TimeDelta};
use harness::{CLUSTER, PROJECT, REGION, Stage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::acting::{Actor, claims, link, text, time};

/// A file without what differs by nature: the token.
fn without_token(mut file: Value) -> Value {
    let token = file["users"][0]["user"]["token"].take();
    assert!(token.is_string(), "{file}");
    file
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

#[tokio::test]
async fn each_download_is_a_fresh_token_that_ends_with_the_kubeconfig() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 3600})).await;
    let end = time(&issued["expiresAt"]);
    let mut seen = Vec::new();
    for n in 0..4 {
        let token = if n % 2 == 0 {
            let answer = alice.download(&link(&issued)).await;
            assert_eq!(answer.headers["content-type"], "application/yaml");
            assert_eq!(answer.headers["cache-control"], "no-store");
            text(&yaml(&answer.text)["users"][0]["user"]["token"])
        } else {
            let answer = alice.file(&link(&issued)).await;
            assert_eq!(answer.headers["content-type"], "application/json");
            assert_eq!(answer.headers["cache-control"], "no-store");
            text(&answer.json()["users"][0]["user"]["token"])
        };
        let claims = claims(&token);
        let exp = DateTime::from_timestamp(claims["exp"].as_i64().unwrap(), 0).unwrap();
        let early = end - exp;
        assert!(
            (TimeDelta::zero()..=TimeDelta::seconds(5)).contains(&early),
            "{end} {exp}"
        );
        seen.push(text(&claims["jti"]));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "{seen:?}");
    stage.stop().await;
}

#[tokio::test]
async fn from_ten_minutes_up_the_expiry_is_the_tokens_own() {
    let stage = Stage::start().await;
    // The cluster's clock is not ours, and what it granted is what is told.
    stage.world().cluster().set_clock_skew(3700);
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 600})).await;
    let line = stage
        .world()
        .cluster()
        .audit()
        .into_iter()
        .rfind(|line| line.issued_credential_id.is_some());
    let minted = line.unwrap().at;
    let life = (time(&issued["expiresAt"]) - minted).num_milliseconds();
    assert!((598_000..=600_000).contains(&life), "{life}");
    let token = alice.delivered(&link(&issued)).await;
    let exp = token.claims()["exp"].as_i64().unwrap();
    // With less than 600 s left, Kubernetes mints for 600 s: the removal of the object ends it.
    assert!(exp - time(&issued["expiresAt"]).timestamp() <= 2, "{exp}");
    stage.stop().await;
}

#[tokio::test]
async fn the_yaml_and_the_json_are_one_file_that_names_its_place_in_the_fleet() {
    let stage = Stage::start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let issued = admin
        .issued(json!({"user": "alice", "role": "editor"}))
        .await;
    let downloaded = admin.download(&link(&issued)).await;
    let file = admin.file(&link(&issued)).await.json();
    assert_eq!(
        without_token(yaml(&downloaded.text)),
        without_token(file.clone())
    );

    let cluster = format!("{CLUSTER}.{PROJECT}.{REGION}");
    let user = format!("{}.{cluster}", text(&issued["id"]));
    assert_eq!(file["clusters"][0]["name"], json!(cluster));
    for name in [
        &file["users"][0]["name"],
        &file["contexts"][0]["name"],
        &file["current-context"],
    ] {
        assert_eq!(name, &json!(user));
    }
    assert_eq!(
        file["contexts"][0]["context"],
        json!({"cluster": cluster, "user": user})
    );
    assert_eq!(
        file["clusters"][0]["cluster"]["server"],
        stage.world().cluster().url()
    );
    let origin = &file["extensions"][0];
    assert_eq!(origin["name"], user.as_str());
    let told = [
        &origin["extension"]["id"],
        &origin["extension"]["selfLink"],
        &origin["extension"]["role"],
    ];
    assert_eq!(told, [&issued["id"], &issued["selfLink"], &json!("editor")]);
    assert_eq!(
        time(&origin["extension"]["expiresAt"]),
        time(&issued["expiresAt"])
    );
    for unwanted in [
        "exec",
        "insecure-skip-tls-verify",
        "certificate-authority:",
        "client-key",
        "tokenFile",
    ] {
        assert!(
            !downloaded.text.contains(unwanted),
            "{unwanted}: {}",
            downloaded.text
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_public_url_and_bundle_go_into_the_file() {
    let public =
        "public_url = \"https://cluster.example.com:6443\"\npublic_ca_file = \"\"\ncredential = ";
    let stage = harness::Setting::default()
        .edit("credential = ", public)
        .start()
        .await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let link = link(&alice.issued(json!({})).await);
    let file = alice.file(&link).await.json();
    assert_eq!(
        file["clusters"][0]["cluster"],
        json!({"server": "https://cluster.example.com:6443"})
    );
    assert_eq!(
        without_token(yaml(&alice.download(&link).await.text)),
        without_token(file)
    );
    stage.stop().await;
}

#[tokio::test]
async fn the_file_does_at_the_cluster_what_its_role_allows_and_no_more() {
    let stage = Stage::start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let viewer = link(&admin.issued(json!({"role": "viewer"})).await);
    let viewer = admin.delivered(&viewer).await;
    assert_eq!(viewer.list_pods().await, StatusCode::OK);
    assert_eq!(viewer.create_pod().await, StatusCode::FORBIDDEN);
    let secrets = "/api/v1/namespaces/default/secrets";
    assert_eq!(
        viewer.call(reqwest::Method::GET, secrets, None).await,
        StatusCode::FORBIDDEN
    );
    let editor = link(&admin.issued(json!({"role": "editor"})).await);
    assert_eq!(
        admin.delivered(&editor).await.create_pod().await,
        StatusCode::CREATED
    );

    // It is a credential for the cluster, and none for this API.
    let answer = Actor::bearing(&stage, viewer.token())
        .get(&harness::collection())
        .await;
    assert_eq!(answer.status.as_u16(), 401, "{}", answer.text);
    stage.stop().await;
}
