//! How a cluster is made.

use std::time::Duration;

use super::rbac::{Level, Role};
use crate::error::SandboxError;

/// How a sandbox cluster is made. Start from the default, which is what `kubemint-server sandbox` uses.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// A name to find it by in a [`World`](crate::World); the cluster itself does not use it.
    pub name: String,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The roles that kubemint may hand out; each has a namespace `kubemint-NAME` from the start.
    pub roles: Vec<Role>,
    /// The minor version that `/version` tells, as in 1.36.
    pub minor_version: u32,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
    /// The issuer of ServiceAccount tokens, which is also their default audience.
    pub token_issuer: String,
    /// Longest life of a token in seconds: longer requests are shortened silently, but for a `Warning` header.
    pub max_token_seconds: Option<u64>,
    /// How long a token is still accepted after its `exp`, in seconds. A real cluster: 60.
    pub token_leeway_seconds: u32,
    /// How long a good token is believed without another look, even if it has been revoked. A real cluster: 10 s.
    pub authentication_cache: Duration,
    /// Most objects; creating more is forbidden.
    pub max_objects: usize,
    /// The authorities for client certificates (PEM); `None` if none is asked for. Whoever shows a certificate of theirs is
    /// its `CN`, in the groups of its `O`, and may do what bindings of that user and those groups say.
    pub client_ca_pem: Option<String>,
    /// What the certificate is for; empty for loopback. Anything else is a certificate that clients must refuse.
    pub certificate_names: Vec<String>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            name: "sandbox".to_owned(),
            port: 0,
            roles: vec![
                Role::new("viewer", Level::View),
                Role::new("editor", Level::Edit),
                Role::new("admin", Level::Admin),
                Role::new("cluster-admin", Level::Admin),
            ],
            minor_version: 36,
            http2: true,
            token_issuer: "https://kubernetes.default.svc.cluster.local".to_owned(),
            max_token_seconds: None,
            token_leeway_seconds: 0,
            authentication_cache: Duration::ZERO,
            max_objects: 500_000,
            client_ca_pem: None,
            certificate_names: Vec::new(),
        }
    }
}

impl ClusterOptions {
    /// The default under another name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let mut names: Vec<&str> = self.roles.iter().map(|role| role.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SandboxError::Options(format!(
                "the role {:?} is given twice",
                twice[0]
            )));
        }
        if names.contains(&"system") {
            // Its namespace would be the service's own.
            return Err(SandboxError::Options(
                "the role \"system\" is reserved".to_owned(),
            ));
        }
        Ok(())
    }
}
