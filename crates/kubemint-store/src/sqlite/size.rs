//! How large the file is, and how much room is left beside it.

use std::fs;
use std::path::{Path, PathBuf};

use kubemint::ports::Size;
use rusqlite::Connection;

use super::error::unreadable;

/// Two short looks: the largest number, and the notes of the chains, of which there are few.
const NUMBERS: &str = "SELECT (SELECT coalesce(max(seq), 0) FROM kubeconfig),
     (SELECT coalesce(sum(head - pruned), 0) FROM audit_chain)";

/// The size of the database at `path`, which is open in `connection`. It blocks, shortly.
pub(super) fn of(connection: &Connection, path: &Path) -> rusqlite::Result<Size> {
    let (kubeconfigs, events): (i64, i64) = connection
        .prepare_cached(NUMBERS)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let bytes = |file: &Path| fs::metadata(file).map(|found| found.len());
    Ok(Size {
        bytes: bytes(path).map_err(|error| unreadable(0, error))?,
        // It is there while somebody has the database open.
        log: Some(bytes(&log(path)).unwrap_or_default()),
        free: free(path),
        kubeconfigs: kubeconfigs.unsigned_abs(),
        events: events.unsigned_abs(),
    })
}

fn log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The bytes that an unprivileged process may still fill; `None` when the system does not say.
fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
