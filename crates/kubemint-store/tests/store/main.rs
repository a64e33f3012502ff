//! The store's tests: what every store must do (`suite`), and what is particular to the embedded one.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use kubemint_store::SqliteStore;

mod chain;
mod crash;
mod damage;
mod opening;
mod operating;
#[cfg(feature = "postgres-tests")]
mod postgres;
mod suite;
mod upgrading;

impl suite::Fresh for SqliteStore {
    fn fresh() -> Self {
        SqliteStore::temporary().expect("a folder for temporary files")
    }
}

suite::for_every_store!(SqliteStore);
