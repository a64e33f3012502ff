//! The log: JSON lines on standard error, one object each.

use std::sync::Mutex;

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

/// A logger to standard error. The guard writes what is left when it is dropped.
pub fn logger(verbosity: Verbosity) -> (Logger, slog_async::AsyncGuard) {
    let json = slog_json::Json::default(std::io::stderr());
    let (drain, guard) = slog_async::Async::new(Mutex::new(json).fuse()).build_with_guard();
    let drain = drain.filter_level(verbosity.level()).fuse();
    (
        Logger::root(
            drain,
            o!("service" => "kubemint", "version" => env!("CARGO_PKG_VERSION")),
        ),
        guard,
    )
}
