//! The store for replicas: PostgreSQL, which settles every race by its own constraints.

mod connect;
mod error;
mod issue;
mod migrate;
mod reads;
mod retain;
mod rows;
mod store;
mod transitions;

pub use migrate::POSTGRES_SCHEMA_VERSION;
pub use store::{PostgresError, PostgresStore};
