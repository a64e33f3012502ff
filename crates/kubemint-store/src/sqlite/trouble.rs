//! What happens when something goes wrong inside the store: a job that fails, a full disk, a writer that ends.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures::poll;
use kubemint::audit::{Event, Kind};
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Landmark, Store as _, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::store::SqliteStore;
use crate::config::Options;
use crate::trail::Trail as _;

fn event(reason: &str) -> Event {
    Event {
        at: chrono::DateTime::UNIX_EPOCH,
        kind: Kind::ListRefused,
        request_id: None,
        principal: None,
        token_id: None,
        cluster: ClusterKey::new("r", "p", "c"),
        kubeconfig: None,
        uid: None,
        decision: None,
        detail: serde_json::Map::new(),
    }
    .with("reason", reason)
}

async fn reasons(store: &SqliteStore) -> Vec<String> {
    let events = store.events(0, 100_000).await.unwrap();
    events
        .into_iter()
        .map(|(_, event)| event.detail["reason"].as_str().unwrap().to_owned())
        .collect()
}

fn write(connection: &Connection, reason: &str) -> rusqlite::Result<()> {
    super::rows::EventRow::new(event(reason)).insert(connection)
}

/// A job that holds the writer until it is told to go on; both ends are ready when this returns.
async fn hold(
    store: &SqliteStore,
) -> (
    impl Future<Output = Result<(), StoreError>> + use<'_>,
    mpsc::Sender<()>,
) {
    let (started, running) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let mut held = Box::pin(store.writer.run(move |_| {
        started.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    }));
    assert!(poll!(&mut held).is_pending());
    running.await.unwrap();
    (held, release)
}

#[tokio::test]
async fn a_job_that_fails_undoes_itself_and_no_other_of_its_commit() {
    let store = SqliteStore::temporary().unwrap();
    let (held, release) = hold(&store).await;
    let before = store.writer_stats();
    let mut first = Box::pin(store.writer.run(|connection| write(connection, "first")));
    let mut bad = Box::pin(store.writer.run(|connection| {
        write(connection, "bad")?;
        connection
            .execute("INSERT INTO instance (one) VALUES (2)", [])
            .map(drop)
    }));
    let mut last = Box::pin(store.writer.run(|connection| write(connection, "last")));
    assert!(
        poll!(&mut first).is_pending()
            && poll!(&mut bad).is_pending()
            && poll!(&mut last).is_pending()
    );
    release.send(()).unwrap();
    held.await.unwrap();
    first.await.unwrap();
    assert!(
        matches!(bad.await, Err(StoreError::Damaged(_))),
        "a constraint was violated"
    );
    last.await.unwrap();
    assert_eq!(reasons(&store).await, ["first", "last"]);
    // The one that held the writer, and the three that came meanwhile.
    let after = store.writer_stats();
    assert_eq!(
        (after.commits - before.commits, after.jobs - before.jobs),
        (1, 4)
    );
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_readers_do_not_wait_for_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        queue: 2,
        ..Options::new(folder.path().join("a.db"))
    };
    let store = SqliteStore::open(options).unwrap();
    store.append(event("before")).await.unwrap();
    let (held, release) = hold(&store).await;
    let mut first = store.append(event("first"));
    let mut second = store.append(event("second"));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    let refused = store.append(event("third")).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unavailable(cause) if cause.to_string() == "the queue is full")
    );
    assert_eq!(
        reasons(&store).await,
        ["before"],
        "read while the writer is busy"
    );
    release.send(()).unwrap();
    held.await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(reasons(&store).await, ["before", "first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_hangs_is_told_in_time_and_what_is_told_promptly_is_not_begun_later() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        readers: 1,
        ..Options::new(folder.path().join("a.db"))
    };
    let store = SqliteStore::open(options).unwrap();
    let (held, release) = hold(&store).await;
    let (release_reader, released) = mpsc::channel();
    let reading = store.readers.run(move |_| {
        released.recv().unwrap();
        Ok(())
    });
    let place = ClusterKey::new("r", "p", "c");
    let landmark = Landmark {
        namespace: "n".to_owned(),
        uid: "u".to_owned(),
    };
    let start = Instant::now();
    let id = "a".parse().unwrap();
    let told = async {
        let (written, read, noted) = tokio::join!(
            async { (store.append(event("prompt")).await, start.elapsed()) },
            async { (store.find(&place, &id).await, start.elapsed()) },
            async {
                (
                    store.note_landmark(&place, &landmark).await,
                    start.elapsed(),
                )
            },
        );
        release_reader.send(()).unwrap();
        let (prompt, call) = (Duration::from_millis(1800), Duration::from_secs(4));
        for ((answer, took), time) in [
            ((written.0.err(), written.1), prompt),
            ((read.0.err(), read.1), prompt),
            ((noted.0.err(), noted.1), call),
        ] {
            let Some(StoreError::Unavailable(cause)) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!(cause.to_string(), "the database did not answer in time");
            // A busy machine has a second.
            assert!(
                (time..time + Duration::from_secs(1)).contains(&took),
                "{took:?}"
            );
        }
    };
    let (read, ()) = tokio::join!(reading, told);
    read.unwrap();
    release.send(()).unwrap();
    held.await.unwrap();
    // What is prompt is done or not when it is told; what comes after something was done in a cluster is done, if late.
    store.append(event("after")).await.unwrap();
    assert_eq!(reasons(&store).await, ["after"]);
    assert_eq!(store.landmarks(&place).await.unwrap(), [landmark]);
}

