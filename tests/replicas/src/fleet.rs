//! A sandbox world, a database, and several servers that share them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use harness::{Answer, Shipped, Stage, collection, free_port};
use kubemint::audit::Event;
use kubemint_sandbox::Cluster;
use kubemint_server::sandbox::{Options, Sandbox};
use kubemint_store::{PostgresOptions, PostgresStore, Trail as _};
use reqwest::Method;
use serde_json::{Value, json};

/// Where one replica is.
struct Replica {
    server: Mutex<Option<Shipped>>,
    config: PathBuf,
    api: u16,
    internal: u16,
}

/// A world, and the servers in it.
pub(crate) struct Fleet {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    replicas: Vec<Replica>,
    http: reqwest::Client,
    token: String,
    database: PostgresOptions,
}

impl Fleet {
    /// A world whose viewers may live as short as a second, a migrated database of `cluster`, and so many servers.
    pub(crate) async fn start(cluster: &postgresql::Cluster, replicas: usize) -> Self {
        let fleet = Self::set(cluster, replicas).await;
        let migrated = fleet.run(&["migrate", "--config", "replica-0.toml"]);
        assert!(migrated.status.success(), "{migrated:?}");
        for index in 0..replicas {
            fleet.serve(index).unwrap();
        }
        fleet
    }

    /// The same, with an empty database, and no server started.
    pub(crate) async fn set(cluster: &postgresql::Cluster, replicas: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(Options::new(folder.path())).await.unwrap();
        let name = cluster.database();
        let text = std::fs::read_to_string(sandbox.config_file()).unwrap();
        let replicas = (0..replicas).map(|index| {
            let (api, internal) = (free_port(), free_port());
            let store = format!(
                r#"postgres = {{ host = "127.0.0.1", port = {}, database = "{name}", user = "{}" }}"#,
                cluster.port(),
                postgresql::USER,
            );
            let text = [
                (r#"path = "kubemint.db""#, store.as_str()),
                (
                    "[internal]\nlisten = \"127.0.0.1:0\"",
                    &format!("[internal]\nlisten = \"127.0.0.1:{internal}\""),
                ),
                (
                    "[server]\nlisten = \"127.0.0.1:0\"",
                    &format!("[server]\nlisten = \"127.0.0.1:{api}\""),
                ),
                (
                    "[clusters.roles.viewer]\n",
                    "[clusters.roles.viewer]\nmin_ttl = \"1s\"\n",
                ),
            ]
            .iter()
            .fold(text.clone(), |text, (from, to)| {
                assert!(text.contains(from), "{from:?} is not in {text}");
                text.replace(from, to)
            });
            let config = folder.path().join(format!("replica-{index}.toml"));
            std::fs::write(&config, text).unwrap();
            Replica {
                server: Mutex::new(None),
                config,
                api,
                internal,
            }
        });
        Self {
            replicas: replicas.collect(),
            token: sandbox.token("alice", &["compute.admin"]),
            // One that hangs is told of, not waited for.
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
            database: PostgresOptions {
                host: "127.0.0.1".to_owned(),
                port: cluster.port(),
                database: name,
                user: postgresql::USER.to_owned(),
                password_file: None,
                ca_file: None,
                connections: 2,
            },
            sandbox,
            folder,
        }
    }

    /// Starts a replica.
    pub(crate) fn serve(&self, index: usize) -> Result<(), String> {
        let replica = &self.replicas[index];
        let server = Shipped::start(&replica.config, replica.internal)?;
        *replica.server.lock().unwrap() = Some(server);
        Ok(())
    }

    /// Ends a replica as a power cut would.
    pub(crate) fn kill(&self, index: usize) {
        *self.replicas[index].server.lock().unwrap() = None;
    }

    /// Runs the binary, with paths that start where the configurations are.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(harness::binary())
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        &self.database.database
    }

    /// Where the configurations are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The sandbox's Kubernetes.
    pub(crate) fn cluster(&self) -> &Cluster {
        self.sandbox.world().cluster()
    }

    /// The names of the credentials that exist in the cluster.
    pub(crate) fn accounts(&self) -> BTreeSet<String> {
        let accounts = self.cluster().service_accounts();
        let ours = accounts
            .into_iter()
            .filter(|account| account.namespace == "kubemint-viewer" && account.name != "default");
        ours.map(|account| account.name).collect()
    }

    /// A request to a replica, as an administrator of the project.
    pub(crate) fn request(
        &self,
        index: usize,
        method: Method,
        path: &str,
    ) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.replicas[index].api);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Calls a replica.
    pub(crate) async fn call(&self, index: usize, method: Method, path: &str) -> Answer {
        Stage::read(self.request(index, method, path)).await
    }

    /// Issues for `ttl` seconds at a replica.
    pub(crate) async fn issue(&self, index: usize, ttl: u32) -> Value {
        let body = json!({"role": "viewer", "ttl": ttl});
        let request = self.request(index, Method::POST, &collection()).json(&body);
        let answer = Stage::read(request).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Reads from a replica's internal listener.
    pub(crate) async fn internal(&self, index: usize, path: &str) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.replicas[index].internal);
        Stage::read(self.http.get(url)).await
    }

    /// What a replica logged.
    pub(crate) fn log(&self, index: usize) -> String {
        let log = self.replicas[index].config.with_extension("log");
        std::fs::read_to_string(log).unwrap_or_default()
    }

    /// The audit trail, oldest first.
    pub(crate) async fn audit(&self) -> Vec<Event> {
        let store = PostgresStore::open(&self.database).await.unwrap();
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = store.events(after, 1000).await.unwrap();
            let Some((last, _)) = page.last() else {
                return events;
            };
            after = *last;
            events.extend(page.into_iter().map(|(_, event)| event));
        }
    }

    /// Ends everything. No replica that still runs may have panicked.
    pub(crate) async fn stop(self) {
        for index in 0..self.replicas.len() {
            self.kill(index);
            let log = self.log(index);
            assert!(!log.contains("panicked"), "{log}");
        }
        self.sandbox.stop().await;
    }
}

/// Waits until something is so.
pub(crate) async fn until(within: Duration, what: &str, mut so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + within;
    while !so().await {
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
