//! What the reconciler reads.

use kubemint::audit::Kind;
use kubemint::ports::{Grant, Landmark};
use kubemint::record::{CERTIFICATE, Record, State};
use uuid::Uuid;

use super::Fresh;
use super::fixture::{
    at, begin, event, events, found, grant, here, ids, key, lead, pages, put, record, under_way,
};

fn until(second: i64) -> Grant {
    Grant {
        expires_at: at(second),
        ..grant()
    }
}

async fn due(store: &impl Fresh, second: i64, limit: u16) -> Vec<String> {
    let due = store.due(&here(), at(second), limit).await.unwrap();
    due.into_iter()
        .map(|record| record.id.to_string())
        .collect()
}

pub(crate) async fn what_is_alive_is_counted_by_cluster_and_role<S: Fresh>() {
    let store = S::fresh();
    put(&store, &record("active"), State::Active, &until(10)).await;
    put(&store, &record("pending"), State::Pending, &grant()).await;
    put(&store, &record("revoking"), State::Revoking, &until(10)).await;
    for state in [State::Revoked, State::Failed, State::Expired] {
        put(&store, &record(state.as_str()), state, &until(50)).await;
    }
    let mut other = record("other");
    other.role = "odd \u{0} role".to_owned();
    other.cluster.cluster = "another".to_owned();
    put(&store, &other, State::Active, &until(500)).await;
    let certificate = Grant {
        object_uid: CERTIFICATE.to_owned(),
        ..until(100)
    };
    put(&store, &record("certificate"), State::Active, &certificate).await;
    let told = |second| {
        let store = &store;
        let (here, role, other) = (here(), record("x").role, other.clone());
        async move {
            let alive = store.alive(at(second)).await.unwrap();
            let count = |cluster, role| {
                let of = alive
                    .iter()
                    .find(|of| of.cluster == cluster && of.role == role);
                of.map_or((0, 0), |of| (of.count, of.tokens))
            };
            (
                alive.len(),
                count(here, role),
                count(other.cluster, other.role),
            )
        }
    };
    // An active one past its end is alive until it is removed; a certificate is not.
    assert_eq!(told(99).await, (2, (4, 2), (1, 1)));
    assert_eq!(told(100).await, (2, (3, 2), (1, 1)));
}

pub(crate) async fn a_landmark_is_kept_for_its_cluster_until_it_is_forgotten<S: Fresh>() {
    let store = S::fresh();
    let mark = |namespace: &str, uid: &str| Landmark {
        namespace: namespace.to_owned(),
        uid: uid.to_owned(),
    };
    let mut elsewhere = here();
    elsewhere.cluster = "another".to_owned();
    for (cluster, landmark) in [
        (&here(), mark("b", "1")),
        (&here(), mark("a", "2")),
        (&here(), mark("b", "3")),
        (&elsewhere, mark("b", "4")),
    ] {
        store.note_landmark(cluster, &landmark).await.unwrap();
    }
    let noted = store.landmarks(&here()).await.unwrap();
    assert_eq!(noted, [mark("a", "2"), mark("b", "3")]);
    store.forget_landmarks(&here()).await.unwrap();
    assert!(store.landmarks(&here()).await.unwrap().is_empty());
    let noted = store.landmarks(&elsewhere).await.unwrap();
    assert_eq!(noted, [mark("b", "4")]);
}

pub(crate) async fn what_is_given_up_is_due_at_once_and_never_granted<S: Fresh>() {
    let store = S::fresh();
    let pending = record("pending");
    begin(&store, &pending, Some(&key("k", "f"))).await;
    let written = events(&store).await;
    assert!(store.abandon(&pending.reference()).await.unwrap());
    let given_up = Record {
        pending_until: pending.created_at,
        ..pending.clone()
    };
    assert_eq!(found(&store, &pending).await, given_up);
    assert_eq!(events(&store).await, written, "nothing became of it yet");
    // The key tells it, and the reconciler sees it.
    let again = Record {
        created_at: at(8),
        ..record("again")
    };
    assert_eq!(
        begin(&store, &again, Some(&key("k", "f"))).await,
        under_way(&given_up)
    );
    assert_eq!(due(&store, 1, 10).await, ["pending"]);
    // Whoever made it may come with its grant at last: too late.
    let issued = event(Kind::Issued, &pending);
    let late = store.activate(&pending.reference(), &grant(), issued).await;
    assert!(!late.unwrap());
    assert_eq!(found(&store, &pending).await, given_up);
    assert_eq!(events(&store).await, written);
    // Once more is as once; nothing is given up in another state, or of another's.
    assert!(store.abandon(&pending.reference()).await.unwrap());
    let other = Record {
        uid: Uuid::new_v4(),
        ..pending.clone()
    };
    assert!(!store.abandon(&other.reference()).await.unwrap());
    lead(&store, &pending, State::Failed, &grant()).await;
    assert!(!store.abandon(&pending.reference()).await.unwrap());
    let granted = record("granted");
    put(&store, &granted, State::Active, &until(500)).await;
    assert!(!store.abandon(&granted.reference()).await.unwrap());
}

