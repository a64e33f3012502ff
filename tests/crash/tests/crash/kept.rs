//! A store with its trail, and where fresh ones come from.

use std::sync::Arc;
#[cfg(feature = "postgres-tests")]
use std::sync::atomic::{AtomicU32, Ordering};

use kubemint::ports::Store;
#[cfg(feature = "postgres-tests")]
use kubemint_store::{PostgresOptions, PostgresStore};
use kubemint_store::{SqliteStore, Trail};

/// A store with its trail.
pub(crate) trait Kept: Store + Trail {}

impl<T: Store + Trail> Kept for T {}

/// Where empty stores come from, one at a time.
pub(crate) enum Fresh {
    /// Temporary files.
    Embedded,
    /// Databases of one PostgreSQL.
    #[cfg(feature = "postgres-tests")]
    Postgres(Databases),
}

/// Databases that are made like one that is empty, and migrated.
#[cfg(feature = "postgres-tests")]
pub(crate) struct Databases {
    cluster: postgresql::Cluster,
    made: AtomicU32,
}

impl Fresh {
    pub(crate) fn embedded() -> Self {
        Self::Embedded
    }

    /// Starts a PostgreSQL, which ends with this.
    #[cfg(feature = "postgres-tests")]
    pub(crate) fn postgres() -> Self {
        Self::Postgres(Databases {
            cluster: postgresql::Cluster::start(&[]),
            made: AtomicU32::new(0),
        })
    }

    /// A store that nobody used. The one before may be gone.
    pub(crate) async fn store(&self) -> Arc<dyn Kept> {
        match self {
            Self::Embedded => Arc::new(SqliteStore::temporary().expect("a store")),
            #[cfg(feature = "postgres-tests")]
            Self::Postgres(databases) => databases.store().await,
        }
    }
}

#[cfg(feature = "postgres-tests")]
impl Databases {
    async fn store(&self) -> Arc<dyn Kept> {
        use crate::stage::patiently;
        const LIKE: &str = "empty";

        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let cluster = &self.cluster;
        let sql = |statement: String| {
            cluster
                .sql("postgres", &statement)
                .then_some(())
                .ok_or_else(|| format!("refused: {statement}"))
        };
        if number == 0 {
            patiently(async || sql(format!("CREATE DATABASE {LIKE}"))).await;
            let options = self.options(LIKE);
            patiently(async || PostgresStore::migrate(&options).await).await;
        } else {
            let last = number - 1;
            patiently(async || sql(format!("DROP DATABASE IF EXISTS play_{last} WITH (FORCE)")))
                .await;
        }
        let name = format!("play_{number}");
        // Whoever migrated it may not have left yet.
        patiently(async || sql(format!("CREATE DATABASE {name} TEMPLATE {LIKE}"))).await;
        let options = self.options(&name);
        Arc::new(patiently(async || PostgresStore::open(&options).await).await)
    }

    fn options(&self, database: &str) -> PostgresOptions {
        PostgresOptions {
            host: "127.0.0.1".to_owned(),
            port: self.cluster.port(),
            database: database.to_owned(),
            user: postgresql::USER.to_owned(),
            password_file: None,
            ca_file: None,
            connections: 4,
        }
    }
}
