//! The client of the kubeconfig API.
//!
//! [`Client`] is generated from `spec/openapi.yaml`. It has one builder for each operation, on the [`types`] of the document: a
//! value out of its bounds fails before anything is sent. Errors carry the document's `Error`. [`Client::with_token`] makes a
//! client.
//!
//! [`Client::cluster`] is what most callers want: it repeats requests where that is safe ([`Retry`]), issues one kubeconfig however
//! often the request must be sent, and lists as a stream. [`refusal()`] tells why a request was refused; [`reasons`] has the words.
//!
//! ```no_run
//! # async fn example(url: &str, token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use futures::TryStreamExt as _;
//! use kubeconfig_client::{Client, Filter, types::KubeconfigIssueRequest};
//!
//! let client = Client::with_token(url, token, Client::http())?;
//! let cluster = client.cluster("us-texas-1".parse()?, "project-x9y8z7".parse()?, "cluster-a1b2c3".parse()?);
//! let wanted = KubeconfigIssueRequest { role: Some("viewer".parse()?), ..Default::default() };
//! let issued = cluster.issue(wanted).await?;
//! let id = issued.id.ok_or("a kubeconfig has an id")?;
//! let file = cluster.download(&id).await?; // write it with mode 0600
//! let all: Vec<_> = cluster.list(Filter::default()).try_collect().await?;
//! cluster.revoke(&id).await?;
//! # Ok(())
//! # }
//! ```

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
