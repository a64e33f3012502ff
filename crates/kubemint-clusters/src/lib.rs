//! The credential: ServiceAccounts in role namespaces, through each cluster's API.
//!
//! An operator applies one [`manifest()`] per cluster, once. It makes, for every role `r` of the configuration, the
//! namespace `kubemint-r`, binds the group of its ServiceAccounts to a ClusterRole, and lets the service make and
//! delete ServiceAccounts there and mint their tokens: nothing else. After that [`Fleet`] does what the domain's
//! [`Clusters`](kubemint::ports::Clusters) port asks:
//!
//! - *create*: one ServiceAccount, named after the kubeconfig, in its role's namespace;
//! - *mint*: one TokenRequest, bound to that ServiceAccount's UID; what was granted is read from the token;
//! - *remove*: delete the ServiceAccount, under the condition that it is the same, and look until it is gone. Every
//!   token of it dies with it;
//! - *objects*: what this installation has there, for comparison with its records.
//!
//! A role may instead be bound per kubeconfig, where access must end at once: then its namespace has no rights, *create*
//! makes a binding after the ServiceAccount, and *remove* takes the binding away with it.
//!
//! Or the kubeconfigs of a cluster are client certificates (`client_ca` in its configuration): *certify* signs one with the
//! key of an authority that the cluster trusts. Nothing is made in the cluster then, and nothing but time ends one.
//!
//! Each cluster has its own connection, deadline and bulkhead, so that a sick one slows no other. Nothing that a
//! cluster answers is believed unchecked, and none of its own words is repeated, in the log neither.
//!
//! The way there: [`config::RawCluster`] is read from the file, [`config::validate`] makes [`ClusterConfig`]s of them,
//! [`manifest()`] is applied, [`Fleet::preflight`] says whether all is well.

mod account;
mod answer;
mod authority;
mod binding;
mod clock;
mod collection;
pub mod config;
mod connection;
mod credential;
mod duration;
mod expiry;
mod failure;
mod files;
mod fleet;
mod health;
mod identity;
mod limits;
mod manifest;
mod member;
mod observe;
mod open_error;
mod operations;
mod preflight;
mod reading;
mod refusals;
mod token;

pub use clock::Skew;
pub use config::{ClusterConfig, ConfigError, RawCluster, validate};
pub use duration::{NotADuration, RawDuration};
pub use expiry::Expiry;
pub use fleet::{Fleet, FleetError};
pub use health::Health;
pub use limits::Limits;
pub use manifest::manifest;
pub use observe::Observer;
pub use preflight::{Finding, Line, Report};
pub use refusals::Refused;
