//! What is in the files of keys and credentials that the server reads is told nowhere, least of all when they cannot be used.

use std::path::Path;
use std::process::Command;

use harness::sandbox::Pki;
use harness::{CLUSTER, Setting, Stage, binary};
use serde_json::{Value, json};

use crate::acting::{Actor, link, text, until};
use crate::secrets::{Secrets, store_files};

/// A text of base64 that stands for a key, as PEM has it.
const PEM_CANARY: &str = "Y2FuYXJ5IG9mIGEgcHJpdmF0ZSBrZXkgaW4gUEVN";

fn pem(label: &str, inside: &str) -> String {
    format!("-----BEGIN {label}-----\n{inside}\n-----END {label}-----\n")
}

/// Changes a text of the configuration file.
fn edit(config: &Path, from: &str, to: &str) {
    let before = std::fs::read_to_string(config).unwrap();
    assert!(before.contains(from), "{from} is not in {before}");
    std::fs::write(config, before.replace(from, to)).unwrap();
}

/// What the command line tells of a configuration: the checks that an operator makes when something is wrong.
fn commands(config: &Path) -> String {
    let file = config.to_str().unwrap();
    let asked: [&[&str]; 3] = [
        &["check-config", file],
        &["doctor", "--config", file],
        &["preflight", "--config", file],
    ];
    let mut told = String::new();
    for arguments in asked {
        let output = Command::new(binary()).args(arguments).output().unwrap();
        told += &String::from_utf8_lossy(&output.stdout);
        told += &String::from_utf8_lossy(&output.stderr);
    }
    assert!(told.contains(CLUSTER), "{told}");
    told
}

/// Calls everything that needs the cluster, and hears what readiness says.
async fn try_all(stage: &Stage, link: &str) -> String {
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    let mut told = String::new();
    for answer in [
        alice.issue(json!({})).await,
        alice.download(link).await,
        alice.file(link).await,
    ] {
        told += &format!("{:?}", answer.headers);
        if answer.status.as_u16() != 200 {
            told += &answer.text;
        }
    }
    told + &stage.internal("/readyz").await.text + &stage.internal("/metrics").await.text
}

async fn nowhere(stage: &mut Stage, secrets: &Secrets, told: &str) {
    secrets.in_none_of("what was told", told.as_bytes());
    for (name, bytes) in store_files(&stage.database()) {
        secrets.in_none_of(&name, &bytes);
    }
    let trail = format!("{:?}", stage.stop_and_read_audit().await);
    secrets.in_none_of("the audit trail", trail.as_bytes());
    for (name, bytes) in store_files(&stage.database()) {
        secrets.in_none_of(&name, &bytes);
    }
    secrets.in_none_of("the log", stage.log().as_bytes());
}

#[tokio::test]
async fn what_a_kubeconfig_file_holds_is_told_nowhere_whatever_is_wrong_with_it() {
    let mut stage = Setting::default().start().await;
    let config = stage.folder().join("kubemint.toml");
    let path = stage.folder().join("own.kubeconfig");
    let cluster = stage.world().cluster();
    let token = cluster.service_token();
    let mut good = cluster.kubeconfig(&token);
    good["users"].as_array_mut().unwrap().push(json!({
        "name": "another",
        "user": {"username": "root", "password": "canary-of-a-password-in-a-kubeconfig", "client-key-data": PEM_CANARY},
    }));
    let mut secrets = Secrets::default();
    secrets.token("the service's own token", &token);
    secrets.in_any_writing("a password", "canary-of-a-password-in-a-kubeconfig");
    secrets.in_any_writing("another token", "canary-of-a-token-in-a-kubeconfig");
    secrets.in_any_writing("a program's argument", "canary-of-an-argument");
    secrets.in_any_writing("a key", PEM_CANARY);
    let own = text(&good["current-context"]);
    let user = |user: Value| {
        let mut file = good.clone();
        let name = good["contexts"][0]["context"]["user"].clone();
        file["users"] = json!([{"name": name, "user": user}]);
        file.to_string()
    };
    assert!(!own.is_empty());

    std::fs::write(&path, good.to_string()).unwrap();
    edit(
        &config,
        &format!("token_file = \"{CLUSTER}-token\""),
        "kubeconfig_file = \"own.kubeconfig\"",
    );
    stage.restart().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);
    let mut told = try_all(&stage, &link).await + &commands(&config);

    let canary = "canary-of-a-token-in-a-kubeconfig";
    let key = pem("PRIVATE KEY", PEM_CANARY);
    let broken = [
        // Wrong to the cluster, though whole.
        user(json!({"token": canary})),
        // No header's text.
        user(json!({"token": format!("{canary}\u{e9}\n{canary}")})),
        user(json!({"token": [canary]})),
        user(json!({"token": {"canary-of-a-token-in-a-kubeconfig": true}})),
        // Broken off in the middle of the secret, and not YAML at all.
        good.to_string()
            .split_inclusive("canary-of-a-password")
            .next()
            .unwrap()
            .to_owned(),
        format!("{canary}: [\n{canary}\n"),
        format!("users: !!binary {canary}\n"),
        canary.to_owned(),
        user(
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/echo", "args": ["canary-of-an-argument"]}}),
        ),
        user(json!({"username": "root", "password": "canary-of-a-password-in-a-kubeconfig"})),
        user(json!({"tokenFile": format!("/nowhere/{}", "else")})),
        // Keys that are none.
        user(json!({"client-certificate-data": PEM_CANARY, "client-key-data": PEM_CANARY})),
        user(json!({"client-certificate": "own.pem", "client-key": "own.pem"})),
    ];
    std::fs::write(stage.folder().join("own.pem"), &key).unwrap();
    for text in broken {
        std::fs::write(&path, &text).unwrap();
        // Read while it serves, and at a start.
        told += &try_all(&stage, &link).await;
        stage.restart().await;
        told += &try_all(&stage, &link).await;
    }
    told += &commands(&config);
    assert!(told.contains("own.kubeconfig") || stage.log().contains("own.kubeconfig"));
    std::fs::write(&path, good.to_string()).unwrap();
    until("it heals", async || alice_issues(&stage).await == 201).await;
    nowhere(&mut stage, &secrets, &told).await;
    stage.stop().await;
}

