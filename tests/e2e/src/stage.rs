//! The stage: two control planes, an issuer, and the server in front of the first.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Error, Result, ensure};
use controlplane::{Binaries, ControlPlane};
use harness::{Shipped, binary, free_port};
use kubemint_sandbox::{Issuer, IssuerOptions, Pki};
use reqwest::{Method, StatusCode};
use serde_json::Value;

const COLLECTION: &str =
    "/v1/regions/us-texas-1/projects/project-x9y8z7/compute/clusters/cluster-a1b2c3/kubeconfigs";

/// The kubeconfigs of the second cluster, which are client certificates.
pub(crate) const CERTIFIED: &str =
    "/v1/regions/us-texas-1/projects/project-x9y8z7/compute/clusters/cluster-certified/kubeconfigs";

pub(crate) struct Stage {
    server: Mutex<Shipped>,
    config: PathBuf,
    internal: u16,
    api: String,
    token: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    _issuer: Issuer,
    pub(crate) first: ControlPlane,
    pub(crate) second: ControlPlane,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Does what an operator does: writes the configuration, applies the manifest, makes the server's token, checks,
    /// and starts the server.
    pub(crate) fn start() -> Result<Self> {
        let binary = binary();
        let binaries = Binaries::find_or_build()?;
        eprintln!("control plane: {}", binaries.version()?);
        let first = ControlPlane::start_temporary(&binaries)?;
        let second = ControlPlane::start_temporary(&binaries)?;
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let issuer = runtime.block_on(async {
            Issuer::start(&Pki::new("e2e issuer")?, IssuerOptions::default()).await
        })?;
        let (port, internal) = (free_port(), free_port());
        let config = folder.path().join("kubemint.toml");
        std::fs::write(folder.path().join("issuer-ca.pem"), issuer.ca_pem())?;
        std::fs::write(folder.path().join("token"), "not made yet")?;
        std::fs::write(&config, text_of(port, internal, &issuer, &first, &second))?;
        apply_manifest(binary, &config, &first, "cluster-a1b2c3")?;
        apply_manifest(binary, &config, &second, "cluster-certified")?;
        make_token(&config, &first)?;
        preflight(binary, &config)?;
        let server = Mutex::new(start(&config, internal)?);
        let token = issuer.mint(
            issuer
                .claims("alice")
                .project("project-x9y8z7")
                .roles(&["compute.admin"]),
        );
        Ok(Self {
            server,
            config,
            internal,
            api: format!("http://127.0.0.1:{port}"),
            token,
            http: reqwest::Client::new(),
            runtime,
            _issuer: issuer,
            first,
            second,
            folder,
        })
    }

    /// Calls the API as alice.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, String)> {
        self.runtime.block_on(async {
            let mut request = self
                .http
                .request(method, format!("{}{path}", self.api))
                .bearer_auth(&self.token);
            if let Some(body) = body {
                request = request.json(body);
            }
            let response = request.send().await?;
            Ok((response.status(), response.text().await?))
        })
    }

    /// Issues a kubeconfig, and returns what the API says of it.
    pub(crate) fn issue(&self, request: &Value) -> Result<Value> {
        self.issue_at(COLLECTION, request)
    }

    /// The same at another cluster.
    pub(crate) fn issue_at(&self, collection: &str, request: &Value) -> Result<Value> {
        let (status, body) = self.call(Method::POST, collection, Some(request))?;
        ensure!(
            status == StatusCode::CREATED,
            "issue answered {status}: {body}"
        );
        Ok(serde_json::from_str(&body)?)
    }

    /// Downloads a kubeconfig's file (`download` or `file`) to a file of that name.
    pub(crate) fn download(&self, issued: &Value, what: &str) -> Result<PathBuf> {
        let link = issued["selfLink"].as_str().context("no selfLink")?;
        let (status, body) = self.call(Method::GET, &format!("{link}/{what}"), None)?;
        ensure!(status == StatusCode::OK, "{what} answered {status}: {body}");
        let id = issued["id"].as_str().context("no id")?;
        let path = self.folder.path().join(format!("{id}.{what}"));
        std::fs::write(&path, body)?;
        Ok(path)
    }

    /// Runs kubectl with a kubeconfig file.
    pub(crate) fn kubectl(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<Output> {
        kubectl(&self.first, kubeconfig, arguments, None)
    }

    /// Merges kubeconfig files with kubectl, as someone does who works with several clusters. Returns the file.
    pub(crate) fn merge(&self, files: &[PathBuf]) -> Result<PathBuf> {
        let mut view = Command::new(self.first.kubectl());
        view.args(["config", "view", "--flatten", "--output", "json"])
            .env("KUBECONFIG", std::env::join_paths(files)?);
        let merged = self.folder.path().join("merged");
        std::fs::write(&merged, run(&mut view)?.stdout)?;
        Ok(merged)
    }

    /// Runs a command of the server's binary on its configuration; its standard output.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(binary());
        let output = run(command.args(arguments).arg("--config").arg(&self.config))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Kills the server without warning and starts it again.
    pub(crate) fn crash_and_restart(&self) -> Result<()> {
        let mut server = self.server();
        server.kill();
        *server = start(&self.config, self.internal)?;
        Ok(())
    }

    /// What the server logged, for the one who looks for the cause of a failure.
    pub(crate) fn logs(&self) -> String {
        format!("the server's log:\n{}", self.server().log())
    }

    fn server(&self) -> MutexGuard<'_, Shipped> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(config: &Path, internal: u16) -> Result<Shipped> {
    Shipped::start(config, internal).map_err(Error::msg)
}

