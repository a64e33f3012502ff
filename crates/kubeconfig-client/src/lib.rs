//! The client of the kubeconfig API.
//!
//! [`Client`] is generated from `spec/openapi.yaml`, with one builder per operation, on the types of `kubeconfig_types`: a bad
//! argument fails before anything is sent. Errors carry the document's `Error`. [`Client::with_token`] makes one.
//!
//! [`Client::cluster`] is what most callers want on top of it: requests are repeated where that is safe ([`Retry`]), an issue is one
//! however often it is sent, and a list is a stream.

mod access;
mod cluster;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports)]
mod generated;
mod retry;

pub use access::{AccessError, reason};
pub use cluster::{Cluster, Filter};
pub use generated::*;
pub use retry::Retry;

/// What comes of a request that does not succeed: a documented refusal ([`Error::ErrorResponse`]), or why there is no answer.
pub type Failure = Error<kubeconfig_types::Error>;
