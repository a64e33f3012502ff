//! Records, events and steps for tests to be made of.

use chrono::{DateTime, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Begun, Filter, Grant, Idempotency, Page, Position, Store, Visible};
use kubemint::record::{Record, RecordRef, State};
use kubemint_store::Trail;
use uuid::Uuid;

/// A time, in seconds after a start that is no round number of anything but milliseconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_225_600_123 + seconds * 1000).expect("a time of this age")
}

/// The cluster that is meant when none is named.
pub(crate) fn here() -> ClusterKey {
    ClusterKey::new("us-texas-1", "project-x9y8z7", "cluster-a1b2c3")
}

/// A principal of the usual issuer.
pub(crate) fn principal(subject: &str) -> Principal {
    of_issuer("https://login.example", subject)
}

/// A principal.
pub(crate) fn of_issuer(issuer: &str, subject: &str) -> Principal {
    Principal {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
    }
}

/// A record as an issue begins it: alice's, for alice, at second 0, pending until second 30.
pub(crate) fn record(id: &str) -> Record {
    Record {
        cluster: here(),
        id: id.parse().expect("an id"),
        uid: Uuid::new_v4(),
        display_name: Some("Für Alice".to_owned()),
        description: None,
        issued_for: "alice".to_owned(),
        role: "viewer".to_owned(),
        created_by: principal("alice"),
        ttl: 3600,
        state: State::Pending,
        created_at: at(0),
        pending_until: at(30),
        expires_at: None,
        object_uid: None,
    }
}

/// An event about a record, at second 1.
pub(crate) fn event(kind: Kind, record: &Record) -> Event {
    Event {
        at: at(1),
        kind,
        request_id: Some("request-1".to_owned()),
        principal: Some(record.created_by.clone()),
        token_id: None,
        cluster: record.cluster.clone(),
        kubeconfig: Some(record.id.to_string()),
        uid: Some(record.uid),
        decision: None,
        detail: serde_json::Map::new(),
    }
}

/// Alice's use of a key, kept until second 86400.
pub(crate) fn key(key: &str, fingerprint: &str) -> Idempotency {
    Idempotency {
        principal: principal("alice"),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        keep_until: at(86_400),
    }
}

/// What a cluster grants: until second 3600.
pub(crate) fn grant() -> Grant {
    Grant {
        expires_at: at(3600),
        object_uid: "object-1".to_owned(),
        jti: Some("jti-1".to_owned()),
    }
}

/// Begins an issue.
pub(crate) async fn begin(
    store: &impl Store,
    record: &Record,
    idempotency: Option<&Idempotency>,
) -> Begun {
    begin_within(store, record, idempotency, None).await
}

/// Begins an issue for a user who may have so many.
pub(crate) async fn begin_within(
    store: &impl Store,
    record: &Record,
    idempotency: Option<&Idempotency>,
    most: Option<u32>,
) -> Begun {
    let event = event(Kind::IssueRequested, record);
    let begun = store.begin_issue(record, idempotency, most, event).await;
    begun.expect("a store that works")
}

/// What a key answers with as long as its record is pending.
pub(crate) fn under_way(first: &Record) -> Begun {
    Begun::InProgress(Box::new(first.clone()))
}

/// One of the steps that start from a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Activate,
    Fail,
    BeginRevoke,
    FinishRevoke,
    Lose,
    Expire,
    AddCredential,
}

impl Step {
    pub(crate) const ALL: [Step; 7] = [
        Step::Activate,
        Step::Fail,
        Step::BeginRevoke,
        Step::FinishRevoke,
        Step::Lose,
        Step::Expire,
        Step::AddCredential,
    ];

    /// Where it leads from a state; `None` where it may not start. This is the whole of the rules.
    pub(crate) fn leads(self, from: State) -> Option<State> {
        match (self, from) {
            (Step::Activate, State::Pending) => Some(State::Active),
            (Step::Fail, State::Pending) => Some(State::Failed),
            (Step::BeginRevoke, State::Active | State::Expired | State::Revoking) => {
                Some(State::Revoking)
            }
            (Step::FinishRevoke, State::Revoking) => Some(State::Revoked),
            (Step::Lose, State::Active) => Some(State::Revoked),
            (Step::Expire, State::Active) => Some(State::Expired),
            (Step::AddCredential, State::Active) => Some(State::Active),
            _ => None,
        }
    }

