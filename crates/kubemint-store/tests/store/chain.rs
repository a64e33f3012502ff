//! The trail as a chain of hashes: that every row has its place, and that nothing is changed unseen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::join_all;
use kubemint::audit::{Event, Kind};
use kubemint::ports::{Begun, Cut, Store};
use kubemint::record::State;
use kubemint_store::audit::{Broken, Filter, Flow, Sink, TrailRow, Verification, Verifier, scan};
use kubemint_store::{Backend, OpenError, Options, SqliteStore, Trail as _};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::suite::fixture::{at, begin, event, grant, put, record};

/// Keeps every row.
#[derive(Default)]
struct Rows(Vec<TrailRow>);

impl Sink for Rows {
    fn row(&mut self, row: TrailRow) -> Flow {
        self.0.push(row);
        Flow::Continue(())
    }
}

pub(crate) async fn rows(backend: &Backend, filter: Filter) -> Vec<TrailRow> {
    scan(backend, filter, Rows::default()).await.unwrap().0
}

pub(crate) async fn verified(backend: &Backend) -> Verification {
    let judge = Verifier::new(&[]);
    scan(backend, Filter::ALL, judge).await.unwrap().end()
}

/// A store with a history of every kind, some of it written at the same time. Returns how many events that was.
pub(crate) async fn history<S: Store + 'static>(store: &Arc<S>) -> usize {
    for state in State::ALL {
        put(&**store, &record(state.as_str()), state, &grant()).await;
    }
    // What writes no event takes no place.
    let taken = begin(&**store, &record("active"), None).await;
    assert_eq!(taken, Begun::IdTaken);
    let revoked = record("revoked").reference();
    let again = event(Kind::Revoked, &record("revoked"));
    assert!(!store.finish_revoke(&revoked, again).await.unwrap());
    let tasks = (0..40).map(|n| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let odd = Event {
                kubeconfig: Some("NOT an id \u{0} \\0 \u{1F511}".to_owned()),
                ..event(Kind::ReadRefused, &record("a"))
            };
            store.append(odd.with("n", n)).await.unwrap();
        })
    });
    for done in join_all(tasks).await {
        done.unwrap();
    }
    40
}

/// That retention leaves an anchor, behind which the chain goes on.
pub(crate) async fn is_cut_at_its_old_end<S: Store>(store: &S, backend: &Backend) {
    let cut = |before| Cut {
        keys: at(0),
        records: None,
        events: Some(at(before)),
    };
    for second in [1, 3, 2, 9, 4] {
        let event = Event {
            at: at(second),
            ..event(Kind::Read, &record("a"))
        };
        store.append(event).await.unwrap();
    }
    // The fourth is not old, and the fifth stays with it: what is left must follow the anchor.
    let removed = store.retain(&cut(5), at(100), 100).await.unwrap().events;
    assert_eq!(removed, 3);
    let found = verified(backend).await;
    assert!(found.is_sound(), "{found:?}");
    let chain = &found.chains[0];
    assert_eq!((chain.anchor.0, chain.rows, chain.head.0), (3, 2, 5));
    store.retain(&cut(100), at(100), 1).await.unwrap();
    store.retain(&cut(100), at(100), 100).await.unwrap();
    let empty = verified(backend).await;
    assert!(empty.is_sound(), "{empty:?}");
    assert_eq!(empty.chains[0].anchor, empty.chains[0].head);
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    let on = verified(backend).await;
    assert!(on.is_sound(), "{on:?}");
    assert_eq!((on.chains[0].anchor.0, on.chains[0].head.0), (5, 6));
}

struct File {
    path: PathBuf,
    _folder: TempDir,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Self {
            path,
            _folder: folder,
        }
    }

    fn open(&self) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(Options::new(&self.path)).unwrap())
    }

    fn backend(&self) -> Backend {
        Backend::Sqlite(Options::new(&self.path))
    }

    /// What someone with the file in their hands can do: the triggers are no obstacle.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(&self.path).unwrap();
        connection
            .execute_batch(
                "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted;
                 DROP TRIGGER audit_is_never_replaced;",
            )
            .unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_has_its_place_and_is_found_so_while_it_is_written() {
    let file = File::new();
    let store = file.open();
    let many = history(&store).await;
    // The store is open: whoever looks needs no lock.
    let found = verified(&file.backend()).await;
    assert!(found.is_sound(), "{found:?}");
    let events = store.events(0, 10_000).await.unwrap();
    assert!(events.len() > many);
    let [chain] = &found.chains[..] else {
        panic!("one writer, one chain: {found:?}");
    };
    assert_eq!(chain.chain, store.instance().id.to_string());
    assert_eq!(chain.rows, events.len() as u64);
    assert_eq!((chain.anchor.0, chain.head.0), (0, events.len() as i64));
    let head = chain.head.clone();
    drop(store);

    let store = file.open();
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    let later = verified(&file.backend()).await;
    assert!(later.is_sound(), "{later:?}");
    assert_eq!(
        later.chains[0].head.0,
        head.0 + 1,
        "it goes on where it was"
    );
    let noted = Verifier::new(&[head.1, "00ff".to_owned()]);
    let noted = scan(&file.backend(), Filter::ALL, noted)
        .await
        .unwrap()
        .end();
    assert_eq!(noted.unseen, ["00ff"]);
}

