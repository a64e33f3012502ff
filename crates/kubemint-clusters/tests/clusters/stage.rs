//! A sandbox cluster, a configuration file for it, and a fleet made of that.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{ClusterError, Clusters, FoundObject, ObjectRef};
use kubemint::record::{Record, State};
use kubemint_clusters::{
    ClusterConfig, ConfigError, Fleet, Limits, Observer, RawCluster, validate,
};
use kubemint_sandbox::{Cluster, ClusterOptions};
use serde::Deserialize;
use slog::{Discard, Logger, o};
use tempfile::TempDir;
use uuid::Uuid;

/// This installation.
pub(crate) const INSTANCE: Uuid = Uuid::from_u128(0x7b);

/// Short limits, so that tests of waiting are quick; long enough for a busy machine.
pub(crate) const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(2),
    listing: Duration::from_secs(10),
    concurrency: 8,
    queue: Duration::from_millis(200),
    reread: Duration::ZERO,
    health: Duration::ZERO,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    clusters: Vec<RawCluster>,
}

/// Reads a configuration as the server does.
pub(crate) fn read(text: &str, base: &Path) -> Result<Vec<ClusterConfig>, ConfigError> {
    validate(&toml::from_str::<File>(text).unwrap().clusters, base)
}

/// What the observer was told: operation and outcome.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<(&'static str, &'static str)>>);

impl Seen {
    pub(crate) fn take(&self) -> Vec<(&'static str, &'static str)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Seen {
    fn call(&self, _: &ClusterKey, operation: &'static str, outcome: &'static str, seconds: f64) {
        assert!(seconds >= 0.0);
        self.0.lock().unwrap().push((operation, outcome));
    }
}

/// Everything together.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) fleet: Fleet,
    pub(crate) folder: TempDir,
    pub(crate) key: ClusterKey,
    pub(crate) seen: Arc<Seen>,
}

/// The configuration of a sandbox cluster whose files are in `folder`, under the cluster's name.
pub(crate) fn configure(cluster: &Cluster, folder: &Path) -> String {
    let name = cluster.name();
    std::fs::write(folder.join(format!("{name}.pem")), cluster.ca_pem()).unwrap();
    std::fs::write(
        folder.join(format!("{name}.token")),
        cluster.service_token(),
    )
    .unwrap();
    format!(
        "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"{name}\"\napi_url = \"{}\"\n\
         ca_file = \"{name}.pem\"\ncredential = {{ token_file = \"{name}.token\" }}\n\
         [clusters.roles.viewer]\n[clusters.roles.editor]\nnamespaces = [\"default\"]\n",
        cluster.url()
    )
}

/// A logger that says nothing.
pub(crate) fn quiet() -> Logger {
    Logger::root(Discard, o!())
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(ClusterOptions::default(), LIMITS).await
    }

    pub(crate) async fn with(options: ClusterOptions, limits: Limits) -> Self {
        Self::configured(options, limits, |text| text).await
    }

    /// With a configuration that is changed first.
    pub(crate) async fn configured(
        options: ClusterOptions,
        limits: Limits,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let cluster = Cluster::start(None, options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = change(configure(&cluster, folder.path()));
        let configs = read(&text, folder.path()).unwrap();
        let key = configs[0].key.clone();
        let seen = Arc::new(Seen::default());
        let fleet = Fleet::with_limits(configs, INSTANCE, quiet(), limits)
            .unwrap()
            .observed(Arc::clone(&seen) as Arc<dyn Observer>);
        Self {
            cluster,
            fleet,
            folder,
            key,
            seen,
        }
    }

    /// A record at this cluster, with a name of its own.
    pub(crate) fn record(&self) -> Record {
        record(&self.key)
    }

    /// Creates the object of a record.
    pub(crate) async fn created(&self, record: &Record) -> ObjectRef {
        let uid = self.fleet.create(record).await.unwrap();
        ObjectRef {
            object_uid: Some(uid),
            ..object(record)
        }
    }

    /// The names of the objects in the role namespaces.
    pub(crate) fn names(&self) -> Vec<String> {
        self.cluster
            .service_accounts()
            .into_iter()
            .map(|account| account.name)
            .collect()
    }
}

/// A pending record of role viewer.
pub(crate) fn record(key: &ClusterKey) -> Record {
    let uid = Uuid::new_v4();
    let created_at: DateTime<Utc> = "2026-01-02T03:04:05Z".parse().unwrap();
    Record {
        cluster: key.clone(),
        id: format!("kubeconfig-{}", &uid.simple().to_string()[..12])
            .parse()
            .unwrap(),
        uid,
        display_name: None,
        description: None,
        issued_for: "alice".into(),
        role: "viewer".into(),
        created_by: Principal {
            issuer: "https://issuer.example".into(),
            subject: "bob".into(),
        },
        ttl: 3600,
        state: State::Pending,
        created_at,
        pending_until: created_at + TimeDelta::seconds(60),
        expires_at: None,
        object_uid: None,
    }
}

/// The object of a record, when its UID in the cluster is not known.
pub(crate) fn object(record: &Record) -> ObjectRef {
    ObjectRef {
        role: record.role.clone(),
        id: record.id.clone(),
        uid: record.uid,
        object_uid: None,
    }
}

/// The kind of an error.
pub(crate) fn kind(error: &ClusterError) -> &'static str {
    match error {
        ClusterError::Unknown => "unknown",
        ClusterError::Unreachable(_) => "unreachable",
        ClusterError::Refused(_) => "refused",
        ClusterError::Busy(_) => "busy",
        ClusterError::Misbehaving(_) => "misbehaving",
        ClusterError::Another(_) => "another",
        ClusterError::Unsigned(_) => "unsigned",
        ClusterError::Held => "held",
        ClusterError::Missing => "missing",
        ClusterError::Foreign => "foreign",
    }
}

/// The kind of a result that should be an error.
pub(crate) fn failed<T>(result: Result<T, ClusterError>) -> &'static str {
    kind(&result.err().expect("it should have failed"))
}

/// Every object of a cluster's configured roles.
pub(crate) async fn listed(
    fleet: &Fleet,
    key: &ClusterKey,
) -> Result<Vec<FoundObject>, ClusterError> {
    let profile = fleet.profile(key);
    let roles = profile.map_or_else(
        || vec!["viewer".to_owned()],
        |profile| profile.roles.keys().cloned().collect(),
    );
    let mut found = Vec::new();
    for role in roles {
        found.extend(fleet.objects(key, &role).await?.objects);
    }
    Ok(found)
}
