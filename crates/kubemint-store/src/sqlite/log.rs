//! The write-ahead log's length. A checkpoint of SQLite's own waits for nobody, and the log begins anew only at a moment at which
//! no reader uses it: readers that overlap leave no such moment, and the log would grow until the disk is full.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long the log may get before it is cut, bytes.
pub(super) const LONGEST: u32 = 64 * 1024 * 1024;

/// How often the log is looked at. What is written in between is far less than [`LONGEST`].
const LOOK: Duration = Duration::from_millis(100);

/// Cuts the log, by the connection that writes and between its transactions.
pub(super) struct Log {
    /// Nothing for a database in memory, which has none.
    path: Option<PathBuf>,
    longest: u64,
    /// The length at which it is cut: more than `longest` after a try that a reader held up, since each holds up the writer for
    /// as long as a lock is waited for.
    due: u64,
    looked: Option<Instant>,
}

impl Log {
    /// The log of a connection's database.
    pub(super) fn of(connection: &Connection, longest: u32) -> Self {
        let longest = u64::from(longest);
        let path = connection.path().filter(|path| !path.is_empty());
        Self {
            path: path.map(|path| format!("{path}-wal").into()),
            longest,
            due: longest,
            looked: None,
        }
    }

    /// Cuts the log if it is too long by now. No transaction may be open.
    pub(super) fn keep_short(&mut self, connection: &Connection) {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.looked = Some(Instant::now());
            self.cut_if_due(connection);
        }
    }

    fn cut_if_due(&mut self, connection: &Connection) {
        let length = self.length();
        if length > self.due {
            self.cut(connection);
        } else if length <= self.longest {
            self.due = self.longest;
        }
    }

    fn cut(&mut self, connection: &Connection) {
        // It waits for the readers of before, as long as for a lock; who begins to read once all is in the database holds it up no more.
        // Whether it was cut tells the file: an error here is none of what was written, and the next transaction meets it, too.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let left = self.length();
        self.due = match left > self.longest {
            true => left.saturating_add(self.longest),
            false => self.longest,
        };
    }

    /// Bytes; 0 where it is not there.
    fn length(&self) -> u64 {
        let found = self.path.as_ref().map(std::fs::metadata);
        found.and_then(Result::ok).map_or(0, |file| file.len())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, Transaction};

    use super::Log;

    const LONGEST: u32 = 256 * 1024;

    struct Database {
        folder: tempfile::TempDir,
        writer: Connection,
        log: Log,
    }

    impl Database {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let writer = Connection::open(folder.path().join("x.db")).unwrap();
            let sql = "PRAGMA journal_mode = wal; PRAGMA busy_timeout = 10;
                PRAGMA wal_autocheckpoint = 16; PRAGMA journal_size_limit = 262144; CREATE TABLE t (x)";
            writer.execute_batch(sql).unwrap();
            let log = Log::of(&writer, LONGEST);
            Self {
                folder,
                writer,
                log,
            }
        }

        fn connect(&self) -> Connection {
            Connection::open(self.folder.path().join("x.db")).unwrap()
        }

        fn write(&self) {
            let sql = "INSERT INTO t VALUES (randomblob(65536))";
            self.writer.execute(sql, []).unwrap();
        }

        fn length(&self) -> u64 {
            self.log.length()
        }
    }

    fn read(connection: &Connection) -> Transaction<'_> {
        let transaction = connection.unchecked_transaction().unwrap();
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        transaction
            .query_row("SELECT count(*) FROM t", [], count)
            .unwrap();
        transaction
    }

    #[test]
    fn readers_that_overlap_let_the_log_grow_until_it_is_cut_between_two_of_them() {
        let mut database = Database::new();
        let longest = u64::from(LONGEST);
        let readers = [database.connect(), database.connect()];
        let mut before = read(&readers[0]);
        for turn in 1..=40 {
            database.write();
            let now = read(&readers[turn % 2]);
            drop(std::mem::replace(&mut before, now));
        }
        // SQLite's own checkpoints never find a moment.
        assert!(database.length() > 2 * longest, "{}", database.length());
        drop(before);
        let log = &mut database.log;
        log.cut_if_due(&database.writer);
        assert_eq!(log.length(), 0);
        assert_eq!(log.due, longest);
    }

    #[test]
    fn a_reader_that_goes_on_is_waited_for_once_for_each_stretch_of_log() {
        let mut database = Database::new();
        let longest = u64::from(LONGEST);
        let connection = database.connect();
        let reader = read(&connection);
        while database.length() <= longest {
            database.write();
        }
        database.log.cut_if_due(&database.writer);
        let (length, due) = (database.length(), database.log.due);
        assert!(
            length > longest && due == length + longest,
            "{length} {due}"
        );
        while database.length() <= due {
            database.write();
            database.log.cut_if_due(&database.writer);
        }
        assert!(database.log.due > due);
        drop(reader);
        // The log begins anew by itself, and is short.
        for _ in 0..3 {
            database.write();
            database.log.cut_if_due(&database.writer);
        }
        assert!(database.length() <= longest, "{}", database.length());
        assert_eq!(database.log.due, longest);
    }

    #[test]
    fn a_database_in_memory_has_no_log() {
        let connection = Connection::open_in_memory().unwrap();
        let mut log = Log::of(&connection, 0);
        log.keep_short(&connection);
        assert_eq!(log.length(), 0);
    }
}
