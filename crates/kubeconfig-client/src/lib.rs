//! The client of the kubeconfig API, generated from `spec/openapi.yaml`.
//!
//! [`Client`] has one builder per operation, on the types of `kubeconfig_types`: a bad argument fails before anything
//! is sent. Errors carry the document's `Error`. Give the `reqwest::Client` an `Authorization` default header, marked
//! sensitive, and pass it to [`Client::new_with_client`].

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports)]
mod generated;

pub use generated::*;
