//! The service's own credential: read from files, read again, never repeated in an error or a log.

use std::path::Path;

use kubemint::ports::Clusters;
use kubemint_clusters::{Fleet, Health};
use kubemint_sandbox::{Cluster, ClusterOptions, RequestKind};
use serde_json::{Value, json};
use slog::{Logger, o};

use crate::log::Log;
use crate::stage::{self, LIMITS, Stage, failed, record};

const GET: RequestKind = RequestKind::GET_SERVICE_ACCOUNT;

/// Any call that needs the credential.
async fn call(stage: &Stage, fleet: &Fleet) -> Result<(), &'static str> {
    let gone = stage::object(&record(&stage.key));
    fleet
        .remove(&stage.key, &gone)
        .await
        .map_err(|error| stage::kind(&error))
}

fn fleet(stage: &Stage, log: &Log, reread: std::time::Duration) -> Fleet {
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let limits = kubemint_clusters::Limits { reread, ..LIMITS };
    Fleet::with_limits(
        configs,
        stage::INSTANCE,
        Logger::root(log.clone(), o!()),
        limits,
    )
    .unwrap()
}

fn write(stage: &Stage, text: &str) {
    std::fs::write(stage.folder.path().join("sandbox.token"), text).unwrap();
}

#[tokio::test]
async fn a_rotated_token_is_found_upon_the_first_refusal() {
    let stage = Stage::new().await;
    let log = Log::default();
    // Nothing is read again by the clock here.
    let fleet = fleet(&stage, &log, std::time::Duration::from_secs(3600));
    call(&stage, &fleet).await.unwrap();
    write(&stage, &stage.cluster.rotate_service_token());
    let before = stage.cluster.requests(GET);
    call(&stage, &fleet).await.unwrap();
    assert_eq!(stage.cluster.requests(GET), before + 2);
    assert!(log.text().contains("the credential of the cluster changed"));

    stage.cluster.rotate_service_token();
    assert_eq!(call(&stage, &fleet).await, Err("refused"));
}

#[tokio::test]
async fn a_new_token_is_used_before_the_old_one_is_refused() {
    let stage = Stage::new().await;
    let fleet = fleet(&stage, &Log::default(), std::time::Duration::ZERO);
    call(&stage, &fleet).await.unwrap();
    write(&stage, stage.cluster.admin_token());
    call(&stage, &fleet).await.unwrap();
    let users: Vec<String> = stage
        .cluster
        .audit()
        .into_iter()
        .map(|line| line.user)
        .collect();
    assert_eq!(users.len(), 2);
    assert_ne!(users[0], users[1]);
}

#[tokio::test]
async fn an_unusable_file_keeps_the_old_credential_and_is_told_once() {
    let stage = Stage::new().await;
    let log = Log::default();
    let fleet = fleet(&stage, &log, std::time::Duration::ZERO);
    for bad in ["", "canary one\ncanary two", "canary\u{e9}"] {
        write(&stage, bad);
        for _ in 0..3 {
            call(&stage, &fleet).await.unwrap();
        }
    }
    std::fs::remove_file(stage.folder.path().join("sandbox.token")).unwrap();
    call(&stage, &fleet).await.unwrap();
    // Whoever looks at the cluster is told that, as long as it is so; the counts tell who only counts.
    let stale = fleet.stale_credential(&stage.key).unwrap();
    assert!(stale.contains("sandbox.token cannot be read"), "{stale}");
    assert_eq!(fleet.rereads(), (0, 2));
    write(&stage, &stage.cluster.rotate_service_token());
    call(&stage, &fleet).await.unwrap();
    assert_eq!(fleet.stale_credential(&stage.key), None);
    assert_eq!(fleet.rereads(), (1, 2));
    let text = log.text();
    assert_eq!(text.matches("the old one is kept").count(), 2, "{text}");
    assert!(
        text.contains("sandbox.token does not hold a bearer token and nothing else"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
}

/// A fleet with a kubeconfig for a credential, or why that cannot be used.
async fn with_kubeconfig(
    cluster: &Cluster,
    folder: &Path,
    kubeconfig: &str,
) -> Result<Fleet, String> {
    std::fs::write(folder.join("kubeconfig"), kubeconfig).unwrap();
    let text = stage::configure(cluster, folder).replace(
        "token_file = \"sandbox.token\"",
        "kubeconfig_file = \"kubeconfig\"",
    );
    let configs = stage::read(&text, folder).unwrap();
    let key = configs[0].key.clone();
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), LIMITS).unwrap();
    match fleet.health(&key).await {
        Some(Health::Sick { detail, .. }) if detail.contains("cannot be used") => Err(detail),
        _ => Ok(fleet),
    }
}

