//! The store for replicas: PostgreSQL, which settles every race by its own constraints.

mod condition;
mod connect;
mod error;
mod inspect;
mod issue;
mod keys;
mod landmarks;
mod lanes;
mod lists;
mod migrate;
mod open_error;
mod reads;
mod retain;
mod rows;
mod scan;
mod size;
mod store;
mod transitions;

pub(crate) use inspect::{inspect, known_by};
pub(crate) use keys::pseudonym_keys;
pub use migrate::POSTGRES_SCHEMA_VERSION;
pub use open_error::PostgresError;
pub(crate) use scan::scan;
pub use store::PostgresStore;
