//! How many issues a second the store makes durable: two commits each (pending, then active), at several numbers of
//! clients. `cargo run --release -p kubemint-store --example throughput [FOLDER]`; the folder says which disk.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Begun, Grant, Idempotency, Store as _, StoreError};
use kubemint::record::{Record, State};
use kubemint_store::{Options, SqliteStore};
use uuid::Uuid;

/// How long each number of clients is measured.
const TIME: Duration = Duration::from_secs(4);

fn record(now: DateTime<Utc>) -> Result<Record, kubemint::id::InvalidId> {
    let uid = Uuid::new_v4();
    Ok(Record {
        cluster: ClusterKey::new("us-texas-1", "project-x9y8z7", "cluster-a1b2c3"),
        id: format!("kubeconfig-{}", uid.simple()).parse()?,
        uid,
        display_name: None,
        description: None,
        issued_for: "alice".to_owned(),
        role: "viewer".to_owned(),
        created_by: Principal {
            issuer: "https://login.example".to_owned(),
            subject: "alice".to_owned(),
        },
        ttl: 3600,
        state: State::Pending,
        created_at: now,
        pending_until: now + TimeDelta::seconds(30),
        expires_at: None,
        object_uid: None,
    })
}

fn event(kind: Kind, record: &Record) -> Event {
    Event {
        at: record.created_at,
        kind,
        request_id: Some(record.uid.to_string()),
        principal: Some(record.created_by.clone()),
        token_id: None,
        cluster: record.cluster.clone(),
        kubeconfig: Some(record.id.to_string()),
        uid: Some(record.uid),
        decision: None,
        detail: serde_json::Map::new(),
    }
}

async fn issue(store: &SqliteStore) -> Result<bool, StoreError> {
    let Ok(record) = record(Utc::now()) else {
        return Ok(false);
    };
    let key = Idempotency {
        principal: record.created_by.clone(),
        key: record.uid.to_string(),
        fingerprint: "{}".to_owned(),
        keep_until: record.created_at + TimeDelta::hours(24),
    };
    let begun = store
        .begin_issue(
            &record,
            Some(&key),
            None,
            event(Kind::IssueRequested, &record),
        )
        .await?;
    let grant = Grant {
        expires_at: record.created_at + TimeDelta::hours(1),
        object_uid: record.uid.to_string(),
        jti: Some(record.uid.to_string()),
    };
    let issued = store
        .activate(&record.reference(), &grant, event(Kind::Issued, &record))
        .await?;
    Ok(begun == Begun::Started && issued)
}

/// Issues for as long as it may, and returns how long each took.
async fn client(store: Arc<SqliteStore>, until: Instant) -> Result<Vec<Duration>, StoreError> {
    let mut took = Vec::new();
    while Instant::now() < until {
        let start = Instant::now();
        if issue(&store).await? {
            took.push(start.elapsed());
        }
    }
    Ok(took)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder)?;
    let store = Arc::new(SqliteStore::open(Options::new(
        folder.path().join("throughput.db"),
    ))?);
    println!("clients  issues/s  commits/s  jobs/commit  p50      p99");
    for clients in [1, 8, 64, 256] {
        let (before, start) = (store.writer_stats(), Instant::now());
        let tasks: Vec<_> = (0..clients)
            .map(|_| tokio::spawn(client(Arc::clone(&store), start + TIME)))
            .collect();
        let mut took = Vec::new();
        for task in tasks {
            took.extend(task.await??);
        }
        let (seconds, after) = (start.elapsed().as_secs_f64(), store.writer_stats());
        took.sort_unstable();
        let at = |part: usize| {
            took.get(took.len() * part / 100)
                .copied()
                .unwrap_or_default()
        };
        let commits = (after.commits - before.commits) as f64;
        println!(
            "{clients:7}  {:8.0}  {:9.0}  {:11.1}  {:7.1?}  {:7.1?}",
            took.len() as f64 / seconds,
            commits / seconds,
            (after.jobs - before.jobs) as f64 / commits,
            at(50),
            at(99),
        );
    }
    Ok(())
}
