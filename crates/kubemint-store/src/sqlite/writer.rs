//! The one thread that writes, and group commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use kubemint::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::{Refusal, shared_error, store_error};
use super::log::{self, Log};

/// The most jobs that share a commit. It bounds how long the first of them waits for the others' work.
const MAX_BATCH: usize = 256;

/// How much was written since the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterStats {
    /// Jobs that were answered, well or badly.
    pub jobs: u64,
    /// Transactions that were committed.
    pub commits: u64,
}

#[derive(Default)]
struct Counters {
    jobs: AtomicU64,
    commits: AtomicU64,
}

/// A handle on the writer. Dropping it lets the writer finish what waits, and waits for it.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread. `queue` is how many jobs may wait.
    pub(super) fn start(connection: Connection, queue: usize) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue);
        let counters = Arc::new(Counters::default());
        let shared = Arc::clone(&counters);
        let thread = thread::Builder::new()
            .name("kubemint-store".to_owned())
            .spawn(move || run(&connection, &receiver, &shared))?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
            counters,
        })
    }

    /// Runs `work` in the next transaction, and answers once that is durable. When `work` fails, what it wrote is
    /// undone, and the other jobs of the transaction go on.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.ask(None, work).await
    }

    /// The same, unless its turn comes after `until`. Who waits must know by themselves when that is: a writer that is held up
    /// answers nobody.
    pub(super) async fn run_before<T, F>(&self, until: Instant, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.ask(Some(until), work).await
    }

    async fn ask<T, F>(&self, until: Option<Instant>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task {
            work: Some(work),
            until,
            result: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or(Refusal::WriterGone)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::QueueFull,
            TrySendError::Disconnected(_) => Refusal::WriterGone,
        })?;
        // The writer drops a job unanswered only by ending.
        answer.await.map_err(|_| Refusal::WriterGone)?
    }

    /// Whether the thread runs.
    pub(super) fn is_alive(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    pub(super) fn stats(&self) -> WriterStats {
        WriterStats {
            jobs: self.counters.jobs.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was told when it happened.
            let _ = thread.join();
        }
    }
}

/// A piece of work whose answer waits for the commit.
trait Job: Send {
    /// Does the work; `false` when it failed and must be undone.
    fn work(&mut self, connection: &Connection) -> bool;

    /// Answers: with the work's own result when the transaction was committed, and otherwise with the error that all
    /// jobs of the transaction share.
    fn answer(self: Box<Self>, committed: Result<(), &Arc<rusqlite::Error>>);
}

struct Task<T, F> {
    work: Option<F>,
    /// When it is too late to begin.
    until: Option<Instant>,
    result: Option<Result<rusqlite::Result<T>, Panicked>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// The panic hook has told what it was.
struct Panicked;

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn work(&mut self, connection: &Connection) -> bool {
        let late = self.until.is_some_and(|until| Instant::now() > until);
        let work = self.work.take().filter(|_| !late);
        // A panic ends the job alone: without the writer, the whole service would end with it.
        let caught = |work: F| catch_unwind(AssertUnwindSafe(|| work(connection)));
        self.result = work.map(|work| caught(work).map_err(|_| Panicked));
        late || matches!(self.result, Some(Ok(Ok(_))))
    }

    fn answer(self: Box<Self>, committed: Result<(), &Arc<rusqlite::Error>>) {
        let answer = match (committed, self.result) {
            (_, Some(Ok(Err(error)))) => Err(store_error(error)),
            (_, Some(Err(Panicked))) => Err(Refusal::Panicked.into()),
            (Ok(()), Some(Ok(Ok(value)))) => Ok(value),
            (Ok(()), None) => Err(Refusal::Slow.into()),
            (Err(error), _) => Err(shared_error(error)),
        };
        // Whoever asked may have gone away; what was written stays written.
        let _ = self.reply.send(answer);
    }
}

fn run(connection: &Connection, queue: &Receiver<Box<dyn Job>>, counters: &Counters) {
    let mut log = Log::of(connection, log::LONGEST);
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        // Now, too: where the database is locked, all who wait are told together, and not each after a wait of its own.
        batch.extend(queue.try_iter().take(MAX_BATCH - 1));
        let outcome = commit(connection, &mut batch, queue).map_err(Arc::new);
        if outcome.is_ok() {
            counters.commits.fetch_add(1, Ordering::Relaxed);
        }
        counters
            .jobs
            .fetch_add(batch.len() as u64, Ordering::Relaxed);
        for job in batch {
            job.answer(outcome.as_ref().copied());
        }
        log.keep_short(connection);
    }
}

/// Runs the jobs of a batch in one transaction, each in a savepoint. What comes meanwhile joins them: it would wait for their
/// commit, and then want another one.
fn commit(
    connection: &Connection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &Receiver<Box<dyn Job>>,
) -> rusqlite::Result<()> {
    let outcome = connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]))
        .and_then(|_| {
            let mut done = 0;
            while let Some(job) = batch.get_mut(done) {
                work(connection, job.as_mut())?;
                done += 1;
                if done == batch.len() && done < MAX_BATCH {
                    batch.extend(queue.try_iter().take(MAX_BATCH - done));
                }
            }
            Ok(())
        })
        .and_then(|()| connection.prepare_cached("COMMIT")?.execute([]).map(drop));
    if outcome.is_err() && !connection.is_autocommit() {
        // If this fails too, the next BEGIN does, and says so to whoever waits for it.
        let _ = connection.execute_batch("ROLLBACK");
    }
    outcome
}

fn work(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    if !job.work(connection) {
        // A full disk or a failed write may have undone the whole transaction: then there is no savepoint to go back
        // to, this fails, and with it every job of the batch.
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection
        .prepare_cached("RELEASE job")?
        .execute([])
        .map(drop)
}
