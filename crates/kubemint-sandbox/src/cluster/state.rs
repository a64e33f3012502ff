//! Everything that a cluster knows while it runs.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::audit::AuditLog;
use super::authn::Authenticator;
use super::catalogue;
use super::faults::{Counters, Faults};
use super::meta;
use super::options::ClusterOptions;
use super::pods;
use super::rbac::Grants;
use super::route::Target;
use super::status::Failure;
use super::store::Store;
use super::tokens::Mint;
use crate::clients::Authorities;
use crate::error::SandboxError;

/// Most watches at a time.
const MAX_WATCHES: usize = 256;

/// A running cluster's memory, shared by all of its connections.
pub(crate) struct State {
    pub(crate) options: ClusterOptions,
    pub(crate) store: Store,
    pub(crate) authenticator: Authenticator,
    /// Who vouches for client certificates.
    pub(crate) authorities: Option<Authorities>,
    pub(crate) grants: Grants,
    pub(crate) mint: Mint,
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    pub(crate) audit: AuditLog,
    pub(crate) watches: std::sync::Arc<Semaphore>,
    /// Becomes true when the server stops; set once it runs.
    pub(crate) stopping: std::sync::OnceLock<watch::Receiver<bool>>,
    ca_pem: String,
    skew_millis: AtomicI64,
}

impl State {
    pub(crate) fn new(options: ClusterOptions, ca_pem: String) -> Result<Self, SandboxError> {
        let state = Self {
            store: Store::new(options.max_objects),
            authenticator: Authenticator::new(options.authentication_cache),
            authorities: options
                .client_ca_pem
                .as_deref()
                .map(Authorities::new)
                .transpose()?,
            grants: Grants::new(&options.roles),
            mint: Mint::new(&options)?,
            faults: Faults::default(),
            counters: Counters::default(),
            audit: AuditLog::default(),
            watches: std::sync::Arc::new(Semaphore::new(MAX_WATCHES)),
            stopping: std::sync::OnceLock::new(),
            ca_pem,
            skew_millis: AtomicI64::new(0),
            options,
        };
        state
            .populate()
            .map_err(|failure| SandboxError::Options(failure.message))?;
        Ok(state)
    }

    /// The cluster's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.skew_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn set_skew(&self, millis: i64) {
        self.skew_millis.store(millis, Ordering::Relaxed);
    }

    /// What stands in the cluster before anybody asks.
    fn populate(&self) -> Result<(), Failure> {
        let usual = ["default", "kube-system", "kube-public", "kubemint-system"].map(str::to_owned);
        let roles = self.options.roles.iter().map(super::rbac::Role::namespace);
        for name in usual.into_iter().chain(roles) {
            let object = json!({
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            });
            self.add("namespaces", "", object)?;
            self.furnish(&name);
        }
        self.add(
            "serviceaccounts",
            "kubemint-system",
            json!({"metadata": {"name": "kubemint"}}),
        )?;
        for (resource, namespace, object) in pods::inhabitants(self.now()) {
            self.add(resource, namespace, object)?;
        }
        Ok(())
    }

    /// Puts into a new namespace what Kubernetes' controllers put there.
    pub(crate) fn furnish(&self, namespace: &str) {
        let account = json!({"metadata": {"name": "default"}});
        let bundle =
            json!({"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": self.ca_pem}});
        // They may fail only because the namespace went away again.
        let _ = self.add("serviceaccounts", namespace, account);
        let _ = self.add("configmaps", namespace, bundle);
    }

    fn add(
        &self,
        resource: &'static str,
        namespace: &str,
        object: serde_json::Value,
    ) -> Result<(), Failure> {
        let resource = match resource {
            "deployments" => {
                catalogue::find("apps", "v1", "deployments").ok_or_else(Failure::no_such_path)?
            }
            core => catalogue::core(core),
        };
        let namespace_of = resource.namespaced.then(|| namespace.to_owned());
        let target = Target {
            verb: "create",
            resource,
            subresource: None,
            namespace: namespace_of,
            name: None,
        };
        let created = object["metadata"]["creationTimestamp"].clone();
        let (name, mut object) = meta::new_object(&target, object, self.now())?;
        if !created.is_null() {
            object["metadata"]["creationTimestamp"] = created;
        }
        self.store
            .create(resource, namespace, &name, object)
            .map(|_| ())
    }
}
