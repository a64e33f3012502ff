//! Lists: what is shown, to whom, in which order.

use kubemint::Status;
use kubemint::ports::{Filter, Grant, Position, Visible};
use kubemint::record::{Record, State};

use super::Fresh;
use super::fixture::{
    at, begin, every, grant, here, ids, of_issuer, pages, principal, put, record, visible,
};

pub(crate) async fn pages_are_newest_first_and_end<S: Fresh>() {
    let store = S::fresh();
    let all = visible("root", true, false, false);
    let empty = store
        .list(&here(), &all, &every(), at(0), None, 5)
        .await
        .unwrap();
    assert_eq!((empty.records.len(), empty.next), (0, None));
    for n in 0..7 {
        put(&store, &record(&format!("k-{n}")), State::Active, &grant()).await;
    }
    // What is never shown takes no place on a page.
    begin(&store, &record("pending"), None).await;
    put(&store, &record("failed"), State::Failed, &grant()).await;
    put(&store, &record("revoked"), State::Revoked, &grant()).await;

    let first = store
        .list(&here(), &all, &every(), at(0), None, 5)
        .await
        .unwrap();
    assert_eq!(ids(&first), ["k-6", "k-5", "k-4", "k-3", "k-2"]);
    // What comes meanwhile is newer than the place: the next page is as it was.
    put(&store, &record("new"), State::Active, &grant()).await;
    let second = store
        .list(&here(), &all, &every(), at(0), first.next, 5)
        .await
        .unwrap();
    assert_eq!((ids(&second), second.next), (vec!["k-1", "k-0"], None));
    let whole = store
        .list(&here(), &all, &every(), at(0), None, 8)
        .await
        .unwrap();
    assert_eq!(
        (whole.records.len(), whole.next),
        (8, None),
        "a full last page is the last"
    );
    for limit in 1..=9 {
        let read = async |after| {
            store
                .list(&here(), &all, &every(), at(0), after, limit)
                .await
                .unwrap()
        };
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
            let read = async |after| {
                store
                    .list(&here(), &visible, &every(), at(0), after, limit)
                    .await
                    .unwrap()
            };
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
        let page = store
            .list(&here(), &visible, &every(), at(0), None, 10)
            .await
            .unwrap();
        assert_eq!(ids(&page), ["theirs"]);
    }
}

pub(crate) async fn a_filter_leaves_out_what_it_does_not_admit<S: Fresh>() {
    let store = S::fresh();
    let long = "u".repeat(253);
    for (second, id, user, role, state) in [
        (0, "a", "alice", "viewer", State::Active),
        (1, "b", "bob", "editor", State::Revoking),
        (2, "c", "alice", "editor", State::Expired),
        (3, "d", &*long, "viewer", State::Active),
        (4, "e", "alice", "viewer", State::Revoked),
    ] {
        let record = Record {
            created_at: at(second),
            issued_for: user.to_owned(),
            role: role.to_owned(),
            ..record(id)
        };
        put(&store, &record, state, &grant()).await;
    }
    let nearly = format!("{}x", "u".repeat(252));
    let filter = |status, user: &str, role: &str, issued_before| Filter {
        status,
        user: (!user.is_empty()).then(|| user.to_owned()),
        role: (!role.is_empty()).then(|| role.to_owned()),
        issued_before,
    };
    for (filter, expected) in [
        (filter(None, "", "", None), &["d", "c", "b", "a"][..]),
        (filter(Some(Status::Active), "", "", None), &["d", "a"]),
        (filter(Some(Status::Revoking), "", "", None), &["b"]),
        (filter(Some(Status::Expired), "", "", None), &["c"]),
        (filter(None, "alice", "", None), &["c", "a"]),
        (filter(None, "Alice", "", None), &[]),
        (filter(None, &long, "", None), &["d"]),
        (filter(None, &nearly, "", None), &[]),
        (filter(None, "", "viewer", None), &["d", "a"]),
        (filter(None, "alice", "viewer", None), &["a"]),
        (filter(Some(Status::Active), "alice", "editor", None), &[]),
        (filter(Some(Status::Expired), "", "editor", None), &["c"]),
        (filter(None, "", "", Some(at(2))), &["b", "a"]),
        (filter(Some(Status::Active), "", "", Some(at(3))), &["a"]),
    ] {
        for limit in [1, 2, 50] {
            // All of them are alice's own.
            for all in [true, false] {
                let visible = visible("alice", all, true, false);
                let read = async |after| {
                    let (place, now) = (here(), at(9));
                    let page = store.list(&place, &visible, &filter, now, after, limit);
                    page.await.unwrap()
                };
                let names: Vec<_> = pages(limit, read)
                    .await
                    .into_iter()
                    .map(|record| record.id.to_string())
                    .collect();
                assert_eq!(names, expected, "{filter:?} by pages of {limit}");
            }
        }
    }
}

pub(crate) async fn what_has_ended_is_expired_before_it_is_written_down<S: Fresh>() {
    let store = S::fresh();
    put(&store, &record("ends"), State::Active, &grant()).await;
    put(&store, &record("ended"), State::Expired, &grant()).await;
    let listed = async |status, second| {
        let filter = Filter {
            status: Some(status),
            ..every()
        };
        let all = visible("root", true, false, false);
        let page = store
            .list(&here(), &all, &filter, at(second), None, 9)
            .await;
        let page = page.unwrap();
        ids(&page)
            .iter()
            .map(|id| (*id).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(Status::Active, 3599).await, ["ends"]);
    assert_eq!(listed(Status::Expired, 3599).await, ["ended"]);
    // To the moment, as a record itself says of its status.
    assert_eq!(listed(Status::Active, 3600).await, Vec::<String>::new());
    assert_eq!(listed(Status::Expired, 3600).await, ["ended", "ends"]);
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
        .list(&here(), &all, &every(), at(0), Some(Position(0)), 10)
        .await
        .unwrap();
    assert_eq!((ids(&after_nothing), after_nothing.next), (vec![], None));
    let before_everything = store
        .list(&here(), &all, &every(), at(0), Some(Position(u64::MAX)), 10)
        .await
        .unwrap();
    assert_eq!(
        (ids(&before_everything), before_everything.next),
        (vec!["only"], None)
    );
    let nothing_asked = store
        .list(&here(), &all, &every(), at(0), None, 0)
        .await
        .unwrap();
    assert_eq!((ids(&nothing_asked), nothing_asked.next), (vec![], None));
}
