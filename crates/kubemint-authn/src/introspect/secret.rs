//! The client secret: in a small file, which is read for each question so that it can be rotated.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::config::read_secret;

/// The first pause after a reading that hung. Each next one is twice as long, up to [`LONGEST`]: what hangs may do so for ever,
/// and a thread with it.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The file, on a disk that may hang.
pub(super) struct SecretFile {
    path: PathBuf,
    patience: Duration,
    /// One reads at a time, so that a disk that hangs holds no thread for each question.
    resting: Mutex<Option<Rest>>,
}

/// After a reading that hung.
struct Rest {
    end: Instant,
    pause: Duration,
}

impl SecretFile {
    /// A reading may take as long as `patience`, with the wait for its turn.
    pub(super) fn new(path: PathBuf, patience: Duration) -> Self {
        Self {
            path,
            patience,
            resting: Mutex::default(),
        }
    }

    /// What the file holds.
    ///
    /// # Errors
    /// It cannot be read, or not in time, or is no secret.
    pub(super) async fn read(&self) -> Result<String, String> {
        let slow = || "it cannot be read in time".to_owned();
        let end = Instant::now() + self.patience;
        let turn = timeout_at(end, self.resting.lock()).await;
        let mut resting = turn.map_err(|_| slow())?;
        let before = resting.as_ref().map(|rest| (rest.end, rest.pause));
        if before.is_some_and(|(end, _)| Instant::now() < end) {
            return Err(slow());
        }
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || read_secret(&path));
        let read = timeout_at(end, reading).await;
        *resting = read.is_err().then(|| {
            let pause = before.map_or(FIRST, |(_, pause)| (pause * 2).min(LONGEST));
            let end = Instant::now() + pause;
            Rest { end, pause }
        });
        let read = read.map_err(|_| slow())?;
        read.unwrap_or_else(|_| Err("it cannot be read".to_owned()))
    }
}
