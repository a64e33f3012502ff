//! Several of the shipped server on one PostgreSQL: what one acknowledged, all know, and what one leaves behind when it is
//! killed, another finishes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fleet;
mod load;
mod operating;
mod shared;
mod trouble;
