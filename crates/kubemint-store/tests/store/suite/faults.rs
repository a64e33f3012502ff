//! The faults that the service's tests inject are what they say.

use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use kubemint::audit::Kind;
use kubemint::ports::{Store as _, StoreError};
use kubemint_store::{Fault, FaultyStore};

use super::Fresh;
use super::fixture::{event, events, here, record};

pub(crate) async fn a_failed_call_did_nothing_and_a_lost_answer_did_everything<S: Fresh>() {
    let inner = Arc::new(S::fresh());
    let record = record("a");
    for (fault, written) in [(Fault::FailBefore, 0), (Fault::FailAfter, 1)] {
        let faulty = FaultyStore::new(Arc::clone(&inner), move |call| {
            (call == "append").then_some(fault)
        });
        let failed = faulty.append(event(Kind::Read, &record)).await;
        assert!(
            matches!(failed, Err(StoreError::Unavailable(_))),
            "{fault:?}"
        );
        assert_eq!(events(&*inner).await, written, "{fault:?}");
        assert_eq!(
            faulty.find(&here(), &record.id).await.unwrap(),
            None,
            "other calls are not touched"
        );
    }
}

pub(crate) async fn a_stopped_call_never_answers_and_a_slow_one_does<S: Fresh>() {
    let inner = Arc::new(S::fresh());
    let record = record("a");
    let with = |fault| FaultyStore::new(Arc::clone(&inner), move |_| Some(fault));
    {
        let stopped = with(Fault::StopBefore);
        let mut call = stopped.append(event(Kind::Read, &record));
        assert!(poll!(&mut call).is_pending());
    }
    inner.ping().await.unwrap();
    assert_eq!(events(&*inner).await, 0);
    {
        let stopped = with(Fault::StopAfter);
        let mut call = stopped.append(event(Kind::Read, &record));
        // It waits for its own commit, and then for ever: the event appears, the answer does not.
        while events(&*inner).await == 0 {
            assert!(poll!(&mut call).is_pending());
        }
        inner.ping().await.unwrap();
        assert!(poll!(&mut call).is_pending());
    }
    with(Fault::Delay(Duration::from_millis(1)))
        .append(event(Kind::Read, &record))
        .await
        .unwrap();
    assert_eq!(events(&*inner).await, 2);
}
