//! Everything of the fleet against a real control plane, from the manifest on. Each test has a control plane of its own: it looks
//! for rights that it did not give.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod life;
mod revocation;
mod stage;
