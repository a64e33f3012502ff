//! The steps of a record's life. Each is one statement, which changes the record and writes its event, or nothing.

use chrono::{DateTime, Utc};
use kubemint::ports::Grant;
use kubemint::record::RecordRef;

use super::connect::Held;
use super::error::Trouble;
use super::rows::{EventRow, Parameter, escaped, insert_event};
use crate::steps::Step;

/// Which record: the first parameters after the event's.
macro_rules! is_the_record {
    () => {
        "region = $14 AND project = $15 AND cluster = $16 AND id = $17 AND uid = $18"
    };
}

const TAKE: &str = concat!(
    "WITH changed AS (
         UPDATE kubeconfig SET state = $20 WHERE ",
    is_the_record!(),
    " AND state = ANY ($19::text[]) RETURNING seq
     ), ",
    insert_event!(" FROM changed", "$21", "$22", "$23", "$24"),
);
/// The state is said so that it is looked for by its name, and not among all that are pending: of those the planner expects none.
const ACTIVATE: &str = concat!(
    "WITH changed AS (
         UPDATE kubeconfig SET state = 'active', expires_at = $20, object_uid = $21 WHERE ",
    is_the_record!(),
    " AND state || '' = 'pending' AND pending_until > created_at RETURNING seq
     ), minted AS (
         INSERT INTO credential (kubeconfig, jti, expires_at, minted_at)
         SELECT seq, $19::text, $20::bigint, $22::bigint FROM changed
     ), ",
    insert_event!(" FROM changed", "$23", "$24", "$25", "$26"),
);
/// The row is locked, so that it is active until this is committed.
const ADD_CREDENTIAL: &str = concat!(
    "WITH changed AS (
         SELECT seq FROM kubeconfig WHERE ",
    is_the_record!(),
    " AND state = 'active' FOR SHARE
     ), minted AS (
         INSERT INTO credential (kubeconfig, jti, expires_at, minted_at)
         SELECT seq, $19::text, $20::bigint, $21::bigint FROM changed
     ), ",
    insert_event!(" FROM changed", "$22", "$23", "$24", "$25"),
);
const ABANDON: &str = "UPDATE kubeconfig SET pending_until = created_at
     WHERE region = $1 AND project = $2 AND cluster = $3 AND id = $4 AND uid = $5 AND state || '' = 'pending'";
const APPEND: &str = concat!("WITH ", insert_event!("", "$14", "$15", "$16", "$17"));

/// Takes a step; `false`, and nothing is written, when the record is not where the step starts.
pub(super) async fn take(
    db: &Held,
    record: &RecordRef,
    step: Step,
    event: &EventRow,
) -> Result<bool, Trouble> {
    let from: Vec<&str> = step.from.iter().map(|state| state.as_str()).collect();
    let to = step.to.as_str();
    run(db, TAKE, record, event, &[&from, &to]).await
}

/// `pending -> active`, unless it was given up: the row's lock puts the two in an order.
pub(super) async fn activate(
    db: &Held,
    record: &RecordRef,
    grant: &Grant,
    event: &EventRow,
) -> Result<bool, Trouble> {
    let jti = grant.jti.as_deref().map(escaped);
    let (expires_at, minted_at) = (grant.expires_at.timestamp_millis(), event.millis());
    let object_uid = escaped(&grant.object_uid);
    let more: [Parameter<'_>; 4] = [&jti, &expires_at, &object_uid, &minted_at];
    run(db, ACTIVATE, record, event, &more).await
}

/// One more credential of an active record.
pub(super) async fn add_credential(
    db: &Held,
    record: &RecordRef,
    jti: Option<&str>,
    expires_at: DateTime<Utc>,
    event: &EventRow,
) -> Result<bool, Trouble> {
    let jti = jti.map(escaped);
    let (expires_at, minted_at) = (expires_at.timestamp_millis(), event.millis());
    run(
        db,
        ADD_CREDENTIAL,
        record,
        event,
        &[&jti, &expires_at, &minted_at],
    )
    .await
}

/// Gives up a pending record: its deadline is its creation.
pub(super) async fn abandon(db: &Held, record: &RecordRef) -> Result<bool, Trouble> {
    let (region, project, cluster) = (
        escaped(&record.cluster.region),
        escaped(&record.cluster.project),
        escaped(&record.cluster.cluster),
    );
    let (id, uid) = (record.id.as_str(), record.uid.to_string());
    let all: [Parameter<'_>; 5] = [&region, &project, &cluster, &id, &uid];
    let statement = db.prepare_cached(ABANDON).await?;
    Ok(db.execute(&statement, &all).await? == 1)
}

/// An event alone.
pub(super) async fn append(db: &Held, event: &EventRow) -> Result<(), Trouble> {
    let statement = db.prepare_cached(APPEND).await?;
    db.execute(&statement, &event.parameters(&[])).await?;
    Ok(())
}

/// Whether an event could be written, by the very statement that writes one: it is taken back.
pub(super) async fn try_append(db: &mut Held, event: &EventRow) -> Result<(), Trouble> {
    let transaction = db.transaction().await?;
    let statement = transaction.prepare_cached(APPEND).await?;
    transaction
        .execute(&statement, &event.parameters(&[]))
        .await?;
    transaction.rollback().await?;
    Ok(())
}

async fn run(
    db: &Held,
    sql: &'static str,
    record: &RecordRef,
    event: &EventRow,
    more: &[Parameter<'_>],
) -> Result<bool, Trouble> {
    let (region, project, cluster) = (
        escaped(&record.cluster.region),
        escaped(&record.cluster.project),
        escaped(&record.cluster.cluster),
    );
    let (id, uid) = (record.id.as_str(), record.uid.to_string());
    let mut all: Vec<Parameter<'_>> = vec![&region, &project, &cluster, &id, &uid];
    all.extend(more);
    let statement = db.prepare_cached(sql).await?;
    let written = db.execute(&statement, &event.parameters(&all)).await?;
    Ok(written == 1)
}
