//! How an issue begins: the one write that must decide whether it is the first. Constraints decide, among any number of
//! replicas: a key and a name are claimed by writing them, and the claim waits for another one under way.

use deadpool_postgres::{GenericClient, Transaction};
use kubemint::ports::{Begun, Idempotency};
use kubemint::record::{Record, State};

use super::connect::Held;
use super::error::Trouble;
use super::rows::{
    self, EventRow, Parameter, RECORD_WIDTH, digest, escaped, insert_event, record_columns,
};

/// How often a key is claimed anew that was taken, and then free when it was looked at.
const ATTEMPTS: usize = 8;

/// What a new record is, beginning with the number that a key may hold for it.
macro_rules! insert_record {
    () => {
        "WITH started AS (
         INSERT INTO kubeconfig (seq, region, project, cluster, id, uid, display_name, description, issued_for, role,
             creator_issuer, creator_subject, creator, subject, ttl, state, created_at, pending_until)
         VALUES (coalesce($14::bigint, nextval(pg_get_serial_sequence('kubeconfig', 'seq'))), $15, $16, $17, $18, $19,
             $20, $21, $22, $23, $24, $25, $26, $27, $28, 'pending', $29, $30)
         ON CONFLICT (region, project, cluster, id) "
    };
}
/// A new record and its event, unless there is one of its name. It is nearly always this, and [`TAKE_OVER`] costs half as much
/// again.
const BEGIN: &str = concat!(
    insert_record!(),
    "DO NOTHING RETURNING seq
     ), ",
    insert_event!(" FROM started", "$31", "$32", "$33", "$34"),
);
/// The same in the place of one that failed, which the same principal made under the name: it becomes the newest, and no key leads
/// to it from before. One that a concurrent transaction ties to the old one in this very moment fails this one, by its constraint.
const TAKE_OVER: &str = concat!(
    insert_record!(),
    "DO UPDATE
         SET seq = excluded.seq, uid = excluded.uid, display_name = excluded.display_name,
             description = excluded.description, issued_for = excluded.issued_for, role = excluded.role,
             subject = excluded.subject, ttl = excluded.ttl, state = excluded.state,
             created_at = excluded.created_at, pending_until = excluded.pending_until, took_over = kubeconfig.seq
         WHERE kubeconfig.state = 'failed' AND kubeconfig.forgotten_at IS NULL
             AND kubeconfig.creator = excluded.creator
         RETURNING seq, took_over
     ), freed AS (
         DELETE FROM idempotency USING started WHERE kubeconfig = took_over
     ), ",
    insert_event!(" FROM started", "$31", "$32", "$33", "$34"),
);
/// One at a time for a user at a cluster, until the end of the transaction. Two users with one hash wait for each other.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(
        concat_ws('/', encode($1::bytea, 'hex'), $2::text, $3::text, $4::text), 0))";
/// How many kubeconfigs are alive for a user at a cluster: each part has its index.
const ALIVE: &str = "
    SELECT (SELECT count(*) FROM kubeconfig
            WHERE region = $2 AND project = $3 AND cluster = $4 AND subject = $1 AND state = 'active' AND expires_at > $5)
         + (SELECT count(*) FROM kubeconfig
            WHERE region = $2 AND project = $3 AND cluster = $4 AND subject = $1 AND state = 'revoking')
         + (SELECT count(*) FROM kubeconfig
            WHERE region = $2 AND project = $3 AND cluster = $4 AND subject = $1 AND state = 'pending'
                AND pending_until > $5)";
