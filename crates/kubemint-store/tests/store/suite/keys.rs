//! What an idempotency key answers, and to whom.

use kubemint::ports::{Begun, Idempotency};
use kubemint::record::{Record, State};

use super::Fresh;
use super::fixture::{
    at, begin, events, found, grant, key, lead, of_issuer, principal, record, under_way,
};

pub(crate) async fn a_key_is_free_until_it_is_used_and_again_when_its_issue_failed<S: Fresh>() {
    let store = S::fresh();
    let first = record("first");
    assert_eq!(
        begin(&store, &first, Some(&key("k", "f"))).await,
        Begun::Started
    );
    assert_eq!(
        begin(&store, &record("second"), Some(&key("k", "f"))).await,
        under_way(&first)
    );
    // One past its deadline is still that key's, until it is ended.
    let late = Record {
        created_at: at(31),
        ..record("second")
    };
    assert_eq!(
        begin(&store, &late, Some(&key("k", "f"))).await,
        under_way(&first)
    );
    lead(&store, &first, State::Failed, &grant()).await;
    let written = events(&store).await;
    // Another meaning, too: nothing was granted for the first.
    let third = record("third");
    assert_eq!(
        begin(&store, &third, Some(&key("k", "g"))).await,
        Begun::Started
    );
    assert_eq!(events(&store).await, written + 1);
    assert_eq!(
        begin(&store, &record("fourth"), Some(&key("k", "f"))).await,
        Begun::KeyReused
    );
    assert_eq!(
        begin(&store, &record("fourth"), Some(&key("k", "g"))).await,
        under_way(&third)
    );
}

pub(crate) async fn a_key_answers_by_the_state_of_its_record<S: Fresh>() {
    let store = S::fresh();
    for state in State::ALL {
        let name = state.as_str();
        let first = record(name);
        assert_eq!(
            begin(&store, &first, Some(&key(name, "f"))).await,
            Begun::Started
        );
        lead(&store, &first, state, &grant()).await;
        let written = events(&store).await;
        let stored = found(&store, &first).await;
        // The same name again, as a client that chooses names repeats its request: the key comes first.
        let again = record(name);
        let same = begin(&store, &again, Some(&key(name, "f"))).await;
        let other = begin(&store, &again, Some(&key(name, "g"))).await;
        let (expected, expected_other) = match state {
            // Whichever comes first takes the name over, and with it the key.
            State::Failed => (Begun::Started, Begun::KeyReused),
            State::Pending => (under_way(&stored), Begun::KeyReused),
            State::Active | State::Revoking | State::Revoked | State::Expired => {
                (Begun::Replay(Box::new(stored)), Begun::KeyReused)
            }
        };
        assert_eq!(same, expected, "{state:?}");
        assert_eq!(other, expected_other, "{state:?}");
        let started = usize::from(state == State::Failed);
        assert_eq!(events(&store).await, written + started, "{state:?}");
    }
}

pub(crate) async fn a_key_is_one_principals_at_one_cluster<S: Fresh>() {
    let store = S::fresh();
    assert_eq!(
        begin(&store, &record("first"), Some(&key("k", "f"))).await,
        Begun::Started
    );
    let by = |principal| Idempotency {
        principal,
        ..key("k", "other")
    };
    let mut elsewhere = record("elsewhere");
    elsewhere.cluster.cluster = "another".to_owned();
    for (record, key) in [
        (record("bob"), by(principal("bob"))),
        (
            record("namesake"),
            by(of_issuer("https://other.example", "alice")),
        ),
        // Neither half of a principal runs into the other.
        (
            record("shifted"),
            by(of_issuer("https://login.examplea", "lice")),
        ),
        (elsewhere, key("k", "other")),
        (record("case"), key("K", "other")),
    ] {
        assert_eq!(
            begin(&store, &record, Some(&key)).await,
            Begun::Started,
            "{}",
            record.id
        );
    }
}

pub(crate) async fn a_key_past_its_time_is_as_unused<S: Fresh>() {
    let store = S::fresh();
    let first = record("first");
    let until = |end| Idempotency {
        keep_until: at(end),
        ..key("k", "f")
    };
    assert_eq!(
        begin(&store, &first, Some(&until(100))).await,
        Begun::Started
    );
    lead(&store, &first, State::Active, &grant()).await;
    let stored = found(&store, &first).await;
    let second = |second| Record {
        created_at: at(second),
        ..record("second")
    };
    let replay = begin(&store, &second(99), Some(&until(199))).await;
    assert_eq!(
        replay,
        Begun::Replay(Box::new(stored)),
        "a replay does not prolong the key"
    );
    let renewed = second(100);
    assert_eq!(
        begin(&store, &renewed, Some(&until(200))).await,
        Begun::Started
    );
    // Many keys past their time do not come back either.
    for n in 0..30 {
        let old = Idempotency {
            key: format!("old-{n}"),
            ..until(150)
        };
        let record = Record {
            created_at: at(101),
            ..record(&format!("old-{n}"))
        };
        assert_eq!(begin(&store, &record, Some(&old)).await, Begun::Started);
    }
    for n in 0..30 {
        let new = Idempotency {
            key: format!("old-{n}"),
            fingerprint: "g".to_owned(),
            ..until(250)
        };
        let record = Record {
            created_at: at(150),
            ..record(&format!("new-{n}"))
        };
        assert_eq!(begin(&store, &record, Some(&new)).await, Begun::Started);
    }
    assert_eq!(
        begin(&store, &second(199), Some(&until(200))).await,
        under_way(&renewed)
    );
}

pub(crate) async fn a_failure_of_an_older_issue_does_not_free_the_key_of_a_newer_one<S: Fresh>() {
    let store = S::fresh();
    let first = record("first");
    let short = Idempotency {
        keep_until: at(10),
        ..key("k", "f")
    };
    assert_eq!(begin(&store, &first, Some(&short)).await, Begun::Started);
    let second = Record {
        created_at: at(20),
        ..record("second")
    };
    assert_eq!(
        begin(&store, &second, Some(&key("k", "f"))).await,
        Begun::Started
    );
    lead(&store, &first, State::Failed, &grant()).await;
    let third = Record {
        created_at: at(21),
        ..record("third")
    };
    assert_eq!(
        begin(&store, &third, Some(&key("k", "f"))).await,
        under_way(&second)
    );
}
