//! The recorded output compiles, and serves what the small document says to the client that was made with it.

// The generated API and client name the types by their crate; here that is this one.
extern crate self as things_types;

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/types.rs"]
mod types;

mod bounds;
mod bridged;
mod defaults;
mod failed;
mod optional;
mod security;
mod served;
mod wire;

#[allow(unused_imports)]
use types::*;
