//! The service behaves: through its real HTTP edge, in a sandbox world.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acting;
mod audit;
mod backup;
mod bulk;
mod certificates;
mod cli;
mod clocks;
mod configuration;
mod coverage;
mod download;
mod expiry;
mod explain;
mod filters;
mod idempotency;
mod internal;
mod introspection;
mod keyfiles;
mod misplaced;
mod night;
mod pseudonyms;
mod refusals;
mod reload;
mod requests;
mod restart;
mod retention;
mod revoke;
mod rotation;
mod secrets;
mod stopping;
mod store;
mod trail;
mod trouble;
mod upstream;
mod visibility;
