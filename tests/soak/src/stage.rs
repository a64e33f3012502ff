//! The world, and the server's process in it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kubemint_sandbox::WorldOptions;
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use reqwest::{Certificate, Client};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The cluster that goes away.
pub(crate) const DEAD: &str = "cluster-dead";
/// The shortest life that the clusters permit.
pub(crate) const SHORTEST: Duration = Duration::from_secs(5);
/// The longest life that policy permits while it bounds it, in seconds.
pub(crate) const LONGEST: u32 = 7200;
/// How long the server may take to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// The policies that come with the server, as a file that can change.
const POLICY: &str = include_str!("../../../crates/kubemint-policy/policies/default.cedar");

/// The world, the server, and a client of it.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) url: String,
    binary: PathBuf,
    folder: TempDir,
    server: Child,
    /// The second certificate and its key, which the client trusts already.
    next: (String, String),
}

impl Stage {
    pub(crate) async fn start(binary: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (listen, internal) = (free_address()?, free_address()?);
        let options = Options {
            listen,
            world: WorldOptions::with_clusters(&[CLUSTER, DEAD]),
            ..Options::new(folder.path())
        };
        let sandbox = Sandbox::start(options).await?;
        let (first, next) = (certificate()?, certificate()?);
        write_certificate(folder.path(), &first)?;
        fs::write(folder.path().join("policy.cedar"), POLICY)?;
        configure(sandbox.config_file(), listen, internal)?;
        let log = fs::File::create(folder.path().join("server.log"))?;
        let server = Command::new(binary)
            .args(["serve", "--config"])
            .arg(sandbox.config_file())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let roots = [&first.0, &next.0].map(|pem| Certificate::from_pem(pem.as_bytes()));
        let client = Client::builder()
            .tls_certs_only(roots.into_iter().collect::<Result<Vec<_>, _>>()?)
            .resolve("localhost", listen)
            .pool_max_idle_per_host(64)
            .timeout(Duration::from_secs(30))
            .build()?;
        let mut stage = Self {
            sandbox,
            client,
            url: format!("https://localhost:{}", listen.port()),
            binary: binary.to_owned(),
            folder,
            server,
            next,
        };
        stage.is_ready(internal).await?;
        Ok(stage)
    }

    async fn is_ready(&mut self, internal: SocketAddr) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let url = format!("http://{internal}/readyz");
        loop {
            let ready = Client::new().get(&url).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                bail!("the server ended ({status}): {}", self.log());
            }
            if Instant::now() > end {
                bail!("the server is not ready: {}", self.log());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The server's process.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.id().unwrap_or_default()
    }

    /// The path of a cluster's kubeconfigs.
    pub(crate) fn collection(cluster: &str) -> String {
        format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{cluster}/kubeconfigs")
    }

    /// The policies bound the time to live, or do not any more.
    pub(crate) fn change_policy(&self, bounded: bool) -> Result<()> {
        let bound = format!(
            "@id(\"no-long-lives\") forbid (principal, action == Action::\"compute.kubeconfigs.issue\", resource)\n\
             when {{ context has ttl && context.ttl > {LONGEST} }};\n"
        );
        let more = if bounded { &bound } else { "// As before.\n" };
        fs::write(
            self.folder.path().join("policy.cedar"),
            format!("{POLICY}\n{more}"),
        )?;
        self.hang_up()
    }

    /// How many of these kubeconfigs still have a ServiceAccount, once the server had time to remove it.
    pub(crate) async fn remaining(&self, names: &[String]) -> usize {
        let end = Instant::now() + PATIENCE;
        loop {
            let cluster = self.sandbox.world().cluster_named(CLUSTER);
            let accounts = cluster.map(|cluster| cluster.service_accounts());
            let accounts = accounts.unwrap_or_default();
            let of = |name: &&String| {
                let mut values = accounts
                    .iter()
                    .flat_map(|account| account.annotations.values());
                values.any(|value| value == *name)
            };
            let remaining = names.iter().filter(of).count();
            if remaining == 0 || Instant::now() > end {
                return remaining;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// The certificate changes.
    pub(crate) fn change_certificate(&self) -> Result<()> {
        write_certificate(self.folder.path(), &self.next)?;
        self.hang_up()
    }

    /// SIGHUP.
    fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.server_id()).ok().and_then(Pid::from_raw);
        Ok(kill_process(id.context("the server has ended")?, signal)?)
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let tail: Vec<_> = log.lines().rev().take(20).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Ends the server in order, verifies the trail that it left, and stops the world. Returns what was said of the trail.
    pub(crate) async fn end(mut self) -> Result<String> {
        self.signal(Signal::TERM)?;
        let ended = timeout(PATIENCE, self.server.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => {}
            Ok(status) => bail!(
                "the server did not end in order ({status:?}): {}",
                self.log()
            ),
            Err(_) => bail!("the server does not end: {}", self.log()),
        }
        let panicked =
            fs::read_to_string(self.folder.path().join("server.log"))?.contains("panicked");
        if panicked {
            bail!("the server panicked: {}", self.log());
        }
        let verified = Command::new(&self.binary)
            .args(["audit", "verify", "--config"])
            .arg(self.sandbox.config_file())
            .output()
            .await?;
        let said = String::from_utf8_lossy(&verified.stdout).trim().to_owned();
        if !verified.status.success() {
            bail!("the audit trail is broken: {said}");
        }
        self.sandbox.stop().await;
        Ok(said)
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A certificate for this machine, and its key.
fn certificate() -> Result<(String, String)> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    Ok((pair.cert.pem(), pair.signing_key.serialize_pem()))
}

fn write_certificate(folder: &Path, (certificate, key): &(String, String)) -> Result<()> {
    fs::write(folder.join("server.key"), key)?;
    fs::write(folder.join("server.crt"), certificate)?;
    Ok(())
}

/// The sandbox's configuration, as it would be in service: with TLS, policies of one's own, and limits.
fn configure(file: &Path, listen: SocketAddr, internal: SocketAddr) -> Result<()> {
    let mut text = fs::read_to_string(file)?;
    for (from, to) in [
        (
            format!("listen = \"{listen}\"\n"),
            format!(
                "listen = \"{listen}\"\ntls = {{ cert_file = \"server.crt\", key_file = \"server.key\" }}\n"
            ),
        ),
        (
            "listen = \"127.0.0.1:0\"".to_owned(),
            format!("listen = \"{internal}\""),
        ),
        (
            "requests_per_second_per_caller = 1000000\nburst = 1000000".to_owned(),
            "requests_per_second_per_caller = 20\nburst = 40\nrequests_in_flight_per_address = 512"
                .to_owned(),
        ),
        (
            "[clusters.roles.viewer]".to_owned(),
            format!(
                "[clusters.roles.viewer]\nmin_ttl = \"{}s\"",
                SHORTEST.as_secs()
            ),
        ),
        (
            "[log]\nlevel = \"info\"".to_owned(),
            "[log]\nlevel = \"warn\"\n\n[policy]\nfiles = [\"policy.cedar\"]".to_owned(),
        ),
    ] {
        if !text.contains(&from) {
            bail!("{from:?} is not in the sandbox's configuration");
        }
        text = text.replace(&from, &to);
    }
    Ok(fs::write(file, text)?)
}
