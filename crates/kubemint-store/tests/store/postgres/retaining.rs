//! Retention beside many chains: what it reads does not grow with the rows that stay, and nobody waits for it.

use kubemint::audit::Kind;
use kubemint::ports::{Cut, Forgotten, Store as _};
use kubemint_store::Backend;

use super::{SHARED, migrated, open_transaction, told};
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
    assert!(
        told(&options, READ).await,
        "too much was read, or nobody told"
    );
}

/// Two thousand records that are over, with a credential each; the oldest is a robot's, and has twenty thousand more.
const BUSY: &str = "
    INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer, creator_subject, creator,
        subject, ttl, state, created_at, pending_until, expires_at, object_uid)
    SELECT 'r', 'p', 'c', 'k-' || n, gen_random_uuid(), 'u', 'viewer', 'i', 's', '', '', 60, 'revoked',
        1767225600123 + n, 1767225600123 + n, 1767225600123 + n, 'o'
    FROM generate_series(1, 2000) AS n;
    INSERT INTO credential (kubeconfig, expires_at, minted_at) SELECT seq, expires_at, created_at FROM kubeconfig;
    INSERT INTO credential (kubeconfig, expires_at, minted_at)
    SELECT (SELECT min(seq) FROM kubeconfig), 1767225600123, 1767225600123 FROM generate_series(1, 20000);
    ANALYZE";
/// Fails unless three calls took twenty credentials each, and read no more than some hundreds to find them.
const TAKEN: &str = "SELECT 1 / (n_tup_del = 60 AND idx_tup_read BETWEEN 1 AND 3000)::integer
    FROM pg_stat_user_tables JOIN pg_stat_user_indexes USING (relid)
    WHERE pg_stat_user_tables.relname = 'credential' AND indexrelname = 'credential_pkey'";

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_kubeconfigs_credentials_are_taken_a_few_at_a_time_and_no_others_are_read() {
    let options = SHARED.database();
    let store = migrated(&options);
    assert!(SHARED.sql(&options.database, BUSY));
    // In a session of its own: the one before counts until it ends.
    assert!(SHARED.sql(&options.database, "SELECT pg_stat_reset()"));
    let cut = Cut {
        keys: at(0),
        records: Some(at(100)),
        events: None,
    };
    for _ in 0..3 {
        let done = store.retain(&cut, at(2000), 20).await.unwrap();
        assert_eq!(done.credentials, 20);
    }
    drop(store);
    assert!(
        told(&options, TAKEN).await,
        "too much was read, or nobody told"
    );
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
