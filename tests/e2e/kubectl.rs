//! The real kubectl against the sandbox cluster, as its user sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use controlplane::Binaries;
use kubemint_sandbox::{Cluster, ClusterOptions};
use serde_json::{Value, json};

struct Kubectl {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// What kubectl said, and whether it was content.
#[derive(Debug)]
struct Said {
    good: bool,
    text: String,
}

impl Kubectl {
    fn new() -> Self {
        Self {
            program: Binaries::find_or_build().unwrap().kubectl,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, content: &Value) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content.to_string()).unwrap();
        file
    }

    async fn run(&self, kubeconfig: &Path, arguments: &[&str]) -> Said {
        let mut command = Command::new(&self.program);
        // Its caches belong to this test.
        command
            .env("HOME", self.folder.path())
            .env_remove("KUBECONFIG");
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--request-timeout=20s")
            .args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Said {
            good: output.status.success(),
            text: text.into_owned(),
        }
    }
}

/// The service's own requests, by HTTP.
async fn post(cluster: &Cluster, path: &str, body: Value) -> Value {
    let authority = reqwest::Certificate::from_pem(cluster.ca_pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    let request = client.post(format!("{}/api/v1/namespaces/{path}", cluster.url()));
    let response = request
        .bearer_auth(cluster.service_token())
        .json(&body)
        .send()
        .await
        .unwrap();
    response.error_for_status().unwrap().json().await.unwrap()
}

async fn credential(cluster: &Cluster, role: &str) -> Value {
    post(
        cluster,
        &format!("kubemint-{role}/serviceaccounts"),
        json!({"metadata": {"name": "alice"}}),
    )
    .await;
    let request = json!({"spec": {"expirationSeconds": 600}});
    let answer = post(
        cluster,
        &format!("kubemint-{role}/serviceaccounts/alice/token"),
        request,
    )
    .await;
    cluster.kubeconfig(answer["status"]["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_believes_the_viewer_until_the_account_is_gone() {
    let cluster = Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    let kubectl = Kubectl::new();
    let file = kubectl.write("viewer", &credential(&cluster, "viewer").await);
    let who = kubectl.run(&file, &["auth", "whoami"]).await;
    assert!(
        who.good
            && who
                .text
                .contains("system:serviceaccount:kubemint-viewer:alice"),
        "{who:?}"
    );
    for arguments in [&["get", "pods"][..], &["get", "pods", "-A"]] {
        let pods = kubectl.run(&file, arguments).await;
        assert!(
            pods.good && pods.text.contains("READY") && pods.text.contains("Running"),
            "{pods:?}"
        );
    }
    let namespaces = kubectl.run(&file, &["get", "ns"]).await;
    assert!(
        namespaces.good && namespaces.text.contains("kubemint-viewer"),
        "{namespaces:?}"
    );
    let version = kubectl.run(&file, &["version"]).await;
    assert!(
        version.good && version.text.contains("Server Version: v1.36.0+sandbox"),
        "{version:?}"
    );
    let rules = kubectl.run(&file, &["auth", "can-i", "--list"]).await;
    assert!(
        rules.good && rules.text.contains("[get list watch]"),
        "{rules:?}"
    );
    let may = kubectl.run(&file, &["auth", "can-i", "get", "pods"]).await;
    assert!(may.good && may.text.contains("yes"), "{may:?}");
    let may = kubectl
        .run(&file, &["auth", "can-i", "create", "pods"])
        .await;
    assert!(!may.good && may.text.contains("no"), "{may:?}");
    let run = kubectl.run(&file, &["run", "x", "--image=y"]).await;
    let refused = "pods is forbidden: User \"system:serviceaccount:kubemint-viewer:alice\" cannot create resource \"pods\" in \
                   API group \"\" in the namespace \"default\"";
    assert!(
        !run.good && run.text.contains("(Forbidden)") && run.text.contains(refused),
        "{run:?}"
    );
    assert!(cluster.delete_service_account("kubemint-viewer", "alice"));
    let pods = kubectl.run(&file, &["get", "pods"]).await;
    assert!(!pods.good && pods.text.contains("Unauthorized"), "{pods:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_works_for_an_editor() {
    let cluster = Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    let kubectl = Kubectl::new();
    let file = kubectl.write("editor", &credential(&cluster, "editor").await);
    let manifest = kubectl.write(
        "pod.json",
        &json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "made"},
            "spec": {"containers": [{"name": "x", "image": "y"}]},
        }),
    );
    let manifest = manifest.to_str().unwrap();
    for (arguments, said) in [
        (&["run", "x", "--image=y"][..], "pod/x created"),
        (&["get", "pod", "x"], "Running"),
        (&["label", "pod", "x", "tier=front"], "pod/x labeled"),
        (
            &["wait", "--for=condition=Ready", "pod/x", "--timeout=10s"],
            "condition met",
        ),
        (&["logs", "x"], "nothing runs in it"),
        (&["delete", "pod", "x"], "deleted"),
        (&["create", "-f", manifest], "pod/made created"),
        (&["apply", "-f", manifest], "pod/made configured"),
        (&["delete", "-f", manifest], "deleted"),
        (
            &["create", "configmap", "c", "--from-literal=a=b"],
            "configmap/c created",
        ),
    ] {
        let answer = kubectl.run(&file, arguments).await;
        assert!(
            answer.good && answer.text.contains(said),
            "{arguments:?}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_works_for_an_administrator() {
    let cluster = Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    let kubectl = Kubectl::new();
    let file = kubectl.write("admin", &cluster.kubeconfig(cluster.admin_token()));
    for (arguments, said) in [
        (
            &["create", "namespace", "team"][..],
            "namespace/team created",
        ),
        (
            &["-n", "team", "create", "serviceaccount", "s"],
            "serviceaccount/s created",
        ),
        (
            &["-n", "team", "create", "token", "s", "--duration=10m"],
            "eyJ",
        ),
        (
            &[
                "--as=system:serviceaccount:kubemint-viewer:z",
                "auth",
                "whoami",
            ],
            "kubemint-viewer:z",
        ),
        (&["delete", "namespace", "team"], "deleted"),
        (&["get", "secrets"], "Opaque"),
        (&["api-resources"], "serviceaccounts"),
    ] {
        let answer = kubectl.run(&file, arguments).await;
        assert!(
            answer.good && answer.text.contains(said),
            "{arguments:?}: {answer:?}"
        );
    }
    let short = kubectl
        .run(
            &file,
            &[
                "-n",
                "default",
                "create",
                "token",
                "default",
                "--duration=1m",
            ],
        )
        .await;
    assert!(
        !short.good
            && short
                .text
                .contains("may not specify a duration less than 10 minutes"),
        "{short:?}"
    );
}
