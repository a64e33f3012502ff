//! Kubeconfigs that are client certificates: delivered whole, kept nowhere, ended by time and by nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use harness::sandbox::{ClusterOptions, Pki, WorldOptions};
use harness::{Setting, Stage};
use kubemint::audit::Kind;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::acting::{Actor, link, text, time, until};

/// A stage whose cluster trusts an authority, and whose server has its key. The service has no credential there.
async fn stage(folder: &std::path::Path) -> Stage {
    let authority = Pki::new("for clients").unwrap();
    let (cert, key) = (folder.join("client-ca.pem"), folder.join("client-ca.key"));
    std::fs::write(&cert, authority.ca_pem()).unwrap();
    std::fs::write(&key, authority.ca_key_pem()).unwrap();
    let mut world = WorldOptions::with_clusters(&[harness::CLUSTER]);
    world.clusters[0] = ClusterOptions {
        client_ca_pem: Some(authority.ca_pem()),
        ..world.clusters[0].clone()
    };
    let credential = format!(
        "credential = {{ token_file = \"{}-token\" }}",
        harness::CLUSTER
    );
    let authority = format!(
        "client_ca = {{ cert_file = {:?}, key_file = {:?} }}",
        cert.to_str().unwrap(),
        key.to_str().unwrap()
    );
    let role = "[clusters.roles.viewer]\n";
    Setting::default()
        .world(world)
        .edit(&credential, &authority)
        .edit(
            role,
            &format!("{role}min_ttl = \"1s\"\ngroups = [\"kubemint:viewer\"]\n"),
        )
        .start()
        .await
}

/// Asks the cluster who the holder of a file is.
async fn whoami(file: &Value) -> Result<Value, StatusCode> {
    let decoded = |value: &Value| STANDARD.decode(text(value)).unwrap();
    let user = &file["users"][0]["user"];
    assert!(
        user.get("token").is_none(),
        "a certificate, and nothing else"
    );
    let pem = [
        decoded(&user["client-certificate-data"]),
        decoded(&user["client-key-data"]),
    ]
    .concat();
    let cluster = &file["clusters"][0]["cluster"];
    let roots =
        reqwest::Certificate::from_pem_bundle(&decoded(&cluster["certificate-authority-data"]));
    let http = reqwest::Client::builder()
        .tls_certs_only(roots.unwrap())
        .identity(reqwest::Identity::from_pem(&pem).unwrap())
        .build()
        .unwrap();
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let url = format!(
        "{}/apis/authentication.k8s.io/v1/selfsubjectreviews",
        text(&cluster["server"])
    );
    let answer = http.post(url).json(&review).send().await.unwrap();
    if answer.status() != StatusCode::CREATED {
        return Err(answer.status());
    }
    let review: Value = answer.json().await.unwrap();
    Ok(review["status"]["userInfo"].clone())
}

