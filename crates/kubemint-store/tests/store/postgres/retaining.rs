//! Retention beside many chains: what it reads does not grow with the rows that stay, and nobody waits for it.

use std::time::Duration;

use kubemint::audit::Kind;
use kubemint::ports::{Cut, Forgotten, Store as _};
use kubemint_store::Backend;

use super::{SHARED, migrated, open_transaction};
use crate::chain::verified;
use crate::suite::fixture::{at, event, record};

/// Four hundred chains of fifty rows, as many starts of replicas leave them: of each twentieth the first five are old, and the others
/// are of second 1000. What they hash to is nothing that retention asks.
const CHAINS: &str = "
    INSERT INTO audit (at, kind, region, project, cluster, detail, chain, number, previous, hash)
    SELECT CASE WHEN n % 20 = 0 AND number <= 5 THEN 1767225600123 ELSE 1767225600123 + 1000000 END,
        'get.granted', 'r', 'p', 'c', '{}', 'chain-' || n, number, '', sha256((n || ' ' || number)::bytea)
    FROM generate_series(1, 400) AS n, generate_series(1, 50) AS number;
    INSERT INTO audit_chain (chain, head, head_hash)
    SELECT 'chain-' || n, 50, sha256((n || ' 50')::bytea) FROM generate_series(1, 400) AS n;
    ANALYZE";
/// Fails unless each chain is noted as cut where it was, and nothing else is.
const NOTED: &str =
    "SELECT 1 / (count(*) = 400 AND count(*) FILTER (WHERE pruned = 5) = 20)::integer FROM audit_chain
    WHERE pruned = 0 OR (pruned = 5 AND pruned_hash = sha256((substr(chain, 7) || ' 5')::bytea))";
/// Fails when three calls read as much as a third of the trail; all that stays would be twenty thousand rows in each.
const READ: &str = "SELECT 1 / (idx_tup_fetch > 0 AND seq_tup_read + idx_tup_fetch < 6000)::integer
    FROM pg_stat_user_tables WHERE relname = 'audit'";

#[tokio::test(flavor = "multi_thread")]
async fn many_young_chains_are_little_work() {
    let options = SHARED.database();
    let store = migrated(&options);
    assert!(SHARED.sql(&options.database, CHAINS));
    // In a session of its own: the one before counts until it ends.
    assert!(SHARED.sql(&options.database, "SELECT pg_stat_reset()"));
    let cut = Cut {
        keys: at(0),
        records: None,
        events: Some(at(500)),
    };
    let mut removed = Vec::new();
    loop {
        let done = store.retain(&cut, at(2000), 60).await.unwrap();
        if done == Forgotten::default() {
            break;
        }
        removed.push(done.events);
    }
    assert_eq!(removed, [60, 40]);
    assert!(SHARED.sql(&options.database, NOTED));
    drop(store);
    // A session tells what it read when it ends, which takes a moment.
    let mut told = false;
    for _ in 0..100 {
        told = SHARED.sql(&options.database, READ);
        if told {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(told, "too much was read, or nobody told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_chain_waits_for_nobody_and_is_missed_when_it_goes() {
    let options = SHARED.database();
    let backend = Backend::Postgres(options.clone());
    // What retention holds while it cuts; and another replica's new chain.
    for sql in [
        "UPDATE retention SET audit_before = NULL",
        "INSERT INTO audit_chain (chain, head, head_hash) VALUES ('other', 0, '')",
    ] {
        let store = migrated(&options);
        let holder = open_transaction(&options, sql).await;
        store.append(event(Kind::Read, &record("a"))).await.unwrap();
        holder.batch_execute("COMMIT").await.unwrap();
    }
    let taken = "DELETE FROM audit_chain WHERE chain = 'other'";
    assert!(SHARED.sql(&options.database, taken));
    assert_eq!(verified(&backend).await.vanished, 1);
}