fn text_of(
    port: u16,
    internal: u16,
    issuer: &Issuer,
    cluster: &ControlPlane,
    certified: &ControlPlane,
) -> String {
    format!(
        r#"[server]
listen = "127.0.0.1:{port}"
[internal]
listen = "127.0.0.1:{internal}"
[store]
path = "kubemint.db"
[[issuers]]
url = "{issuer}"
audiences = ["{audience}"]
ca_file = "issuer-ca.pem"
[[clusters]]
region = "us-texas-1"
project = "project-x9y8z7"
id = "cluster-a1b2c3"
api_url = "{url}"
ca_file = "{ca}"
credential = {{ token_file = "token" }}
[clusters.roles.viewer]
[clusters.roles.editor]
namespaces = ["default"]
[clusters.roles.instant]
cluster_role = "view"
namespaces = ["default"]
binding = "per-kubeconfig"
[[clusters]]
region = "us-texas-1"
project = "project-x9y8z7"
id = "cluster-certified"
api_url = "{certified_url}"
ca_file = "{certified_ca}"
client_ca = {{ cert_file = "{authority}", key_file = "{authority_key}" }}
[clusters.roles.viewer]
groups = ["kubemint:viewer", "team \"a\", O=system:masters"]
"#,
        issuer = issuer.url(),
        audience = issuer.options().audience,
        url = cluster.url(),
        ca = cluster.ca_file().display(),
        certified_url = certified.url(),
        certified_ca = certified.ca_file().display(),
        authority = certified.issuing_ca().0.display(),
        authority_key = certified.issuing_ca().1.display(),
    )
}

/// Applies the manifest with kubectl, as the README says.
fn apply_manifest(binary: &Path, config: &Path, cluster: &ControlPlane, id: &str) -> Result<()> {
    let manifest = run(Command::new(binary)
        .args(["manifest", "--config"])
        .arg(config)
        .args(["--cluster", &format!("us-texas-1/project-x9y8z7/{id}")]))?;
    let admin = cluster.admin_kubeconfig();
    let applied = kubectl(
        cluster,
        admin,
        &["apply", "-f", "-"],
        Some(&manifest.stdout),
    )?;
    ensure!(
        applied.status.success(),
        "kubectl apply: {}",
        String::from_utf8_lossy(&applied.stderr)
    );
    Ok(())
}

/// Makes the server's token, as the manifest says.
fn make_token(config: &Path, cluster: &ControlPlane) -> Result<()> {
    let admin = cluster.admin_kubeconfig();
    let create = [
        "--namespace",
        "kubemint-system",
        "create",
        "token",
        "kubemint",
        "--duration",
        "24h",
    ];
    let token = kubectl(cluster, admin, &create, None)?;
    ensure!(
        token.status.success(),
        "kubectl create token: {}",
        String::from_utf8_lossy(&token.stderr)
    );
    std::fs::write(config.with_file_name("token"), &token.stdout)?;
    Ok(())
}

fn preflight(binary: &Path, config: &Path) -> Result<()> {
    let checked = run(Command::new(binary)
        .args(["preflight", "--config"])
        .arg(config))?;
    eprintln!("{}", String::from_utf8_lossy(&checked.stdout));
    Ok(())
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

fn kubectl(
    cluster: &ControlPlane,
    kubeconfig: &Path,
    arguments: &[&str],
    input: Option<&[u8]>,
) -> Result<Output> {
    let mut child = Command::new(cluster.kubectl())
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments)
        .env_remove("KUBECONFIG")
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run kubectl")?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input)?;
    }
    Ok(child.wait_with_output()?)
}
