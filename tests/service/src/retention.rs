//! What is no longer kept, by the configuration, and what always is: seen from outside.

use harness::{Setting, Stage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, until};

/// An hour ago, in milliseconds.
const HOUR: i64 = 3_600_000;

/// Gives the records of a stopped server times as long ago: nobody can wait for them.
fn age(stage: &Stage, ids: &[&str], by: i64) {
    let database = rusqlite::Connection::open(stage.database()).unwrap();
    for id in ids {
        let changed = database.execute(
            "UPDATE kubeconfig SET created_at = created_at - ?1, pending_until = pending_until - ?1,
                 expires_at = expires_at - ?1 WHERE id = ?2",
            (by, id),
        );
        assert_eq!(changed.unwrap(), 1, "{id}");
    }
}

fn count(stage: &Stage, what: &str) -> i64 {
    let database = rusqlite::Connection::open(stage.database()).unwrap();
    let sql = format!("SELECT count(*) FROM {what}");
    database.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn setting(retention: &str) -> Setting {
    let section = format!("[retention]\n{retention}\n\n[log]\n");
    Setting::default().short_lives().edit("[log]\n", &section)
}

#[tokio::test]
async fn an_expired_kubeconfig_is_forgotten_in_time_and_its_name_is_never_used_again() {
    let mut stage = setting("expired = \"2h\"").start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let named = |id: &str, ttl: u32| json!({"id": id, "ttl": ttl, "displayName": "Alice's own"});
    for (id, ttl) in [("old", 1), ("recent", 1), ("revoked", 900), ("alive", 900)] {
        alice.issued(named(id, ttl)).await;
    }
    let path = |id: &str| format!("{}/{id}", harness::collection());
    assert_eq!(alice.revoke(&path("revoked")).await.status, 204);
    until("both have ended", async || {
        objects(stage.world().cluster()).len() == 1
    })
    .await;
    until("it reads as expired", async || {
        alice.get(&path("old")).await.json()["status"] == "expired"
    })
    .await;
    assert_eq!(alice.get(&path("old")).await.json()["status"], "expired");
    let token = alice.token.clone();
    stage.stop_server().await;
    age(&stage, &["old", "revoked"], 3 * HOUR);
    age(&stage, &["recent"], HOUR);
    stage.start_server().await.unwrap();

    let alice = Actor::bearing(&stage, token);
    until("two are forgotten", async || {
        count(&stage, "kubeconfig WHERE forgotten_at IS NOT NULL") >= 2
    })
    .await;
    assert_eq!(alice.get(&path("old")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.get(&path("recent")).await.json()["status"], "expired");
    assert_eq!(alice.get(&path("alive")).await.json()["status"], "active");
    let listed = alice.get(&harness::collection()).await.json();
    let mut ids: Vec<&str> = (listed["kubeconfigs"].as_array().unwrap().iter())
        .filter_map(|item| item["id"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["alive", "recent"]);
    for id in ["old", "revoked", "recent", "alive"] {
        let again = alice.issue(named(id, 900)).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{id}: {}", again.text);
    }
    // The trail remembers what the records no longer do, and nothing else does.
    assert!(count(&stage, "audit WHERE kubeconfig = 'old'") > 0);
    let left = "kubeconfig WHERE id = 'old' AND (display_name IS NOT NULL OR issued_for <> '')";
    assert_eq!(count(&stage, left), 0);
    stage.stop().await;
}

#[tokio::test]
async fn the_trail_is_cut_in_time_and_what_is_left_can_be_verified() {
    let mut stage = setting("audit = \"1h\"").start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let issued = alice.issued(json!({})).await;
    let token = alice.token.clone();
    stage.stop_server().await;
    // The rows are never changed; a clock that was behind when they were written is as good.
    let written = count(&stage, "audit");
    let database = rusqlite::Connection::open(stage.database()).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER audit_is_never_changed;
             UPDATE audit SET at = at - 7200000;
             CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
             BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;",
        )
        .unwrap();
    drop(database);
    stage.start_server().await.unwrap();
    let alice = Actor::bearing(&stage, token);
    until(&format!("some of {written} rows are cut"), async || {
        count(&stage, "audit WHERE number <= 2") == 0
    })
    .await;
    assert_eq!(alice.get(&link(&issued)).await.status, StatusCode::OK);
    let verified = crate::backup::operator(&stage, &["audit", "verify"]);
    assert!(verified.0, "{}", verified.1);
    let exported = crate::backup::operator(&stage, &["audit", "export"]);
    let rows: Vec<Value> = (exported.1.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(!rows.is_empty(), "{}", exported.1);
    assert!(
        rows.iter().all(|row| row["kind"] != "issue.requested"),
        "{}",
        exported.1
    );
    stage.stop().await;
}
