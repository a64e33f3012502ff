//! The log: JSON lines on standard error, one object each.
//!
//! Lines are written by threads of their own, so that whoever reads them slowly slows nothing down; what does not fit is left out,
//! and a line says how much; so it is with what cannot be written, as to a full disk. What may need mending
//! has a thread for itself, that no crowd of requests fills.

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
    let page = Arc::new(Mutex::new(Page::new(to)));
    let writer = |lines: usize| {
        let json = slog_json::Json::default(Lines::on(&page));
        // A line that cannot be written is lost, and nothing after it.
        slog_async::Async::new(Mutex::new(json).ignore_res())
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

/// What lines are written to.
struct Page<W> {
    to: W,
    /// The last line was written in part.
    torn: bool,
    /// How many lines could not be written since the last that could.
    lost: u64,
}

impl<W: Write> Page<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            torn: false,
            lost: 0,
        }
    }

    /// Writes a line, and before it how many were lost, if any were.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let outcome = self.told().and_then(|()| self.whole(line));
        if outcome.is_err() {
            self.lost += 1;
        }
        outcome
    }

    fn told(&mut self) -> io::Result<()> {
        if self.torn {
            self.whole(b"\n")?;
        }
        if self.lost > 0 {
            let told = serde_json::json!({
                "msg": "lines of the log could not be written, and are lost", "level": "ERRO",
                "ts": chrono::Utc::now(), "service": "kubemint",
                "version": env!("CARGO_PKG_VERSION"), "lost": self.lost,
            });
            self.whole(format!("{told}\n").as_bytes())?;
            self.lost = 0;
        }
        Ok(())
    }

    /// By one write, where it is taken at once.
    fn whole(&mut self, text: &[u8]) -> io::Result<()> {
        let mut rest = text;
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    self.torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whole lines to a page that others write to, too.
struct Lines<W> {
    line: Vec<u8>,
    page: Arc<Mutex<Page<W>>>,
}

impl<W: Write> Lines<W> {
    fn on(page: &Arc<Mutex<Page<W>>>) -> Self {
        Self {
            line: Vec::new(),
            page: Arc::clone(page),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Page<W>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if self.line.ends_with(b"\n") {
            let outcome = self.lock().line(&self.line);
            self.line.clear();
            outcome?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().to.flush()
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

    /// A disk with room for so many octets more, which counts what it refused.
    struct Disk {
        page: Arc<Mutex<Vec<u8>>>,
        room: Arc<Mutex<usize>>,
        refused: Arc<Mutex<u32>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut room = self.room.lock().unwrap();
            if *room == 0 {
                *self.refused.lock().unwrap() += 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(*room);
            *room -= taken;
            self.page.lock().unwrap().write(&bytes[..taken])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_goes_on_once_there_is_room_again_and_tells_what_was_lost() {
        let (page, room, refused) = (Arc::default(), Arc::new(Mutex::new(10)), Arc::default());
        let disk = Disk {
            page: Arc::clone(&page),
            room: Arc::clone(&room),
            refused: Arc::clone(&refused),
        };
        let (log, guard) = logger_to(disk, Verbosity::Info);
        slog::warn!(log, "one");
        slog::info!(log, "two");
        slog::warn!(log, "three");
        let end = Instant::now() + Duration::from_secs(60);
        while *refused.lock().unwrap() < 3 {
            assert!(Instant::now() < end, "each is lost, one in part");
            thread::sleep(Duration::from_millis(1));
        }
        *room.lock().unwrap() = usize::MAX;
        slog::warn!(log, "room again");
        slog::info!(log, "a request");
        drop((log, guard));
        let text = String::from_utf8(page.lock().unwrap().clone()).unwrap();
        let (torn, rest) = text.split_once('\n').unwrap();
        let rest: Vec<_> = rest
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .collect();
        assert_eq!((torn.len(), &rest[0]["lost"]), (10, &3.into()), "{text}");
        let told = |text: &str| rest.iter().filter(|line| line["msg"] == text).count();
        assert_eq!((told("room again"), told("a request")), (1, 1), "{text}");
    }
}
