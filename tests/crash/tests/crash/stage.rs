//! The world that outlives the servers: one issuer and one cluster, shared by many servers of different installations.

use std::collections::BTreeMap;
use std::path::Path;

use kubemint_sandbox::{Cluster, ServiceAccount};
use kubemint_server::sandbox::{CLUSTER, Options, PROJECT, REGION, Sandbox};
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

/// The label that says which installation made an object.
const INSTANCE: &str = "kubemint.io/instance";
/// The annotation with the kubeconfig's UUID.
const UID: &str = "kubemint.io/uid";

/// A world without a server.
pub(crate) struct Stage {
    sandbox: Sandbox,
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
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options::new(folder.path());
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let text = std::fs::read_to_string(sandbox.config_file()).expect("a configuration");
        let role = "[clusters.roles.viewer]\n";
        assert!(text.contains(role), "{text}");
        let text = text.replace(role, &format!("{role}min_ttl = \"1s\"\n"));
        let text = text.replace("level = \"info\"", "level = \"warn\"");
        std::fs::write(sandbox.config_file(), text).expect("a configuration");
        let token = sandbox.token("alice", &["compute.admin"]);
        Self {
            sandbox,
            folder,
            http: reqwest::Client::new(),
            token,
        }
    }

    /// Another installation's files: the configuration, without records.
    pub(crate) fn installation(&self) -> TempDir {
        let installed = tempfile::tempdir().expect("a temporary folder");
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder") {
            let from = entry.expect("an entry").path();
            let to = installed.path().join(from.file_name().expect("a name"));
            std::fs::copy(&from, to).expect("a copy");
        }
        installed
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

    pub(crate) fn cluster(&self) -> &Cluster {
        self.sandbox.world().cluster()
    }

    /// The objects of an installation, by the UUIDs of what they stand for.
    pub(crate) fn objects(&self, instance: Uuid) -> BTreeMap<Uuid, ServiceAccount> {
        let ours = self.cluster().service_accounts().into_iter();
        let ours = ours.filter(|object| {
            object.labels.get(INSTANCE).map(String::as_str) == Some(&instance.to_string())
        });
        ours.map(|object| (uid_of(&object), object)).collect()
    }

    /// Puts an object into the cluster that no record knows: as `like`, but for its name and UUID.
    pub(crate) async fn plant(&self, like: &ServiceAccount, name: &str) -> Uuid {
        let uid = Uuid::new_v4();
        let mut annotations = like.annotations.clone();
        annotations.insert(UID.to_owned(), uid.to_string());
        let link = format!("{}/{name}", collection());
        annotations.insert("kubemint.io/self-link".to_owned(), link);
        let object = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "labels": like.labels, "annotations": annotations},
        });
        let roots = reqwest::Certificate::from_pem(self.cluster().ca_pem().as_bytes());
        let http = reqwest::Client::builder().tls_certs_only([roots.expect("a certificate")]);
        let path = format!("api/v1/namespaces/{}/serviceaccounts", like.namespace);
        let request = http.build().expect("a client");
        let request = request.post(format!("{}/{path}", self.cluster().url()));
        let request = request.bearer_auth(self.cluster().admin_token());
        let answer = request.json(&object).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        uid
    }

    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }
}

fn uid_of(object: &ServiceAccount) -> Uuid {
    let text = object.annotations.get(UID).expect("an object has a UUID");
    text.parse().expect("a UUID")
}
