//! Lists: what is shown, to whom, in which order.

use kubemint::ports::{Grant, Position, Visible};
use kubemint::record::{Record, State};

use super::Fresh;
use super::fixture::{begin, grant, here, ids, of_issuer, pages, principal, put, record, visible};

pub(crate) async fn pages_are_newest_first_and_end<S: Fresh>() {
    let store = S::fresh();
    let all = visible("root", true, false, false);
    let empty = store.list(&here(), &all, None, 5).await.unwrap();
    assert_eq!((empty.records.len(), empty.next), (0, None));
    for n in 0..7 {
        put(&store, &record(&format!("k-{n}")), State::Active, &grant()).await;
    }
    // What is never shown takes no place on a page.
    begin(&store, &record("pending"), None).await;
    put(&store, &record("failed"), State::Failed, &grant()).await;
    put(&store, &record("revoked"), State::Revoked, &grant()).await;

    let first = store.list(&here(), &all, None, 5).await.unwrap();
    assert_eq!(ids(&first), ["k-6", "k-5", "k-4", "k-3", "k-2"]);
    // What comes meanwhile is newer than the place: the next page is as it was.
    put(&store, &record("new"), State::Active, &grant()).await;
    let second = store.list(&here(), &all, first.next, 5).await.unwrap();
    assert_eq!((ids(&second), second.next), (vec!["k-1", "k-0"], None));
    let whole = store.list(&here(), &all, None, 8).await.unwrap();
    assert_eq!(
        (whole.records.len(), whole.next),
        (8, None),
        "a full last page is the last"
    );
    for limit in 1..=9 {
        let read = async |after| store.list(&here(), &all, after, limit).await.unwrap();
        let names: Vec<_> = pages(limit, read)
            .await
            .into_iter()
            .map(|record| record.id.to_string())
            .collect();
        assert_eq!(
            names,
            ["new", "k-6", "k-5", "k-4", "k-3", "k-2", "k-1", "k-0"],
            "pages of {limit}"
        );
    }
}

pub(crate) async fn the_parts_of_what_is_visible_add_up<S: Fresh>() {
    let store = S::fresh();
    for (id, creator, user, state) in [
        ("own", "alice", "alice", State::Active),
        ("given", "alice", "bob", State::Revoking),
        ("received", "bob", "alice", State::Expired),
        ("theirs", "bob", "bob", State::Active),
        ("hidden", "alice", "alice", State::Revoked),
    ] {
        let record = Record {
            created_by: principal(creator),
            issued_for: user.to_owned(),
            ..record(id)
        };
        put(&store, &record, state, &grant()).await;
    }
    let mut elsewhere = record("elsewhere");
    elsewhere.cluster.region = "another".to_owned();
    put(&store, &elsewhere, State::Active, &grant()).await;
    for (all, created, issued_for, expected) in [
        (false, false, false, &[][..]),
        (false, true, false, &["given", "own"]),
        (false, false, true, &["received", "own"]),
        (false, true, true, &["received", "given", "own"]),
        (true, false, false, &["theirs", "received", "given", "own"]),
        (true, true, true, &["theirs", "received", "given", "own"]),
    ] {
        let visible = visible("alice", all, created, issued_for);
        for limit in [1, 2, 3, 50] {
            let read = async |after| store.list(&here(), &visible, after, limit).await.unwrap();
            let names: Vec<_> = pages(limit, read)
                .await
                .into_iter()
                .map(|record| record.id.to_string())
                .collect();
            assert_eq!(names, expected, "{visible:?} by pages of {limit}");
        }
    }
}

pub(crate) async fn a_subject_of_another_issuer_is_someone_else<S: Fresh>() {
    let store = S::fresh();
    put(&store, &record("ours"), State::Active, &grant()).await;
    let namesake = of_issuer("https://other.example", "alice");
    let theirs = Record {
        created_by: namesake.clone(),
        ..record("theirs")
    };
    put(&store, &theirs, State::Active, &grant()).await;
    for (created, issued_for) in [(true, false), (false, true), (true, true)] {
        let visible = Visible {
            principal: namesake.clone(),
            all: false,
            created,
            issued_for,
        };
        let page = store.list(&here(), &visible, None, 10).await.unwrap();
        assert_eq!(ids(&page), ["theirs"]);
    }
}

pub(crate) async fn a_place_that_no_page_gave_is_still_a_place<S: Fresh>() {
    let store = S::fresh();
    put(
        &store,
        &record("only"),
        State::Active,
        &Grant {
            jti: None,
            ..grant()
        },
    )
    .await;
    let all = visible("root", true, false, false);
    let after_nothing = store
        .list(&here(), &all, Some(Position(0)), 10)
        .await
        .unwrap();
    assert_eq!((ids(&after_nothing), after_nothing.next), (vec![], None));
    let before_everything = store
        .list(&here(), &all, Some(Position(u64::MAX)), 10)
        .await
        .unwrap();
    assert_eq!(
        (ids(&before_everything), before_everything.next),
        (vec!["only"], None)
    );
    let nothing_asked = store.list(&here(), &all, None, 0).await.unwrap();
    assert_eq!((ids(&nothing_asked), nothing_asked.next), (vec![], None));
}
