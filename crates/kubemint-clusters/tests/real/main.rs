//! Everything of the fleet against a real control plane, from the manifest on.
//!
//! Compiled with the feature `real` only. `KUBEMINT_ADMIN_KUBECONFIG` names an administrator's kubeconfig (the last
//! line of `cargo xtask cluster up`), `KUBEMINT_KUBECTL` the program, or else it is `kubectl` on the PATH. What the
//! test makes in the cluster, but for the manifest, it takes away again.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod life;
mod revocation;
mod stage;
