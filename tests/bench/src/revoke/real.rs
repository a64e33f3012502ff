//! A real control plane with the service in front of it, prepared as an operator does.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use controlplane::{Binaries, ControlPlane};
use kubemint_clusters::{ClusterConfig, manifest};
use kubemint_sandbox::{Issuer, IssuerOptions, Pki};
use kubemint_server::config::Config;
use kubemint_server::log::{Verbosity, logger};
use kubemint_server::sandbox::{CLUSTER, PROJECT, REGION};
use kubemint_server::serve::{self, Running};
use reqwest::StatusCode;
use serde_json::{Value, json};
use slog::Logger;
use tokio::runtime::{Builder, Runtime};

use crate::cpu;

/// How much may be asked of the service by one caller: more than is.
const LIMITS: &str = "[limits]\nrequests_per_second_per_address = 1000000\n\
                      requests_per_second_per_caller = 1000000\nburst = 1000000\n";

/// Everything that runs. It stops when this is dropped.
pub(super) struct Real {
    pub(super) runtime: Runtime,
    pub(super) http: reqwest::Client,
    pub(super) clusters: Vec<ClusterConfig>,
    pub(super) log: Logger,
    running: Running,
    bearer: String,
    binaries: Binaries,
    control_plane: ControlPlane,
    _issuer: Issuer,
    _guard: kubemint_server::log::LogGuard,
}

impl Real {
    /// Starts it all, with its files in `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let binaries = Binaries::find_or_build()?;
        eprintln!("starting a control plane");
        let control_plane = ControlPlane::start_temporary(&binaries)?;
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let issuer = runtime.block_on(async {
            Issuer::start(&Pki::new("bench issuer")?, IssuerOptions::default()).await
        })?;
        let file = folder.join("kubemint.toml");
        std::fs::write(folder.join("issuer-ca.pem"), issuer.ca_pem())?;
        std::fs::write(folder.join("token"), "not made yet")?;
        std::fs::write(&file, text_of(&issuer, &control_plane))?;
        let config = Config::read(&file)?;
        let clusters = config.clusters.clone();
        let prepared = manifest(&clusters);
        kubectl(&control_plane, &["apply", "-f", "-"], &prepared)?;
        let create = [
            "-n",
            "kubemint-system",
            "create",
            "token",
            "kubemint",
            "--duration=24h",
        ];
        std::fs::write(folder.join("token"), kubectl(&control_plane, &create, "")?)?;
        let (log, guard) = logger(Verbosity::Error);
        let running = runtime.block_on(serve::start(config, &log))?;
        let claims = issuer
            .claims("alice")
            .project(PROJECT)
            .roles(&["compute.admin"]);
        let now = chrono::Utc::now().timestamp();
        let bearer = issuer.mint(claims.times(now, now + 3600));
        Ok(Self {
            http: reqwest::Client::builder().tcp_nodelay(true).build()?,
            runtime,
            clusters,
            log,
            running,
            bearer,
            binaries,
            control_plane,
            _issuer: issuer,
            _guard: guard,
        })
    }

    /// What the control plane calls itself.
    pub(super) fn version(&self) -> Result<String> {
        Ok(format!("Kubernetes {}", self.binaries.version()?))
    }

    /// Calls the service.
    pub(super) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.running.url());
        self.http.request(method, url).bearer_auth(&self.bearer)
    }

    /// Issues a kubeconfig; what was answered.
    pub(super) async fn issue(&self, role: &str) -> Result<Value> {
        let path = format!(
            "/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{CLUSTER}/kubeconfigs"
        );
        let body = json!({"user": "alice", "role": role, "ttl": 3600});
        let request = self.request(reqwest::Method::POST, &path).json(&body);
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(
            status == StatusCode::CREATED,
            "issue answered {status}: {text}"
        );
        Ok(serde_json::from_str(&text)?)
    }

    /// What the programs of the cluster have used of the processors so far.
    pub(super) fn cluster_time(&self) -> Duration {
        self.control_plane.processes().map(cpu::total).sum()
    }

    /// A client of the cluster itself, that proves nothing.
    pub(super) fn cluster_client(&self) -> Result<reqwest::Client> {
        let bundle = std::fs::read(self.control_plane.ca_file())?;
        let roots = reqwest::Certificate::from_pem_bundle(&bundle)?;
        Ok(reqwest::Client::builder()
            .tls_certs_only(roots)
            .tcp_nodelay(true)
            .build()?)
    }

    /// The cluster's URL.
    pub(super) fn cluster_url(&self) -> &str {
        self.control_plane.url()
    }
}

fn text_of(issuer: &Issuer, cluster: &ControlPlane) -> String {
    format!(
        r#"[server]
listen = "127.0.0.1:0"
[internal]
listen = "127.0.0.1:0"
[store]
path = "kubemint.db"
{LIMITS}
[[issuers]]
url = "{issuer}"
audiences = ["{audience}"]
ca_file = "issuer-ca.pem"
[[clusters]]
region = "{REGION}"
project = "{PROJECT}"
id = "{CLUSTER}"
api_url = "{url}"
ca_file = "{ca}"
credential = {{ token_file = "token" }}
[clusters.roles.{default}]
[clusters.roles.{instant}]
cluster_role = "view"
namespaces = ["default"]
binding = "per-kubeconfig"
"#,
        issuer = issuer.url(),
        audience = issuer.options().audience,
        url = cluster.url(),
        ca = cluster.ca_file().display(),
        default = super::DEFAULT,
        instant = super::PER_KUBECONFIG,
    )
}

/// Runs kubectl as the administrator; its standard output.
fn kubectl(cluster: &ControlPlane, arguments: &[&str], input: &str) -> Result<String> {
    use std::io::Write as _;
    let mut child = Command::new(cluster.kubectl())
        .arg("--kubeconfig")
        .arg(cluster.admin_kubeconfig())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run kubectl")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "kubectl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
