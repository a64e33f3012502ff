//! The trail's chains, where several replicas write them, and where writes break off.

use std::sync::Arc;

use kubemint::audit::Kind;
use kubemint::ports::Store as _;
use kubemint_store::Backend;
use kubemint_store::audit::{Broken, Filter};

use super::cluster::Cluster;
use super::{SHARED, migrated};
use crate::chain::{history, is_cut_at_its_old_end, rows, verified};
use crate::suite::fixture::{event, record};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_replica_has_its_place() {
    let options = SHARED.database();
    let backend = Backend::Postgres(options.clone());
    let (one, other) = (Arc::new(migrated(&options)), migrated(&options));
    history(&one).await;
    for _ in 0..5 {
        other.append(event(Kind::Read, &record("b"))).await.unwrap();
    }
    let found = verified(&backend).await;
    assert!(found.is_sound(), "{found:?}");
    let all = rows(&backend, Filter::ALL).await;
    assert!(all.iter().all(|row| row.link.is_some()) && all.len() > 45);
    let counted: u64 = found.chains.iter().map(|chain| chain.rows).sum();
    assert_eq!(counted, all.len() as u64);
    // One who writes alone fills one chain.
    assert!(
        found.chains.iter().any(|chain| chain.rows == 5),
        "{found:?}"
    );
    let odd = rows(&backend, Filter::Mentions("\"n\":7}".to_owned())).await;
    assert_eq!(
        odd[0].kubeconfig.as_deref(),
        Some("NOT an id \u{0} \\0 \u{1F511}")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_leaves_an_anchor() {
    let options = SHARED.database();
    let store = migrated(&options);
    is_cut_at_its_old_end(&store, &Backend::Postgres(options)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_the_database_is_found_and_named() {
    for (sql, expected) in [
        (
            "UPDATE audit SET subject = 'mallory' WHERE number = 2",
            Broken::Altered { number: 2, seq: 2 },
        ),
        (
            "DELETE FROM audit WHERE number = 3",
            Broken::Missing { first: 3, last: 3 },
        ),
        (
            "DELETE FROM audit WHERE number = 5",
            Broken::TruncatedEnd { first: 5, last: 5 },
        ),
    ] {
        let options = SHARED.database();
        let store = migrated(&options);
        for _ in 0..5 {
            store.append(event(Kind::Read, &record("a"))).await.unwrap();
        }
        let tampered = format!("ALTER TABLE audit DISABLE TRIGGER USER; {sql}");
        assert!(SHARED.sql(&options.database, &tampered));
        let found = verified(&Backend::Postgres(options)).await;
        assert_eq!(found.chains[0].broken, Some(expected), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_taken_away_with_its_note_is_missed() {
    let options = SHARED.database();
    let backend = Backend::Postgres(options.clone());
    let (one, other) = (migrated(&options), migrated(&options));
    for store in [&one, &other, &one] {
        store.append(event(Kind::Read, &record("a"))).await.unwrap();
    }
    let whole = verified(&backend).await;
    assert!(whole.is_sound() && whole.chains.len() == 2, "{whole:?}");
    let gone = &whole.chains[0].chain;
    let tampered = format!(
        "ALTER TABLE audit DISABLE TRIGGER USER; DELETE FROM audit WHERE chain = '{gone}';
         DELETE FROM audit_chain WHERE chain = '{gone}'"
    );
    assert!(SHARED.sql(&options.database, &tampered));
    let found = verified(&backend).await;
    assert_eq!((found.chains.len(), found.vanished), (1, 1));
    assert!(!found.is_sound(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_broke_off_leaves_the_chain_whole_and_it_goes_on() {
    let cluster = Cluster::start(&[]);
    let options = cluster.database();
    let backend = Backend::Postgres(options.clone());
    let store = migrated(&options);
    let read = || event(Kind::Read, &record("a"));
    store.append(read()).await.unwrap();
    cluster.signal_all("STOP");
    let broken = tokio::join!(store.append(read()), store.append(read()));
    assert!(broken.0.is_err() && broken.1.is_err());
    cluster.signal_all("CONT");
    let mut written = 0;
    for _ in 0..200 {
        // One may meet a write that was in doubt, and be refused: nothing is written twice in one place.
        written += usize::from(store.append(read()).await.is_ok());
        if written == 5 {
            break;
        }
    }
    assert_eq!(written, 5);
    let found = verified(&backend).await;
    assert!(found.is_sound(), "{found:?}");
}
