//! The embedded store.

mod error;
mod issue;
mod open;
mod reads;
mod rows;
mod schema;
mod store;
mod readers;
mod transitions;
mod writer;

pub use open::OpenError;
pub use reads::Counts;
pub use schema::SCHEMA_VERSION;
pub use store::SqliteStore;
pub use writer::WriterStats;
