//! The contract holds: between the document, what is generated from it, and a running server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod client;
mod document;
mod editing;
mod example;
mod first;
mod forbidden;
mod hostile;
mod printable;
mod reasons;
mod stranger;
mod withheld;
