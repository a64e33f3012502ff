//! The world that outlives the servers: one issuer and one cluster, shared by many servers of different installations.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kubemint_sandbox::{Cluster, Rule};
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use kubemint_store::{PostgresOptions, PostgresStore};
use tempfile::TempDir;
use uuid::Uuid;

use crate::kubernetes::{Account, Kubernetes, Minted};
use crate::setting::{Setting, write_authority};

/// The label that says which installation made an object.
const INSTANCE: &str = "kubemint.io/instance";
/// The annotation with the kubeconfig's UUID.
const UID: &str = "kubemint.io/uid";

/// For how long something is tried that is no test's subject.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the servers stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// SQLite, and the sandbox's Kubernetes.
    Embedded,
    /// A PostgreSQL.
    #[cfg_attr(
        not(feature = "postgres-tests"),
        allow(dead_code, reason = "it must be installed")
    )]
    Postgres,
    /// A real control plane.
    #[cfg_attr(
        not(feature = "cluster-tests"),
        allow(dead_code, reason = "it must be built")
    )]
    ControlPlane,
}

/// A world without a server.
pub(crate) struct Stage {
    sandbox: Sandbox,
    kubernetes: Kubernetes,
    database: Option<Arc<postgresql::Cluster>>,
    folder: TempDir,
    pub(crate) http: reqwest::Client,
    token: String,
}

