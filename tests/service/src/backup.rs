//! A copy of the store, made by the shipped binary while the server writes, and put back.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use harness::{Stage, binary, collection};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::acting::{Actor, link};

/// Runs a command of the binary on the server's configuration: whether it went well, and what it printed.
pub(crate) fn operator(stage: &Stage, arguments: &[&str]) -> (bool, String) {
    operator_in(stage.folder(), arguments)
}

fn operator_in(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(binary())
        .args(arguments)
        .args(["--config", "kubemint.toml"])
        .current_dir(folder)
        .output()
        .expect("the binary");
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

/// The kubeconfigs that are shown.
async fn shown(alice: &Actor<'_>) -> usize {
    let page = alice.get(&format!("{}?pageSize=500", collection())).await;
    page.json()["kubeconfigs"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_while_it_is_written_is_whole_and_can_be_put_back() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let before = alice.issued(json!({"id": "before"})).await;
    // It is built before the writing begins.
    let _ = binary();

    let copied = AtomicBool::new(false);
    let writing = async {
        let mut written = 0;
        while !copied.load(Ordering::Relaxed) {
            alice.issued(json!({})).await;
            written += 1;
        }
        written
    };
    let copying = async {
        let copy = ["backup", "--to", "copy.db"];
        // Another thread's: the writing goes on meanwhile.
        let folder = stage.folder().to_owned();
        let done = tokio::task::spawn_blocking(move || operator_in(&folder, &copy)).await;
        copied.store(true, Ordering::Relaxed);
        done.unwrap()
    };
    let (written, (well, told)) = tokio::join!(writing, copying);
    assert!(well, "{told}");
    assert!(written > 0);
    let after = alice.issued(json!({"id": "after"})).await;
    let token = alice.token.clone();

    // What is served is not replaced, and a crash leaves its log beside the file.
    let (well, told) = operator(&stage, &["restore", "--from", "copy.db"]);
    assert!(
        !well && told.contains("another process uses the database"),
        "{told}"
    );
    stage.crash().await;
    let (well, told) = operator(&stage, &["restore", "--from", "copy.db"]);
    assert!(well && told.contains("kubemint.db.replaced"), "{told}");
    assert!(stage.folder().join("kubemint.db.replaced").exists());
    let (well, told) = operator(&stage, &["audit", "verify"]);
    assert!(well, "{told}");

    stage.start_server().await.unwrap();
    let alice = Actor::bearing(&stage, token);
    assert_eq!(alice.get(&link(&before)).await.json()["status"], "active");
    assert_eq!(alice.get(&link(&after)).await.status, StatusCode::NOT_FOUND);
    assert!((1..=written + 1).contains(&shown(&alice).await));
    alice.issued(json!({"id": "again"})).await;
    let (well, told) = operator(&stage, &["audit", "verify"]);
    assert!(well, "{told}");
    // Once more replaces nothing that was kept.
    stage.stop_server().await;
    let (well, told) = operator(&stage, &["restore", "--from", "copy.db"]);
    assert!(!well && told.contains("earlier restore"), "{told}");
    stage.stop().await;
}

#[tokio::test]
async fn a_log_beside_another_database_is_not_served() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    for _ in 0..3 {
        alice.issued(json!({})).await;
    }
    let (well, told) = operator(&stage, &["backup", "--to", "copy.db"]);
    assert!(well, "{told}");
    let token = alice.token.clone();
    stage.stop_server().await;
    // A trail whose end is not the one that is noted is what such a mixture looks like.
    let database = rusqlite::Connection::open(stage.database()).unwrap();
    let noted = "UPDATE audit_chain SET head = head - 1";
    assert_eq!(database.execute(noted, []).unwrap(), 1);
    drop(database);
    let refused = stage.start_server().await.expect_err("it is torn");
    let told = format!("{refused:?}");
    assert!(told.contains("Torn"), "{told}");
    // Who asks before serving is told the same.
    let (well, told) = operator(&stage, &["doctor"]);
    assert!(!well && told.contains("does not fit together"), "{told}");
    let (well, told) = operator(&stage, &["restore", "--from", "copy.db"]);
    assert!(well, "{told}");
    let (_, told) = operator(&stage, &["doctor"]);
    assert!(!told.contains("does not fit together"), "{told}");
    stage.start_server().await.unwrap();
    let alice = Actor::bearing(&stage, token);
    assert_eq!(shown(&alice).await, 3);
    let _: Value = alice.issued(json!({})).await;
    stage.stop().await;
}
