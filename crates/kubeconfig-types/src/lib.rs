//! Request and response types of the kubeconfig API, generated from `spec/openapi.yaml`.
//!
//! A value that exists satisfies the document's schema in patterns, lengths, enumerations, the bounds of integers and the
//! number of items: strings, integers and lists with rules are newtypes, made by `TryFrom`, `FromStr` or `Deserialize`.
//!
//! ```
//! use kubeconfig_types::{KubeconfigId, PageSize};
//!
//! assert!("kubeconfig-s2t3u4".parse::<KubeconfigId>().is_ok());
//! assert!("Kubeconfig".parse::<KubeconfigId>().is_err());
//! assert!(PageSize::try_from(501).is_err());
//! ```
//!
//! Not in the types, and so checked where a request is decoded (`openapi_runtime::strict`): the number of members
//! (`KubeconfigRevocationRequest::default()` is refused), the characters that `x-printable` forbids, `null` for a member
//! that may be absent, members that are not declared, and an array in an object's place. What a cluster or a role allows is
//! configuration.
//!
//! With the feature `schemars` each type has the document's own schema, for servers that describe themselves.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub)]
mod generated;

pub use generated::*;
