//! A Kubernetes API subset over HTTPS.
//!
//! The way of a request is in `handler`; what can be asked in `catalogue` and `route`; who may in `authn` and
//! `rbac`; the rest serves one thing each. The measure is kube-apiserver: where this answers something that it
//! would not, that is a defect, unless it was told to ([`Fault`]). Known differences, compared with 1.37:
//!
//! - A path that leads nowhere is answered with a `Status`, not with `404 page not found`; 405 names the methods.
//! - The messages of requests that do not parse are other words; code and reason are the same.
//! - A token ends at once with its account and at its `exp`, unless [`ClusterOptions::token_leeway_seconds`] and
//!   [`ClusterOptions::authentication_cache`] ask for the delays of a real one.
//! - Reading knows no protobuf, YAML, aggregated discovery, streamed lists or `PartialObjectMetadata`; writing knows
//!   the protobuf of reviews, tokens, namespaces, configmaps and ServiceAccounts, but no server-side apply. A
//!   strategic patch is merged like a plain one. Tokens are bound to their ServiceAccount only.

mod audit;
mod authn;
mod bindings;
mod catalogue;
mod deletion;
mod discovery;
mod exchange;
mod faults;
mod handler;
mod meta;
mod names;
mod negotiate;
mod objects;
mod options;
mod pods;
mod protobuf;
mod rbac;
mod reviews;
mod route;
mod selector;
mod state;
mod status;
mod store;
mod table;
mod tokens;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub use audit::AuditLine;
pub use faults::{Effect, Fault, RequestKind};
pub use options::ClusterOptions;
pub use rbac::{Level, Role, Rule};

use crate::error::SandboxError;
use crate::pki::Pki;
use crate::serve::Server;
use state::State;

/// A running cluster; it stops when dropped.
pub struct Cluster {
    state: Arc<State>,
    server: Server,
    url: String,
    ca_pem: String,
}

