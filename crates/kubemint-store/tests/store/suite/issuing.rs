//! How an issue begins.

use kubemint::audit::Kind;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Begun, Grant};
use kubemint::record::{Record, State};

use super::Fresh;
use super::fixture::{
    Step, at, begin, begin_within, event, events, every, found, grant, here, ids, key, lead,
    of_issuer, principal, put, record, under_way, visible,
};

pub(crate) async fn a_started_issue_is_a_pending_record_with_its_event<S: Fresh>() {
    let store = S::fresh();
    let full = Record {
        display_name: Some("\u{0} ' \" \u{1F511} \u{202E}".to_owned()),
        description: Some(String::new()),
        ttl: u32::MAX,
        ..record("full")
    };
    let bare = Record {
        display_name: None,
        description: None,
        ttl: 1,
        ..record("bare")
    };
    for record in [&full, &bare] {
        assert_eq!(store.find(&record.cluster, &record.id).await.unwrap(), None);
        assert_eq!(begin(&store, record, None).await, Begun::Started);
        assert_eq!(found(&store, record).await, *record);
    }
    let trail: Vec<_> = store
        .events(0, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    assert_eq!(
        trail,
        [
            event(Kind::IssueRequested, &full),
            event(Kind::IssueRequested, &bare)
        ]
    );
}

pub(crate) async fn a_name_is_taken_for_ever_in_its_cluster_alone<S: Fresh>() {
    let store = S::fresh();
    for state in State::ALL {
        let first = record(state.as_str());
        put(&store, &first, state, &grant()).await;
        let written = events(&store).await;
        let second = Record {
            created_by: principal("bob"),
            ..record(state.as_str())
        };
        assert_eq!(
            begin(&store, &second, None).await,
            Begun::IdTaken,
            "{state:?}"
        );
        assert_eq!(
            begin(&store, &second, Some(&key(state.as_str(), "f"))).await,
            Begun::IdTaken,
            "{state:?}"
        );
        assert_eq!(events(&store).await, written);
        assert_eq!(found(&store, &first).await.uid, first.uid);
        // Nor was the key used up by the attempt.
        let third = record(&format!("{}-2", state.as_str()));
        assert_eq!(
            begin(&store, &third, Some(&key(state.as_str(), "f"))).await,
            Begun::Started,
            "{state:?}"
        );
    }
    for part in 0..3 {
        let mut elsewhere = record("pending");
        let cluster = &mut elsewhere.cluster;
        *[
            &mut cluster.region,
            &mut cluster.project,
            &mut cluster.cluster,
        ][part] = "another".to_owned();
        assert_eq!(begin(&store, &elsewhere, None).await, Begun::Started);
    }
}

pub(crate) async fn a_name_whose_issue_failed_is_its_creators_to_try_again<S: Fresh>() {
    let store = S::fresh();
    let first = Record {
        role: "editor".to_owned(),
        ..record("same")
    };
    assert_eq!(
        begin(&store, &first, Some(&key("k", "f"))).await,
        Begun::Started
    );
    lead(&store, &first, State::Failed, &grant()).await;
    put(&store, &record("between"), State::Active, &grant()).await;
    let of = |creator| Record {
        created_by: creator,
        created_at: at(40),
        ..record("same")
    };
    for other in [
        principal("bob"),
        of_issuer("https://other.example", "alice"),
        of_issuer("https://login.examplea", "lice"),
    ] {
        assert_eq!(begin(&store, &of(other), None).await, Begun::IdTaken);
    }
    assert_eq!(found(&store, &first).await.uid, first.uid);

    let second = Record {
        display_name: None,
        description: Some("again".to_owned()),
        issued_for: "bob".to_owned(),
        ttl: 60,
        pending_until: at(70),
        ..of(principal("alice"))
    };
    let written = events(&store).await;
    assert_eq!(
        begin(&store, &second, Some(&key("l", "g"))).await,
        Begun::Started
    );
    assert_eq!(events(&store).await, written + 1);
    assert_eq!(found(&store, &second).await, second);
    // The first one is no more: whoever still works at it changes nothing of the second.
    for step in Step::ALL {
        let about = event(step.kind(), &first);
        assert!(!step.take(&store, &first.reference(), &grant(), about).await);
    }
    assert_eq!(found(&store, &second).await, second);
    // Its key leads nowhere, and so to nothing of the second.
    assert_eq!(
        begin(&store, &record("third"), Some(&key("k", "f"))).await,
        Begun::Started
    );
    // The second one is taken like any other, and is the newest of its time.
    let third = of(principal("alice"));
    assert_eq!(begin(&store, &third, None).await, Begun::IdTaken);
    assert_eq!(
        begin(&store, &third, Some(&key("l", "g"))).await,
        under_way(&second)
    );
    lead(&store, &second, State::Active, &grant()).await;
    put(&store, &record("later"), State::Active, &grant()).await;
    let all = visible("root", true, false, false);
    let page = store.list(&here(), &all, &every(), at(0), None, 9).await;
    assert_eq!(ids(&page.unwrap()), ["later", "same", "between"]);
    let shown = store.find(&here(), &second.id).await.unwrap().unwrap();
    assert_eq!(
        begin(&store, &third, Some(&key("l", "g"))).await,
        Begun::Replay(Box::new(shown))
    );
}

pub(crate) async fn a_name_may_fail_any_number_of_times<S: Fresh>() {
    let store = S::fresh();
    for attempt in 0..5 {
        let again = record("same");
        // With and without a key, and with the one before.
        let idempotency = key(&format!("k-{}", attempt / 2), "f");
        let idempotency = (attempt != 3).then_some(&idempotency);
        assert_eq!(
            begin(&store, &again, idempotency).await,
            Begun::Started,
            "{attempt}"
        );
        lead(&store, &again, State::Failed, &grant()).await;
    }
    let last = record("same");
    put(&store, &last, State::Revoked, &grant()).await;
    assert_eq!(begin(&store, &record("same"), None).await, Begun::IdTaken);
    assert_eq!(found(&store, &last).await.uid, last.uid);
}

pub(crate) async fn no_more_kubeconfigs_are_alive_for_a_user_than_may_be<S: Fresh>() {
    let store = S::fresh();
    let short = Grant {
        expires_at: at(100),
        ..grant()
    };
    put(&store, &record("active"), State::Active, &short).await;
    put(&store, &record("revoking"), State::Revoking, &grant()).await;
    put(&store, &record("pending"), State::Pending, &grant()).await;
    // Whose time is over, or who never came to be, takes no room.
    for (name, state) in [
        ("revoked", State::Revoked),
        ("failed", State::Failed),
        ("expired", State::Expired),
    ] {
        put(&store, &record(name), state, &grant()).await;
    }
    // Nor does who was not granted anything in time, and only waits to be cleaned up.
    let late = Record {
        created_at: at(31),
        pending_until: at(61),
        ..record("late")
    };
    let full = begin_within(&store, &late, None, Some(2)).await;
    assert_eq!(full, Begun::QuotaExceeded);
    assert_eq!(
        begin_within(&store, &late, None, Some(3)).await,
        Begun::Started
    );
    lead(&store, &late, State::Failed, &grant()).await;
    let written = events(&store).await;
    let fresh = record("fresh");
    for idempotency in [None, Some(key("k", "f"))] {
        let begun = begin_within(&store, &fresh, idempotency.as_ref(), Some(3)).await;
        assert_eq!(begun, Begun::QuotaExceeded, "{idempotency:?}");
    }
    assert_eq!(
        events(&store).await,
        written,
        "what did not begin is not written"
    );
    assert_eq!(store.find(&here(), &fresh.id).await.unwrap(), None);

    // Other users, other clusters and other issuers have room of their own.
    let elsewhere = ClusterKey {
        cluster: "cluster-d4e5f6".to_owned(),
        ..here()
    };
    for other in [
        Record {
            issued_for: "bob".to_owned(),
            ..record("for-bob")
        },
        Record {
            cluster: elsewhere,
            ..record("elsewhere")
        },
        Record {
            created_by: of_issuer("https://other.example", "alice"),
            ..record("of-another")
        },
    ] {
        let begun = begin_within(&store, &other, None, Some(1)).await;
        assert_eq!(begun, Begun::Started, "{other:?}");
    }

    // The refusal did not use up the key; what came before with one is answered with no room too.
    let with_key = key("k", "f");
    assert_eq!(
        begin_within(&store, &fresh, Some(&with_key), Some(4)).await,
        Begun::Started
    );
    let again = begin_within(&store, &record("again"), Some(&with_key), Some(1)).await;
    assert_eq!(again, under_way(&fresh));

    // What ends by itself makes room at its end, before that is written down.
    let just_before = Record {
        created_at: at(99),
        ..record("late")
    };
    assert_eq!(
        begin_within(&store, &just_before, None, Some(2)).await,
        Begun::QuotaExceeded
    );
    let then = Record {
        created_at: at(100),
        ..just_before
    };
    assert_eq!(
        begin_within(&store, &then, None, Some(2)).await,
        Begun::Started
    );
}