async fn alice_issues(stage: &Stage) -> u16 {
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    alice.issue(json!({})).await.status.as_u16()
}

#[tokio::test]
async fn what_an_authoritys_key_file_holds_is_told_nowhere_whatever_is_wrong_with_it() {
    let mut stage = Setting::default().start().await;
    let config = stage.folder().join("kubemint.toml");
    let (cert, key) = (
        stage.folder().join("client-ca.pem"),
        stage.folder().join("client-ca.key"),
    );
    let authority = Pki::new("for clients").unwrap();
    let other = Pki::new("another").unwrap();
    std::fs::write(&cert, authority.ca_pem()).unwrap();
    std::fs::write(&key, authority.ca_key_pem()).unwrap();
    edit(
        &config,
        &format!("credential = {{ token_file = \"{CLUSTER}-token\" }}"),
        "client_ca = { cert_file = \"client-ca.pem\", key_file = \"client-ca.key\" }",
    );
    let role = "[clusters.roles.viewer]\n";
    edit(
        &config,
        role,
        &format!("{role}groups = [\"kubemint:viewer\"]\n"),
    );
    stage.restart().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);

    let mut secrets = Secrets::default();
    secrets.in_any_writing("a key", PEM_CANARY);
    secrets.in_any_writing("no key", "canary-of-a-passphrase-in-a-key-file");
    for (what, pem) in [
        ("the key", authority.ca_key_pem()),
        ("another", other.ca_key_pem()),
    ] {
        for line in pem
            .lines()
            .filter(|line| line.len() > 16 && !line.starts_with('-'))
        {
            secrets.text(what, line);
        }
    }
    let whole = authority.ca_key_pem();
    let mut told = try_all(&stage, &link).await + &commands(&config);
    for text in [
        other.ca_key_pem(),
        pem("PRIVATE KEY", PEM_CANARY),
        pem("RSA PRIVATE KEY", PEM_CANARY),
        pem("EC PRIVATE KEY", PEM_CANARY),
        pem("ENCRYPTED PRIVATE KEY", PEM_CANARY),
        pem("OPENSSH PRIVATE KEY", PEM_CANARY),
        format!(
            "canary-of-a-passphrase-in-a-key-file\n{}",
            pem("CERTIFICATE", PEM_CANARY)
        ),
        whole[..whole.len() / 2].to_owned(),
        format!("{whole}{whole}"),
        String::new(),
    ] {
        std::fs::write(&key, &text).unwrap();
        told += &try_all(&stage, &link).await;
        stage.restart().await;
        told += &try_all(&stage, &link).await;
        told += &commands(&config);
    }
    assert!(told.contains("client-ca.key") || stage.log().contains("client-ca.key"));
    nowhere(&mut stage, &secrets, &told).await;
    stage.stop().await;
}
