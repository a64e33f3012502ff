//! The contract holds: between the document, what is generated from it, and a running server.

mod answers;
mod document;
mod editing;
mod example;
mod forbidden;
mod stranger;