#[tokio::test]
async fn a_kubeconfig_gives_its_user_inline_or_by_file() {
    let stage = Stage::new().await;
    let mut file = stage.cluster.kubeconfig(&stage.cluster.service_token());
    // Its server is not used.
    file["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into();
    let folder = stage.folder.path();
    let fleet = with_kubeconfig(&stage.cluster, folder, &file.to_string())
        .await
        .unwrap();
    call(&stage, &fleet).await.unwrap();
    file["users"][0]["user"] = json!({"tokenFile": "sandbox.token"});
    let fleet = with_kubeconfig(&stage.cluster, folder, &file.to_string())
        .await
        .unwrap();
    call(&stage, &fleet).await.unwrap();
    // The file that it names is read again too.
    write(&stage, &stage.cluster.rotate_service_token());
    call(&stage, &fleet).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_taken_inline_or_by_file() {
    let stage = Stage::new().await;
    // Any certificate and key: the sandbox knows no client certificates, and answers such a caller as anonymous.
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["kubemint".into()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let folder = stage.folder.path();
    std::fs::write(folder.join("client.pem"), &certificate).unwrap();
    std::fs::write(folder.join("client.key"), &key).unwrap();
    for user in [
        json!({"client-certificate-data": encode(&certificate), "client-key-data": encode(&key)}),
        json!({"client-certificate": "client.pem", "client-key": "client.key"}),
    ] {
        let mut file = stage.cluster.kubeconfig("x");
        file["users"][0]["user"] = user;
        let fleet = with_kubeconfig(&stage.cluster, folder, &file.to_string())
            .await
            .unwrap();
        assert_eq!(call(&stage, &fleet).await, Err("refused"));
    }
}

#[tokio::test]
async fn a_kubeconfig_that_asks_for_more_than_a_credential_is_refused() {
    let stage = Stage::new().await;
    let folder = stage.folder.path();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut file = stage.cluster.kubeconfig("canary");
        change(&mut file);
        file.to_string()
    };
    let user = |user: Value| with(&move |file: &mut Value| file["users"][0]["user"] = user.clone());
    let cases: [(&str, String); 15] = [
        (
            "has exec, which is refused",
            user(json!({"exec": {"command": "canary"}})),
        ),
        (
            "has auth-provider, which is refused",
            user(json!({"auth-provider": {"name": "canary"}})),
        ),
        (
            "has username and password",
            user(json!({"username": "a", "password": "canary"})),
        ),
        (
            "has as, which is refused",
            user(json!({"token": "canary", "as": "system:admin"})),
        ),
        (
            "has as, which is refused",
            user(json!({"token": "canary", "as-groups": ["x"]})),
        ),
        (
            "has insecure-skip-tls-verify, which is refused",
            with(&|file| file["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = true.into()),
        ),
        ("its user has neither a token", user(json!({}))),
        (
            "its token is not a bearer token",
            user(json!({"token": "canary canary"})),
        ),
        (
            "only one of client certificate and client key",
            user(json!({"client-key-data": "Y2FuYXJ5"})),
        ),
        (
            "is not PEM",
            user(json!({"client-key-data": "Y2FuYXJ5", "client-certificate-data": "Y2FuYXJ5"})),
        ),
        ("is not base64", user(json!({"client-key-data": "!canary"}))),
        (
            "no current-context",
            with(&|file| drop(file.as_object_mut().unwrap().remove("current-context"))),
        ),
        (
            "none of its contexts",
            with(&|file| file["current-context"] = "canary".into()),
        ),
        ("none of its users", with(&|file| file["users"] = json!([]))),
        ("it cannot be parsed", "users: [canary".to_owned()),
    ];
    for (expected, file) in cases {
        let error = with_kubeconfig(&stage.cluster, folder, &file)
            .await
            .err()
            .unwrap();
        assert!(!error.contains("canary"), "{error}");
        assert!(error.contains(expected), "{error:?} has not {expected:?}");
    }
}

#[tokio::test]
async fn a_token_that_the_cluster_does_not_know_is_refused() {
    let stage = Stage::with(ClusterOptions::default(), LIMITS).await;
    write(&stage, "somebody-elses");
    assert_eq!(failed(stage.fleet.create(&stage.record()).await), "refused");
    assert_eq!(
        stage.cluster.requests(RequestKind::CREATE_SERVICE_ACCOUNT),
        1
    );
}
