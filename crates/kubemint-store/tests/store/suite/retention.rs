//! What is no longer kept, and what always is.

use chrono::{DateTime, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::ports::{Begun, Cut, Forgotten, Idempotency};
use kubemint::record::{Record, State};

use super::Fresh;
use super::fixture::{
    at, begin, event, events, every, found, grant, here, ids, key, lead, put, record, visible,
};

/// Nothing but keys past their time.
fn cut(keys: DateTime<Utc>) -> Cut {
    Cut {
        keys,
        records: None,
        events: None,
    }
}

pub(crate) async fn a_record_that_is_over_is_forgotten_but_for_its_name<S: Fresh>() {
    let store = S::fresh();
    for state in State::ALL {
        put(&store, &record(state.as_str()), state, &grant()).await;
    }
    let late = Record {
        created_at: at(5000),
        ..record("late")
    };
    put(&store, &late, State::Failed, &grant()).await;
    let written = events(&store).await;
    let before = |second| Cut {
        records: Some(at(second)),
        ..cut(at(0))
    };
    // By its end: a failed one had none, and counts from its beginning.
    let none = store.retain(&before(0), at(9000), 100).await.unwrap();
    assert_eq!(none, Forgotten::default());
    let failed = store.retain(&before(3600), at(9000), 100).await.unwrap();
    assert_eq!(failed.records, 1);
    let over = store.retain(&before(3601), at(9000), 100).await.unwrap();
    assert_eq!(
        over,
        Forgotten {
            credentials: 2,
            records: 2,
            ..Forgotten::default()
        }
    );
    assert_eq!(events(&store).await, written, "retention writes no event");

    for state in State::ALL {
        let record = record(state.as_str());
        let is_over = matches!(state, State::Revoked | State::Failed | State::Expired);
        let kept = store.find(&here(), &record.id).await.unwrap();
        assert_eq!(kept.is_none(), is_over, "{state:?}");
        assert_eq!(
            begin(&store, &record, None).await,
            Begun::IdTaken,
            "{state:?}"
        );
    }
    assert_eq!(found(&store, &late).await.state, State::Failed);
    let all = visible("root", true, false, false);
    let shown = store
        .list(&here(), &all, &every(), at(0), None, 10)
        .await
        .unwrap();
    assert_eq!(ids(&shown), ["revoking", "active"]);
    let nothing_else = store.retain(&before(3601), at(9000), 100).await.unwrap();
    assert_eq!(nothing_else, Forgotten::default());
}

pub(crate) async fn nothing_of_a_forgotten_record_can_be_had<S: Fresh>() {
    let store = S::fresh();
    let record = record("a");
    put(&store, &record, State::Expired, &grant()).await;
    let cut = Cut {
        records: Some(at(9000)),
        ..cut(at(0))
    };
    assert_eq!(store.retain(&cut, at(9000), 1).await.unwrap().records, 1);
    assert_eq!(store.credentials(&record.reference()).await.unwrap(), []);
    let revoked = event(Kind::RevokeRequested, &record);
    assert!(
        !store
            .begin_revoke(&record.reference(), revoked)
            .await
            .unwrap()
    );
}

pub(crate) async fn a_record_stays_while_a_key_leads_to_it<S: Fresh>() {
    let store = S::fresh();
    let first = record("first");
    let until = Idempotency {
        keep_until: at(100),
        ..key("k", "f")
    };
    assert_eq!(begin(&store, &first, Some(&until)).await, Begun::Started);
    lead(&store, &first, State::Expired, &grant()).await;
    let all = |second| Cut {
        records: Some(at(9000)),
        ..cut(at(second))
    };
    let early = store.retain(&all(99), at(9000), 100).await.unwrap();
    assert_eq!((early.keys, early.records), (0, 0));
    let stored = found(&store, &first).await;
    let replay = begin(&store, &record("second"), Some(&until)).await;
    assert_eq!(replay, Begun::Replay(Box::new(stored)));
    let late = store.retain(&all(100), at(9000), 100).await.unwrap();
    assert_eq!((late.keys, late.records), (1, 1));
}

pub(crate) async fn retention_goes_in_batches<S: Fresh>() {
    let store = S::fresh();
    for n in 0..7 {
        let record = record(&format!("k-{n}"));
        let short = Idempotency {
            keep_until: at(10),
            ..key(&format!("key-{n}"), "f")
        };
        assert_eq!(begin(&store, &record, Some(&short)).await, Begun::Started);
        lead(&store, &record, State::Failed, &grant()).await;
    }
    let all = Cut {
        keys: at(100),
        records: Some(at(100)),
        events: Some(at(100)),
    };
    let mut sum = [0; 3];
    for _ in 0..20 {
        let done = store.retain(&all, at(100), 3).await.unwrap();
        for (sum, done) in sum.iter_mut().zip([done.keys, done.records, done.events]) {
            assert!(done <= 3);
            *sum += done;
        }
    }
    assert_eq!(sum, [7, 7, 14]);
    assert_eq!(events(&store).await, 0);
}

pub(crate) async fn a_record_with_many_credentials_goes_a_few_at_a_time_and_holds_up_no_other<
    S: Fresh,
>() {
    let store = S::fresh();
    let busy = record("busy");
    put(&store, &busy, State::Active, &grant()).await;
    for n in 0..9 {
        let (jti, read) = (format!("jti-{n}"), event(Kind::Downloaded, &busy));
        let (of, end) = (busy.reference(), grant().expires_at);
        let added = store.add_credential(&of, Some(&jti), end, read);
        assert!(added.await.unwrap());
    }
    let ended = event(Kind::Expired, &busy);
    assert!(store.expire(&busy.reference(), ended).await.unwrap());
    put(&store, &record("other"), State::Failed, &grant()).await;
    let cut = Cut {
        records: Some(at(9000)),
        ..cut(at(0))
    };
    let mut done = Vec::new();
    for _ in 0..4 {
        let forgotten = store.retain(&cut, at(9000), 4).await.unwrap();
        done.push((forgotten.credentials, forgotten.records));
    }
    assert_eq!(done, [(4, 1), (4, 0), (2, 1), (0, 0)]);
    assert_eq!(store.find(&here(), &busy.id).await.unwrap(), None);
}

pub(crate) async fn the_trail_is_cut_at_its_old_end_alone<S: Fresh>() {
    let store = S::fresh();
    let record = record("a");
    for second in [3, 1, 9, 2] {
        let event = Event {
            at: at(second),
            ..event(Kind::Read, &record)
        };
        store.append(event).await.unwrap();
    }
    assert_eq!(
        store
            .retain(&cut(at(100)), at(100), 100)
            .await
            .unwrap()
            .events,
        0
    );
    let before = Cut {
        events: Some(at(5)),
        ..cut(at(100))
    };
    assert_eq!(store.retain(&before, at(100), 100).await.unwrap().events, 2);
    // What is old and came after what stays, stays with it.
    let left: Vec<_> = store
        .events(0, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, event)| event.at)
        .collect();
    assert_eq!(left, [at(9), at(2)]);
    // A number is not used again.
    store.append(event(Kind::Read, &record)).await.unwrap();
    assert_eq!(store.events(4, 10).await.unwrap().len(), 1);
}

pub(crate) async fn a_row_from_a_clock_far_ahead_keeps_no_other<S: Fresh>() {
    let store = S::fresh();
    let record = record("a");
    let day = 86_400;
    let year = 365 * day;
    let write = async |second| {
        let event = Event {
            at: at(second),
            ..event(Kind::Read, &record)
        };
        store.append(event).await.unwrap();
    };
    for second in [1, year, 2, day / 2, 3] {
        write(second).await;
    }
    let before = Cut {
        events: Some(at(5)),
        ..cut(at(100))
    };
    // A year ahead is an error of a clock. Half a day may be right, so that row stays, and what came after it.
    assert_eq!(store.retain(&before, at(100), 100).await.unwrap().events, 3);
    assert_eq!(store.retain(&before, at(100), 100).await.unwrap().events, 0);
    assert_eq!(events(&store).await, 2);
    // One that no old one follows stays, too: nothing says how old it is.
    let store = S::fresh();
    let event = Event {
        at: at(year),
        ..event(Kind::Read, &record)
    };
    store.append(event).await.unwrap();
    assert_eq!(store.retain(&before, at(100), 100).await.unwrap().events, 0);
}
