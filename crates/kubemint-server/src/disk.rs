//! Files that are read while serving, on a disk that may hang.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a file may take to be read.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many threads a disk may hold. Those that serve are never among them.
const THREADS: usize = 16;
/// The longest pause after a reading that hung.
const LONGEST: Duration = Duration::from_secs(300);

/// Why there is nothing, where there is nothing.
pub(crate) const SLOW: &str = "the files cannot be read within 5 seconds";

/// What reads files for one purpose.
pub(crate) struct Disk {
    threads: Arc<Semaphore>,
    patience: Duration,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self {
            threads: Arc::new(Semaphore::new(THREADS)),
            patience: PATIENCE,
        }
    }

    /// What `read` finds; `None` if that takes too long, or `read` panics. What comes too late is dropped.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let threads = Arc::clone(&self.threads);
        let reading = async move {
            let thread = threads.acquire_owned().await;
            let read = move || {
                let _thread = thread;
                read()
            };
            tokio::task::spawn_blocking(read).await.ok()
        };
        tokio::time::timeout(self.patience, reading).await.ok()?
    }
}

/// The pause before the next look at files that were looked at each `usual`, after one that `hung` or did not: longer each
/// time, since what hangs may do so for ever, as what was open on a disk that is gone.
pub(crate) fn pause(before: Duration, usual: Duration, hung: bool) -> Duration {
    if hung {
        (before * 2).min(LONGEST)
    } else {
        usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};

    #[tokio::test]
    async fn a_disk_that_hangs_holds_a_few_threads_and_is_read_again_once_it_does_not() {
        let mut disk = Disk::new();
        disk.patience = Duration::from_millis(20);
        let (hangs, hung) = mpsc::channel::<()>();
        let (hung, begun) = (Arc::new(Mutex::new(hung)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 * THREADS {
            let (hung, begun) = (Arc::clone(&hung), Arc::clone(&begun));
            let read = disk.read(move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let _ = hung.lock().unwrap().recv();
            });
            assert_eq!(read.await, None);
        }
        assert!(begun.load(Ordering::Relaxed) <= THREADS);
        drop(hangs);
        disk.patience = PATIENCE;
        assert_eq!(disk.read(|| 7).await, Some(7));
        assert_eq!(disk.read(|| panic!("a defect")).await, None::<()>);
    }

    #[test]
    fn what_hangs_for_ever_is_looked_at_ever_more_rarely_and_leaves_threads_for_an_hour() {
        let usual = Duration::from_secs(1);
        let (mut wait, mut all) = (usual, Duration::ZERO);
        for _ in 0..THREADS {
            wait = pause(wait, usual, true);
            all += wait;
        }
        assert_eq!(wait, LONGEST);
        assert!(all > Duration::from_secs(2400), "{all:?}");
        assert_eq!(pause(wait, usual, false), usual);
    }
}
