//! The log: JSON lines on standard error, one object each.

use std::io::Write;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use slog::{Drain, Level, Logger, o};

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// What an operator must mend.
    Error,
    /// And what may need mending.
    Warn,
    /// And a line for every request.
    #[default]
    Info,
    /// And what helps to find a defect.
    Debug,
}

impl Verbosity {
    fn level(self) -> Level {
        match self {
            Verbosity::Error => Level::Error,
            Verbosity::Warn => Level::Warning,
            Verbosity::Info => Level::Info,
            Verbosity::Debug => Level::Debug,
        }
    }
}

/// How long the end waits for what is left to be written. Whoever reads the log may have stopped to.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes what is left of the log when it is dropped, as far as that goes in two seconds.
pub struct LogGuard(Option<slog_async::AsyncGuard>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        let Some(guard) = self.0.take() else { return };
        let (done, waiting) = mpsc::channel();
        // A write that nobody takes cannot be broken off: its thread ends with the process.
        let writing = thread::Builder::new().spawn(move || {
            drop(guard);
            let _ = done.send(());
        });
        if writing.is_ok() {
            let _ = waiting.recv_timeout(PATIENCE);
        }
    }
}

/// A logger to standard error. The guard writes what is left when it is dropped.
pub fn logger(verbosity: Verbosity) -> (Logger, LogGuard) {
    logger_to(std::io::stderr(), verbosity)
}

fn logger_to(to: impl Write + Send + 'static, verbosity: Verbosity) -> (Logger, LogGuard) {
    let json = slog_json::Json::default(to);
    let (drain, guard) = slog_async::Async::new(Mutex::new(json).fuse()).build_with_guard();
    let drain = drain.filter_level(verbosity.level()).fuse();
    (
        Logger::root(
            drain,
            o!("service" => "kubemint", "version" => env!("CARGO_PKG_VERSION")),
        ),
        LogGuard(Some(guard)),
    )
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_log_that_nobody_reads_keeps_nothing_from_ending() {
        let (_unread, full) = UnixStream::pair().unwrap();
        let (log, guard) = logger_to(full, Verbosity::Info);
        let line = "x".repeat(4096);
        // More than a socket holds.
        for _ in 0..100 {
            slog::info!(log, "{}", line);
        }
        let began = Instant::now();
        drop((log, guard));
        let took = began.elapsed();
        assert!(took >= PATIENCE && took < PATIENCE * 3, "{took:?}");
    }

    #[test]
    fn what_is_left_is_written_at_the_end() {
        let (mut read, write) = UnixStream::pair().unwrap();
        let (log, guard) = logger_to(write, Verbosity::Info);
        slog::info!(log, "the last words");
        drop((log, guard));
        let mut text = String::new();
        io::Read::read_to_string(&mut read, &mut text).unwrap();
        assert!(text.contains("the last words"), "{text}");
    }
}
