//! May they: a Cedar policy set behind the domain's policy port.
//!
//! Policies are text in the [Cedar](https://www.cedarpolicy.com) language, checked strictly against
//! [`SCHEMA`] when they are loaded. [`DEFAULT_POLICIES`] apply unless the configuration names other files:
//!
//! ```toml
//! [policy]
//! files = ["policies/ours.cedar"]      # instead of the default
//!
//! [[policy.folders]]                   # which projects a token with scope "folder" is for
//! id = "folder-f1e2d3"
//! projects = ["project-x9y8z7"]
//!
//! [[policy.organizations]]             # the same for scope "organization"
//! id = "org-a1b2c3"
//! projects = ["project-x9y8z7", "project-w6v5u4"]
//! ```
//!
//! Where evaluation cannot tell, the answer is no: Cedar skips a policy whose evaluation fails, and a skipped
//! `forbid` would let through what it is there to stop, so any error denies.

mod ask;
mod bounds;
mod config;
mod engine;
mod error;
mod load;
mod memo;

pub use config::{PolicyConfig, ProjectGroup};
pub use engine::{CedarPolicy, DEFAULT_DENY, Prepared, Unchecked};
pub use error::{PolicyError, Problem};

/// The Cedar schema: what a policy may speak of.
pub const SCHEMA: &str = include_str!("../policies/kubemint.cedarschema");

/// The policies that apply unless the configuration names others.
pub const DEFAULT_POLICIES: &str = include_str!("../policies/default.cedar");
