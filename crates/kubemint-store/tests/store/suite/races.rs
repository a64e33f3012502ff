//! Many at once.

use std::sync::Arc;

use futures::future::join_all;
use kubemint::audit::Kind;
use kubemint::ports::Begun;
use kubemint::record::State;

use super::Fresh;
use super::fixture::{begin, begin_within, event, events, found, grant, key, put, record};

/// Runs `count` tasks at once and gives what they return.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    task: impl Fn(usize) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(task(n))).collect();
    join_all(tasks)
        .await
        .into_iter()
        .map(|joined| joined.expect("no panic"))
        .collect()
}

pub(crate) async fn one_of_many_with_the_same_key_starts<S: Fresh>() {
    let store = Arc::new(S::fresh());
    let begun = at_once(64, |n| {
        let store = Arc::clone(&store);
        async move { begin(&*store, &record(&format!("k-{n}")), Some(&key("k", "f"))).await }
    })
    .await;
    let started = begun
        .iter()
        .filter(|begun| **begun == Begun::Started)
        .count();
    let waiting = begun
        .iter()
        .filter(|begun| matches!(begun, Begun::InProgress(_)))
        .count();
    assert_eq!((started, waiting), (1, 63));
    assert_eq!(events(&*store).await, 1);
}

pub(crate) async fn one_of_many_with_the_same_name_starts<S: Fresh>() {
    let store = Arc::new(S::fresh());
    let begun = at_once(64, |n| {
        let store = Arc::clone(&store);
        async move { begin(&*store, &record("same"), Some(&key(&format!("k-{n}"), "f"))).await }
    })
    .await;
    let started = begun
        .iter()
        .filter(|begun| **begun == Begun::Started)
        .count();
    let taken = begun
        .iter()
        .filter(|begun| **begun == Begun::IdTaken)
        .count();
    assert_eq!((started, taken), (1, 63));
    assert_eq!(events(&*store).await, 1);
}

pub(crate) async fn one_of_many_takes_a_failed_name_over<S: Fresh>() {
    let store = Arc::new(S::fresh());
    let failed = record("same");
    put(&*store, &failed, State::Failed, &grant()).await;
    let written = events(&*store).await;
    let begun = at_once(64, |n| {
        let store = Arc::clone(&store);
        async move {
            let key = key(&format!("k-{}", n / 2), "f");
            begin(&*store, &record("same"), (n % 4 != 0).then_some(&key)).await
        }
    })
    .await;
    let started = begun
        .iter()
        .filter(|begun| **begun == Begun::Started)
        .count();
    assert_eq!(started, 1);
    assert!(
        begun.iter().all(|begun| matches!(
            begun,
            Begun::Started | Begun::IdTaken | Begun::InProgress(_)
        )),
        "{begun:?}"
    );
    assert_eq!(events(&*store).await, written + 1);
}

pub(crate) async fn of_many_at_once_as_many_start_as_may_be_alive<S: Fresh>() {
    let store = Arc::new(S::fresh());
    let begun = at_once(64, |n| {
        let store = Arc::clone(&store);
        async move {
            let key = key(&format!("k-{n}"), "f");
            let key = (n % 2 == 0).then_some(&key);
            begin_within(&*store, &record(&format!("k-{n}")), key, Some(5)).await
        }
    })
    .await;
    let of = |wanted: Begun| begun.iter().filter(|begun| **begun == wanted).count();
    assert_eq!((of(Begun::Started), of(Begun::QuotaExceeded)), (5, 59));
    assert_eq!(events(&*store).await, 5);
}

pub(crate) async fn one_of_two_ends_of_a_pending_record_wins<S: Fresh>() {
    let store = Arc::new(S::fresh());
    for n in 0..32 {
        let record = record(&format!("k-{n}"));
        begin(&*store, &record, None).await;
        let took = at_once(2, |side| {
            let (store, record) = (Arc::clone(&store), record.clone());
            async move {
                if side == 0 {
                    store
                        .activate(&record.reference(), &grant(), event(Kind::Issued, &record))
                        .await
                        .unwrap()
                } else {
                    store
                        .fail(&record.reference(), event(Kind::IssueFailed, &record))
                        .await
                        .unwrap()
                }
            }
        })
        .await;
        assert_ne!(took[0], took[1]);
        let state = found(&*store, &record).await.state;
        assert_eq!(
            state,
            if took[0] {
                State::Active
            } else {
                State::Failed
            }
        );
    }
    assert_eq!(events(&*store).await, 64);
}

pub(crate) async fn who_follows_the_trail_misses_nothing<S: Fresh>() {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let store = Arc::new(S::fresh());
    let writers = {
        let store = Arc::clone(&store);
        tokio::spawn(at_once(WRITERS, move |n| {
            let store = Arc::clone(&store);
            async move {
                for _ in 0..EACH {
                    let read = event(Kind::Read, &record(&format!("k-{n}")));
                    store.append(read).await.unwrap();
                }
            }
        }))
    };
    let (mut last, mut seen) = (0, 0);
    while seen < WRITERS * EACH {
        let ended = writers.is_finished();
        let new = store.events(last, 1000).await.unwrap();
        assert!(
            !(ended && new.is_empty()),
            "{seen} were seen, and no more come"
        );
        seen += new.len();
        last = new.last().map_or(last, |(number, _)| *number);
    }
    writers.await.unwrap();
    assert_eq!(seen, events(&*store).await);
}
