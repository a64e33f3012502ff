//! The audit trail, and what is kept of credentials.

use kubemint::audit::{Event, Kind};
use kubemint::policy::Decision;
use kubemint::ports::Cut;
use kubemint::record::State;
use kubemint_store::MintedCredential;
use kubemint_store::audit::{NotedKey, another};
use serde_json::json;

use super::Fresh;
use super::fixture::{at, event, grant, principal, put, record};

pub(crate) async fn an_event_comes_back_as_it_was_written<S: Fresh>() {
    let store = S::fresh();
    let record = record("a");
    let bare = Event {
        request_id: None,
        principal: None,
        token_id: None,
        kubeconfig: None,
        uid: None,
        ..event(Kind::Listed, &record)
    };
    let full = Event {
        token_id: Some("token-1".to_owned()),
        // As it was given: it need not be an id.
        kubeconfig: Some("NOT an id \u{0}\u{1F511}".to_owned()),
        principal: Some(principal("älice' OR 1=1 --")),
        decision: Some(Decision {
            allowed: false,
            reasons: vec!["policy-\"0\"".to_owned(), String::new()],
            policy_hash: "ab12".to_owned(),
        }),
        ..event(Kind::IssueRefused, &record)
    }
    .with("ttl", 123)
    .with("user", "\u{202E}bob")
    .with(
        "limits",
        json!({ "lowest": -1, "highest": u64::MAX, "list": [null, true] }),
    );
    let undecided = Event {
        decision: Some(Decision {
            allowed: true,
            reasons: vec![],
            policy_hash: String::new(),
        }),
        ..bare.clone()
    };
    let mut expected = vec![bare, full, undecided];
    expected.extend(Kind::ALL.iter().map(|kind| event(*kind, &record)));
    for event in &expected {
        store.append(event.clone()).await.unwrap();
    }
    let trail: Vec<_> = store
        .events(0, 1000)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    assert_eq!(trail, expected);
}

pub(crate) async fn the_trail_is_read_on_from_any_number<S: Fresh>() {
    let store = S::fresh();
    assert_eq!(store.events(0, 10).await.unwrap(), []);
    let record = record("a");
    for n in 0..10 {
        store
            .append(event(Kind::Read, &record).with("n", n))
            .await
            .unwrap();
    }
    let mut read = Vec::new();
    let mut last = 0;
    loop {
        let next = store.events(last, 3).await.unwrap();
        let Some((number, _)) = next.last() else {
            break;
        };
        assert!(next.len() <= 3 && next[0].0 > last && next.is_sorted_by(|a, b| a.0 < b.0));
        last = *number;
        read.extend(
            next.into_iter()
                .map(|(_, event)| event.detail["n"].as_i64().unwrap()),
        );
    }
    assert_eq!(read, (0..10).collect::<Vec<_>>());
    assert_eq!(store.events(u64::MAX, 10).await.unwrap(), []);
}

pub(crate) async fn every_minted_credential_is_kept<S: Fresh>() {
    let store = S::fresh();
    let (record, other) = (record("a"), record("b"));
    put(&store, &record, State::Active, &grant()).await;
    put(&store, &other, State::Pending, &grant()).await;
    let later = Event {
        at: at(60),
        ..event(Kind::Downloaded, &record)
    };
    assert!(
        store
            .add_credential(&record.reference(), None, at(3598), later)
            .await
            .unwrap()
    );
    let kept = |jti: Option<&str>, expires_at, minted_at| MintedCredential {
        jti: jti.map(str::to_owned),
        expires_at,
        minted_at,
    };
    let expected = [
        kept(Some("jti-1"), at(3600), at(1)),
        kept(None, at(3598), at(60)),
    ];
    assert_eq!(
        store.credentials(&record.reference()).await.unwrap(),
        expected
    );
    assert_eq!(store.credentials(&other.reference()).await.unwrap(), []);
    let again = Event {
        at: at(61),
        ..event(Kind::RevokeRequested, &record)
    };
    assert!(
        store
            .begin_revoke(&record.reference(), again)
            .await
            .unwrap()
    );
    assert_eq!(
        store.credentials(&record.reference()).await.unwrap(),
        expected,
        "history stays"
    );
}

pub(crate) async fn a_store_is_one_instance_and_can_be_pinged<S: Fresh>() {
    let (store, other) = (S::fresh(), S::fresh());
    store.ping().await.unwrap();
    let instance = store.instance();
    assert_eq!(instance.id, store.instance().id);
    assert_eq!(instance.id.get_version_num(), 4);
    assert_ne!(instance.id, other.instance().id);
    assert_ne!(instance.page_key, other.instance().page_key);
    assert_eq!(store.events(0, 1).await.unwrap(), [], "a ping is no event");
}

pub(crate) async fn the_size_grows_with_what_is_written_and_not_with_what_is_cut<S: Fresh>() {
    let store = S::fresh();
    let empty = store.size().await.unwrap().unwrap();
    assert!(empty.bytes > 0, "{empty:?}");
    assert_eq!((empty.kubeconfigs, empty.events), (0, 0));
    for name in ["a", "b", "c"] {
        put(&store, &record(name), State::Active, &grant()).await;
    }
    let three = store.size().await.unwrap().unwrap();
    let written = store.events(0, 1000).await.unwrap().len() as u64;
    assert_eq!((three.kubeconfigs, three.events), (3, written));
    let cut = Cut {
        keys: at(0),
        records: None,
        events: Some(at(100_000)),
    };
    store.retain(&cut, at(100_000), 1000).await.unwrap();
    let left = store.events(0, 1000).await.unwrap().len() as u64;
    let after = store.size().await.unwrap().unwrap();
    assert!(left < written, "{left} of {written}");
    assert_eq!((after.kubeconfigs, after.events), (3, left));
}

pub(crate) async fn the_keys_of_pseudonyms_are_noted_in_the_order_of_their_last_uses<S: Fresh>() {
    let store = S::fresh();
    let used = async |fingerprint: &str, second| {
        let before = store.note_pseudonym_key(fingerprint, at(second)).await;
        before.unwrap()
    };
    let noted = |fingerprint: &str, first, last| NotedKey {
        fingerprint: fingerprint.to_owned(),
        first: at(first),
        last: at(last),
    };
    assert_eq!(used("one", 1).await, []);
    assert_eq!(used("one", 2).await, [noted("one", 1, 1)]);
    let before = used("other", 3).await;
    assert_eq!(before, [noted("one", 1, 2)]);
    assert_eq!(another(&before, "one"), None);
    assert_eq!(another(&before, "other"), Some(&noted("one", 1, 2)));
    // One that is put back is the last again.
    let before = used("one", 4).await;
    assert_eq!(before, [noted("one", 1, 2), noted("other", 3, 3)]);
    assert_eq!(another(&before, "one"), Some(&noted("other", 3, 3)));
    let before = used("one", 5).await;
    assert_eq!(before, [noted("other", 3, 3), noted("one", 1, 4)]);
    assert_eq!(another(&before, "one"), None);
}
