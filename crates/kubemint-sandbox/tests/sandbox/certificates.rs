//! Client certificates: whose are known, until when, and what a bad one spoils.

use kubemint_sandbox::{Cluster, ClusterOptions, Pki};
use reqwest::{Identity, StatusCode};
use serde_json::{Value, json};

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async fn cluster(authority: &Pki) -> Cluster {
    let options = ClusterOptions {
        client_ca_pem: Some(authority.ca_pem()),
        ..ClusterOptions::default()
    };
    Cluster::start(None, options).await.unwrap()
}

/// Who the cluster says that the holder of a certificate is, or the status of its refusal.
async fn whoami(
    cluster: &Cluster,
    shown: Option<&(String, String)>,
    token: Option<&str>,
) -> Result<Value, StatusCode> {
    let roots = reqwest::Certificate::from_pem(cluster.ca_pem().as_bytes()).unwrap();
    let mut client = reqwest::Client::builder().tls_certs_only([roots]);
    if let Some((certificate, key)) = shown {
        let pem = format!("{certificate}{key}");
        client = client.identity(Identity::from_pem(pem.as_bytes()).unwrap());
    }
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let request = client
        .build()
        .unwrap()
        .post(format!("{}{REVIEWS}", cluster.url()))
        .json(&review);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.unwrap();
    if answer.status() != StatusCode::CREATED {
        return Err(answer.status());
    }
    let review: Value = answer.json().await.unwrap();
    Ok(review["status"]["userInfo"].clone())
}

#[tokio::test]
async fn the_holder_of_a_certificate_is_its_name_in_its_group() {
    let authority = Pki::new("for clients").unwrap();
    let cluster = cluster(&authority).await;
    let shown = authority
        .client("bob, O=x", Some("team"), (-60, 60))
        .unwrap();
    let who = whoami(&cluster, Some(&shown), None).await.unwrap();
    assert_eq!(who["username"], "bob, O=x");
    assert_eq!(who["groups"], json!(["team", "system:authenticated"]));
    let line = cluster.audit().pop().unwrap();
    let credential = line.credential_id.unwrap();
    assert!(
        credential.starts_with("X509SHA256=") && credential.len() == 11 + 64,
        "{credential}"
    );
}

#[tokio::test]
async fn a_certificate_before_or_after_its_time_or_of_another_authority_is_refused() {
    let authority = Pki::new("for clients").unwrap();
    let cluster = cluster(&authority).await;
    let stranger = Pki::new("for clients").unwrap();
    for (what, shown) in [
        ("over", authority.client("bob", None, (-60, -2))),
        ("not begun", authority.client("bob", None, (60, 120))),
        ("another's", stranger.client("bob", None, (-60, 60))),
    ] {
        let shown = shown.unwrap();
        let refused = whoami(&cluster, Some(&shown), None).await;
        assert_eq!(refused.unwrap_err(), StatusCode::UNAUTHORIZED, "{what}");
        // Who has a good token besides is known by it.
        let who = whoami(&cluster, Some(&shown), Some(cluster.admin_token())).await;
        assert_eq!(who.unwrap()["username"], "kubernetes-admin", "{what}");
    }
    // By the cluster's clock, not ours.
    let shown = authority.client("bob", None, (60, 120)).unwrap();
    cluster.set_clock_skew(90_000);
    assert_eq!(
        whoami(&cluster, Some(&shown), None).await.unwrap()["username"],
        "bob"
    );
}

#[tokio::test]
async fn a_cluster_without_authorities_asks_for_no_certificate() {
    let cluster = Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    let authority = Pki::new("for clients").unwrap();
    let shown = authority.client("bob", None, (-60, 60)).unwrap();
    // Nobody: and an anonymous caller may not ask.
    assert!(whoami(&cluster, Some(&shown), None).await.is_err());
    let who = whoami(&cluster, None, Some(cluster.admin_token())).await;
    assert_eq!(who.unwrap()["username"], "kubernetes-admin");
}
