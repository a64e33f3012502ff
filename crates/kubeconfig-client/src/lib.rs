//! The client of the kubeconfig API.
//!
//! [`Client`] is generated from `spec/openapi.yaml`. It has one builder for each operation, on the [`types`] of the document: a
//! value out of its bounds fails before anything is sent. Errors carry the document's `Error`. [`Client::with_token`] makes a
//! client.
//!
//! [`Client::cluster`] is what most callers want: it repeats requests where that is safe ([`Retry`]), issues one kubeconfig however
//! often the request must be sent, and lists as a stream. [`refusal()`] tells why a request was refused; [`reasons`] has the words.

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

/// Why a request did not succeed: it was refused ([`Error::ErrorResponse`]; see [`refusal()`]), or there was no usable answer. Its
/// `Display` shows the whole answer with its headers, except a file that does not fit the document.
pub type Failure = Error<kubeconfig_types::Error>;
