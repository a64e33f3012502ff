//! Several replicas on one database.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kubemint::audit::Kind;
use kubemint::ports::{Begun, Store as _};
use kubemint::record::State;
use kubemint_store::PostgresStore;
use uuid::Uuid;

use super::{SHARED, migrated};
use crate::suite::fixture::{at, begin, event, events, found, grant, here, key, put, record};

/// Two replicas of one installation.
fn two() -> [Arc<PostgresStore>; 2] {
    let options = SHARED.database();
    [migrated(&options), migrated(&options)].map(Arc::new)
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_one_installation() {
    let [one, other] = two();
    assert_eq!(one.instance().id, other.instance().id);
    assert_eq!(one.instance().page_key, other.instance().page_key);
    let record = record("a");
    put(&*one, &record, State::Active, &grant()).await;
    let shown = found(&*other, &record).await;
    assert_eq!(shown.state, State::Active);
    let revoked = event(Kind::RevokeRequested, &record);
    assert!(
        other
            .begin_revoke(&record.reference(), revoked)
            .await
            .unwrap()
    );
    assert_eq!(found(&*one, &record).await.state, State::Revoking);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_replicas_that_race_for_expired_records_one_ends_each() {
    let replicas = two();
    let records: Vec<_> = (0..40).map(|n| record(&format!("k-{n}"))).collect();
    for record in &records {
        put(&*replicas[0], record, State::Active, &grant()).await;
    }
    let written = events(&*replicas[0]).await;
    let tasks = replicas.iter().map(|store| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut ended = 0;
            for due in store.due(&here(), at(3600), 100).await.unwrap() {
                let event = event(Kind::Expired, &due);
                ended += usize::from(store.expire(&due.reference(), event).await.unwrap());
            }
            ended
        })
    });
    let ended: usize = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(ended, records.len());
    assert_eq!(events(&*replicas[1]).await - written, records.len());
    assert_eq!(replicas[1].due(&here(), at(3600), 100).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_replicas_use_at_once_starts_one_issue() {
    let replicas = two();
    for round in 0..8 {
        let tasks = (0..32).map(|n| {
            let store = Arc::clone(&replicas[n % 2]);
            tokio::spawn(async move {
                let record = record(&format!("k-{round}-{n}"));
                begin(&*store, &record, Some(&key(&format!("key-{round}"), "f"))).await
            })
        });
        let begun: Vec<_> = join_all(tasks)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let started = begun.iter().filter(|begun| **begun == Begun::Started);
        let waiting = begun
            .iter()
            .filter(|begun| matches!(begun, Begun::InProgress(_)));
        assert_eq!((started.count(), waiting.count()), (1, 31));
    }
    assert_eq!(events(&*replicas[0]).await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_reconciled_by_one_replica_until_it_stops() {
    let [one, other] = two();
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let long = Duration::from_secs(600);
    assert!(one.lease(&here(), first, long).await.unwrap());
    assert!(one.lease(&here(), first, long).await.unwrap(), "renewed");
    assert!(!other.lease(&here(), second, long).await.unwrap());
    let mut elsewhere = here();
    elsewhere.cluster = "another".to_owned();
    assert!(other.lease(&elsewhere, second, long).await.unwrap());
    // Given back, and then one that ends by itself.
    assert!(one.lease(&here(), first, Duration::ZERO).await.unwrap());
    assert!(
        other
            .lease(&here(), second, Duration::from_millis(50))
            .await
            .unwrap()
    );
    while !one.lease(&here(), first, long).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!other.lease(&here(), second, long).await.unwrap());
}
