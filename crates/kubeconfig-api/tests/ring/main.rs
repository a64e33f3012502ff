//! The generated API, served by a server of a few lines: what comes before a handler, and what an answer looks like.

mod document;
mod order;
mod parameters;
mod server;
