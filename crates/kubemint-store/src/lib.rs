//! The record and the audit trail: [`kubemint::ports::Store`] on SQLite, for one process, and on PostgreSQL, for
//! replicas.
//!
//! On SQLite one thread writes. It takes all jobs that wait, runs each in a savepoint of its own, commits them together with one
//! `fsync`, and only then answers them: many callers share the cost of being durable, and none is answered before it
//! is. Readers have connections of their own and never wait for the writer. Queues are bounded: under overload the
//! answer is [`StoreError::Unavailable`](kubemint::ports::StoreError::Unavailable), soon, and memory does not grow.
//!
//! An error from a write does not say that nothing was written: as with any store, the answer may have been lost after
//! the commit. Transitions are conditional, so the caller can find out, or leave it to the reconciler.
//!
//! ```no_run
//! use kubemint::ports::Store as _;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = kubemint_store::SqliteStore::open(kubemint_store::Options::new("/var/lib/kubemint/kubemint.db"))?;
//! store.ping().await?;
//! # Ok(()) }
//! ```

pub mod audit;
mod config;
mod deadlines;
mod faulty;
mod inspection;
mod legs;
mod postgres;
mod sqlite;
mod steps;
mod text;
mod trail;

pub use config::{Backend, Config, InvalidConfig, Options, Postgres, PostgresOptions};
pub use faulty::{Fault, FaultyStore};
pub use inspection::{InspectError, Inspection, inspect, landmarks};
pub use postgres::{POSTGRES_SCHEMA_VERSION, PostgresError, PostgresStore};
pub use sqlite::{
    BackupError, Counts, OpenError, RestoreError, Restored, SCHEMA_VERSION, SqliteStore,
    WriterStats, backup, restore,
};
pub use trail::{MintedCredential, Trail};
