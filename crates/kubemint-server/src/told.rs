//! What the log was told of something that goes wrong again and again: the same once in a while only, since an outage is met
//! every few seconds.

use std::error::Error;
use std::time::Duration;

use slog::Logger;
use tokio::time::Instant;

/// How often the log is reminded of an error that goes on.
const REMINDER: Duration = Duration::from_secs(60);

/// What was last told to be wrong, and when.
#[derive(Debug, Default)]
pub(crate) struct Told(Option<(String, Instant)>);

impl Told {
    /// Logs an error with what it means, unless the same was told a moment ago.
    pub(crate) fn complain(&mut self, log: &Logger, what: &str, error: &dyn Error) {
        let error = crate::edge::chain(error);
        let again = self
            .0
            .as_ref()
            .is_some_and(|(told, at)| *told == error && at.elapsed() < REMINDER);
        if !again {
            slog::warn!(log, "{}", what; "error" => &error);
            self.0 = Some((error, Instant::now()));
        }
    }

    /// It goes well; whether something else was told before.
    pub(crate) fn is_over(&mut self) -> bool {
        self.0.take().is_some()
    }
}