#[tokio::test]
async fn rows_are_found_by_time_by_text_and_by_kubeconfig() {
    let file = File::new();
    let store = file.open();
    let record = record("a");
    for second in 0..5 {
        let event = Event {
            at: at(second),
            ..event(Kind::Read, &record)
        };
        store
            .append(event.with("jti", format!("jti-{second}")))
            .await
            .unwrap();
    }
    let between = Filter::Between(at(1).timestamp_millis(), at(3).timestamp_millis());
    assert_eq!(rows(&file.backend(), between).await.len(), 2);
    let mentions = rows(&file.backend(), Filter::Mentions("jti-4".to_owned())).await;
    assert_eq!(mentions.len(), 1);
    let uid = mentions[0].uid.clone().unwrap();
    assert_eq!(rows(&file.backend(), Filter::Uid(uid)).await.len(), 5);
    assert_eq!(rows(&file.backend(), Filter::Uid(String::new())).await, []);
}

#[tokio::test]
async fn retention_leaves_an_anchor() {
    let file = File::new();
    is_cut_at_its_old_end(&*file.open(), &file.backend()).await;
}

#[tokio::test]
async fn whatever_is_done_to_the_file_is_found_and_named() {
    let cases: [(&str, Broken); 9] = [
        (
            "UPDATE audit SET subject = 'mallory' WHERE number = 3",
            Broken::Altered { number: 3, seq: 3 },
        ),
        (
            "UPDATE audit SET detail = replace(detail, '{', '{ ') WHERE number = 2",
            Broken::Altered { number: 2, seq: 2 },
        ),
        (
            "DELETE FROM audit WHERE number IN (2, 3)",
            Broken::Missing { first: 2, last: 3 },
        ),
        (
            "UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;
             UPDATE audit SET seq = 4 WHERE seq = 100",
            Broken::Reordered { number: 3, seq: 4 },
        ),
        (
            "DELETE FROM audit WHERE number <= 2",
            Broken::TruncatedHead {
                expected: 1,
                found: 3,
            },
        ),
        (
            "DELETE FROM audit WHERE number >= 5",
            Broken::TruncatedEnd { first: 5, last: 6 },
        ),
        (
            "UPDATE audit SET chain = 'another' WHERE number = 4",
            Broken::Missing { first: 4, last: 4 },
        ),
        (
            "UPDATE audit_chain SET head = 5",
            Broken::Head { noted: 5, last: 6 },
        ),
        ("DELETE FROM audit_chain", Broken::Unknown),
    ];
    for (sql, expected) in cases {
        let file = File::new();
        let store = file.open();
        for n in 0..6 {
            store
                .append(event(Kind::Read, &record("a")).with("n", n))
                .await
                .unwrap();
        }
        let instance = store.instance().id.to_string();
        drop(store);
        file.tamper(sql);
        let found = verified(&file.backend()).await;
        let chain = found.chains.iter().find(|chain| chain.chain == instance);
        let broken = chain.and_then(|chain| chain.broken.clone());
        assert_eq!(broken, Some(expected), "{sql}");
        assert!(!found.is_sound(), "{sql}");
    }
}

#[tokio::test]
async fn a_row_that_someone_adds_without_a_place_is_a_stray() {
    let file = File::new();
    let store = file.open();
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    drop(store);
    file.tamper(
        "INSERT INTO audit (at, kind, region, project, cluster, detail) VALUES (1, 'get.granted', '', '', '', '{}')",
    );
    let found = verified(&file.backend()).await;
    assert_eq!((found.strays, found.is_sound()), (Some((2, 1)), false));
}

fn make_old(path: &Path) {
    let connection = Connection::open(path).unwrap();
    for sql in [
        include_str!("../../src/sqlite/schema/0001.sql"),
        include_str!("../../src/sqlite/schema/0002.sql"),
        include_str!("../../src/sqlite/schema/0003.sql"),
        include_str!("../../src/sqlite/schema/0004.sql"),
    ] {
        connection.execute_batch(sql).unwrap();
    }
    connection
        .execute_batch(
            "INSERT INTO audit (at, kind, region, project, cluster, detail)
                 VALUES (1, 'get.granted', '', '', '', '{}'), (2, 'get.granted', '', '', '', '{}');
             PRAGMA application_id = 0x4b4d4e54; PRAGMA user_version = 4",
        )
        .unwrap();
}

#[tokio::test]
async fn rows_from_before_there_were_chains_are_told_apart() {
    let file = File::new();
    make_old(&file.path);
    let refused = scan(&file.backend(), Filter::ALL, Verifier::new(&[]))
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("has schema 4"), "{refused}");
    assert!(matches!(
        refused,
        kubemint_store::InspectError::Sqlite(OpenError::Older { found: 4, .. })
    ));
    let store = file.open();
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    let found = verified(&file.backend()).await;
    assert!(found.is_sound(), "{found:?}");
    assert_eq!((found.unchained, found.chains[0].rows), (2, 1));
    let cut = Cut {
        keys: at(0),
        records: None,
        events: Some(at(0)),
    };
    assert_eq!(store.retain(&cut, at(100), 100).await.unwrap().events, 2);
    let left = verified(&file.backend()).await;
    assert!(left.is_sound(), "{left:?}");
    assert_eq!((left.unchained, left.chains[0].anchor.0), (0, 0));
}

#[tokio::test]
async fn a_trail_that_was_taken_away_with_its_notes_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = Backend::Sqlite(Options::new(path.clone()));
    let store = SqliteStore::open(Options::new(path.clone())).unwrap();
    let nothing = verified(&backend).await;
    assert!(nothing.is_sound() && !nothing.emptied, "{nothing:?}");
    put(&store, &record("a"), State::Active, &grant()).await;
    drop(store);
    let emptied = "DROP TRIGGER audit_is_never_deleted; DELETE FROM audit; DELETE FROM audit_chain";
    Connection::open(&path)
        .unwrap()
        .execute_batch(emptied)
        .unwrap();
    let found = verified(&backend).await;
    assert!(found.emptied && !found.is_sound(), "{found:?}");
}
