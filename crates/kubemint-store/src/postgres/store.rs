//! [`PostgresStore`]: the port, put together.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use deadpool_postgres::{Object, Pool};
use kubemint::audit::Event;
use kubemint::cluster::ClusterKey;
use kubemint::id::KubeconfigId;
use kubemint::ports::{
    Alive, Begun, Cut, Filter, Forgotten, Grant, Idempotency, Instance, Landmark, Page, Position,
    Size, Store, StoreError, Visible,
};
use kubemint::record::{Record, RecordRef};
use uuid::Uuid;

use super::condition::Condition;
use super::connect::{self, Held};
use super::error::Trouble;
use super::keys;
use super::landmarks;
use super::lanes::Lanes;
use super::lists::List;
use super::open_error::PostgresError;
use super::rows::EventRow;
use super::transitions;
use super::{issue, migrate, reads, retain, size};
use crate::Counts;
use crate::audit::{KeyNotes, NotedKey, START};
use crate::config::PostgresOptions;
use crate::deadlines::{CALL, PROMPT};
use crate::steps::Step;
use crate::trail::{self, MintedCredential, Trail};

/// A call: work on a connection, within the time that such a call may take. A macro, since nothing says of a closure's future
/// that it can be sent to another thread.
macro_rules! call {
    ($store:ident, $db:ident => $work:expr) => {
        call!($store within CALL, $db => $work)
    };
    ($store:ident within $time:expr, $db:ident => $work:expr) => {{
        let work = async {
            #[allow(unused_mut, reason = "only a transaction changes a connection")]
            let mut $db = Held::take(&$store.pool).await?;
            let done = $work.await?;
            $db.done();
            Ok(done)
        };
        $store.run($time, work).await
    }};
}

/// A call that writes an event: it gets its place in a chain that nobody else writes meanwhile. The work names the event.
macro_rules! write {
    ($store:ident, $db:ident, $event:ident => $work:expr) => {
        write!($store within CALL, $db, $event => $work)
    };
    ($store:ident within $time:expr, $db:ident, $event:ident => $work:expr) => {{
        let mut row = EventRow::new($event);
        let work = async {
            #[allow(unused_mut, reason = "only a transaction changes a connection")]
            let mut $db = Held::take(&$store.pool).await?;
            let mut lane = $store.lanes.take(&$db).await?;
            lane.place(&mut row);
            let $event = &row;
            let done = $work.await?;
            lane.settle(&row, &done);
            $db.done();
            Ok(done)
        };
        $store.run($time, work).await
    }};
}

/// The records and the audit trail in a PostgreSQL database, which any number of replicas share.
///
/// Times are kept in milliseconds: what is finer is cut off. No call takes longer than four seconds, and none longer than two that
/// comes before anything is minted or ended, or is read: a database that hangs or is gone is [`StoreError::Unavailable`], and is used
/// again as soon as it answers. One of which a statement found a part damaged is not well until this is opened anew, though other
/// statements may go on working.
pub struct PostgresStore {
    pool: Pool,
    instance: Instance,
    lanes: Lanes,
    condition: Condition,
    /// A chain that is never begun: where [`Store::ping`] writes what it takes back. No replica waits for another one's.
    probed: String,
}

impl PostgresStore {
    /// Connects, and checks that the database is one that this program can use as it is.
    ///
    /// # Errors
    /// It cannot be reached, or must be migrated, or is newer than this program.
    pub async fn open(options: &PostgresOptions) -> Result<Self, PostgresError> {
        let pool = connect::pool(options)?;
        let db = pool.get().await.map_err(PostgresError::connecting)?;
        let instance = migrate::check(&db).await?;
        drop(db);
        Ok(Self {
            pool,
            instance,
            lanes: Lanes::default(),
            condition: Condition::default(),
            probed: Uuid::new_v4().to_string(),
        })
    }

