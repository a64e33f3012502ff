//! A database that hangs, dies or is damaged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kubemint::audit::Kind;
use kubemint::ports::{Begun, Store as _, StoreError};
use kubemint::record::{Record, State};
use kubemint_store::{Backend, PostgresStore, Trail as _};

use super::cluster::Cluster;
use super::{SHARED, migrated, open_transaction};
use crate::chain::verified;
use crate::suite::fixture::{event, found, grant, here, key, put, record};

fn is_unavailable<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_database_is_unavailable_in_time_and_used_again_after() {
    let cluster = Cluster::start(&[]);
    let options = cluster.database();
    let store = migrated(&options);
    let record = record("a");
    put(&store, &record, State::Active, &grant()).await;

    let (place, key, asked) = (here(), key("k", "f"), event(Kind::IssueRequested, &record));
    cluster.signal_all("STOP");
    let start = Instant::now();
    // What someone waits for: no audit row, nothing minted, and a 503 soon. It is two seconds, and other calls take four; a busy
    // machine has one between them.
    let prompt = async {
        let done = tokio::join!(
            store.find(&place, &record.id),
            store.append(event(Kind::Read, &record)),
            store.begin_issue(&record, Some(&key), None, asked),
        );
        (done, start.elapsed())
    };
    let (ping, ((read, write, begun), told), opened) =
        tokio::join!(store.ping(), prompt, PostgresStore::open(&options));
    let took = start.elapsed();
    assert!(told < Duration::from_secs(3), "{told:?}");
    is_unavailable(ping);
    is_unavailable(read);
    is_unavailable(write);
    is_unavailable(begun);
    assert!(opened.is_err());
    assert!(took < Duration::from_secs(5), "{took:?}");

    cluster.signal_all("CONT");
    let start = Instant::now();
    while let Err(error) = store.ping().await {
        assert!(start.elapsed() < Duration::from_secs(10), "{error:?}");
    }
    assert_eq!(found(&store, &record).await.state, State::Active);
}