/// The path of the cluster's kubeconfigs.
pub(crate) fn collection() -> String {
    format!("/v1/regions/{REGION}/projects/{PROJECT}/compute/clusters/{CLUSTER}/kubeconfigs")
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::on(Ground::Embedded).await
    }

    pub(crate) async fn on(ground: Ground) -> Self {
        Self::with(ground, "").await
    }

    /// With a binding for each kubeconfig.
    pub(crate) async fn bound() -> Self {
        let stage = Self::with(Ground::Embedded, "binding = \"per-kubeconfig\"\n").await;
        let cluster = stage.cluster();
        let mut rules = cluster.service_rules();
        rules.push(Rule::resources(
            "rbac.authorization.k8s.io",
            &["clusterrolebindings"],
            &["create", "get", "list", "delete"],
        ));
        cluster.set_service_rules(rules);
        stage
    }

    /// With more settings of the role.
    async fn with(ground: Ground, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options::new(folder.path());
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let text = std::fs::read_to_string(sandbox.config_file()).expect("a configuration");
        let role = "[clusters.roles.viewer]\n";
        assert!(text.contains(role), "{text}");
        let text = text.replace(role, &format!("{role}min_ttl = \"1s\"\n{settings}"));
        let text = text.replace("level = \"info\"", "level = \"warn\"");
        std::fs::write(sandbox.config_file(), text).expect("a configuration");
        write_authority(folder.path());
        let token = sandbox.token("alice", &["compute.admin"]);
        let cluster = sandbox.world().cluster();
        let kubernetes = match ground {
            Ground::ControlPlane => Kubernetes::real(cluster, sandbox.config_file()),
            _ => Kubernetes::of_sandbox(cluster),
        };
        let postgres = ground == Ground::Postgres;
        Self {
            kubernetes,
            database: postgres.then(|| Arc::new(postgresql::Cluster::start(&[]))),
            sandbox,
            folder,
            http: reqwest::Client::new(),
            token,
        }
    }

    /// Another installation's files: the configuration, without records. Where there is a PostgreSQL, also how its own
    /// database there is reached.
    pub(crate) async fn installation(
        &self,
        setting: Setting,
    ) -> (TempDir, Option<PostgresOptions>) {
        let installed = tempfile::tempdir().expect("a temporary folder");
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder") {
            let from = entry.expect("an entry").path();
            let to = installed.path().join(from.file_name().expect("a name"));
            std::fs::copy(&from, to).expect("a copy");
        }
        let file = self.config(installed.path());
        let text = std::fs::read_to_string(&file).expect("a configuration");
        std::fs::write(&file, setting.applied(&text)).expect("a configuration");
        let Some(cluster) = &self.database else {
            return (installed, None);
        };
        // It waits for a program: meanwhile the other cases go on, whose time runs.
        let made = Arc::clone(cluster);
        let made = tokio::task::spawn_blocking(move || made.database());
        let options = PostgresOptions {
            host: "127.0.0.1".to_owned(),
            port: cluster.port(),
            database: made.await.expect("a database"),
            user: postgresql::USER.to_owned(),
            password_file: None,
            ca_file: None,
            connections: 4,
        };
        patiently(async || PostgresStore::migrate(&options).await).await;
        let text = std::fs::read_to_string(&file).expect("a configuration");
        let place = r#"path = "kubemint.db""#;
        assert!(text.contains(place), "{text}");
        let PostgresOptions {
            host,
            port,
            database,
            user,
            ..
        } = &options;
        let other = format!(
            r#"postgres = {{ host = "{host}", port = {port}, database = "{database}", user = "{user}" }}"#
        );
        std::fs::write(file, text.replace(place, &other)).expect("a configuration");
        (installed, Some(options))
    }

    /// The configuration file in an installation's folder.
    pub(crate) fn config(&self, installed: &Path) -> std::path::PathBuf {
        let name = self.sandbox.config_file().file_name().expect("a name");
        installed.join(name)
    }

    /// The bearer token of everybody's usual caller.
    pub(crate) fn alice(&self) -> &str {
        &self.token
    }

    /// A bearer token of someone who may do everything but download what is another's.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.sandbox.token(subject, &["compute.admin"])
    }

    /// The cluster, as its administrator sees it.
    pub(crate) fn kubernetes(&self) -> &Kubernetes {
        &self.kubernetes
    }

    /// The sandbox's cluster.
    pub(crate) fn cluster(&self) -> &Cluster {
        self.sandbox.world().cluster()
    }

    /// Every token that the cluster says it minted.
    pub(crate) fn minted(&self) -> Vec<Minted> {
        self.kubernetes.minted(self.sandbox.world().cluster())
    }

    /// The objects of an installation, by the UUIDs of what they stand for.
    pub(crate) async fn objects(&self, instance: Uuid) -> BTreeMap<Uuid, Account> {
        ours(self.kubernetes.accounts().await, instance)
    }

    /// The bindings of an installation, by the UUIDs of what they stand for.
    pub(crate) async fn bindings(&self, instance: Uuid) -> BTreeMap<Uuid, Account> {
        ours(self.kubernetes.bindings().await, instance)
    }

    /// Puts an object into the cluster that no record knows: as `like`, but for its name and UUID.
    pub(crate) async fn plant(&self, like: &Account, name: &str) -> Uuid {
        let uid = Uuid::new_v4();
        let mut stray = like.clone();
        stray.name = name.to_owned();
        stray.annotations.insert(UID.to_owned(), uid.to_string());
        let link = format!("{}/{name}", collection());
        stray
            .annotations
            .insert("kubemint.io/self-link".to_owned(), link);
        self.kubernetes.create(&stray).await;
        uid
    }

    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }
}

/// What is an installation's, by the UUIDs of what it stands for.
fn ours(all: Vec<Account>, instance: Uuid) -> BTreeMap<Uuid, Account> {
    let instance = instance.to_string();
    let ours = all.into_iter();
    let ours = ours.filter(|object| object.labels.get(INSTANCE) == Some(&instance));
    ours.map(|object| (uid_of(&object), object)).collect()
}

/// Does what a busy machine may fail to do in time, until it is done.
pub(crate) async fn patiently<T, E: Debug>(work: impl AsyncFn() -> Result<T, E>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match work().await {
            Ok(done) => return done,
            Err(error) => assert!(Instant::now() < end, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn uid_of(object: &Account) -> Uuid {
    let text = object.annotations.get(UID).expect("an object has a UUID");
    text.parse().expect("a UUID")
}
