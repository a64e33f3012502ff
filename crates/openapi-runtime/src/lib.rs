//! The support library of generated servers: the guarded extractor, strict decoding, the error envelope.
//!
//! A generated API crate says for each operation what it takes ([`Operation`]), what it answers ([`Answer`]) and how it fails
//! ([`Failure`]); everything that is the same for all operations is here. [`serve`] takes a request through all steps.
//!
//! Whoever writes a server implements [`Authenticator`] once, gets each request as [`Guarded`] or [`Open`], and puts a [`Fault`]
//! into the operation's error. [`strict`] can be used on its own.

mod auth;
mod body;
pub mod bridge;
mod fault;
mod guard;
mod metadata;
mod params;
pub mod respond;
pub mod schema;
mod scheme;
pub mod strict;
mod taken;
mod template;
pub mod told;

pub use auth::{Authenticator, Limits, Refusal, RequestHead};
pub use bridge::bridge;
pub use fault::{Detail, Envelope, Failure, Fault, MAX_DETAILS, MAX_FIELD, MAX_MESSAGE};
pub use guard::{Extension, Guarded, Open, Operation, Parts, Unread, serve, serve_open};
pub use params::{Parameters, Values};
pub use respond::{Answer, Reply};
pub use scheme::{Carrier, Credential, Scheme};
pub use taken::{Bytes, Expected, Form, Json, Multipart, Optional, ReadBody, Websocket};
