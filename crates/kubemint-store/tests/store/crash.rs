//! What was acknowledged is there, whatever happened to the process.
//!
//! The test starts itself as another process, which writes and says on its standard output what was acknowledged, and
//! ends that process in the worst way. (A loss of power is beyond a test; for that there is `synchronous=FULL`.)

use std::collections::HashMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use kubemint::audit::Kind;
use kubemint::ports::{Begun, Store as _, StoreError};
use kubemint::record::State;
use kubemint_store::{OpenError, Options, SqliteStore, Trail as _};

use crate::suite::fixture::{begin, event, grant, here, key, record};

/// Tells a process that it is the child, and which database it has.
const DATABASE: &str = "KUBEMINT_STORE_TEST_DATABASE";
/// Tells the child which round it is, so that it uses new names.
const ROUND: &str = "KUBEMINT_STORE_TEST_ROUND";

/// The database, when this process is the child.
fn database() -> Option<PathBuf> {
    env::var_os(DATABASE).map(PathBuf::from)
}

/// Says something to the parent. The harness may have begun the line; the parent looks for the mark.
fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "@@ {words}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
}

/// What a line of the child's output says to the parent.
fn said(line: &str) -> Option<&str> {
    line.split_once("@@ ").map(|(_, words)| words)
}

/// Starts the child: the test `name` again, on `database`.
fn child(
    mut command: Command,
    name: &str,
    database: &Path,
    round: usize,
) -> (Child, BufReader<ChildStdout>) {
    let mut child = command
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(DATABASE, database)
        .env(ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test starts itself");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, output)
}

fn myself() -> Command {
    Command::new(env::current_exe().expect("the test's own program"))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Issues for ever, with eight at a time, and says what was acknowledged.
async fn issue_for_ever(store: SqliteStore) {
    let store = Arc::new(store);
    let round = env::var(ROUND).expect("the parent says which round it is");
    let clients = (0..8).map(|client| {
        let (store, round) = (Arc::clone(&store), round.clone());
        tokio::spawn(async move {
            for n in 0.. {
                let record = record(&format!("k-{round}-{client}-{n}"));
                let key = key(record.id.as_str(), "f");
                assert_eq!(begin(&*store, &record, Some(&key)).await, Begun::Started);
                say(&format!("pending {}", record.id));
                let issued = event(Kind::Issued, &record);
                assert!(
                    store
                        .activate(&record.reference(), &grant(), issued)
                        .await
                        .unwrap()
                );
                say(&format!("active {}", record.id));
            }
        })
    });
    futures::future::join_all(clients).await;
}

/// What the child said of each record: `true` when it was acknowledged as active.
type Acknowledged = HashMap<String, bool>;

fn note(words: &str, acknowledged: &mut Acknowledged) {
    match words.split_once(' ') {
        Some(("pending", id)) => drop(acknowledged.insert(id.to_owned(), false)),
        Some(("active", id)) => drop(acknowledged.insert(id.to_owned(), true)),
        _ => panic!("the child said {words:?}"),
    }
}

/// Asserts that what was acknowledged is in the database, and that what is in it holds together.
async fn everything_is_there(database: &Path, acknowledged: &Acknowledged) {
    let store = SqliteStore::open(Options::new(database)).unwrap();
    let mut kinds: HashMap<String, Vec<Kind>> = HashMap::new();
    for (_, event) in store.events(0, u32::MAX).await.unwrap() {
        kinds
            .entry(event.kubeconfig.unwrap())
            .or_default()
            .push(event.kind);
    }
    for (id, active) in acknowledged {
        let record = store.find(&here(), &id.parse().unwrap()).await.unwrap();
        let record = record.unwrap_or_else(|| panic!("{id} was acknowledged and is not there"));
        assert!(
            !active || record.state == State::Active,
            "{id} was acknowledged as active"
        );
    }
    for (id, kinds) in &kinds {
        let record = store
            .find(&here(), &id.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        let minted = store.credentials(&record.reference()).await.unwrap().len();
        match record.state {
            State::Pending => assert_eq!(
                (kinds.as_slice(), minted),
                (&[Kind::IssueRequested][..], 0),
                "{id}"
            ),
            State::Active => {
                assert_eq!(
                    (kinds.as_slice(), minted),
                    (&[Kind::IssueRequested, Kind::Issued][..], 1),
                    "{id}"
                );
            }
            other => panic!("{id} is {other:?}"),
        }
        let again = begin(
            &store,
            &crate::suite::fixture::record(id),
            Some(&key(id, "f")),
        )
        .await;
        assert!(
            matches!(again, Begun::InProgress(_) | Begun::Replay(_)),
            "the key of {id}: {again:?}"
        );
    }
    let whole: String = check(database);
    assert_eq!(whole, "ok");
}

fn check(database: &Path) -> String {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap()
}

#[test]
fn what_was_acknowledged_survives_a_killed_process() {
    if let Some(database) = database() {
        let store = SqliteStore::open(Options::new(database)).unwrap();
        return runtime().block_on(issue_for_ever(store));
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let mut acknowledged = Acknowledged::new();
    for round in 0..3 {
        let name = "crash::what_was_acknowledged_survives_a_killed_process";
        let (mut child, mut output) = child(myself(), name, &database, round);
        let enough = acknowledged.len() + 100;
        let mut line = String::new();
        while acknowledged.len() < enough {
            line.clear();
            assert_ne!(
                output.read_line(&mut line).unwrap(),
                0,
                "the child ended by itself"
            );
            said(line.trim_end())
                .into_iter()
                .for_each(|words| note(words, &mut acknowledged));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it was killed, and may have been in the pipe; the last line may be cut.
        for line in output.split(b'\n').map(Result::unwrap) {
            let line = String::from_utf8(line).unwrap();
            let whole = said(&line).filter(|words| words.split('-').count() == 4);
            whole
                .into_iter()
                .for_each(|words| note(words, &mut acknowledged));
        }
        runtime().block_on(everything_is_there(&database, &acknowledged));
    }
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_really_full_loses_nothing_that_was_acknowledged() {
    let name = "crash::a_disk_that_is_really_full_loses_nothing_that_was_acknowledged";
    if let Some(database) = database() {
        let store = SqliteStore::open(Options::new(database)).unwrap();
        return runtime().block_on(async {
            for n in 0.. {
                let record = record(&format!("k-0-0-{n}"));
                let (wanted, key) = (
                    event(Kind::IssueRequested, &record),
                    key(record.id.as_str(), "f"),
                );
                match store.begin_issue(&record, Some(&key), None, wanted).await {
                    Ok(begun) => assert_eq!(begun, Begun::Started),
                    Err(error) => {
                        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                        break;
                    }
                }
                say(&format!("pending {}", record.id));
            }
            let first = "k-0-0-0".parse().unwrap();
            assert!(
                store.find(&here(), &first).await.unwrap().is_some(),
                "it can still be read"
            );
            say("read on");
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    // No file may grow beyond some hundred kilobytes: a write fails as it does on a full disk.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap());
    let (mut child, output) = child(shell, name, &database, 0);
    let mut acknowledged = Acknowledged::new();
    let mut read_on = false;
    for line in output.lines() {
        match said(&line.unwrap()) {
            Some("read on") => read_on = true,
            Some(words) => note(words, &mut acknowledged),
            None => {}
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(read_on && !acknowledged.is_empty());
    runtime().block_on(everything_is_there(&database, &acknowledged));
}

#[test]
fn a_second_process_is_refused() {
    if let Some(database) = database() {
        let refused = SqliteStore::open(Options::new(database)).err();
        return say(match refused {
            Some(OpenError::InUse(_)) => "in use",
            Some(_) => "refused otherwise",
            None => "opened",
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let ask = || {
        let (mut child, output) =
            child(myself(), "crash::a_second_process_is_refused", &database, 0);
        let words: Vec<_> = output
            .lines()
            .filter_map(|line| said(&line.unwrap()).map(str::to_owned))
            .collect();
        assert!(child.wait().unwrap().success());
        words
    };
    let store = SqliteStore::open(Options::new(&database)).unwrap();
    assert_eq!(ask(), ["in use"]);
    drop(store);
    assert_eq!(ask(), ["opened"]);
}