#[tokio::test]
async fn a_certificate_is_known_to_the_cluster_and_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(folder.path()).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 3600})).await;
    let file = alice.file(&link(&issued)).await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.text);
    assert_eq!(file.headers["cache-control"], "no-store");
    let file = file.json();
    let who = whoami(&file).await.unwrap();
    assert_eq!(
        who["username"],
        format!("kubemint:{}:alice", text(&issued["id"]))
    );
    assert_eq!(
        who["groups"],
        json!(["kubemint:viewer", "system:authenticated"])
    );
    // The same as YAML, for people; each download has a key of its own.
    let yaml = alice.download(&link(&issued)).await;
    assert_eq!(yaml.status, StatusCode::OK);
    assert!(yaml.text.contains("client-certificate-data: ") && !yaml.text.contains("token"));
    let key = text(&file["users"][0]["user"]["client-key-data"]);
    assert!(!yaml.text.contains(&key));

    // The audit trail names the certificate as the cluster's own audit log does.
    let name = text(&who["extra"]["authentication.kubernetes.io/credential-id"][0]);
    assert!(name.starts_with("X509SHA256="), "{name}");
    let log = stage.log();
    let events = stage.stop_and_read_audit().await;
    let delivered: Vec<_> = events
        .iter()
        .filter(|event| event.kind == Kind::Downloaded)
        .collect();
    assert_eq!(delivered[0].detail["jti"], name.as_str());
    assert_ne!(delivered[1].detail["jti"], name.as_str());

    let pem = String::from_utf8(STANDARD.decode(&key).unwrap()).unwrap();
    let secret: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut places = vec![("log".to_owned(), log.into_bytes())];
    for entry in std::fs::read_dir(stage.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    assert!(
        places
            .iter()
            .any(|(place, _)| place.ends_with("kubemint.db"))
    );
    for (place, bytes) in places {
        for line in [&secret[..], &[key.as_str()]].concat() {
            let holds = bytes
                .windows(line.len())
                .any(|there| there == line.as_bytes());
            assert!(!holds, "{place} holds a private key");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_certificate_is_not_revoked_before_it_ends_and_nobody_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(folder.path()).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let issued = alice.issued(json!({"ttl": 4})).await;
    let (link, end) = (link(&issued), time(&issued["expiresAt"]));
    let file = alice.file(&link).await.json();
    whoami(&file).await.unwrap();
    for _ in 0..2 {
        let answer = alice.revoke(&link).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, "not_revocable_before_expiry")
        );
        let wait: i64 = answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let due = Utc::now() + chrono::TimeDelta::seconds(wait);
        assert!(
            due >= end && due <= end + chrono::TimeDelta::seconds(3),
            "{wait}"
        );
        let message = text(&answer.json()["error"]["message"]);
        let told = end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        assert!(message.contains(&told), "{message}");
    }
    // It is true: the cluster still knows it.
    whoami(&file).await.unwrap();
    assert_eq!(alice.get(&link).await.json()["status"], "revoking");
    let refused = alice.download(&link).await;
    assert_eq!(
        (refused.status.as_u16(), refused.reason().as_str()),
        (409, "revoking")
    );
    until("it is gone", async || {
        alice.get(&link).await.status == StatusCode::NOT_FOUND
    })
    .await;
    assert!(Utc::now() >= end, "not before its end");
    assert_eq!(alice.revoke(&link).await.status, StatusCode::NOT_FOUND);
    assert_eq!(whoami(&file).await.unwrap_err(), StatusCode::UNAUTHORIZED);
    stage.stop().await;
}

#[tokio::test]
async fn its_end_is_the_certificates_own_and_it_is_refused_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(folder.path()).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let asked = Utc::now();
    let issued = alice.issued(json!({"ttl": 3})).await;
    let end: DateTime<Utc> = time(&issued["expiresAt"]);
    assert!((2..=4).contains(&(end - asked).num_seconds()), "{end}");
    assert_eq!(
        end.timestamp_subsec_millis(),
        0,
        "certificates have whole seconds"
    );
    let file = alice.file(&link(&issued)).await.json();
    assert_eq!(time(&file["extensions"][0]["extension"]["expiresAt"]), end);
    until("it is refused", async || whoami(&file).await.is_err()).await;
    assert!(Utc::now() >= end, "not before its end");
    let link = link(&issued);
    assert_eq!(alice.get(&link).await.json()["status"], "expired");
    assert_eq!(alice.revoke(&link).await.status, StatusCode::NO_CONTENT);
    stage.stop().await;
}

#[tokio::test]
async fn the_longest_life_is_an_hour_unless_the_operator_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(folder.path()).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let refused = alice.issue(json!({"ttl": 3601})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.reason().as_str()),
        (400, "ttl_out_of_range")
    );
    assert_eq!(refused.json()["error"]["details"][0]["limit"], 3600);
    stage.stop().await;
}

#[tokio::test]
async fn without_the_authoritys_key_nothing_is_issued_and_the_caller_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(folder.path()).await;
    let issued = {
        let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
        alice.issued(json!({})).await
    };
    std::fs::write(folder.path().join("client-ca.key"), "canary").unwrap();
    stage.restart().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    for answer in [
        alice.issue(json!({})).await,
        alice.download(&link(&issued)).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, "cluster_cannot_sign")
        );
        assert!(answer.headers.contains_key("retry-after"));
        assert!(!answer.text.contains("client-ca"), "{}", answer.text);
    }
    let log = stage.log();
    assert!(
        log.contains("client-ca.key") && !log.contains("canary"),
        "{log}"
    );
    stage.stop().await;
}
