//! [`SqliteStore`]: the port, put together.

use std::fs::File;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, Store, StoreError, Visible,
};
use kubemint::record::{Record, RecordRef};
use rusqlite::Connection;

use super::condition::Condition;
use super::error::Refusal;
use super::folder::TemporaryFolder;
use super::issue;
use super::keys;
use super::landmarks;
use super::lists::List;
use super::open::{self, Opened};
use super::open_error::OpenError;
use super::ping;
use super::readers::Readers;
use super::reads::{self, Counts};
use super::retain;
use super::rows::EventRow;
use super::size;
use super::transitions;
use super::writer::{Writer, WriterStats};
use crate::audit::{KeyNotes, NotedKey};
use crate::config::Options;
use crate::deadlines::{CALL, PROMPT};
use crate::steps::Step;
use crate::trail::{MintedCredential, Trail};

/// The records and the audit trail in one SQLite file, which one process has at a time. Dropping it writes what waits,
/// and then gives the file free.
///
/// Times are kept in milliseconds: what is finer is cut off. No call of the port takes longer than four seconds, and none longer than
/// two that comes before anything is minted or ended, or is read: a disk that hangs is [`StoreError::Unavailable`]. What was told so
/// may still be done, as after any lost answer, but for such a prompt write that had not begun by then.
pub struct SqliteStore {
    // The order is that of dropping: the writer is the last to close the file, and folds the log into it; then the
    // lock goes, then the folder of a temporary store.
    pub(super) readers: Arc<Readers>,
    pub(super) writer: Writer,
    condition: Arc<Condition>,
    path: PathBuf,
    instance: Instance,
    new: bool,
    before: Option<String>,
    _lock: File,
    _folder: Option<TemporaryFolder>,
}

impl SqliteStore {
    /// Opens the database, making or migrating it where needed. It blocks: call it before serving.
    ///
    /// # Errors
    /// The file cannot be used, belongs to another program or to a newer one, or is in use by another process.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::assemble(open::open(&options)?, &options, None)
    }

    /// A new store in a folder of its own, which goes with it: for tests and the sandbox. It is as durable as any
    /// other while it lives.
    ///
    /// # Errors
    /// The system's folder for temporary files cannot be used.
    pub fn temporary() -> Result<Self, OpenError> {
        let folder = TemporaryFolder::make()?;
        let options = Options::new(folder.0.join("kubemint.db"));
        Self::assemble(open::open(&options)?, &options, Some(folder))
    }

    fn assemble(
        opened: Opened,
        options: &Options,
        folder: Option<TemporaryFolder>,
    ) -> Result<Self, OpenError> {
        let Opened {
            writer,
            readers,
            instance,
            lock,
            path,
            new,
            before,
        } = opened;
        Ok(Self {
            condition: Arc::new(Condition::good(path.clone())),
            path,
            readers: Readers::new(readers, options.queue.max(1)),
            writer: Writer::start(writer, options.queue.max(1))
                .map_err(|error| OpenError::Io(options.path.clone(), error))?,
            instance,
            new,
            before,
            _lock: lock,
            _folder: folder,
        })
    }

    /// How many records are alive, in all clusters. It counts them one by one: for metrics, not for every request.
    ///
    /// # Errors
    /// As every read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(reads::counts).await
    }

    /// Whether it was made when it was opened: it knows nothing of what another one issued.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Which installation's database was here when it was opened last, if that was another one's.
    #[must_use]
    pub fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// How much was written since the store was opened. Fewer commits than jobs is group commit at work.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        self.writer.stats()
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        within(CALL, self.look(work)).await
    }

    async fn read_promptly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        within(PROMPT, self.look(work)).await
    }

    /// A read that takes the time that it takes.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Records that can be read and never changed are worse than none: the process must be started again.
        if !self.writer.is_alive() {
            return Err(Refusal::WriterGone.into());
        }
        let answer = self.readers.run(work).await;
        self.condition.has_read(&answer);
        answer
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        within(CALL, self.learn(self.writer.run(work))).await
    }

    /// A write that someone waits for before anything is minted or ended. It is not begun once they were told that it was not done.
    async fn write_promptly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = self.writer.run_before(Instant::now() + PROMPT, work);
        within(PROMPT, self.learn(work)).await
    }

    async fn learn<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = write.await;
        self.condition.has_written(&answer);
        answer
    }

    async fn step(&self, record: &RecordRef, step: Step, event: Event) -> Result<bool, StoreError> {
        let (record, event) = (record.clone(), EventRow::new(event));
        self.write(move |connection| transitions::take(connection, &record, step, &event))
            .await
    }
}

