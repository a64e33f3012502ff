//! Every question of the service is answered by an index, however many records there are: the database counts itself
//! whether it walked a table from end to end.

use std::time::Duration;

use kubemint::ports::{Cut, Filter, Position, Store as _};
use kubemint::record::{State, Status};
use kubemint_store::{PostgresOptions, PostgresStore};
use uuid::Uuid;

use super::{SHARED, migrated, told};
use crate::suite::fixture::{
    at, begin, begin_within, every, grant, here, key, lead, record, visible,
};

/// A history of three clusters: mostly over, one in ten alive, a few pending and revoking.
const HISTORY: &str = "
    INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer, creator_subject, creator,
        subject, ttl, state, created_at, pending_until, expires_at, object_uid)
    SELECT 'us-texas-1', 'project-x9y8z7', CASE n % 3 WHEN 0 THEN 'cluster-a1b2c3' ELSE 'other-' || n % 3 END,
        'k-' || n, gen_random_uuid(), 'user-' || n % 500, CASE WHEN n % 100 = 0 THEN 'editor' ELSE 'viewer' END,
        'https://login.example', 'robot-' || n % 50, sha256(('c' || n % 50)::bytea), sha256(('s' || n % 500)::bytea), 3600,
        state, 1767225600123 + n, 1767225660123 + n,
        CASE WHEN state IN ('pending', 'failed') THEN NULL ELSE 1767229200123 + n END,
        CASE WHEN state IN ('pending', 'failed') THEN NULL ELSE 'object-' || n END
    FROM (SELECT n, CASE WHEN n % 1000 = 7 THEN 'pending' WHEN n % 1000 = 8 THEN 'revoking' WHEN n % 10 = 0 THEN 'active'
                         WHEN n % 10 < 4 THEN 'revoked' WHEN n % 10 = 4 THEN 'failed' ELSE 'expired' END AS state
          FROM generate_series(1, 60000) AS n) AS numbered;
    INSERT INTO credential (kubeconfig, jti, expires_at, minted_at)
    SELECT seq, 'jti-' || seq, expires_at, created_at FROM kubeconfig WHERE expires_at IS NOT NULL;
    INSERT INTO idempotency (owner, region, project, cluster, key, fingerprint, kubeconfig, keep_until)
    SELECT sha256('o'::bytea), region, project, cluster, id, 'f', seq, 1767312000123 + seq FROM kubeconfig WHERE seq % 5 = 0;
    INSERT INTO audit (at, kind, region, project, cluster, kubeconfig, uid, detail, chain, number, previous, hash)
    SELECT created_at, 'issue.requested', region, project, cluster, id, uid, '{}', 'old', seq, '', '' FROM kubeconfig;
    INSERT INTO audit_chain (chain, head, head_hash) SELECT 'old', count(*), '' FROM kubeconfig;
    ANALYZE";

/// Fails when a table was walked from end to end, or was not read at all.
const NEVER_WALKED: &str =
    "SELECT 1 / CASE WHEN bool_and(seq_scan = 0) AND sum(idx_scan) > 100 THEN 1 ELSE 0 END
    FROM pg_stat_user_tables WHERE relname IN ('kubeconfig', 'credential', 'idempotency', 'audit')";

#[tokio::test(flavor = "multi_thread")]
async fn no_question_walks_a_table_from_end_to_end() {
    let options = SHARED.database();
    // One connection, so that each statement becomes one with a generic plan.
    let options = PostgresOptions {
        connections: 1,
        ..options
    };
    let store = migrated(&options);
    assert!(SHARED.sql(&options.database, HISTORY));
    // In a session of its own: the one before counts until it ends.
    assert!(SHARED.sql(&options.database, "SELECT pg_stat_reset()"));
    for turn in 0..8 {
        ask(&store, turn).await;
    }
    drop(store);
    assert!(
        told(&options, NEVER_WALKED).await,
        "a table was walked, or nobody told"
    );
}

