//! A database with data from any older schema is brought up to date when it is opened, and loses nothing.

use kubemint::audit::Kind;
use kubemint::ports::Begun;
use kubemint::record::State;
use kubemint_store::{Backend, Options, SCHEMA_VERSION, SqliteStore};
use rusqlite::Connection;

use crate::chain::verified;
use crate::suite::fixture::{at, begin, event, events, every, found, here, record, visible};

/// Marks a file as ours.
const APPLICATION_ID: i32 = 0x4b4d_4e54;

/// The schemas, oldest first.
const SCHEMAS: [&str; SCHEMA_VERSION as usize] = [
    include_str!("../../src/sqlite/schema/0001.sql"),
    include_str!("../../src/sqlite/schema/0002.sql"),
    include_str!("../../src/sqlite/schema/0003.sql"),
    include_str!("../../src/sqlite/schema/0004.sql"),
    include_str!("../../src/sqlite/schema/0005.sql"),
    include_str!("../../src/sqlite/schema/0006.sql"),
    include_str!("../../src/sqlite/schema/0007.sql"),
];

/// The schema that brought the trail's chains.
const CHAINS: usize = 5;

/// What the first program could have written, and every later one: a record of each state, a credential, a key, events.
pub(crate) const HISTORY: &str = "
    INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer, creator_subject, ttl,
        state, created_at, pending_until, expires_at, object_uid)
    SELECT 'us-texas-1', 'project-x9y8z7', 'cluster-a1b2c3', state, '00000000-0000-4000-8000-00000000000' || n, 'alice',
        'viewer', 'https://login.example', 'alice', 3600, state, 1767225600123, 1767225660123,
        CASE WHEN state IN ('pending', 'failed') THEN NULL ELSE 1767229200123 END,
        CASE WHEN state IN ('pending', 'failed') THEN NULL ELSE 'object-' || n END
    FROM (SELECT 1 AS n, 'pending' AS state UNION ALL SELECT 2, 'active' UNION ALL SELECT 3, 'revoking'
          UNION ALL SELECT 4, 'revoked' UNION ALL SELECT 5, 'failed' UNION ALL SELECT 6, 'expired') AS states;
    INSERT INTO credential (kubeconfig, jti, expires_at, minted_at)
        SELECT seq, 'jti-' || id, expires_at, created_at FROM kubeconfig WHERE id = 'active';
    INSERT INTO audit (at, kind, region, project, cluster, kubeconfig, uid, detail)
        SELECT created_at, 'issue.requested', region, project, cluster, id, uid, '{}' FROM kubeconfig;";

/// A file of schema `version`, with the history.
fn old(path: &std::path::Path, version: usize) {
    let database = Connection::open(path).unwrap();
    for schema in &SCHEMAS[..version] {
        database.execute_batch(schema).unwrap();
    }
    let set = |name: &str, value: i32| database.pragma_update(None, name, value).unwrap();
    set("application_id", APPLICATION_ID);
    set("user_version", i32::try_from(version).unwrap());
    database.execute_batch(HISTORY).unwrap();
    let instance = "INSERT INTO instance (one, id, page_key)
                    VALUES (1, '00000000-0000-4000-8000-000000000042', zeroblob(32))";
    database.execute_batch(instance).unwrap();
}

/// Everything of the history is there, and life goes on.
pub(crate) async fn nothing_is_lost(store: &(impl kubemint::ports::Store + kubemint_store::Trail)) {
    assert_eq!(
        store.instance().id.to_string(),
        "00000000-0000-4000-8000-000000000042"
    );
    for state in State::ALL {
        let kept = found(store, &record(state.as_str())).await;
        assert_eq!(kept.state, state);
        assert_eq!(kept.expires_at.is_some(), kept.object_uid.is_some());
    }
    assert_eq!(events(store).await, 6);
    let active = found(store, &record("active")).await;
    let minted = store.credentials(&active.reference()).await.unwrap();
    assert_eq!(minted.len(), 1);
    assert_eq!(minted[0].jti.as_deref(), Some("jti-active"));
    let all = visible("root", true, true, true);
    let listed = store.list(&here(), &all, &every(), at(5), None, 10).await;
    assert_eq!(listed.unwrap().records.len(), 3);
    assert_eq!(store.due(&here(), at(9000), 10).await.unwrap().len(), 3);

    assert_eq!(begin(store, &record("revoked"), None).await, Begun::IdTaken);
    assert_eq!(begin(store, &record("new"), None).await, Begun::Started);
    let revoked = event(Kind::RevokeRequested, &active);
    assert!(
        store
            .begin_revoke(&active.reference(), revoked)
            .await
            .unwrap()
    );
    assert_eq!(events(store).await, 8);
}

#[tokio::test]
async fn a_file_of_every_older_schema_is_migrated_with_its_data() {
    for version in 1..=SCHEMAS.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        old(&path, version);
        if version >= CHAINS {
            // As it is after a restore, before it is served.
            let before = verified(&Backend::Sqlite(Options::new(&path))).await;
            assert!(!before.is_sound(), "rows of no chain: {before:?}");
        }
        let store = SqliteStore::open(Options::new(path.clone())).unwrap();
        nothing_is_lost(&store).await;
        drop(store);
        let found = verified(&Backend::Sqlite(Options::new(path))).await;
        let sound = found.is_sound();
        // From the schema that brought the chains, rows without a place are no rows of an older program.
        assert_eq!(sound, version < CHAINS, "schema {version}: {found:?}");
    }
}
