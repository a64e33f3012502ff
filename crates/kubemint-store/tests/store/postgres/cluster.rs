//! The PostgreSQL of these tests, as the store is told of it.

use std::ops::Deref;
use std::sync::LazyLock;

use kubemint_store::PostgresOptions;

/// The cluster that all tests share that do not stop it.
pub(crate) static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&[]));

/// A running server.
pub(crate) struct Cluster(postgresql::Cluster);

impl Cluster {
    /// A new one, with more settings (`-c` arguments).
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self(postgresql::Cluster::start(settings))
    }

    /// A new, empty database of it.
    pub(crate) fn database(&self) -> PostgresOptions {
        self.options(&self.0.database())
    }

    /// How to reach a database of it.
    pub(crate) fn options(&self, database: &str) -> PostgresOptions {
        PostgresOptions {
            host: "127.0.0.1".to_owned(),
            port: self.0.port(),
            database: database.to_owned(),
            user: postgresql::USER.to_owned(),
            password_file: None,
            ca_file: None,
            connections: 16,
        }
    }
}

impl Deref for Cluster {
    type Target = postgresql::Cluster;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
