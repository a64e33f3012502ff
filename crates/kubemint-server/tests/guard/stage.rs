//! A server in a sandbox world, with limits of the test's choosing.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kubemint_sandbox::{Effect, Fault, RequestKind};
use kubemint_server::config::Config;
use kubemint_server::guard::Limits;
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use kubemint_server::serve::{self, Running};
use slog::{Drain, Logger, o};
use tempfile::TempDir;

use crate::raw::{Answer, PATIENCE, Raw};

/// A world, and a server in it.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
    log: Captured,
}

/// Waits until something holds; fails, telling what, when it does not within a time that no machine needs.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A request that anyone may make, and that is always answered 200.
pub(crate) const OPEN: &str = "GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n";

impl Stage {
    /// With the sandbox's limits.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other limits.
    pub(crate) async fn with(change: impl FnOnce(&mut Limits)) -> Self {
        Self::configured(|config, _| change(&mut config.guard)).await
    }

    /// With another configuration.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config, &TempDir)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sandbox = Sandbox::start(Options::new(folder.path()))
            .await
            .expect("a sandbox");
        let mut config = Config::read(sandbox.config_file()).expect("a configuration");
        change(&mut config, &folder);
        let log = Captured::default();
        let running = serve::start(config, &log.logger()).await.expect("a server");
        Self {
            sandbox,
            running,
            folder,
            log,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(crate) fn token(&self, subject: &str) -> String {
        self.sandbox.token(subject, &["compute.admin"])
    }

    /// The next issue takes its time in the cluster.
    pub(crate) fn slow_cluster(&self, time: Duration) {
        let fault = Fault::always(RequestKind::TOKEN_REQUEST, Effect::Delay(time));
        self.sandbox.world().cluster().inject(fault);
    }

    /// Returns when the cluster has so many issues under way.
    pub(crate) async fn issues_under_way(&self, count: u64) {
        let cluster = self.sandbox.world().cluster();
        until(&format!("{count} issues are under way"), async || {
            cluster.requests(RequestKind::TOKEN_REQUEST) >= count
        })
        .await;
    }

    /// Asks as anyone would, on a connection of its own.
    pub(crate) async fn ask(&self, bytes: impl AsRef<[u8]>) -> Answer {
        Raw::ask(self.address(), bytes).await
    }

    /// The value of a metric, by its whole name with labels; 0 if it is not there.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let request = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
        let text = Raw::ask(self.running.internal_address(), request)
            .await
            .body;
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .next()
            .map_or(0, |value| value.trim().parse().expect("a number"))
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.0.lock().expect("no panic")).into_owned()
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
        self.sandbox.stop().await;
    }
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn logger(&self) -> Logger {
        Logger::root(
            Mutex::new(slog_json::Json::default(self.clone())).fuse(),
            o!(),
        )
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The path of the cluster's kubeconfigs.
pub(crate) fn collection() -> String {
    format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{CLUSTER}/kubeconfigs")
}

/// The head of a request for the collection, with more fields (each with its CR LF).
pub(crate) fn head(method: &str, token: &str, fields: &str) -> String {
    let path = collection();
    format!("{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n{fields}\r\n")
}

/// A whole issue.
pub(crate) fn issue(token: &str) -> String {
    head(
        "POST",
        token,
        "Content-Type: application/json\r\nContent-Length: 2\r\n",
    ) + "{}"
}