/// One worker's issues until it is stopped: each repeated with its key until it is granted, as a client does.
async fn issue_on(store: Arc<PostgresStore>, worker: usize, stop: Arc<AtomicBool>) -> Vec<Record> {
    let mut granted = Vec::new();
    let mut attempt = 0;
    while !stop.load(Ordering::Relaxed) {
        let name = format!("key-{worker}-{}", granted.len());
        let record = loop {
            attempt += 1;
            let record = record(&format!("k-{worker}-{attempt}"));
            let begun = store
                .begin_issue(
                    &record,
                    Some(&key(&name, "f")),
                    None,
                    event(Kind::IssueRequested, &record),
                )
                .await;
            match begun {
                Ok(Begun::Started) => {}
                // An answer was lost: the reconciler's part is to give the first one up, and then the key is free.
                Ok(Begun::InProgress(_)) => {
                    give_up(&store, worker, attempt).await;
                    continue;
                }
                Ok(Begun::Replay(first)) => break *first,
                Ok(other) => panic!("{other:?}"),
                Err(StoreError::Unavailable(_)) => continue,
                Err(error) => panic!("{error:?}"),
            }
            let event = event(Kind::Issued, &record);
            match store.activate(&record.reference(), &grant(), event).await {
                Ok(true) => break record,
                Ok(false) => panic!("no one else has it"),
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        };
        granted.push(record);
    }
    granted
}

/// Gives up what a worker's attempts left pending.
async fn give_up(store: &PostgresStore, worker: usize, attempts: usize) {
    for attempt in 1..attempts {
        let id = format!("k-{worker}-{attempt}").parse().unwrap();
        if let Ok(Some(record)) = store.find(&here(), &id).await
            && record.state == State::Pending
        {
            // It is tried again when this fails.
            let _ = store
                .fail(&record.reference(), event(Kind::IssueFailed, &record))
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_under_load_loses_no_acknowledged_issue() {
    let cluster = Cluster::start(&[]);
    let store = Arc::new(migrated(&cluster.database()));
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..8)
        .map(|worker| tokio::spawn(issue_on(Arc::clone(&store), worker, Arc::clone(&stop))))
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| {
            cluster.kill();
            cluster.restart();
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut granted = Vec::new();
    for worker in workers {
        granted.extend(worker.await.unwrap());
    }
    assert!(granted.len() > 50, "{} were issued", granted.len());

    let trail = store.events(0, u32::MAX).await.unwrap();
    for record in &granted {
        let kept = found(&*store, record).await;
        assert_eq!((kept.uid, kept.state), (record.uid, State::Active));
        let issued = trail
            .iter()
            .filter(|(_, event)| event.uid == Some(record.uid) && event.kind == Kind::Issued)
            .count();
        assert_eq!(issued, 1, "{}", record.id);
    }
    // Nothing was granted twice for a key: what is active is what was answered.
    let mut active = 0;
    let mut after = None;
    loop {
        let page = store.active(&here(), after, 500).await.unwrap();
        active += page.records.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(active, granted.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_not_taken_for_one_that_is_away() {
    let options = SHARED.database();
    let store = migrated(&options);
    let record = record("a");
    put(&store, &record, State::Active, &grant()).await;
    let run = |sql: &str| assert!(SHARED.sql(&options.database, sql), "{sql}");
    run("UPDATE kubeconfig SET uid = 'no uuid'");
    let read = store.find(&here(), &record.id).await;
    assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
    run("ALTER TABLE audit RENAME TO gone");
    let write = store.append(event(Kind::Read, &record)).await;
    assert!(matches!(write, Err(StoreError::Damaged(_))), "{write:?}");
    // A connection on which something failed is no trouble for the next one.
    run("ALTER TABLE gone RENAME TO audit");
    store.append(event(Kind::Read, &record)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_one_statement_met_is_remembered() {
    for code in ["data_corrupted", "index_corrupted"] {
        let options = SHARED.database();
        let store = migrated(&options);
        let record = record("a");
        let damage = format!(
            "CREATE FUNCTION damaged() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'invalid page' USING ERRCODE = '{code}'; END $$;
             CREATE TRIGGER damaged BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION damaged()"
        );
        assert!(SHARED.sql(&options.database, &damage));
        let met = store.append(event(Kind::Read, &record)).await;
        assert!(matches!(met, Err(StoreError::Damaged(_))), "{met:?}");
        // The page that the next statement needs may be sound: nothing new is begun there all the same.
        assert!(SHARED.sql(&options.database, "DROP TRIGGER damaged ON audit"));
        let asked = event(Kind::IssueRequested, &record);
        let refused = [
            store.ping().await.err(),
            (store.begin_issue(&record, None, None, asked).await).err(),
        ];
        for refused in refused {
            assert!(
                matches!(refused, Some(StoreError::Damaged(_))),
                "{refused:?}"
            );
        }
        store.append(event(Kind::Read, &record)).await.unwrap();
        // Once it is repaired, the service is started again.
        let again = PostgresStore::open(&options).await.unwrap();
        again.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_takes_no_row_is_not_well_and_looking_leaves_none() {
    let refuse = |table, when| {
        format!(
            "CREATE OR REPLACE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no more' USING ERRCODE = 'insufficient_privilege'; END $$;
             CREATE TRIGGER refused BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION refused()"
        )
    };
    let options = SHARED.database();
    let store = migrated(&options);
    let backend = Backend::Postgres(options.clone());
    for (table, when) in [("audit", "INSERT"), ("audit_chain", "INSERT OR UPDATE")] {
        store.ping().await.unwrap();
        assert!(SHARED.sql(&options.database, &refuse(table, when)));
        is_unavailable(store.ping().await);
        is_unavailable(store.append(event(Kind::Read, &record("a"))).await);
        let mended = format!("DROP TRIGGER refused ON {table}");
        assert!(SHARED.sql(&options.database, &mended));
        store.ping().await.unwrap();
        store.append(event(Kind::Read, &record("a"))).await.unwrap();
    }
    let found = verified(&backend).await;
    assert!(found.is_sound(), "{found:?}");
    assert_eq!((found.chains.len(), found.chains[0].rows), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lost_its_caller_while_it_waited_is_not_done_later() {
    let options = SHARED.database();
    let store = migrated(&options);
    let record = record("a");
    let holder = open_transaction(&options, "LOCK TABLE kubeconfig").await;
    let asked = event(Kind::IssueRequested, &record);
    is_unavailable(store.begin_issue(&record, None, None, asked).await);
    // The lock goes before the statement's own limit, and after the database has seen that nobody waits: what still waits then, is
    // done.
    tokio::time::sleep(Duration::from_millis(900)).await;
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(store.find(&here(), &record.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_to_be_written_is_not_written() {
    let options = SHARED.database();
    drop(migrated(&options));
    let freeze = |value: &str| {
        let sql = format!(
            "ALTER DATABASE \"{}\" SET default_transaction_read_only = {value}",
            options.database
        );
        assert!(SHARED.sql("postgres", &sql));
    };
    freeze("on");
    let frozen = PostgresStore::open(&options).await.unwrap();
    is_unavailable(frozen.ping().await);
    is_unavailable(frozen.append(event(Kind::Read, &record("a"))).await);
    freeze("off");
    let thawed = PostgresStore::open(&options).await.unwrap();
    thawed.ping().await.unwrap();
    thawed
        .append(event(Kind::Read, &record("a")))
        .await
        .unwrap();
}
