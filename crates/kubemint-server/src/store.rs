//! Opening the store that the configuration names.

use std::sync::Arc;

use kubemint::ports::Store;
use kubemint_store::{Backend, OpenError, PostgresError, PostgresStore, SqliteStore};
use thiserror::Error;

/// Why the store is not open.
#[derive(Debug, Error)]
pub(crate) enum StoreOpenError {
    /// The embedded one.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// The shared one has an older schema: replicas of an older program may be using it, so it is changed on demand.
    #[error("the schema of the database is too old; run `kubemint-server migrate --config FILE`")]
    Migrate(#[source] PostgresError),
    /// The shared one.
    #[error(transparent)]
    Postgres(PostgresError),
}

impl From<PostgresError> for StoreOpenError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Older { .. } => Self::Migrate(error),
            other => Self::Postgres(other),
        }
    }
}

/// Opens the store for serving. The embedded one is made or migrated where needed; the shared one is not.
pub(crate) async fn open(backend: &Backend) -> Result<Arc<dyn Store>, StoreOpenError> {
    match backend {
        Backend::Sqlite(options) => Ok(Arc::new(SqliteStore::open(options.clone())?)),
        Backend::Postgres(options) => Ok(Arc::new(PostgresStore::open(options).await?)),
    }
}
