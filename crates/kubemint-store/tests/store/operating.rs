//! An operator's work on the embedded store: a copy while it is used, and a look at it.

use kubemint::audit::Kind;
use kubemint::ports::{Landmark, Size, Store as _};
use kubemint::record::State;
use kubemint_store::{
    Backend, BackupError, Options, RestoreError, SqliteStore, backup, inspect, restore,
};

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
async fn a_file_that_was_taken_away_is_not_well_and_nothing_is_begun_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    begin(&store, &record("before"), None).await;
    let away = folder.path().join("away.db");
    std::fs::rename(&path, &away).unwrap();
    let refused = async |id: &str| {
        let unready = store.ping().await.unwrap_err();
        let wanted = record(id);
        let asked = event(Kind::IssueRequested, &wanted);
        let begun = store.begin_issue(&wanted, None, None, asked).await;
        for error in [unready, begun.unwrap_err()] {
            let why = std::error::Error::source(&error).unwrap().to_string();
            assert!(why.contains("its file was taken away"), "{why}");
        }
    };
    refused("gone").await;
    // Another file in its place is not it.
    std::fs::write(&path, "another").unwrap();
    refused("another").await;
    // Put back, all is as before.
    std::fs::rename(&away, &path).unwrap();
    store.ping().await.unwrap();
    begin(&store, &record("after"), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_belongs_to_whom_the_one_before_did() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.db"), folder.path().join("copy.db"));
    drop(SqliteStore::open(Options::new(&path)).unwrap());
    backup(&path, &copy).unwrap();
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&path, mode).unwrap();
    // As root at night, where tests are run as root; any other user gives nothing away.
    let root = std::fs::metadata(&copy).unwrap().uid() == 0;
    if root {
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    let owner = |path: &std::path::Path| {
        let found = std::fs::metadata(path).unwrap();
        (found.uid(), found.gid(), found.mode() & 0o777)
    };
    let before = owner(&path);
    let restored = restore(&path, &copy).unwrap();
    assert_eq!(owner(&path), before);
    // Where there is none, it is the folder's owner who serves it.
    std::fs::remove_file(restored.kept.unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lock = folder.path().join("a.db.lock");
    std::fs::remove_file(&lock).unwrap();
    if root {
        chown(folder.path(), Some(65534), Some(65534)).unwrap();
    }
    restore(&path, &copy).unwrap();
    let (uid, gid, _) = owner(folder.path());
    for made in [&path, &lock] {
        assert_eq!(owner(made), (uid, gid, 0o600));
    }
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
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installations_copy_is_refused_and_told_where_it_was_put_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.db"), folder.path().join("copy.db"));
    let (other, its) = (folder.path().join("b.db"), folder.path().join("b-copy.db"));
    let instance = SqliteStore::open(Options::new(&path)).unwrap().instance();
    backup(&path, &copy).unwrap();
    drop(SqliteStore::open(Options::new(&other)).unwrap());
    backup(&other, &its).unwrap();
    let refused = |path: &std::path::Path| {
        let error = restore(path, &its).unwrap_err();
        let told = error.to_string();
        let here = format!("and {} is here", instance.id);
        assert!(
            matches!(error, RestoreError::Another { .. }) && told.contains(&here),
            "{told}"
        );
    };
    refused(&path);
    // By the note in the lock, where the database is gone; and by the database, where there is no lock.
    std::fs::remove_file(&path).unwrap();
    refused(&path);
    let place = folder.path().join("c.db");
    std::fs::copy(&copy, &place).unwrap();
    refused(&place);
    std::fs::copy(&its, &path).unwrap();
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    assert_eq!(store.before(), Some(&*instance.id.to_string()));
    drop(store);
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    assert_eq!(store.before(), None, "it is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_log_whose_database_is_gone_is_not_played_into_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let copy = folder.path().join("copy.db");
    let beside = |end: &str| folder.path().join(format!("kubemint.db{end}"));
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    put(&store, &record("before"), State::Active, &grant()).await;
    backup(&path, &copy).unwrap();
    put(&store, &record("after"), State::Active, &grant()).await;
    // As a process leaves it that is killed: a log beside the database; and then that is lost.
    std::fs::copy(beside("-wal"), folder.path().join("log")).unwrap();
    drop(store);
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(folder.path().join("log"), beside("-wal")).unwrap();

    let restored = restore(&path, &copy).unwrap();
    assert_eq!(restored.kept, Some(beside(".replaced")));
    assert!(beside(".replaced-wal").exists() && !beside("-wal").exists());
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    assert!(
        store
            .find(&here(), &record("before").id)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        store.find(&here(), &record("after").id).await.unwrap(),
        None
    );
}
