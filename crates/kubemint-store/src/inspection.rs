//! How a store is, for an operator who asks.

use chrono::{DateTime, Utc};
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Alive, Landmark, Size};
use thiserror::Error;

use crate::config::Backend;
use crate::postgres::{self, PostgresError};
use crate::sqlite::{self, OpenError};

/// What was found in a store. Nothing of it was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The schema that it has; 0: none.
    pub schema: u32,
    /// The schema that this program needs.
    pub known: u32,
    /// Whether all of it was read in search of damage. PostgreSQL has programs of its own for that (`pg_amcheck`).
    pub searched: bool,
    /// What is broken, a line for each; empty when it is sound.
    pub damage: Vec<String>,
    /// What works, and should be otherwise.
    pub warnings: Vec<String>,
    /// How many records are in each state, by its name. Empty when the schema cannot be read.
    pub states: Vec<(String, u64)>,
    /// Active records past their end: the reconciler has not removed them yet.
    pub ended: u64,
    /// What is alive, by cluster and role.
    pub alive: Vec<Alive>,
    /// Pending records past their deadline: the reconciler has not given them up yet.
    pub abandoned: u64,
    /// How large it is. `None` when the schema cannot be read.
    pub size: Option<Size>,
}

impl Inspection {
    /// Whether this program knows the tables.
    pub(crate) fn can_be_counted(&self) -> bool {
        self.schema >= 1 && self.schema <= self.known
    }
}

/// Why a store cannot be looked at.
#[derive(Debug, Error)]
pub enum InspectError {
    /// The embedded one.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// The shared one.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The work broke off.
    #[error("the inspection broke off")]
    Ended(#[from] tokio::task::JoinError),
}

/// By what clusters are known again, also while servers are using the store. It is one look, unlike [`inspect`].
///
/// # Errors
/// It cannot be opened or read, or is another program's, or of another schema than this program's.
pub async fn landmarks(backend: &Backend) -> Result<Vec<(ClusterKey, Landmark)>, InspectError> {
    match backend {
        Backend::Sqlite(options) => {
            let path = options.path.clone();
            Ok(tokio::task::spawn_blocking(move || sqlite::known_by(&path)).await??)
        }
        Backend::Postgres(options) => Ok(postgres::known_by(options).await?),
    }
}

/// Looks at a store, also while servers are using it, as it is at `now`. It reads all of an embedded one.
///
/// # Errors
/// It cannot be opened or read, or is another program's.
pub async fn inspect(backend: &Backend, now: DateTime<Utc>) -> Result<Inspection, InspectError> {
    match backend {
        Backend::Sqlite(options) => {
            let path = options.path.clone();
            Ok(tokio::task::spawn_blocking(move || sqlite::inspect(&path, now)).await??)
        }
        Backend::Postgres(options) => Ok(postgres::inspect(options, now).await?),
    }
}