pub(crate) async fn what_is_due_is_ended_abandoned_or_revoking<S: Fresh>() {
    let store = S::fresh();
    put(&store, &record("long"), State::Active, &until(500)).await;
    put(&store, &record("short"), State::Active, &until(100)).await;
    put(&store, &record("revoking"), State::Revoking, &until(500)).await;
    put(&store, &record("pending"), State::Pending, &grant()).await;
    for state in [State::Revoked, State::Failed, State::Expired] {
        put(&store, &record(state.as_str()), state, &until(50)).await;
    }
    let mut elsewhere = record("elsewhere");
    elsewhere.cluster.cluster = "another".to_owned();
    put(&store, &elsewhere, State::Revoking, &until(50)).await;

    assert_eq!(due(&store, 29, 10).await, ["revoking"]);
    assert_eq!(
        due(&store, 30, 10).await,
        ["revoking", "pending"],
        "at the deadline"
    );
    assert_eq!(due(&store, 99, 10).await, ["revoking", "pending"]);
    assert_eq!(
        due(&store, 100, 10).await,
        ["short", "revoking", "pending"],
        "at its end"
    );
    assert_eq!(
        due(&store, 500, 10).await,
        ["short", "revoking", "pending", "long"]
    );
    assert_eq!(due(&store, 500, 2).await, ["short", "revoking"]);
    assert_eq!(due(&store, 500, 0).await, [""; 0]);
    let found = store.due(&here(), at(100), 1).await.unwrap();
    assert_eq!(
        (found[0].state, found[0].expires_at),
        (State::Active, Some(at(100)))
    );
}

pub(crate) async fn no_kind_of_due_record_starves_another<S: Fresh>() {
    let store = S::fresh();
    for n in 0..5 {
        put(
            &store,
            &record(&format!("revoking-{n}")),
            State::Revoking,
            &grant(),
        )
        .await;
    }
    for n in 0..5 {
        // The one that ends first is not the one that was made first.
        put(
            &store,
            &record(&format!("ended-{n}")),
            State::Active,
            &until(50 - n),
        )
        .await;
    }
    put(
        &store,
        &Record {
            pending_until: at(40),
            ..record("pending-late")
        },
        State::Pending,
        &grant(),
    )
    .await;
    put(&store, &record("pending-early"), State::Pending, &grant()).await;
    assert_eq!(
        due(&store, 60, 7).await,
        [
            "ended-4",
            "revoking-0",
            "pending-early",
            "ended-3",
            "revoking-1",
            "pending-late",
            "ended-2"
        ]
    );
    assert_eq!(due(&store, 60, 100).await.len(), 12);
}

pub(crate) async fn certificates_that_are_being_revoked_wait_for_their_end_out_of_the_way<
    S: Fresh,
>() {
    let store = S::fresh();
    let certificate = |second| Grant {
        object_uid: CERTIFICATE.to_owned(),
        ..until(second)
    };
    for n in 0..5 {
        let record = record(&format!("certificate-{n}"));
        put(&store, &record, State::Revoking, &certificate(100 + n)).await;
    }
    put(&store, &record("token"), State::Revoking, &until(500)).await;
    put(&store, &record("unknown"), State::Active, &certificate(90)).await;
    assert_eq!(due(&store, 20, 2).await, ["token"]);
    assert_eq!(due(&store, 90, 10).await, ["unknown", "token"]);
    assert_eq!(
        due(&store, 101, 10).await,
        ["unknown", "certificate-0", "certificate-1", "token"],
        "at their ends"
    );
}

pub(crate) async fn the_active_records_come_in_pages<S: Fresh>() {
    let store = S::fresh();
    let records: Vec<_> = (0..5).map(|n| record(&format!("k-{n}"))).collect();
    for record in &records {
        put(&store, record, State::Active, &grant()).await;
    }
    for state in State::ALL
        .into_iter()
        .filter(|state| *state != State::Active)
    {
        put(&store, &record(state.as_str()), state, &grant()).await;
    }
    let first = store.active(&here(), None, 2).await.unwrap();
    assert_eq!(ids(&first), ["k-4", "k-3"]);
    // One that is no longer active is not on a later page.
    for step in super::fixture::way_to(State::Expired).iter().skip(1) {
        let ended = super::fixture::event(step.kind(), &records[1]);
        assert!(
            step.take(&store, &records[1].reference(), &grant(), ended)
                .await
        );
    }
    let second = store.active(&here(), first.next, 2).await.unwrap();
    assert_eq!((ids(&second), second.next), (vec!["k-2", "k-0"], None));
    let late = record("late");
    put(&store, &late, State::Pending, &grant()).await;
    lead(&store, &late, State::Active, &grant()).await;
    let read = async |after| store.active(&here(), after, 3).await.unwrap();
    let names: Vec<_> = pages(3, read)
        .await
        .into_iter()
        .map(|record| record.id.to_string())
        .collect();
    assert_eq!(names, ["late", "k-4", "k-3", "k-2", "k-0"]);
}
