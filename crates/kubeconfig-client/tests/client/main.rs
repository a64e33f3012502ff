//! The client against servers that behave otherwise than ours, and what is in front of servers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod answers;
mod fake;
mod issue;
mod list;
mod readme;
mod revoke;
