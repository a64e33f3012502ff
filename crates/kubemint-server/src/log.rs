//! The log: JSON lines on standard error, one object each.
//!
//! Lines are written by threads of their own, so that whoever reads them slowly slows nothing down; what does not fit is left out,
//! and a line says how much. What may need mending has a thread for itself, that no crowd of requests fills.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
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

/// How many lines may wait to be written: of what may need mending, and of the rest.
const GRAVE: usize = 1024;
const USUAL: usize = 1024;

/// Writes what is left of the log when it is dropped, as far as that goes in two seconds.
pub struct LogGuard(Option<[slog_async::AsyncGuard; 2]>);

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
    let to = Arc::new(Mutex::new(to));
    let writer = |lines: usize| {
        let json = slog_json::Json::default(Lines::to(&to));
        slog_async::Async::new(Mutex::new(json).fuse())
            .chan_size(lines)
            .build_with_guard()
    };
    let ((grave, first), (usual, second)) = (writer(GRAVE), writer(USUAL));
    let split = slog::Duplicate::new(
        grave.filter(|record| record.level().is_at_least(Level::Warning)),
        usual.filter(|record| !record.level().is_at_least(Level::Warning)),
    );
    let drain = split.fuse().filter_level(verbosity.level()).fuse();
    (
        Logger::root(
            drain,
            o!("service" => "kubemint", "version" => env!("CARGO_PKG_VERSION")),
        ),
        LogGuard(Some([first, second])),
    )
}

/// Whole lines to what others write to, too, each by one write.
struct Lines<W> {
    line: Vec<u8>,
    to: Arc<Mutex<W>>,
}

impl<W: Write> Lines<W> {
    fn to(to: &Arc<Mutex<W>>) -> Self {
        Self {
            line: Vec::new(),
            to: Arc::clone(to),
        }
    }

    fn lock(&self) -> MutexGuard<'_, W> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if self.line.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            self.lock().write_all(&line)?;
            self.line = line;
            self.line.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}

#[cfg(test)]
mod tests {
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

    /// A reader that reads nothing until it is told to.
    struct Held {
        page: Arc<Mutex<Vec<u8>>>,
        writes: Arc<Mutex<usize>>,
    }

    impl Write for Held {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            *self.writes.lock().unwrap() += 1;
            self.page.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_crowd_of_requests_pushes_out_nothing_that_may_need_mending() {
        let (page, writes) = (Arc::default(), Arc::default());
        let held = Held {
            page: Arc::clone(&page),
            writes: Arc::clone(&writes),
        };
        let (log, guard) = logger_to(held, Verbosity::Info);
        let lock = page.lock().unwrap();
        for n in 0..5 * USUAL {
            slog::info!(log, "a request");
            if n % USUAL == 0 {
                slog::warn!(log, "a worry");
            }
        }
        slog::debug!(log, "a detail");
        drop(lock);
        // What was left out is told before the next line that fits.
        for _ in 0..10_000 {
            slog::info!(log, "another request");
            let page = page.lock().unwrap();
            if page.windows(14).any(|part| part == b"logger dropped") {
                break;
            }
            drop(page);
            thread::sleep(Duration::from_millis(1));
        }
        drop((log, guard));
        let text = String::from_utf8(page.lock().unwrap().clone()).unwrap();
        let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        assert_eq!((count("a worry"), count("a detail")), (5, 0));
        assert!(count("a request") < 5 * USUAL && count("logger dropped") > 0);
        for line in text.lines() {
            assert!(
                serde_json::from_str::<serde_json::Value>(line).is_ok(),
                "{line}"
            );
        }
        assert_eq!(*writes.lock().unwrap(), text.lines().count());
    }
}
