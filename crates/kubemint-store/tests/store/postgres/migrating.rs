//! How a database comes to have the tables, and which are refused.

use kubemint::ports::Store as _;
use kubemint::record::State;
use kubemint_store::{Backend, POSTGRES_SCHEMA_VERSION, PostgresError, PostgresStore, inspect};

use super::SHARED;
use crate::chain::verified;
use crate::suite::fixture::{at, begin, grant, put, record};
use crate::upgrading::{HISTORY, nothing_is_lost};

#[tokio::test]
async fn a_database_is_migrated_on_demand_and_keeps_its_identity() {
    let options = SHARED.database();
    let refused = PostgresStore::open(&options)
        .await
        .err()
        .expect("no schema");
    assert!(
        matches!(
            refused,
            PostgresError::Older {
                found: 0,
                needed: POSTGRES_SCHEMA_VERSION
            }
        ),
        "{refused:?}"
    );
    let first = PostgresStore::migrate(&options).await.unwrap();
    assert_eq!(first, (0, POSTGRES_SCHEMA_VERSION));
    let id = PostgresStore::open(&options).await.unwrap().instance().id;
    let again = PostgresStore::migrate(&options).await.unwrap();
    assert_eq!(again, (POSTGRES_SCHEMA_VERSION, POSTGRES_SCHEMA_VERSION));
    assert_eq!(
        PostgresStore::open(&options).await.unwrap().instance().id,
        id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_migrate_at_once_one_does() {
    let options = SHARED.database();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let options = options.clone();
            tokio::spawn(async move { PostgresStore::migrate(&options).await.unwrap().0 })
        })
        .collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap());
    }
    found.sort_unstable();
    assert_eq!(found[0], 0);
    assert!(
        found[1..]
            .iter()
            .all(|found| *found == POSTGRES_SCHEMA_VERSION),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_name_is_refused_and_left_alone() {
    let narrow = "narrow_database";
    let made = format!(
        "CREATE DATABASE {narrow} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    assert!(SHARED.sql("postgres", &made));
    let options = SHARED.options(narrow);
    let opened = PostgresStore::open(&options).await.err().expect("narrow");
    let migrated = PostgresStore::migrate(&options).await.expect_err("narrow");
    for refused in [opened, migrated] {
        assert!(
            matches!(&refused, PostgresError::Encoding { found } if found == "LATIN1"),
            "{refused:?}"
        );
    }
    let none = "SELECT 1 / (count(*) = 0)::integer FROM pg_tables WHERE schemaname = 'public'";
    assert!(SHARED.sql(narrow, none));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let options = SHARED.database();
    PostgresStore::migrate(&options).await.unwrap();
    let newer = POSTGRES_SCHEMA_VERSION + 1;
    assert!(SHARED.sql(
        &options.database,
        &format!("INSERT INTO schema_version VALUES ({newer})")
    ));
    let opened = PostgresStore::open(&options).await.err().expect("newer");
    let migrated = PostgresStore::migrate(&options).await.expect_err("newer");
    for refused in [opened, migrated] {
        assert!(
            matches!(refused, PostgresError::Newer { found, known: POSTGRES_SCHEMA_VERSION } if found == newer),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn the_trail_is_never_changed_and_a_kubeconfig_never_deleted() {
    let options = SHARED.database();
    PostgresStore::migrate(&options).await.unwrap();
    let run = |sql: &str| SHARED.sql(&options.database, sql);
    assert!(run(
        "INSERT INTO audit (at, kind, region, project, cluster, detail) VALUES (1, 'k', 'r', 'p', 'c', '{}')"
    ));
    assert!(run(
        "INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer, creator_subject,
             creator, subject, ttl, state, created_at, pending_until)
         VALUES ('r', 'p', 'c', 'a', 'u', 'f', 'v', 'i', 's', '', '', 60, 'pending', 0, 0)"
    ));
    for refused in [
        "UPDATE audit SET kind = 'other'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DELETE FROM kubeconfig",
        "TRUNCATE kubeconfig CASCADE",
        "UPDATE kubeconfig SET state = 'odd'",
        "UPDATE kubeconfig SET state = 'active'",
    ] {
        assert!(!run(refused), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_used_is_looked_at_without_touching_it() {
    let options = SHARED.database();
    let backend = Backend::Postgres(options.clone());
    let bare = inspect(&backend, at(0)).await.unwrap();
    assert_eq!((bare.schema, bare.known), (0, POSTGRES_SCHEMA_VERSION));
    let store = super::migrated(&options);
    put(&store, &record("a"), State::Active, &grant()).await;
    begin(&store, &record("b"), None).await;
    let late = inspect(&backend, at(3600)).await.unwrap();
    assert_eq!(
        (late.schema, late.ended, late.abandoned),
        (POSTGRES_SCHEMA_VERSION, 1, 1)
    );
    let counts = [("active", 1), ("pending", 1)];
    assert_eq!(
        late.states,
        counts.map(|(state, count)| (state.to_owned(), count))
    );
    // As the tests' own server is.
    assert_eq!(late.warnings.len(), 1, "{:?}", late.warnings);
    assert!(late.warnings[0].starts_with("fsync is off"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_of_one_database_is_told_as_damage() {
    let options = SHARED.database();
    let backend = Backend::Postgres(options.clone());
    let store = super::migrated(&options);
    put(&store, &record("a"), State::Active, &grant()).await;
    assert_eq!(inspect(&backend, at(0)).await.unwrap().damage, [""; 0]);
    let torn = "UPDATE audit_chain SET head = head + 1; DELETE FROM instance";
    assert!(SHARED.sql(&options.database, torn));
    let refused = PostgresStore::open(&options).await.err().unwrap();
    let told = inspect(&backend, at(0)).await.unwrap().damage;
    assert!(
        told.len() == 2 && told[0] == refused.to_string(),
        "{told:?}"
    );
    assert!(told[1].contains("row 3 of chain"), "{told:?}");
}

/// The schemas, oldest first.
const SCHEMAS: [&str; POSTGRES_SCHEMA_VERSION as usize] = [
    include_str!("../../../src/postgres/schema/0001.sql"),
    include_str!("../../../src/postgres/schema/0002.sql"),
    include_str!("../../../src/postgres/schema/0003.sql"),
    include_str!("../../../src/postgres/schema/0004.sql"),
    include_str!("../../../src/postgres/schema/0005.sql"),
    include_str!("../../../src/postgres/schema/0006.sql"),
    include_str!("../../../src/postgres/schema/0007.sql"),
    include_str!("../../../src/postgres/schema/0008.sql"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_every_older_schema_is_migrated_with_its_data() {
    for version in 1..SCHEMAS.len() {
        let options = SHARED.database();
        let run = |sql: &str| {
            assert!(
                SHARED.sql(&options.database, sql),
                "schema {version}: {sql}"
            )
        };
        run(
            "CREATE TABLE schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
        );
        for (number, schema) in (1..).zip(&SCHEMAS[..version]) {
            run(schema);
            run(&format!(
                "INSERT INTO schema_version (version) VALUES ({number})"
            ));
        }
        // Columns that only this kind of store has.
        run("ALTER TABLE kubeconfig ALTER creator SET DEFAULT '', ALTER subject SET DEFAULT ''");
        run(HISTORY);
        run("INSERT INTO instance (one, id, page_key)
             VALUES (1, '00000000-0000-4000-8000-000000000042', decode(repeat('00', 32), 'hex'))");
        let found = PostgresStore::migrate(&options).await.unwrap();
        assert_eq!(found, (version as u32, POSTGRES_SCHEMA_VERSION));
        let store = PostgresStore::open(&options).await.unwrap();
        nothing_is_lost(&store).await;
        let found = verified(&Backend::Postgres(options)).await;
        // Rows of schema 3 have a place, and these have none.
        assert_eq!(found.is_sound(), version < 3, "schema {version}: {found:?}");
    }
}