/// The key, unless it is someone's: one past its time, or whose issue failed, is free.
const CLAIM: &str = "
    INSERT INTO idempotency AS old (owner, region, project, cluster, key, fingerprint, kubeconfig, keep_until)
    VALUES ($1, $2, $3, $4, $5, $6, nextval(pg_get_serial_sequence('kubeconfig', 'seq')), $7)
    ON CONFLICT (owner, region, project, cluster, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, kubeconfig = excluded.kubeconfig, keep_until = excluded.keep_until
    WHERE old.keep_until <= $8
        OR EXISTS (SELECT 1 FROM kubeconfig WHERE seq = old.kubeconfig AND state = 'failed')
    RETURNING kubeconfig";
const EARLIER: &str = concat!(
    "SELECT ",
    record_columns!(),
    ", fingerprint FROM idempotency JOIN kubeconfig ON kubeconfig.seq = idempotency.kubeconfig
     WHERE owner = $1 AND idempotency.region = $2 AND idempotency.project = $3 AND idempotency.cluster = $4
         AND key = $5 AND keep_until > $6"
);

/// Writes a pending record, unless its idempotency key or its name says otherwise. "Now" is the record's creation.
pub(super) async fn begin(
    db: &mut Held,
    record: &Record,
    idempotency: Option<&Idempotency>,
    most: Option<u32>,
    event: &EventRow,
) -> Result<Begun, Trouble> {
    let Some(idempotency) = idempotency else {
        if let Some(most) = most {
            return begin_within(db, record, most, event).await;
        }
        let row = NewRecord::new(record, None);
        return start(&**db, &row, event).await;
    };
    let key = Key::new(record, idempotency);
    for _ in 0..ATTEMPTS {
        if let Some(begun) = claim_and_begin(db, record, &key, most, event).await? {
            return Ok(begun);
        }
        if let Some(begun) = earlier(db, &key).await? {
            return Ok(begun);
        }
    }
    Err(Trouble::Busy)
}

/// Without a key, for a user who may have so many.
async fn begin_within(
    db: &mut Held,
    record: &Record,
    most: u32,
    event: &EventRow,
) -> Result<Begun, Trouble> {
    let transaction = db.transaction().await?;
    if !has_room(&transaction, record, most).await? {
        transaction.rollback().await?;
        return Ok(Begun::QuotaExceeded);
    }
    let row = NewRecord::new(record, None);
    let begun = start(&transaction, &row, event).await?;
    transaction.commit().await?;
    Ok(begun)
}

/// Writes the record: it has started, or its name is taken.
async fn start(
    db: &impl GenericClient,
    record: &NewRecord,
    event: &EventRow,
) -> Result<Begun, Trouble> {
    let record = record.parameters();
    let parameters = event.parameters(&record);
    for sql in [BEGIN, TAKE_OVER] {
        let statement = db.prepare_cached(sql).await?;
        if db.execute(&statement, &parameters).await? == 1 {
            return Ok(Begun::Started);
        }
    }
    Ok(Begun::IdTaken)
}

/// Whether fewer kubeconfigs than `most` are alive for the record's user at its cluster. Whoever asks the same waits until
/// this transaction has ended, so that no two count the same room.
async fn has_room(
    transaction: &Transaction<'_>,
    record: &Record,
    most: u32,
) -> Result<bool, Trouble> {
    let own = |text: &str| escaped(text).into_owned();
    let cluster = &record.cluster;
    let (region, project, id) = (
        own(&cluster.region),
        own(&cluster.project),
        own(&cluster.cluster),
    );
    let subject = digest(&record.created_by.issuer, &record.issued_for);
    let statement = transaction.prepare_cached(LOCK).await?;
    let place: [Parameter<'_>; 4] = [&subject, &region, &project, &id];
    transaction.execute(&statement, &place).await?;
    let statement = transaction.prepare_cached(ALIVE).await?;
    let now = record.created_at.timestamp_millis();
    let asked: [Parameter<'_>; 5] = [&subject, &region, &project, &id, &now];
    let row = transaction.query_one(&statement, &asked).await?;
    let alive: i64 = rows::get(&row, 0)?;
    Ok(alive < i64::from(most))
}

/// `None` when the key is someone's.
async fn claim_and_begin(
    db: &mut Held,
    record: &Record,
    key: &Key<'_>,
    most: Option<u32>,
    event: &EventRow,
) -> Result<Option<Begun>, Trouble> {
    let transaction = db.transaction().await?;
    let statement = transaction.prepare_cached(CLAIM).await?;
    let claimed = transaction.query_opt(&statement, &key.claim()).await?;
    let Some(claimed) = claimed else {
        transaction.rollback().await?;
        return Ok(None);
    };
    if let Some(most) = most
        && !has_room(&transaction, record, most).await?
    {
        transaction.rollback().await?;
        return Ok(Some(Begun::QuotaExceeded));
    }
    let row = NewRecord::new(record, Some(rows::get(&claimed, 0)?));
    let begun = start(&transaction, &row, event).await?;
    if begun == Begun::Started {
        transaction.commit().await?;
    } else {
        // The claim goes too: the key was not used up.
        transaction.rollback().await?;
    }
    Ok(Some(begun))
}

/// What an earlier use of the key means for this one; `None` when it is free by now.
async fn earlier(db: &Held, key: &Key<'_>) -> Result<Option<Begun>, Trouble> {
    let statement = db.prepare_cached(EARLIER).await?;
    let Some(row) = db.query_opt(&statement, &key.lookup()).await? else {
        return Ok(None);
    };
    let (_, record) = rows::record(&row)?;
    let same = rows::text(&row, RECORD_WIDTH)? == key.plain_fingerprint;
    Ok(match record.state {
        State::Failed => None,
        _ if !same => Some(Begun::KeyReused),
        State::Pending => Some(Begun::InProgress(Box::new(record))),
        State::Active | State::Revoking | State::Revoked | State::Expired => {
            Some(Begun::Replay(Box::new(record)))
        }
    })
}

/// An idempotency key, ready to be written.
struct Key<'a> {
    owner: Vec<u8>,
    region: String,
    project: String,
    cluster: String,
    key: String,
    fingerprint: String,
    plain_fingerprint: &'a str,
    keep_until: i64,
    now: i64,
}

impl<'a> Key<'a> {
    fn new(record: &Record, idempotency: &'a Idempotency) -> Self {
        let principal = &idempotency.principal;
        Self {
            owner: digest(&principal.issuer, &principal.subject),
            region: escaped(&record.cluster.region).into_owned(),
            project: escaped(&record.cluster.project).into_owned(),
            cluster: escaped(&record.cluster.cluster).into_owned(),
            key: escaped(&idempotency.key).into_owned(),
            fingerprint: escaped(&idempotency.fingerprint).into_owned(),
            plain_fingerprint: &idempotency.fingerprint,
            keep_until: idempotency.keep_until.timestamp_millis(),
            now: record.created_at.timestamp_millis(),
        }
    }

    fn claim(&self) -> [Parameter<'_>; 8] {
        [
            &self.owner,
            &self.region,
            &self.project,
            &self.cluster,
            &self.key,
            &self.fingerprint,
            &self.keep_until,
            &self.now,
        ]
    }

    fn lookup(&self) -> [Parameter<'_>; 6] {
        [
            &self.owner,
            &self.region,
            &self.project,
            &self.cluster,
            &self.key,
            &self.now,
        ]
    }
}

/// A record, ready to be written.
struct NewRecord {
    /// Its number, where a key holds one for it.
    seq: Option<i64>,
    texts: [String; 5],
    display_name: Option<String>,
    description: Option<String>,
    about: [String; 4],
    creator: Vec<u8>,
    subject: Vec<u8>,
    numbers: [i64; 3],
}

impl NewRecord {
    fn new(record: &Record, seq: Option<i64>) -> Self {
        let own = |text: &str| escaped(text).into_owned();
        let creator = &record.created_by;
        Self {
            seq,
            texts: [
                own(&record.cluster.region),
                own(&record.cluster.project),
                own(&record.cluster.cluster),
                own(record.id.as_str()),
                record.uid.to_string(),
            ],
            display_name: record.display_name.as_deref().map(own),
            description: record.description.as_deref().map(own),
            about: [
                own(&record.issued_for),
                own(&record.role),
                own(&creator.issuer),
                own(&creator.subject),
            ],
            creator: digest(&creator.issuer, &creator.subject),
            subject: digest(&creator.issuer, &record.issued_for),
            numbers: [
                i64::from(record.ttl),
                record.created_at.timestamp_millis(),
                record.pending_until.timestamp_millis(),
            ],
        }
    }

    fn parameters(&self) -> Vec<Parameter<'_>> {
        let mut all: Vec<Parameter<'_>> = vec![&self.seq];
        all.extend(self.texts.iter().map(|text| text as Parameter<'_>));
        all.extend([&self.display_name as Parameter<'_>, &self.description]);
        all.extend(self.about.iter().map(|text| text as Parameter<'_>));
        all.extend([&self.creator as Parameter<'_>, &self.subject]);
        all.extend(self.numbers.iter().map(|number| number as Parameter<'_>));
        all
    }
}
