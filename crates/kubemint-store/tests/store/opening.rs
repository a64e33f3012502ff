//! Which files are opened, which are refused, and what stays.

use std::fs;
use std::path::Path;

use kubemint::audit::Kind;
use kubemint::ports::Store as _;
use kubemint::record::State;
use kubemint_store::{Counts, OpenError, Options, SCHEMA_VERSION, SqliteStore, Trail as _};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::suite::fixture::{at, event, events, found, grant, here, put, record};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(Options::new(path))
}

/// Asserts that a file is refused and left as it was.
fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).unwrap();
    let error = open(path).err().expect("a refusal");
    assert_eq!(fs::read(path).unwrap(), before, "the file was changed");
    error
}

#[tokio::test]
async fn everything_is_there_when_a_store_is_opened_again() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = open(&path).unwrap();
    let instance = store.instance();
    let mut records = Vec::new();
    for state in State::ALL {
        let record = record(state.as_str());
        put(&store, &record, state, &grant()).await;
        records.push(found(&store, &record).await);
    }
    let trail = store.events(0, 1000).await.unwrap();
    drop(store);

    let store = open(&path).unwrap();
    assert_eq!(
        (store.instance().id, store.instance().page_key),
        (instance.id, instance.page_key)
    );
    for record in &mut records {
        if record.state == State::Pending {
            // Whoever began it is gone.
            record.pending_until = record.created_at;
        }
        assert_eq!(found(&store, record).await, *record);
    }
    assert_eq!(store.events(0, 1000).await.unwrap(), trail);
    assert_eq!(
        store.counts().await.unwrap(),
        Counts {
            pending: 1,
            active: 1,
            revoking: 1
        }
    );
}

#[tokio::test]
async fn what_a_process_left_pending_is_due_at_once_for_the_next() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = open(&path).unwrap();
    let record = record("left");
    put(&store, &record, State::Pending, &grant()).await;
    assert_eq!(store.due(&here(), at(1), 10).await.unwrap(), []);
    drop(store);

    let store = open(&path).unwrap();
    let due = store.due(&here(), at(1), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((&due[0].id, due[0].state), (&record.id, State::Pending));
    // What this process begins has its time.
    let own = crate::suite::fixture::record("own");
    put(&store, &own, State::Pending, &grant()).await;
    assert_eq!(store.due(&here(), at(1), 10).await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let store = open(&folder.path().join("a.db")).unwrap();
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["a.db", "a.db-shm", "a.db-wal", "a.db.lock"]);
}

#[test]
fn one_database_has_one_owner_whatever_it_is_called() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = open(&path).unwrap();
    assert!(matches!(open(&path), Err(OpenError::InUse(_))));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(open(&link), Err(OpenError::InUse(_))));
    }
    drop(store);
    open(&path).unwrap();
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.db");
    drop(open(&path).unwrap());
    for version in [i64::from(SCHEMA_VERSION) + 1, -1] {
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", version)
            .unwrap();
        let error = refused(&path);
        assert!(
            matches!(
                &error,
                OpenError::Newer {
                    known: SCHEMA_VERSION,
                    ..
                }
            ),
            "{error:?}"
        );
        if version > 0 {
            let text = error.to_string();
            assert!(text.contains(&format!("schema {version},")), "{text}");
            assert!(text.contains(&format!("up to {SCHEMA_VERSION}:")), "{text}");
        }
    }
}

#[test]
fn a_file_of_another_program_is_refused() {
    let folder = folder();
    let unmarked = folder.path().join("unmarked.db");
    Connection::open(&unmarked)
        .unwrap()
        .execute_batch("CREATE TABLE kubeconfig (id)")
        .unwrap();
    assert!(matches!(
        refused(&unmarked),
        OpenError::Foreign {
            application_id: 0,
            ..
        }
    ));

    let marked = folder.path().join("marked.db");
    Connection::open(&marked)
        .unwrap()
        .pragma_update(None, "application_id", 0x1234)
        .unwrap();
    let error = refused(&marked);
    assert!(matches!(
        error,
        OpenError::Foreign {
            application_id: 0x1234,
            ..
        }
    ));
    assert!(error.to_string().contains("0x1234"), "{error}");

    let versioned = folder.path().join("versioned.db");
    Connection::open(&versioned)
        .unwrap()
        .pragma_update(None, "user_version", 1)
        .unwrap();
    assert!(matches!(
        refused(&versioned),
        OpenError::Foreign {
            application_id: 0,
            ..
        }
    ));

    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "not a database, and long enough to be looked at closely".repeat(100),
    )
    .unwrap();
    assert!(matches!(
        refused(&text),
        OpenError::Foreign {
            application_id: 0,
            ..
        }
    ));
}

#[tokio::test]
async fn a_file_whose_making_was_cut_off_is_made() {
    let folder = folder();
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    open(&empty).unwrap().ping().await.unwrap();
    // The journal mode was set, and the tables were not made.
    let begun = folder.path().join("begun.db");
    Connection::open(&begun)
        .unwrap()
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    assert_ne!(fs::metadata(&begun).unwrap().len(), 0);
    let store = open(&begun).unwrap();
    store.append(event(Kind::Read, &record("a"))).await.unwrap();
    assert_eq!(events(&store).await, 1);
}

#[test]
fn a_path_that_cannot_be_a_database_is_refused() {
    let folder = folder();
    let missing = folder.path().join("missing/a.db");
    let error = open(&missing).err().unwrap();
    assert!(
        matches!(&error, OpenError::NoFolder(path) if path.ends_with("missing")),
        "{error:?}"
    );
    assert!(matches!(open(folder.path()), Err(OpenError::NotAFile(_))));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(open(&file.join("a.db")), Err(OpenError::Io(..))));
}

#[test]
fn a_store_that_was_here_is_not_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubemint.db");
    let open = || SqliteStore::open(Options::new(&path));
    let first = open().unwrap();
    assert!(first.is_new());
    let id = first.instance().id.to_string();
    drop(first);
    assert!(!open().unwrap().is_new());
    for empty in [true, false] {
        std::fs::remove_file(&path).unwrap();
        if empty {
            std::fs::write(&path, "").unwrap();
        }
        let refused = open().err().unwrap();
        let text = refused.to_string();
        assert!(matches!(refused, OpenError::Gone { .. }), "{text}");
        assert!(
            text.contains(&id) && text.contains("kubemint.db.lock"),
            "{text}"
        );
        assert_eq!(path.exists(), empty, "nothing is made");
        std::fs::write(&path, "").unwrap();
    }
    // Who wants to start over says so.
    std::fs::remove_file(folder.path().join("kubemint.db.lock")).unwrap();
    let second = open().unwrap();
    assert!(second.is_new() && second.instance().id.to_string() != id);
}