    /// The event that comes with it.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Step::Activate => Kind::Issued,
            Step::Fail => Kind::IssueFailed,
            Step::BeginRevoke => Kind::RevokeRequested,
            Step::FinishRevoke => Kind::Revoked,
            Step::Lose => Kind::ObjectMissing,
            Step::Expire => Kind::Expired,
            Step::AddCredential => Kind::Downloaded,
        }
    }

    /// Takes it. Whatever is granted or minted, `grant` says.
    pub(crate) async fn take(
        self,
        store: &impl Store,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> bool {
        match self {
            Step::Activate => store.activate(record, grant, event).await,
            Step::Fail => store.fail(record, event).await,
            Step::BeginRevoke => store.begin_revoke(record, event).await,
            Step::FinishRevoke => store.finish_revoke(record, event).await,
            Step::Lose => store.lose(record, event).await,
            Step::Expire => store.expire(record, event).await,
            Step::AddCredential => {
                store
                    .add_credential(record, grant.jti.as_deref(), grant.expires_at, event)
                    .await
            }
        }
        .expect("a store that works")
    }
}

/// The steps from pending to a state.
pub(crate) fn way_to(state: State) -> &'static [Step] {
    match state {
        State::Pending => &[],
        State::Active => &[Step::Activate],
        State::Revoking => &[Step::Activate, Step::BeginRevoke],
        State::Revoked => &[Step::Activate, Step::BeginRevoke, Step::FinishRevoke],
        State::Failed => &[Step::Fail],
        State::Expired => &[Step::Activate, Step::Expire],
    }
}

/// Takes a begun record to a state.
pub(crate) async fn lead(store: &impl Store, record: &Record, state: State, grant: &Grant) {
    for step in way_to(state) {
        let taken = step
            .take(
                store,
                &record.reference(),
                grant,
                event(step.kind(), record),
            )
            .await;
        assert!(taken, "{step:?} on the way to {state:?}");
    }
}

/// Puts a record into the store, in a state.
pub(crate) async fn put(store: &impl Store, record: &Record, state: State, grant: &Grant) {
    assert_eq!(begin(store, record, None).await, Begun::Started);
    lead(store, record, state, grant).await;
}

/// The record of a name, which is there.
pub(crate) async fn found(store: &impl Store, record: &Record) -> Record {
    store
        .find(&record.cluster, &record.id)
        .await
        .expect("a store that works")
        .expect("the record")
}

/// How many events there are.
pub(crate) async fn events(store: &impl Trail) -> usize {
    store
        .events(0, 1_000_000)
        .await
        .expect("a store that works")
        .len()
}

/// All that is visible, for a subject of the usual issuer.
pub(crate) fn visible(subject: &str, all: bool, created: bool, issued_for: bool) -> Visible {
    Visible {
        principal: principal(subject),
        all,
        created,
        issued_for,
    }
}

/// A filter that leaves nothing out.
pub(crate) fn every() -> Filter {
    Filter::default()
}

/// The names of a page.
pub(crate) fn ids(page: &Page) -> Vec<&str> {
    page.records
        .iter()
        .map(|record| record.id.as_str())
        .collect()
}

/// Every record that a paged read gives, from its beginning to its end, by pages of at most `limit`.
pub(crate) async fn pages(
    limit: u16,
    mut read: impl AsyncFnMut(Option<Position>) -> Page,
) -> Vec<Record> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = read(after).await;
        assert!(page.records.len() <= usize::from(limit));
        assert!(
            page.next.is_none() || page.records.len() == usize::from(limit),
            "a page that is not the last is full"
        );
        all.extend(page.records);
        match page.next {
            Some(next) => {
                assert!(after.is_none_or(|after| next < after), "pages go on");
                after = Some(next);
            }
            None => return all,
        }
    }
}
