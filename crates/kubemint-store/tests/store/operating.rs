//! An operator's work on the embedded store: a copy while it is used, and a look at it.

use kubemint::audit::Kind;
use kubemint::ports::{Landmark, Size, Store as _};
use kubemint::record::State;
use kubemint_store::{Backend, BackupError, Options, SqliteStore, backup, inspect, restore};

use crate::chain::verified;
use crate::suite::fixture::{at, begin, event, found, grant, here, put, record};

#[test]
fn what_a_copy_that_was_broken_off_left_stops_no_later_one_and_one_under_way_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let _store = SqliteStore::open(Options::new(&path)).unwrap();
    let to = folder.path().join("copy.db");
    let partial = folder.path().join("copy.db.partial");
    std::fs::write(&partial, "half of a copy").unwrap();
    let writing = std::fs::File::open(&partial).unwrap();
    writing.lock().unwrap();
    let busy = backup(&path, &to);
    assert!(matches!(busy, Err(BackupError::Busy(_))), "{busy:?}");
    assert!(partial.exists(), "it is the other's");
    drop(writing);
    backup(&path, &to).unwrap();
    assert!(!partial.exists());
    SqliteStore::open(Options::new(&to)).unwrap();
    // A link is followed nowhere.
    let other = folder.path().join("other");
    std::fs::write(&other, "another's").unwrap();
    std::os::unix::fs::symlink(&other, folder.path().join("again.db.partial")).unwrap();
    let linked = backup(&path, &folder.path().join("again.db"));
    assert!(matches!(linked, Err(BackupError::Io(..))), "{linked:?}");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_taken_while_the_store_is_used_and_opens_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    let before = record("before");
    put(&store, &before, State::Active, &grant()).await;
    let to = folder.path().join("copy.db");
    let (from, target) = (path.clone(), to.clone());
    let copying = tokio::task::spawn_blocking(move || backup(&from, &target));
    for n in 0..50 {
        begin(&store, &record(&format!("k-{n}")), None).await;
    }
    copying.await.unwrap().unwrap();
    // What comes after is not in it.
    begin(&store, &record("after"), None).await;
    let again = backup(&path, &to);
    assert!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");

    let copy = SqliteStore::open(Options::new(&to)).unwrap();
    assert_eq!(found(&copy, &before).await, found(&store, &before).await);
    assert_eq!(copy.instance().id, store.instance().id);
    let after = copy
        .find(&before.cluster, &"after".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(after, None);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_used_is_looked_at_without_touching_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let backend = Backend::Sqlite(Options::new(&path));
    let error = inspect(&backend, at(0)).await.unwrap_err().to_string();
    assert!(error.starts_with("there is no database at"), "{error}");
    assert!(!path.exists());

    let store = SqliteStore::open(Options::new(&path)).unwrap();
    put(&store, &record("a"), State::Active, &grant()).await;
    put(&store, &record("b"), State::Revoked, &grant()).await;
    begin(&store, &record("c"), None).await;
    let early = inspect(&backend, at(29)).await.unwrap();
    assert_eq!((early.damage.len(), early.schema), (0, early.known));
    assert_eq!((early.ended, early.abandoned), (0, 0));
    let counts = [("active", 1), ("pending", 1), ("revoked", 1)];
    assert_eq!(
        early.states,
        counts.map(|(state, count)| (state.to_owned(), count))
    );
    let late = inspect(&backend, at(3600)).await.unwrap();
    assert_eq!((late.ended, late.abandoned), (1, 1));
    let size = late.size.unwrap();
    // How much is free changes by what others write.
    let told = Size {
        free: size.free,
        ..store.size().await.unwrap().unwrap()
    };
    assert_eq!(size, told);
    assert_eq!(size.bytes, std::fs::metadata(&path).unwrap().len());
    assert!(size.log.unwrap() > 0 && size.free.unwrap() > 0, "{size:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_takes_no_row_is_not_well_and_looking_leaves_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    for (table, when) in [("audit", "INSERT"), ("audit_chain", "UPDATE")] {
        store.ping().await.unwrap();
        let refused = format!(
            "CREATE TRIGGER refused BEFORE {when} ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END"
        );
        other.execute_batch(&refused).unwrap();
        let read = event(Kind::Read, &record("a"));
        assert!(store.ping().await.is_err() && store.append(read.clone()).await.is_err());
        other.execute_batch("DROP TRIGGER refused").unwrap();
        store.ping().await.unwrap();
        store.append(read).await.unwrap();
    }
    let found = verified(&Backend::Sqlite(Options::new(&path))).await;
    assert!(found.is_sound(), "{found:?}");
    assert_eq!((found.chains.len(), found.chains[0].rows), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_serving_refuses_is_told_as_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let backend = Backend::Sqlite(Options::new(&path));
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    put(&store, &record("a"), State::Active, &grant()).await;
    drop(store);
    assert_eq!(inspect(&backend, at(0)).await.unwrap().damage, [""; 0]);
    let other = rusqlite::Connection::open(&path).unwrap();
    let torn = "UPDATE audit_chain SET head = head - 1";
    other.execute_batch(torn).unwrap();
    drop(other);
    let refused = SqliteStore::open(Options::new(&path)).err().unwrap();
    let told = inspect(&backend, at(0)).await.unwrap().damage;
    assert_eq!(told, [refused.to_string()]);
    assert!(told[0].contains("does not fit together"), "{told:?}");
}

fn landmark(uid: &str) -> Landmark {
    Landmark {
        namespace: "kubemint-viewer".to_owned(),
        uid: uid.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_what_a_cluster_is_known_is_not_put_back_with_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.db"), folder.path().join("copy.db"));
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    store
        .note_landmark(&here(), &landmark("old"))
        .await
        .unwrap();
    backup(&path, &copy).unwrap();
    // The cluster was built anew, and accepted.
    store
        .note_landmark(&here(), &landmark("new"))
        .await
        .unwrap();
    put(&store, &record("later"), State::Active, &grant()).await;
    drop(store);
    let restored = restore(&path, &copy).unwrap();
    assert_eq!(restored.landmarks, Some(1));
    let kept = restored.kept.unwrap();
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    let known = store.landmarks(&here()).await.unwrap();
    assert_eq!(known, [landmark("new")]);
    let later = record("later");
    assert_eq!(store.find(&here(), &later.id).await.unwrap(), None);
    drop(store);

    // What is there now cannot be read: the copy's own is better than none.
    std::fs::remove_file(kept).unwrap();
    std::fs::write(&path, "not a database").unwrap();
    assert_eq!(restore(&path, &copy).unwrap().landmarks, None);
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    let known = store.landmarks(&here()).await.unwrap();
    assert_eq!(known, [landmark("old")]);
    drop(store);

    // Another installation's notes are nobody else's.
    let (other, its) = (folder.path().join("b.db"), folder.path().join("b-copy.db"));
    drop(SqliteStore::open(Options::new(&other)).unwrap());
    backup(&other, &its).unwrap();
    let place = folder.path().join("c.db");
    backup(&path, &place).unwrap();
    assert_eq!(restore(&place, &its).unwrap().landmarks, None);
}
