//! The Kubernetes that outlives the servers: the sandbox's, or a real control plane. Both are looked at and meddled with
//! by their API, as an administrator does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use controlplane::{Binaries, ControlPlane};
use kubemint_sandbox::{Cluster, RequestKind};
use kubemint_server::config::Config;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Where the objects of the role `viewer` are.
const NAMESPACE: &str = "kubemint-viewer";

/// An object that may stand for a kubeconfig.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A token that the cluster says it minted.
#[derive(Debug)]
pub(crate) struct Minted {
    /// Whose: the object's name.
    pub(crate) name: String,
    pub(crate) at: DateTime<Utc>,
}

/// A cluster's API, as its administrator sees it.
pub(crate) struct Kubernetes {
    http: reqwest::Client,
    url: String,
    token: String,
    /// Where a real one writes its audit log.
    audit_log: Option<PathBuf>,
    _control_plane: Option<ControlPlane>,
}

impl Kubernetes {
    /// The sandbox's.
    pub(crate) fn of_sandbox(cluster: &Cluster) -> Self {
        Self {
            http: client(cluster.ca_pem().as_bytes()),
            url: cluster.url().to_owned(),
            token: cluster.admin_token().to_owned(),
            audit_log: None,
            _control_plane: None,
        }
    }

    /// A real control plane in the sandbox's place: it is prepared as an operator does, and `config` is changed to it.
    pub(crate) fn real(sandbox: &Cluster, config: &Path) -> Self {
        let binaries = Binaries::find_or_build().expect("the control plane's programs");
        let real = ControlPlane::start_temporary(&binaries).expect("a control plane");
        let bundle = std::fs::read(real.ca_file()).expect("a bundle");
        let file = |end: &str| config.with_file_name(format!("{}-{end}", sandbox.name()));
        std::fs::write(file("ca.pem"), &bundle).expect("a file");
        let text = std::fs::read_to_string(config).expect("a configuration");
        assert!(text.contains(sandbox.url()), "{text}");
        std::fs::write(config, text.replace(sandbox.url(), real.url())).expect("a configuration");

        let clusters = Config::read(config).expect("a configuration").clusters;
        let kubectl = |words: &str, input: &str| kubectl(&real, words, input);
        kubectl("apply -f -", &kubemint_clusters::manifest(&clusters));
        let token = "-n kubemint-system create token kubemint --duration=24h";
        std::fs::write(file("token"), kubectl(token, "")).expect("a file");
        kubectl("-n kube-system create serviceaccount crash", "");
        let binding = "create clusterrolebinding crash --clusterrole=cluster-admin --serviceaccount=kube-system:crash";
        kubectl(binding, "");
        let token = kubectl("-n kube-system create token crash --duration=24h", "");
        Self {
            http: client(&bundle),
            url: real.url().to_owned(),
            token: token.trim().to_owned(),
            audit_log: Some(real.audit_log().to_owned()),
            _control_plane: Some(real),
        }
    }

    /// Every object in the namespace of the role `viewer`.
    pub(crate) async fn accounts(&self) -> Vec<Account> {
        self.all_of(&accounts("")).await
    }

    /// Every binding in the whole cluster.
    pub(crate) async fn bindings(&self) -> Vec<Account> {
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        self.all_of(path).await
    }

    async fn all_of(&self, path: &str) -> Vec<Account> {
        let (status, list) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        let items = list["items"].as_array().expect("a list");
        items.iter().map(account).collect()
    }

    /// Deletes an object behind everybody's back.
    pub(crate) async fn delete(&self, name: &str) {
        let (status, text) = self.call(Method::DELETE, &accounts(name), None).await;
        assert!(status.is_success(), "{text}");
    }

    /// Makes an object.
    pub(crate) async fn create(&self, account: &Account) {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": account.name,
                "labels": account.labels,
                "annotations": account.annotations,
            },
        });
        let (status, text) = self.call(Method::POST, &accounts(""), Some(&object)).await;
        assert_eq!(status, StatusCode::CREATED, "{text}");
    }

    /// Every token that the cluster says it minted.
    pub(crate) fn minted(&self, sandbox: &Cluster) -> Vec<Minted> {
        if let Some(log) = &self.audit_log {
            let text = std::fs::read_to_string(log).expect("the audit log");
            let lines = text.lines();
            let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
            return lines.filter_map(|line| minted(&line)).collect();
        }
        let lines = sandbox.audit().into_iter();
        let minted = lines.filter(|line| {
            line.kind == RequestKind::TOKEN_REQUEST && line.issued_credential_id.is_some()
        });
        let minted = minted.map(|line| Minted {
            name: line.name,
            at: line.at,
        });
        minted.collect()
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }
}

/// The path of the objects of the role `viewer`, or of one of them.
fn accounts(name: &str) -> String {
    let all = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{name}");
    all.trim_end_matches('/').to_owned()
}

fn client(bundle: &[u8]) -> reqwest::Client {
    let roots = reqwest::Certificate::from_pem_bundle(bundle).expect("a bundle");
    let client = reqwest::Client::builder().tls_certs_only(roots);
    client.build().expect("a client")
}

fn account(item: &Value) -> Account {
    let metadata = &item["metadata"];
    let map = |value: &Value| serde_json::from_value(value.clone()).unwrap_or_default();
    Account {
        name: metadata["name"].as_str().unwrap_or_default().to_owned(),
        labels: map(&metadata["labels"]),
        annotations: map(&metadata["annotations"]),
    }
}

/// A line of the API server's audit log, if it says that a token was minted.
fn minted(line: &Value) -> Option<Minted> {
    let object = &line["objectRef"];
    let is = line["verb"] == "create"
        && object["subresource"] == "token"
        && object["namespace"] == NAMESPACE
        && line["responseStatus"]["code"] == 201;
    is.then_some(())?;
    Some(Minted {
        name: object["name"].as_str()?.to_owned(),
        at: line["stageTimestamp"].as_str()?.parse().ok()?,
    })
}

/// Runs kubectl as the administrator; its standard output.
fn kubectl(cluster: &ControlPlane, words: &str, input: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new(cluster.kubectl())
        .arg("--kubeconfig")
        .arg(cluster.admin_kubeconfig())
        .args(words.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("kubectl reads");
    drop(stdin);
    let output = child.wait_with_output().expect("kubectl ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {words}: {told}");
    String::from_utf8(output.stdout).expect("text")
}
