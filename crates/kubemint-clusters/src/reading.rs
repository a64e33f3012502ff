//! The files of clusters, on disks that may hang: what takes too long is given up, and its thread is left, as long as few are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long files may take to be read.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many threads the files of one cluster may hold: one may hang for ever, and a file in its place be good.
const EACH: usize = 4;
/// How many those of all clusters may hold. The runtime has 512 of these, and the embedded store reads by them, too.
static THREADS: Semaphore = Semaphore::const_new(128);

/// What reads the same files again and again.
pub(crate) struct Reading {
    threads: Arc<Semaphore>,
    patience: Duration,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Self {
            threads: Arc::new(Semaphore::new(EACH)),
            patience: PATIENCE,
        }
    }

    /// What `read` finds, or why there is nothing.
    pub(crate) async fn of<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, &'static str> {
        let threads = Arc::clone(&self.threads);
        let reading = async move {
            let held = (threads.acquire_owned().await, THREADS.acquire().await);
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
    async fn files_on_a_disk_that_hangs_hold_few_threads_and_are_read_once_it_does_not() {
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
        assert_eq!(begun.load(Ordering::Relaxed), EACH);
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
