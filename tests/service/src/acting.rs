//! Someone who calls the API, and someone who uses what it delivered.

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use harness::sandbox::{Cluster, ServiceAccount};
use harness::{Answer, Options, PROJECT, REGION, Sandbox, Shipped, Stage, collection, free_port};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A caller with a token.
pub(crate) struct Actor<'a> {
    stage: &'a Stage,
    pub(crate) token: String,
}

/// The path of another sandbox cluster's kubeconfigs.
pub(crate) fn collection_of(cluster: &str) -> String {
    format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{cluster}/kubeconfigs")
}

impl<'a> Actor<'a> {
    /// Someone with these roles in the sandbox's project.
    pub(crate) fn new(stage: &'a Stage, subject: &str, roles: &[&str]) -> Self {
        Self::bearing(stage, stage.token(subject, roles))
    }

    /// Someone with a token of another kind.
    pub(crate) fn bearing(stage: &'a Stage, token: String) -> Self {
        Self { stage, token }
    }

    pub(crate) async fn call(&self, method: Method, path: &str) -> Answer {
        self.stage.call(method, path, Some(&self.token), None).await
    }

    pub(crate) async fn issue_at(&self, path: &str, body: Value) -> Answer {
        let (token, body) = (Some(self.token.as_str()), Some(&body));
        self.stage.call(Method::POST, path, token, body).await
    }

    pub(crate) async fn issue(&self, body: Value) -> Answer {
        self.issue_at(&collection(), body).await
    }

    /// Issues with an idempotency key.
    pub(crate) async fn issue_once(&self, key: &str, body: &Value) -> Answer {
        let request = self.stage.request(Method::POST, &collection());
        let request = request.bearer_auth(&self.token).json(body);
        Stage::read(request.header("idempotency-key", key)).await
    }

    /// Issues, which must be granted; what was answered.
    pub(crate) async fn issued(&self, body: Value) -> Value {
        let answer = self.issue(body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn get(&self, link: &str) -> Answer {
        self.call(Method::GET, link).await
    }

    pub(crate) async fn revoke(&self, link: &str) -> Answer {
        self.call(Method::DELETE, link).await
    }

    pub(crate) async fn download(&self, link: &str) -> Answer {
        self.get(&format!("{link}/download")).await
    }

    /// The file for programs.
    pub(crate) async fn file(&self, link: &str) -> Answer {
        self.get(&format!("{link}/file")).await
    }

    /// The file for programs, which must be delivered.
    pub(crate) async fn delivered(&self, link: &str) -> Delivered {
        let answer = self.file(link).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        Delivered::new(answer.json())
    }

    /// The ids of the first page of the list.
    pub(crate) async fn listed(&self) -> Vec<String> {
        let answer = self.get(&collection()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let items = answer.json()["kubeconfigs"].take();
        let items = items.as_array().expect("a list");
        items.iter().map(|item| text(&item["id"])).collect()
    }
}

/// A delivered kubeconfig file.
pub(crate) struct Delivered {
    pub(crate) file: Value,
    http: reqwest::Client,
}

impl Delivered {
    fn new(file: Value) -> Self {
        let bundle = text(&file["clusters"][0]["cluster"]["certificate-authority-data"]);
        let bundle = STANDARD.decode(bundle).expect("base64");
        let roots = reqwest::Certificate::from_pem_bundle(&bundle).expect("a bundle");
        let http = reqwest::Client::builder().tls_certs_only(roots).build();
        let http = http.expect("a client");
        Self { file, http }
    }

    pub(crate) fn token(&self) -> String {
        text(&self.file["users"][0]["user"]["token"])
    }

    /// What the token says.
    pub(crate) fn claims(&self) -> Value {
        claims(&self.token())
    }

    /// Calls the cluster as the file says.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> StatusCode {
        let server = text(&self.file["clusters"][0]["cluster"]["server"]);
        let mut request = self.http.request(method, format!("{server}{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.bearer_auth(self.token()).send().await;
        answer.expect("an answer of the cluster").status()
    }

    pub(crate) async fn list_pods(&self) -> StatusCode {
        let path = "/api/v1/namespaces/default/pods";
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn create_pod(&self) -> StatusCode {
        let path = "/api/v1/namespaces/default/pods";
        let containers = json!([{"name": "c", "image": "registry.example/c:1"}]);
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "intruder"},
            "spec": {"containers": containers},
        });
        self.call(Method::POST, path, Some(pod)).await
    }
}

/// What a token says of itself.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("claims")
}

/// The part of a token that makes it a secret.
pub(crate) fn signature(token: &str) -> String {
    token.rsplit('.').next().expect("a JWT").to_owned()
}

/// A member that must be text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A member that must be a time.
pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("a time")
}

/// The selfLink of an answer.
pub(crate) fn link(kubeconfig: &Value) -> String {
    text(&kubeconfig["selfLink"])
}

/// The objects at a cluster that stand for kubeconfigs.
pub(crate) fn objects(cluster: &Cluster) -> Vec<ServiceAccount> {
    cluster.service_accounts()
}

/// The value of a metric, by its name with its labels; `None` while it is not shown.
pub(crate) async fn sample(stage: &Stage, name: &str) -> Option<f64> {
    let answer = stage.internal("/metrics").await;
    let line = (answer.text.lines()).find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().expect("a number"))
}

/// Looks until it is so; fails after a minute, which no machine needs.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !so().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A sandbox's world, the shipped binary as a process of its own that serves there, and the ports of its API and its internal
/// listener. The configuration is changed by texts, each for another.
pub(crate) async fn shipped(folder: &Path, edits: &[(&str, &str)]) -> (Sandbox, Shipped, [u16; 2]) {
    // It may have to be built: before ports are drawn that others could take meanwhile.
    let built = tokio::task::spawn_blocking(harness::binary).await;
    built.expect("the binary");
    let (api, internal) = (free_port(), free_port());
    let options = Options {
        listen: ([127, 0, 0, 1], api).into(),
        ..Options::new(folder)
    };
    let sandbox = Sandbox::start(options).await.expect("a sandbox");
    let config = sandbox.config_file().to_owned();
    let mut text = std::fs::read_to_string(&config).unwrap();
    text = text.replace("127.0.0.1:0", &format!("127.0.0.1:{internal}"));
    for (from, to) in edits {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text = text.replace(from, to);
    }
    std::fs::write(&config, text).unwrap();
    let server = tokio::task::spawn_blocking(move || Shipped::start(&config, internal));
    let server = server.await.unwrap().expect("a server");
    (sandbox, server, [api, internal])
}

/// A file on a disk that hangs: whoever reads it waits until this is dropped.
pub(crate) struct Hung {
    file: PathBuf,
    pipe: PathBuf,
}

impl Hung {
    /// Takes the place of `file`.
    pub(crate) fn at(file: &Path) -> Self {
        let pipe = file.with_extension("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let link = file.with_extension("link");
        std::fs::hard_link(&pipe, &link).unwrap();
        std::fs::rename(&link, file).unwrap();
        let file = file.to_owned();
        Self { file, pipe }
    }

    /// The file is there again, and holds `text`. Those that wait go on waiting.
    pub(crate) fn replace(&self, text: &str) {
        let fresh = self.file.with_extension("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(&fresh, &self.file).unwrap();
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        // Opened for both, a pipe waits for nobody; closed, it ends for those that read.
        let both = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.pipe);
        let kind = std::fs::metadata(&self.file).map(|file| file.file_type());
        if kind.is_ok_and(|kind| kind.is_fifo()) {
            drop(std::fs::remove_file(&self.file));
        }
        drop(both);
    }
}
