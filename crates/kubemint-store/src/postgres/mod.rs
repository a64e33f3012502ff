//! The store for replicas: PostgreSQL, which settles every race by its own constraints.

mod connect;
mod error;
mod inspect;
mod issue;
mod migrate;
mod reads;
mod retain;
mod rows;
mod store;
mod transitions;

pub(crate) use inspect::inspect;
pub use migrate::POSTGRES_SCHEMA_VERSION;
pub use store::{PostgresError, PostgresStore};
