//! The sandbox behaves like what it stands for: an OIDC issuer and a Kubernetes API server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod certificates;
mod faults;
mod hostile;
mod issuer;
mod kube_client;
mod objects;
mod reviews;
mod rights;
mod support;
mod tokens;
mod watching;
mod world;
