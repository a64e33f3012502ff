//! A log that is kept in memory, whatever its level.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use slog::{Drain, Logger, o};

/// Everything that a server logged.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// A logger that writes into this.
    pub(crate) fn logger(&self) -> Logger {
        let json = slog_json::Json::default(self.clone());
        Logger::root(Mutex::new(json).fuse(), o!())
    }

    /// What was logged until now.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
