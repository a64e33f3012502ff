//! A damaged file gives errors, and never a panic.

use std::fs;
use std::path::Path;

use kubemint::audit::Kind;
use kubemint::ports::{Store as _, StoreError};
use kubemint::record::State;
use kubemint_store::{OpenError, Options, SqliteStore, Trail as _};

use crate::suite::fixture::{at, event, every, grant, here, key, put, record, visible};

const PAGE: usize = 4096;

/// Does everything that a store can do, and returns what was refused.
async fn use_it(store: &SqliteStore) -> Vec<StoreError> {
    let mut errors = Vec::new();
    let known = record("active-7");
    let fresh = record("fresh");
    errors.extend(store.ping().await.err());
    errors.extend(store.find(&here(), &known.id).await.err());
    errors.extend(store.due(&here(), at(90_000), 500).await.err());
    errors.extend(store.active(&here(), None, 500).await.err());
    for parts in 0..8 {
        let visible = visible("alice", parts & 4 != 0, parts & 2 != 0, parts & 1 != 0);
        errors.extend(
            store
                .list(&here(), &visible, &every(), at(0), None, 500)
                .await
                .err(),
        );
    }
    errors.extend(store.events(0, 1000).await.err());
    errors.extend(store.counts().await.err());
    errors.extend(store.credentials(&known.reference()).await.err());
    let begun = event(Kind::IssueRequested, &fresh);
    errors.extend(
        store
            .begin_issue(&fresh, Some(&key("k", "f")), None, begun)
            .await
            .err(),
    );
    errors.extend(
        store
            .activate(&fresh.reference(), &grant(), event(Kind::Issued, &fresh))
            .await
            .err(),
    );
    errors.extend(
        store
            .begin_revoke(&fresh.reference(), event(Kind::RevokeRequested, &fresh))
            .await
            .err(),
    );
    errors.extend(
        store
            .finish_revoke(&fresh.reference(), event(Kind::Revoked, &fresh))
            .await
            .err(),
    );
    errors.extend(store.append(event(Kind::Read, &fresh)).await.err());
    errors
}

async fn make(path: &Path) {
    let store = SqliteStore::open(Options::new(path)).unwrap();
    for n in 0..12 {
        for state in State::ALL {
            put(
                &store,
                &record(&format!("{}-{n}", state.as_str())),
                state,
                &grant(),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_damaged_page_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.db");
    make(&sound).await;
    let sound = fs::read(&sound).unwrap();
    let path = folder.path().join("damaged.db");
    let (mut at_opening, mut in_use) = (0, 0);
    for page in 0..sound.len() / PAGE {
        // The head of a page says what it is; its end holds rows.
        for (from, to) in [(0, PAGE), (0, 8), (PAGE / 2, PAGE)] {
            let mut damaged = sound.clone();
            damaged[page * PAGE + from..page * PAGE + to].fill(0xa5);
            fs::write(&path, &damaged).unwrap();
            match SqliteStore::open(Options::new(&path)) {
                Err(OpenError::Damaged(..) | OpenError::Foreign { .. }) => at_opening += 1,
                Err(error) => panic!("page {page}: {error:?}"),
                Ok(store) => {
                    let errors = use_it(&store).await;
                    let damaged = errors
                        .iter()
                        .filter(|error| matches!(error, StoreError::Damaged(_)))
                        .count();
                    assert_eq!(damaged, errors.len(), "page {page}: {errors:?}");
                    in_use += usize::from(damaged > 0);
                }
            }
            for name in ["damaged.db-wal", "damaged.db-shm"] {
                // What a damaged database leaves behind belongs to no other.
                if let Err(error) = fs::remove_file(folder.path().join(name)) {
                    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
                }
            }
        }
    }
    assert!(
        at_opening > 0 && in_use > 10,
        "{at_opening} at opening, {in_use} in use"
    );
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    for (column, nonsense) in [
        ("id", "'Not An Id'"),
        ("uid", "'not a uid'"),
        ("created_at", "9223372036854775807"),
    ] {
        let store = SqliteStore::open(Options::new(&path)).unwrap();
        let record = record(&column.replace('_', "-"));
        put(&store, &record, State::Active, &grant()).await;
        drop(store);
        let other = rusqlite::Connection::open(&path).unwrap();
        let sql = format!(
            "UPDATE kubeconfig SET {column} = {nonsense} WHERE seq = (SELECT max(seq) FROM kubeconfig)"
        );
        assert_eq!(other.execute(&sql, []).unwrap(), 1);
        drop(other);
        let store = SqliteStore::open(Options::new(&path)).unwrap();
        let read = store.active(&here(), None, 1).await;
        assert!(
            matches!(read, Err(StoreError::Damaged(_))),
            "{column}: {read:?}"
        );
    }
}
