//! The clusters' crate from outside: configuration, manifest, and everything of the fleet against a sandbox cluster
//! that misbehaves on command.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod authorities;
mod authority_files;
mod bindings;
mod certificates;
mod certified;
mod config;
mod create;
mod credentials;
mod expiries;
mod files;
mod identity;
mod isolation;
mod log;
mod manifest;
mod mint;
mod objects;
mod openssl;
mod preflight;
mod refusals;
mod remove;
mod stage;
mod transport;
