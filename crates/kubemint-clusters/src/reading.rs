//! The files of clusters, on disks that may hang: what takes too long is given up, and its thread is waited for before the next one
//! is begun.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long files may take to be read.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many threads the files of all clusters may hold. The runtime has 512 of these, and the embedded store reads by them, too.
static THREADS: Semaphore = Semaphore::const_new(128);

/// What reads the same files again and again.
pub(crate) struct Reading {
    /// Of which there is one at a time.
    thread: Arc<Semaphore>,
    patience: Duration,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Self {
            thread: Arc::new(Semaphore::new(1)),
            patience: PATIENCE,
        }
    }

    /// What `read` finds, or why there is nothing.
    pub(crate) async fn of<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, &'static str> {
        let thread = Arc::clone(&self.thread);
        let reading = async move {
            let held = (thread.acquire_owned().await, THREADS.acquire().await);
            let read = move || {
                let found = read();
                drop(held);
                found
            };
            spawn_blocking(read).await
        };
        match timeout(self.patience, reading).await {
            Ok(read) => read.map_err(|_| "failed"),
            Err(_) => Err("took too long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};

    use super::*;

    #[tokio::test]
    async fn files_on_a_disk_that_hangs_hold_one_thread_and_are_read_once_it_does_not() {
        let mut reading = Reading::new();
        reading.patience = Duration::from_millis(20);
        let (hangs, hung) = mpsc::channel::<()>();
        let (hung, begun) = (Arc::new(Mutex::new(hung)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..20 {
            let (hung, begun) = (Arc::clone(&hung), Arc::clone(&begun));
            let read = reading.of(move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let _ = hung.lock().unwrap().recv();
            });
            assert_eq!(read.await, Err("took too long"));
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        drop(hangs);
        reading.patience = PATIENCE;
        assert_eq!(reading.of(|| 7).await, Ok(7));
        assert_eq!(
            reading.of(|| panic!("a defect")).await,
            Err::<(), _>("failed")
        );
        assert_eq!(reading.of(|| 8).await, Ok(8));
    }
}