#[tokio::test]
async fn what_was_asked_is_done_even_if_no_one_waits_for_the_answer() {
    let store = SqliteStore::temporary().unwrap();
    let mut asked = store.append(event("asked"));
    assert!(poll!(&mut asked).is_pending());
    drop(asked);
    store.ping().await.unwrap();
    assert_eq!(reasons(&store).await, ["asked"]);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_until_there_is_room_again() {
    let store = SqliteStore::temporary().unwrap();
    let bound = |pages: i64| {
        store.writer.run(move |connection| {
            connection
                .pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
        })
    };
    bound(60).await.unwrap();
    let mut written = Vec::new();
    let failure = loop {
        let reason = format!("{}-{}", written.len(), "x".repeat(1000));
        match store.append(event(&reason)).await {
            Ok(()) => written.push(reason),
            Err(error) => break error,
        }
        assert!(written.len() < 1000, "60 pages were never full");
    };
    assert!(matches!(failure, StoreError::Unavailable(_)), "{failure:?}");
    assert_eq!(
        reasons(&store).await,
        written,
        "what was acknowledged can be read, and nothing else is there"
    );
    bound(1_000_000).await.unwrap();
    store.append(event("room")).await.unwrap();
    written.push("room".to_owned());
    assert_eq!(reasons(&store).await, written);
}

#[tokio::test]
async fn when_a_whole_transaction_is_lost_all_its_jobs_say_so() {
    let store = SqliteStore::temporary().unwrap();
    let (held, release) = hold(&store).await;
    let mut first = store.append(event("first"));
    // SQLite itself rolls back on some errors (a full disk, a failed write); this does it by hand.
    let mut bad = Box::pin(store.writer.run(|connection| {
        connection.execute_batch("ROLLBACK")?;
        Err::<(), _>(rusqlite::Error::InvalidQuery)
    }));
    let mut last = store.append(event("last"));
    assert!(
        poll!(&mut first).is_pending()
            && poll!(&mut bad).is_pending()
            && poll!(&mut last).is_pending()
    );
    release.send(()).unwrap();
    assert!(held.await.is_err() && first.await.is_err());
    assert!(bad.await.is_err() && last.await.is_err());
    assert_eq!(reasons(&store).await, [""; 0]);
    store.append(event("next")).await.unwrap();
    assert_eq!(reasons(&store).await, ["next"]);
}

#[tokio::test]
async fn a_panic_ends_its_job_alone_and_is_undone() {
    let store = SqliteStore::temporary().unwrap();
    store.append(event("before")).await.unwrap();
    let bug = |connection: &Connection| -> rusqlite::Result<()> {
        write(connection, "undone")?;
        panic!("a bug in a job")
    };
    let died = store.writer.run(bug).await;
    assert!(
        matches!(died, Err(StoreError::Unavailable(cause)) if cause.to_string().contains("a defect of this program"))
    );
    store.append(event("after")).await.unwrap();
    assert_eq!(reasons(&store).await, ["before", "after"]);
}

#[tokio::test]
async fn every_commit_is_flushed_before_it_is_answered() {
    let store = SqliteStore::temporary().unwrap();
    let read = |name: &'static str| {
        store.writer.run(move |connection| {
            connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        })
    };
    // 2 is FULL: the log is synced at each commit, and not only at checkpoints.
    assert_eq!(read("synchronous").await.unwrap(), 2.into());
    assert_eq!(read("journal_mode").await.unwrap(), "wal".to_owned().into());
    assert_eq!(read("foreign_keys").await.unwrap(), 1.into());
}
