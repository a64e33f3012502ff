//! A laptop-sized world: an OIDC issuer and a Kubernetes API subset over TLS.
//!
//! Everything runs inside the calling process, on loopback, with a throw-away certificate authority, and ends
//! when its handle is dropped. It exists for three readers: the first run (`kubemint-server sandbox`), the tests
//! and the benchmarks.
//!
//! - [`Issuer`] mints access tokens and publishes the keys that prove them, over HTTPS.
//! - [`Cluster`] speaks as much of the Kubernetes API as `kubectl` and kubemint need: discovery, ServiceAccounts,
//!   TokenRequest, RBAC for a handful of roles, self-reviews, and a few pods to look at. Its answers (statuses,
//!   reasons, messages, token claims) are those of a real kube-apiserver.
//! - [`World`] is one issuer and one or more clusters, started together.
//!
//! Both servers misbehave on command: see [`IssuerFailure`] and [`Fault`].
//!
//! It is no Kubernetes: nothing is scheduled, nothing survives the process, and RBAC objects can be stored but
//! grant nothing (who may do what is fixed by [`ClusterOptions`]), but for bindings of ServiceAccounts in the namespace
//! of a role that is [`Role::unbound`].
//!
//! ```no_run
//! # async fn demo() -> Result<(), kubemint_sandbox::SandboxError> {
//! use kubemint_sandbox::{World, WorldOptions};
//!
//! let world = World::start(WorldOptions::default()).await?;
//! let bearer = world.issuer().mint(world.issuer().claims("alice"));
//! println!("token {bearer} for an API that trusts {}", world.issuer().url());
//! println!("cluster at {}", world.cluster().url());
//! world.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The example `world` keeps one until Ctrl-C and writes a kubeconfig for each role: `cargo run -p kubemint-sandbox --example world
//! FOLDER`, to look at it with kubectl and without kubemint.

#![forbid(unsafe_code)]

mod body;
mod claims;
mod clients;
pub mod cluster;
mod error;
mod issuer;
mod keys;
mod pki;
mod serve;
mod world;

pub use claims::Claims;
pub use cluster::{
    AuditLine, Cluster, ClusterOptions, Effect, Fault, Level, RequestKind, Role, Rule,
    ServiceAccount,
};
pub use error::SandboxError;
pub use issuer::{Issuer, IssuerFailure, IssuerOptions, IssuerRequests};
pub use keys::SigningAlgorithm;
pub use pki::Pki;
pub use world::{World, WorldOptions};
