//! Connections that only read, and never wait for the writer.

use std::sync::{Arc, Mutex, PoisonError};

use kubemint::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::error::{Refusal, store_error};

/// A pool of connections, each used by one blocking thread at a time.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// One permit for each connection.
    free: Arc<Semaphore>,
    /// One permit for each read that may run or wait.
    admitted: Arc<Semaphore>,
}

impl Readers {
    /// A pool of `connections`; beyond as many reads as that, `queue` may wait.
    pub(super) fn new(connections: Vec<Connection>, queue: usize) -> Arc<Self> {
        let count = connections.len();
        Arc::new(Self {
            idle: Mutex::new(connections),
            free: Arc::new(Semaphore::new(count)),
            admitted: Arc::new(Semaphore::new(count + queue)),
        })
    }

    /// Runs `work` on a blocking thread, in a transaction: all that it reads is of one moment.
    pub(super) async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| Refusal::QueueFull)?;
        let free = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| Refusal::ReaderGone)?;
        let pool = Arc::clone(self);
        // The permits go along: they are given back when the work ends, even if no one waits for it any more.
        let task = tokio::task::spawn_blocking(move || {
            let loan = Loan::take(pool).ok_or(Refusal::ReaderGone)?;
            let connection = loan.connection.as_ref().ok_or(Refusal::ReaderGone)?;
            let result = snapshot(connection, work).map_err(store_error);
            drop((loan, free, admitted));
            result
        });
        task.await.map_err(|_| Refusal::ReaderGone)?
    }
}

fn snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// A connection out of the pool, which goes back even after a panic.
struct Loan {
    pool: Arc<Readers>,
    connection: Option<Connection>,
}

impl Loan {
    fn take(pool: Arc<Readers>) -> Option<Self> {
        let connection = pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()?;
        Some(Self {
            pool,
            connection: Some(connection),
        })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}