/// What an outage leaves: records that are pending, of which the planner knows nothing yet.
const PENDING: &str = "
    ALTER TABLE kubeconfig SET (autovacuum_enabled = off);
    INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer, creator_subject, creator,
        subject, ttl, state, created_at, pending_until)
    SELECT 'us-texas-1', 'project-x9y8z7', 'cluster-a1b2c3', 'pending-' || n, gen_random_uuid(), 'u', 'viewer', 'i', 's', '', '',
        60, 'pending', 1767225600123, 1767225660123
    FROM generate_series(1, 2000) AS n";
/// Fails unless eight records were found by their names, and none by looking through what is pending.
const BY_NAME: &str = "SELECT 1 / CASE WHEN
        sum(idx_scan) FILTER (WHERE indexrelname = 'kubeconfig_region_project_cluster_id_key') >= 8
        AND sum(idx_tup_read) FILTER (WHERE indexrelname = 'kubeconfig_pending') < 1000 THEN 1 ELSE 0 END
    FROM pg_stat_user_indexes";

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_ends_without_a_look_at_the_others_that_are_pending() {
    let options = PostgresOptions {
        connections: 1,
        ..SHARED.database()
    };
    let store = migrated(&options);
    assert!(SHARED.sql(&options.database, PENDING));
    assert!(SHARED.sql(&options.database, "SELECT pg_stat_reset()"));
    for turn in 0..8 {
        let new = record(&format!("new-{turn}"));
        begin(&store, &new, None).await;
        lead(&store, &new, State::Active, &grant()).await;
    }
    drop(store);
    assert!(
        told(&options, BY_NAME).await,
        "others were looked at, or nobody told"
    );
}

/// Asks everything that the service and its reconciler ask.
async fn ask(store: &PostgresStore, turn: i64) {
    let now = at(3000);
    let filters = [
        every(),
        Filter {
            status: Some(Status::Active),
            ..every()
        },
        Filter {
            status: Some(Status::Expired),
            ..every()
        },
        Filter {
            status: Some(Status::Revoking),
            ..every()
        },
        Filter {
            user: Some("user-7".to_owned()),
            ..every()
        },
        Filter {
            role: Some("editor".to_owned()),
            ..every()
        },
        Filter {
            status: Some(Status::Active),
            user: Some("user-30".to_owned()),
            role: Some("viewer".to_owned()),
            issued_before: Some(at(2000)),
        },
    ];
    for filter in &filters {
        for who in [
            visible("root", true, true, true),
            visible("robot-3", false, true, true),
            visible("user-3", false, false, true),
        ] {
            let first = store.list(&here(), &who, filter, now, None, 50).await;
            let next = first.unwrap().next.unwrap_or(Position(30_000));
            let page = store.list(&here(), &who, filter, now, Some(next), 50).await;
            page.unwrap();
        }
    }
    assert_eq!(store.due(&here(), now, 20).await.unwrap().len(), 20);
    let active = store.active(&here(), None, 100).await.unwrap();
    store.active(&here(), active.next, 100).await.unwrap();
    let found = store.find(&here(), &active.records[0].id).await.unwrap();
    let found = found.expect("it was on the page").reference();
    kubemint_store::Trail::credentials(store, &found)
        .await
        .unwrap();
    kubemint_store::Trail::events(store, 20_000, 100)
        .await
        .unwrap();
    store
        .lease(&here(), Uuid::nil(), Duration::from_secs(1))
        .await
        .unwrap();

    let new = record(&format!("new-{turn}"));
    begin(store, &new, Some(&key(&format!("key-{turn}"), "f"))).await;
    lead(store, &new, State::Revoked, &grant()).await;
    let other = record(&format!("other-{turn}"));
    begin_within(store, &other, None, Some(5)).await;
    lead(store, &other, State::Failed, &grant()).await;
    let cut = Cut {
        keys: at(86_400),
        records: Some(at(3601)),
        events: Some(at(2)),
    };
    store.retain(&cut, at(9000), 20).await.unwrap();
}
