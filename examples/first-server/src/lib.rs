//! A shelf of books: what is generated from `openapi.yaml`, and the server that was written on it.

pub mod generated;
mod shelf;

pub use shelf::{Books, Shelf};

use dropshot::{ConfigDropshot, HttpServer, ServerBuilder};
use std::net::SocketAddr;

/// Serves an empty shelf at an address; port 0 takes any free one.
///
/// # Errors
/// The address cannot be had.
pub fn serve(address: SocketAddr) -> Result<HttpServer<Shelf>, dropshot::BuildError> {
    let config = ConfigDropshot {
        bind_address: address,
        ..ConfigDropshot::default()
    };
    let log = slog::Logger::root(slog::Discard, slog::o!());
    ServerBuilder::new(generated::api::api::<Books>(), Shelf::default(), log)
        .config(config)
        .start()
}
