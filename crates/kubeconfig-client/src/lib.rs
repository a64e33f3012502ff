//! The client of the kubeconfig API.
//!
//! [`Client`] is generated from `spec/openapi.yaml`, with one builder per operation, on the [`types`] of the document: a value that
//! is out of its bounds fails before anything is sent. Errors carry the document's `Error`. [`Client::with_token`] makes one.
//!
//! [`Client::cluster`] is what most callers want on top of it: requests are repeated where that is safe ([`Retry`]), an issue is one
//! however often it is sent, and a list is a stream. [`refusal()`] tells why a request was refused, and [`reasons`] has its words.

mod access;
mod answer;
mod cluster;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, dead_code, missing_docs, unreachable_pub, unused_imports)]
mod generated;
mod list;
pub mod reasons;
mod refusal;
mod retry;
mod retry_after;
mod revoke;
mod token;

pub use access::AccessError;
pub use cluster::Cluster;
// By name: whatever the generator adds is taken up on purpose, and never hides behind a name of ours.
pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, builder, prelude};
pub use list::Filter;
pub use refusal::{Refusal, reason, refusal};
pub use retry::Retry;
pub use revoke::Revoked;
// What it takes to call this crate, in the versions that it is built with.
pub use {kubeconfig_types as types, reqwest};

/// What comes of a request that does not succeed: a refusal ([`Error::ErrorResponse`]; see [`refusal()`]), or why there is no
/// answer. Its `Display` shows the whole answer, with its headers; a file that does not fit the document is withheld from it.
pub type Failure = Error<kubeconfig_types::Error>;