/// A ServiceAccount as it stands in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace, such as `kubemint-viewer`.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid, which no other object ever has.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Cluster {
    /// Starts a cluster. Without a `pki` it makes a certificate authority of its own, as every real cluster has.
    ///
    /// # Errors
    /// [`SandboxError`] if the port is taken, the options contradict themselves or a role's name makes no
    /// namespace, or the random source fails.
    pub async fn start(pki: Option<&Pki>, options: ClusterOptions) -> Result<Self, SandboxError> {
        options.check()?;
        let own;
        let pki = match pki {
            Some(pki) => pki,
            None => {
                own = Pki::new(&format!("kubemint sandbox cluster {}", options.name))?;
                &own
            }
        };
        let names = options.certificate_names.clone();
        let tls = match options.client_ca_pem {
            Some(_) => pki.server_config_asking(names, options.http2)?,
            None => pki.server_config_for(names, options.http2)?,
        };
        let (port, ca_pem) = (options.port, pki.ca_pem());
        let state = Arc::new(State::new(options, ca_pem.clone())?);
        let server = Server::start(port, tls, |_| Arc::clone(&state)).await?;
        // It is set once, here; a second value cannot be.
        let _ = state.stopping.set(server.stopping());
        let url = format!("https://{}", server.address());
        Ok(Self {
            state,
            server,
            url,
            ca_pem,
        })
    }

    /// The name from its options.
    pub fn name(&self) -> &str {
        &self.state.options.name
    }

    /// The base URL, such as `https://127.0.0.1:40002`; no trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate (PEM) that a client must trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The issuer of the cluster's tokens, and their default audience.
    pub fn token_issuer(&self) -> &str {
        &self.state.options.token_issuer
    }

    /// The bearer token of kubemint's own credential, which may do what its manifest grants and no more.
    pub fn service_token(&self) -> String {
        self.state.authenticator.service_token()
    }

    /// Makes a new service token; the old one is answered 401 from now on.
    pub fn rotate_service_token(&self) -> String {
        self.state.authenticator.rotate_service_token()
    }

    /// A bearer token that may do everything.
    pub fn admin_token(&self) -> &str {
        self.state.authenticator.admin_token()
    }

    /// A kubeconfig (as JSON, which is YAML) with this cluster and this token.
    pub fn kubeconfig(&self, token: &str) -> Value {
        use base64::Engine;
        let bundle = base64::engine::general_purpose::STANDARD.encode(&self.ca_pem);
        let name = self.name();
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.url, "certificate-authority-data": bundle}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        })
    }

    /// The rules that kubemint's manifest grants to the service's own credential.
    pub fn service_rules(&self) -> Vec<Rule> {
        rbac::service_rules(&self.state.options.roles)
    }

    /// Grants the service's own credential exactly these rules from now on: too few or too many.
    pub fn set_service_rules(&self, rules: Vec<Rule>) {
        self.state.grants.set_service(rules);
    }

    /// Sets the cluster's clock this many milliseconds beside the real one.
    pub fn set_clock_skew(&self, millis: i64) {
        self.state.set_skew(millis);
    }

    /// Adds a fault, behind those that still wait.
    pub fn inject(&self, fault: Fault) {
        self.state.faults.add(fault);
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// The faults that still wait for requests.
    pub fn pending_faults(&self) -> Vec<Fault> {
        self.state.faults.pending()
    }

    /// How many requests of a kind there were since the start, those that failed included.
    pub fn requests(&self, kind: RequestKind) -> u64 {
        self.state.counters.of(kind)
    }

    /// How many requests of each kind there were since the start.
    pub fn all_requests(&self) -> BTreeMap<RequestKind, u64> {
        self.state.counters.all()
    }

    /// The last 16,384 requests of callers that the cluster knew, oldest first.
    pub fn audit(&self) -> Vec<AuditLine> {
        self.state.audit.lines()
    }

    /// Every ServiceAccount in the role namespaces, but for the one named `default` that Kubernetes itself puts
    /// into each; in the order of namespace and name.
    pub fn service_accounts(&self) -> Vec<ServiceAccount> {
        let resource = catalogue::core("serviceaccounts");
        let roles: Vec<String> = self
            .state
            .options
            .roles
            .iter()
            .map(Role::namespace)
            .collect();
        let page = self
            .state
            .store
            .list(resource, None, None, usize::MAX, |object| {
                let metadata = &object["metadata"];
                metadata["name"] != "default"
                    && roles
                        .iter()
                        .any(|known| metadata["namespace"] == known.as_str())
            });
        page.items
            .iter()
            .map(|object| service_account(object))
            .collect()
    }

    /// Deletes a ServiceAccount behind everybody's back. Says whether there was one.
    pub fn delete_service_account(&self, namespace: &str, name: &str) -> bool {
        let resource = catalogue::core("serviceaccounts");
        self.state
            .store
            .change(resource, namespace, name, |_| Ok(store::Change::Remove))
            .is_ok()
    }

    /// Lets a finalizer hold a ServiceAccount, as anyone with `edit` may, or lets go of it: one that is deleted is then gone.
    /// Says whether there was one.
    pub fn hold_service_account(&self, namespace: &str, name: &str, held: bool) -> bool {
        let resource = catalogue::core("serviceaccounts");
        let holders = if held {
            json!(["sandbox.example/hold"])
        } else {
            json!([])
        };
        let change = |old: &Value| {
            let mut object = old.clone();
            object["metadata"]["finalizers"] = holders;
            Ok(deletion::settle(object))
        };
        (self.state.store)
            .change(resource, namespace, name, change)
            .is_ok()
    }

    /// Stops and waits for the last connection to end (about a second at most).
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn service_account(object: &Value) -> ServiceAccount {
    let metadata = &object["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or("").to_owned();
    let texts = |field: &str| {
        let members = metadata[field].as_object().into_iter().flatten();
        members
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or("").to_owned()))
            .collect()
    };
    ServiceAccount {
        namespace: text("namespace"),
        name: text("name"),
        uid: text("uid"),
        labels: texts("labels"),
        annotations: texts("annotations"),
    }
}
