//! The store on PostgreSQL: what every store must do, and what is particular to one that replicas share.

use std::sync::LazyLock;
use std::time::Duration;

use kubemint_store::{PostgresOptions, PostgresStore};
use tokio::runtime::{Builder, Runtime};

mod chain;
mod cluster;
mod migrating;
mod plans;
mod replicas;
mod retaining;
mod tls;
mod trouble;

use cluster::SHARED;

/// Where connections live that are made before a test's own runtime has them.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// Runs a future to its end from within another runtime.
fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| RUNTIME.block_on(future));
        waiting.join().expect("no panic")
    })
}

/// A store in a database that is migrated.
fn migrated(options: &PostgresOptions) -> PostgresStore {
    wait_for(async {
        PostgresStore::migrate(options).await.expect("a new schema");
        PostgresStore::open(options).await.expect("a store")
    })
}

/// Whether a question is answered without an error. A session tells what it read when it ends, which takes a moment: it is asked
/// for ten seconds.
async fn told(options: &PostgresOptions, sql: &str) -> bool {
    for _ in 0..100 {
        if SHARED.sql(&options.database, sql) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Another session, in a transaction that has done this.
async fn open_transaction(options: &PostgresOptions, sql: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::Config::new()
        .host(&options.host)
        .port(options.port)
        .user(&options.user)
        .dbname(&options.database)
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("BEGIN; {sql}"))
        .await
        .unwrap();
    client
}

impl crate::suite::Fresh for PostgresStore {
    fn fresh() -> Self {
        migrated(&SHARED.database())
    }
}

crate::suite::for_every_store!(PostgresStore);
