//! Why a PostgreSQL store was not opened, in an operator's words.

use std::path::PathBuf;

use deadpool_postgres::{BuildError, HookError, PoolError};
use thiserror::Error;

use super::error::failed;

/// Why a PostgreSQL store was not opened or migrated.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// A file that the options name cannot be read.
    #[error("cannot read {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The bundle holds no certificate, or a broken one.
    #[error("{} is no bundle of certificates", .0.display())]
    Bundle(PathBuf),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The pool cannot be made.
    #[error("the pool of connections cannot be made")]
    Pool(#[source] BuildError),
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Connect(#[source] Source),
    /// It refuses the user, or the password.
    #[error("the database refuses the user")]
    User(#[source] Source),
    /// The server has no database of that name.
    #[error("the server has no such database")]
    NoDatabase(#[source] Source),
    /// The database failed.
    #[error("{}", failed(.0))]
    Database(#[source] tokio_postgres::Error),
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: 15 or newer is needed")]
    OldServer {
        /// Its major version.
        found: i32,
    },
    /// The database cannot hold every name.
    #[error(
        "the database's encoding is {found}, in which not every name can be written: make one with \
         CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Its encoding, as PostgreSQL calls it.
        found: String,
    },
    /// The schema is older than this program's.
    #[error(
        "the database has schema {found}, and this program needs {needed}: it must be migrated first"
    )]
    Older {
        /// The database's; 0 when it has none.
        found: u32,
        /// This program's.
        needed: u32,
    },
    /// The schema is newer than this program's.
    #[error(
        "the database has schema {found}, and this program knows schemas up to {known}: a newer program migrated it; \
         serve with that one again, or with a copy of the database from before it"
    )]
    Newer {
        /// The database's.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The database does not say which installation it is.
    #[error("the database does not say which installation it is")]
    NoInstance,
    /// The system gave no randomness.
    #[error("no randomness: {0}")]
    Random(getrandom::Error),
}

/// Why, in the database's own words or the system's.
type Source = Box<dyn std::error::Error + Send + Sync>;

impl PostgresError {
    /// Why no connection was had. What the pool and the driver say around the cause is of no use to an operator.
    pub(super) fn connecting(error: PoolError) -> Self {
        let error = match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error
            }
            other => return Self::Connect(Box::new(other)),
        };
        let code = error.code().map_or("", |code| code.code()).to_owned();
        match error.into_source() {
            Some(source) if code.starts_with("28") => Self::User(source),
            Some(source) if code == "3D000" => Self::NoDatabase(source),
            Some(source) => Self::Connect(source),
            None => Self::Connect("the connection broke off".into()),
        }
    }
}