    /// Brings the schema up to date, and gives it an identity when it is new. Two that migrate at the same time do it
    /// one after the other. Returns the schema that was found (0: none) and the one that now is.
    ///
    /// # Errors
    /// It cannot be reached, is newer than this program, or the user may not make tables.
    pub async fn migrate(options: &PostgresOptions) -> Result<(u32, u32), PostgresError> {
        let pool = connect::pool(options)?;
        let mut db = pool.get().await.map_err(PostgresError::connecting)?;
        let versions = migrate::migrate(&mut db).await;
        // The connection's settings were changed within the transaction alone, but it is not needed any more.
        drop(Object::take(db));
        versions
    }

    /// How many records are alive, in all clusters. It counts them one by one: for metrics, not for every request.
    ///
    /// # Errors
    /// As every read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        call!(self, db => reads::counts(&db))
    }

    async fn step(&self, record: &RecordRef, step: Step, event: Event) -> Result<bool, StoreError> {
        write!(self, db, event => transitions::take(&db, record, step, event))
    }

    /// Runs a piece of work, and gives it up when it takes too long.
    async fn run<T>(
        &self,
        within: Duration,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, StoreError> {
        let outcome = match tokio::time::timeout(within, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::Slow),
        };
        outcome.map_err(|trouble| {
            self.condition.has_met(&trouble);
            trouble.into()
        })
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn instance(&self) -> Instance {
        self.instance.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.condition.sound()?;
        let mut row = EventRow::new(trail::probe());
        row.place(&self.probed, 1, &START);
        call!(self, db => async {
            transitions::try_append(&mut db, &row).await?;
            // A write like any other: a database that can only be read must not look well.
            let sql = "UPDATE instance SET pings = pings + 1";
            db.execute(&db.prepare_cached(sql).await?, &[]).await?;
            Ok::<_, Trouble>(())
        })
    }

    async fn begin_issue(
        &self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        self.condition.sound()?;
        write!(self within PROMPT, db, event => issue::begin(&mut db, record, idempotency, most, event))
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        write!(self, db, event => transitions::activate(&db, record, grant, event))
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.step(record, Step::FAIL, event).await
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        call!(self within PROMPT, db => transitions::abandon(&db, record))
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        let step = Step::BEGIN_REVOKE;
        write!(self within PROMPT, db, event => transitions::take(&db, record, step, event))
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
        write!(self, db, event => transitions::add_credential(&db, record, jti, expires_at, event))
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        write!(self within PROMPT, db, event => transitions::append(&db, event))
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        call!(self within PROMPT, db => reads::find(&db, cluster, id))
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
        let list = List::new(visible, filter, now);
        call!(self within PROMPT, db => list.page(&db, cluster, after, limit))
    }

    async fn due(
        &self,
        cluster: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        call!(self, db => reads::due(&db, cluster, now, limit))
    }

    async fn active(
        &self,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        call!(self, db => reads::active(&db, cluster, after, limit))
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        call!(self, db => landmarks::all(&db, cluster))
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        call!(self, db => landmarks::note(&db, cluster, landmark))
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        call!(self, db => landmarks::forget(&db, cluster))
    }

    async fn alive(&self, now: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        call!(self, db => reads::alive(&db, now))
    }

    async fn lease(
        &self,
        cluster: &ClusterKey,
        holder: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        call!(self, db => retain::lease(&db, cluster, holder, time))
    }

    async fn retain(
        &self,
        cut: &Cut,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Forgotten, StoreError> {
        call!(self, db => retain::retain(&mut db, cut, now, limit))
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        let size = call!(self, db => async { Ok::<_, Trouble>(size::of(&db).await?) });
        size.map(Some)
    }
}

#[async_trait]
impl KeyNotes for PostgresStore {
    async fn note_pseudonym_key(
        &self,
        fingerprint: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<NotedKey>, StoreError> {
        call!(self, db => keys::note(&db, fingerprint, now))
    }
}

#[async_trait]
impl Trail for PostgresStore {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError> {
        call!(self, db => reads::events(&mut db, after, limit))
    }

    async fn credentials(&self, record: &RecordRef) -> Result<Vec<MintedCredential>, StoreError> {
        call!(self, db => reads::credentials(&db, record))
    }
}
