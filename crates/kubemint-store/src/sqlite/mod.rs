//! The embedded store.

mod backup;
mod condition;
mod error;
mod folder;
mod inspect;
mod issue;
mod keys;
mod landmarks;
mod lists;
mod log;
mod open;
mod open_error;
mod owner;
mod ping;
#[cfg(test)]
mod plans;
mod readers;
mod reads;
mod restore;
mod retain;
mod rows;
mod scan;
mod schema;
mod size;
mod store;
mod transitions;
#[cfg(test)]
mod trouble;
mod writer;

pub use backup::{BackupError, backup};
pub(crate) use inspect::{inspect, known_by};
pub(crate) use keys::pseudonym_keys;
pub use open_error::OpenError;
pub use reads::Counts;
pub use restore::{RestoreError, Restored, restore};
pub(crate) use scan::scan;
pub use schema::SCHEMA_VERSION;
pub use store::SqliteStore;
pub use writer::WriterStats;