/// The answer, or that there was none in time.
async fn within<T>(
    time: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(time, call).await;
    answer.unwrap_or_else(|_| Err(Refusal::Slow.into()))
}

#[async_trait]
impl Store for SqliteStore {
    fn instance(&self) -> Instance {
        self.instance.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.condition.sound()?;
        within(PROMPT, ping::ping(&self.writer, &self.condition)).await
    }

    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        self.condition.sound()?;
        let (record, idempotency, event) =
            (record.clone(), idempotency.cloned(), EventRow::new(event));
        let condition = Arc::clone(&self.condition);
        self.write_promptly(move |connection| {
            // In the writer's turn, since it blocks.
            if let Err(taken) = condition.in_place() {
                return Ok(Err(taken));
            }
            issue::begin(connection, &record, idempotency.as_ref(), most, &event).map(Ok)
        })
        .await?
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        let (record, grant, event) = (record.clone(), grant.clone(), EventRow::new(event));
        self.write(move |connection| transitions::activate(connection, &record, &grant, &event))
            .await
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.step(record, Step::FAIL, event).await
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        let record = record.clone();
        self.write_promptly(move |connection| transitions::abandon(connection, &record))
            .await
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        let (record, event, step) = (record.clone(), EventRow::new(event), Step::BEGIN_REVOKE);
        self.write_promptly(move |connection| transitions::take(connection, &record, step, &event))
            .await
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.step(record, Step::FINISH_REVOKE, event).await
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.step(record, Step::LOSE, event).await
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.step(record, Step::EXPIRE, event).await
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        jti: Option<&str>,
        expires_at: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        let (record, jti, event) = (record.clone(), jti.map(str::to_owned), EventRow::new(event));
        self.write(move |connection| {
            transitions::add_credential(connection, &record, jti.as_deref(), expires_at, &event)
        })
        .await
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        let event = EventRow::new(event);
        self.write_promptly(move |connection| event.insert(connection))
            .await
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        let (cluster, id) = (cluster.clone(), id.clone());
        self.read_promptly(move |connection| reads::find(connection, &cluster, &id))
            .await
    }

    async fn list(
        &self,
        cluster: &ClusterKey,
        visible: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let list = List::new(cluster, visible, filter, now);
        self.read_promptly(move |connection| list.page(connection, after, limit))
            .await
    }

    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        let cluster = cluster.clone();
        self.read(move |connection| reads::due(connection, &cluster, now, limit))
            .await
    }

    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let cluster = cluster.clone();
        self.read(move |connection| reads::active(connection, &cluster, after, limit))
            .await
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        let cluster = cluster.clone();
        self.read(move |connection| landmarks::all(connection, &cluster))
            .await
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        let (cluster, landmark) = (cluster.clone(), landmark.clone());
        let note = move |connection: &Connection| landmarks::note(connection, &cluster, &landmark);
        within(CALL, self.writer.run(note)).await
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        let cluster = cluster.clone();
        let forget = move |connection: &Connection| landmarks::forget(connection, &cluster);
        within(CALL, self.writer.run(forget)).await
    }

    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        self.read(move |connection| reads::alive(connection, now))
            .await
    }

    async fn retain(
        &self,
        cut: &Cut,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Forgotten, StoreError> {
        let cut = *cut;
        self.write(move |connection| retain::retain(connection, &cut, now, limit))
            .await
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        let path = self.path.clone();
        let size = self.read(move |connection| size::of(connection, &path));
        size.await.map(Some)
    }
}

#[async_trait]
impl KeyNotes for SqliteStore {
    async fn note_pseudonym_key(
        &self,
        fingerprint: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<NotedKey>, StoreError> {
        let fingerprint = fingerprint.to_owned();
        self.write(move |connection| keys::note(connection, &fingerprint, now))
            .await
    }
}

#[async_trait]
impl Trail for SqliteStore {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError> {
        self.look(move |connection| reads::events(connection, after, limit))
            .await
    }

    async fn credentials(&self, record: &RecordRef) -> Result<Vec<MintedCredential>, StoreError> {
        let record = record.clone();
        self.look(move |connection| reads::credentials(connection, &record))
            .await
    }
}
