//! The domain of kubemint: may this caller have this credential, for how long, and its life after.
//!
//! There is no HTTP here, no Kubernetes and no database. The world comes in through the traits of [`ports`]: a clock,
//! identifiers, a policy, the clusters, and a store that keeps records and the audit trail in one transaction.
//! [`Kubemint`] is the service: issue, get, list, download, revoke one or many, and the reconciler that ends what has
//! expired.
//!
//! The order of writes is the point. A record is durable before an object exists in a cluster, and a credential leaves
//! only after its record is durable as active; so a crash at any point leaves nothing live that is not known.

pub mod audit;
pub mod caller;
pub mod cluster;
pub mod error;
pub mod id;
pub mod policy;
pub mod ports;
pub mod record;
mod service;
pub mod text;

pub use caller::{Caller, Principal};
pub use cluster::{ClusterKey, ClusterProfile, CredentialKind, RoleRules};
pub use error::{Error, Invalid};
pub use id::KubeconfigId;
pub use record::{Record, State, Status};
pub use service::{
    Context, Delivery, Issue, Issued, Kubemint, ListPage, Ports, Reconciled, Report, Settings,
    Shown, Unconfirmed, Why,
};
