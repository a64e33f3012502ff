//! Minting tokens.

use chrono::{TimeDelta, Utc};
use kubemint::ports::{Clusters, ObjectRef};
use kubemint_sandbox::{ClusterOptions, Effect, Fault, RequestKind};
use secrecy::ExposeSecret;

use crate::stage::{LIMITS, Stage, failed, object};

const TOKEN: RequestKind = RequestKind::TOKEN_REQUEST;

#[tokio::test]
async fn a_token_is_what_it_says_and_the_cluster_believes_it() {
    let stage = Stage::new().await;
    let record = stage.record();
    let object = stage.created(&record).await;
    let minted = stage.fleet.mint(&stage.key, &object, 900).await.unwrap();
    assert_eq!(
        minted.expires_at - minted.issued_at,
        TimeDelta::seconds(900)
    );
    assert!((Utc::now() - minted.issued_at).num_seconds().abs() <= 5);
    let jti = minted.jti.clone().unwrap();
    let issued = stage
        .cluster
        .audit()
        .into_iter()
        .rev()
        .find_map(|line| line.issued_credential_id);
    assert_eq!(issued, Some(format!("JTI={jti}")));

    // Whoever holds it has the role, under the kubeconfig's name.
    let config = kube::Config::new(stage.cluster.url().parse().unwrap());
    let config = with_token(
        config,
        &stage,
        minted.secret.token().unwrap().expose_secret(),
    );
    let client = kube::Client::try_from(config).unwrap();
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::all(client);
    assert!(
        !pods
            .list(&Default::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let line = stage.cluster.audit().into_iter().last().unwrap();
    assert_eq!(
        line.user,
        format!("system:serviceaccount:kubemint-viewer:{}", record.id)
    );
    assert_eq!(stage.seen.take(), [("create", "ok"), ("mint", "ok")]);
}

fn with_token(mut config: kube::Config, stage: &Stage, token: &str) -> kube::Config {
    use rustls::pki_types::pem::PemObject;
    let ca = rustls::pki_types::CertificateDer::from_pem_slice(stage.cluster.ca_pem().as_bytes())
        .unwrap();
    config.root_cert = Some(vec![ca.to_vec()]);
    config.auth_info.token = Some(token.into());
    config
}

#[tokio::test]
async fn without_the_objects_uid_it_is_looked_for() {
    let stage = Stage::new().await;
    let record = stage.record();
    stage.created(&record).await;
    assert!(
        stage
            .fleet
            .mint(&stage.key, &object(&record), 600)
            .await
            .is_ok()
    );
    assert_eq!(stage.cluster.requests(RequestKind::GET_SERVICE_ACCOUNT), 1);
}

#[tokio::test]
async fn an_object_that_is_gone_is_missing() {
    let stage = Stage::new().await;
    let record = stage.record();
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &object(&record), 600).await),
        "missing"
    );
    let known = stage.created(&record).await;
    assert!(
        stage
            .cluster
            .delete_service_account("kubemint-viewer", record.id.as_str())
    );
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &known, 600).await),
        "missing"
    );
}

#[tokio::test]
async fn a_namesake_of_the_object_gets_no_token_out() {
    let stage = Stage::new().await;
    let record = stage.record();
    let known = stage.created(&record).await;
    stage
        .cluster
        .delete_service_account("kubemint-viewer", record.id.as_str());
    stage.created(&record).await;
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &known, 600).await),
        "missing"
    );
}

#[tokio::test]
async fn a_cluster_that_ignores_the_uid_is_found_out_by_the_token() {
    let stage = Stage::new().await;
    let record = stage.record();
    let known = stage.created(&record).await;
    let good = stage.fleet.mint(&stage.key, &known, 600).await.unwrap();
    let answer = serde_json::json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {},
        "spec": {"audiences": []},
        "status": {"token": good.secret.token().unwrap().expose_secret(), "expirationTimestamp": "2026-01-01T00:00:00Z"},
    });
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::Answer(answer)));
    let other = ObjectRef {
        object_uid: Some("another".into()),
        ..known
    };
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &other, 600).await),
        "missing"
    );
}

#[tokio::test]
async fn a_grant_longer_than_asked_is_misbehaviour() {
    let stage = Stage::new().await;
    let object = stage.created(&stage.record()).await;
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::GrantOff(11)));
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &object, 600).await),
        "misbehaving"
    );
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::GrantOff(10)));
    assert!(stage.fleet.mint(&stage.key, &object, 600).await.is_ok());
}

#[tokio::test]
async fn a_shorter_grant_is_told_by_the_token_and_not_by_the_answer() {
    let options = ClusterOptions {
        max_token_seconds: Some(1000),
        ..ClusterOptions::default()
    };
    let stage = Stage::with(options, LIMITS).await;
    let object = stage.created(&stage.record()).await;
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::MisreportExpiry(5000)));
    let minted = stage.fleet.mint(&stage.key, &object, 3600).await.unwrap();
    assert_eq!(
        minted.expires_at - minted.issued_at,
        TimeDelta::seconds(1000)
    );
}

#[tokio::test]
async fn a_lost_token_is_not_asked_for_again() {
    let stage = Stage::new().await;
    let object = stage.created(&stage.record()).await;
    for effect in [Effect::CutAfter, Effect::refuse(500), Effect::refuse(503)] {
        let before = stage.cluster.requests(TOKEN);
        stage.cluster.inject(Fault::once(TOKEN, effect));
        let kind = failed(stage.fleet.mint(&stage.key, &object, 600).await);
        assert!(["unreachable", "busy"].contains(&kind), "{kind}");
        assert_eq!(stage.cluster.requests(TOKEN), before + 1);
    }
}

#[tokio::test]
async fn a_mint_that_came_too_often_is_tried_again() {
    let stage = Stage::new().await;
    let object = stage.created(&stage.record()).await;
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::refuse(429)));
    assert!(stage.fleet.mint(&stage.key, &object, 600).await.is_ok());
}

#[tokio::test]
async fn garbage_for_a_token_is_misbehaviour() {
    let stage = Stage::new().await;
    let object = stage.created(&stage.record()).await;
    let with = |token: &str| {
        Effect::Answer(serde_json::json!({
            "spec": {"audiences": []},
            "status": {"token": token, "expirationTimestamp": "2026-01-01T00:00:00Z"},
        }))
    };
    let large = serde_json::json!({"padding": "a".repeat(2 << 20)});
    let effects = [
        Effect::Garbage,
        Effect::Answer(serde_json::json!({})),
        Effect::Answer(large),
        with(""),
        with("a.b.c"),
        // A ServiceAccount token of someone else.
        with(&stage.cluster.service_token()),
        Effect::refuse(400),
        Effect::refuse(422),
    ];
    for effect in effects {
        stage.cluster.inject(Fault::once(TOKEN, effect.clone()));
        assert_eq!(
            failed(stage.fleet.mint(&stage.key, &object, 600).await),
            "misbehaving",
            "{effect:?}"
        );
    }
}

#[tokio::test]
async fn a_404_that_kubernetes_did_not_write_proves_nothing() {
    let stage = Stage::new().await;
    let object = stage.created(&stage.record()).await;
    stage
        .cluster
        .inject(Fault::once(TOKEN, Effect::refuse(404)));
    assert_eq!(
        failed(stage.fleet.mint(&stage.key, &object, 600).await),
        "misbehaving"
    );
}
