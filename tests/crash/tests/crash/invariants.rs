//! The invariants, asserted of an installation that is quiet and stopped.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::{ClusterKey, KubeconfigId, Record, State};
use kubemint_server::sandbox::{CLUSTER, PROJECT, REGION};
use kubemint_store::{Options, PostgresStore, SqliteStore};

use crate::kept::Kept;
use crate::run::Run;
use crate::setting::Setting;
use crate::stage::patiently;

/// Kubernetes' shortest token, in seconds: with less left, a delivered one ends after its kubeconfig.
const FLOOR: i64 = 600;

/// What an installation left behind.
pub(crate) struct Left {
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) events: Vec<Event>,
    /// How many objects stand in the cluster.
    pub(crate) objects: usize,
    /// How many bindings do.
    pub(crate) bindings: usize,
}

/// The installation's store, wherever it is.
async fn open(run: &Run<'_>) -> Box<dyn Kept> {
    if let Some(options) = &run.database {
        return Box::new(patiently(async || PostgresStore::open(options).await).await);
    }
    let path = run.folder.path().join("kubemint.db");
    Box::new(SqliteStore::open(Options::new(path)).expect("the store"))
}

/// Asserts every invariant of an installation whose server was stopped when nothing was left to do.
pub(crate) async fn hold(run: &Run<'_>) -> Left {
    let what = &run.what;
    let store = &*open(run).await;
    let events = events(store).await;
    let records = records(run, store, &events).await;
    let instance = store.instance().id;
    let objects = run.stage.objects(instance).await;
    let bindings = run.stage.bindings(instance).await;

    // I2, and its other half: what is live in the cluster is what is live in the store, and nothing is under way.
    let unsettled: Vec<_> = records
        .values()
        .filter(|record| matches!(record.state, State::Pending | State::Revoking))
        .collect();
    assert!(unsettled.is_empty(), "{what}: {unsettled:?}");
    let mut active = BTreeSet::new();
    for record in records.values() {
        // Nothing in the cluster stands for a certificate.
        if record.state == State::Active && !record.is_certificate() {
            active.insert(record.uid);
        }
    }
    let present: BTreeSet<_> = objects.keys().copied().collect();
    assert_eq!(present, active, "{what}: objects, and active records");
    assert!(
        bindings.keys().all(|uid| active.contains(uid)),
        "{what}: {bindings:?}"
    );

    told(run, store, &records, &events).await;
    audited(run, &records, &events);

    // I6: one key, one record. (One object, because each active record has one.)
    for (key, uids) in &run.notes.keys {
        assert_eq!(uids.len(), 1, "{what}: {key:?} was answered with {uids:?}");
    }
    // I7: an id was granted once.
    let mut granted: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == Kind::Issued) {
        let id = event.kubeconfig.as_deref().expect("an id");
        granted.entry(id).or_default().insert(event.uid);
    }
    assert!(
        granted.values().all(|uids| uids.len() == 1),
        "{what}: {granted:?}"
    );

    let log = run.told();
    assert!(run.panicked || !log.contains("panicked"), "{what}: {log}");
    Left {
        records,
        events,
        objects: objects.len(),
        bindings: bindings.len(),
    }
}

/// I1, I3, I4: what clients were told is so.
async fn told(
    run: &Run<'_>,
    store: &dyn Kept,
    records: &BTreeMap<String, Record>,
    events: &[Event],
) {
    let (what, notes, now) = (&run.what, &run.notes, Utc::now());
    let quiet = run.quiet_since.expect("it was quiet");
    for issued in &notes.issued {
        let record = records.get(&issued.id);
        if run.setting == Setting::Forgetful && issued.expires_at <= quiet && record.is_none() {
            continue;
        }
        let record = record.unwrap_or_else(|| panic!("{what}: {issued:?} is not recorded"));
        assert_eq!(record.uid, issued.uid, "{what}");
        assert_eq!(record.expires_at, Some(issued.expires_at), "{what}");
        let state = record.state;
        let expected = if notes.revoked.contains(&issued.id) || notes.taken.contains(&issued.id) {
            state == State::Revoked
        } else if notes.unwanted.contains(&issued.id) {
            matches!(state, State::Revoked | State::Active | State::Expired)
        } else if issued.expires_at <= quiet {
            state == State::Expired
        } else {
            // In the last second before its time it is ended already; and nobody ends what ends after the server did.
            let ended = issued.expires_at <= now + TimeDelta::seconds(1);
            state == State::Active || (state == State::Expired && ended)
        };
        assert!(
            expected,
            "{what}: {issued:?} is {state:?}: {}",
            trail(events, &issued.id)
        );
    }
    for id in &notes.revoked {
        assert_eq!(records[id].state, State::Revoked, "{what}: {id}");
    }
    for delivered in &notes.delivered {
        let record = &records[&delivered.id];
        let minted = store
            .credentials(&record.reference())
            .await
            .expect("credentials");
        let known = minted
            .iter()
            .any(|minted| minted.jti.as_deref() == Some(&delivered.jti));
        assert!(known, "{what}: {delivered:?} is not recorded: {minted:?}");
        let end = record.expires_at.expect("it was delivered");
        let last = (end - delivered.issued_at).num_seconds() < FLOOR;
        assert!(
            delivered.issued_at <= end,
            "{what}: {delivered:?} after {end}"
        );
        assert!(
            delivered.ends_at <= end || last,
            "{what}: {delivered:?} outlives {end}"
        );
        let row = events.iter().any(|event| {
            event.kind == Kind::Downloaded && event.detail["jti"] == delivered.jti.as_str()
        });
        assert!(row, "{what}: {delivered:?} has no audit row");
    }
}

/// I5: whatever the cluster minted was asked for by a committed row, before.
fn audited(run: &Run<'_>, records: &BTreeMap<String, Record>, events: &[Event]) {
    let mut asked: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for event in events {
        if matches!(event.kind, Kind::IssueRequested | Kind::DownloadRequested) {
            let id = event.kubeconfig.as_deref().expect("an id");
            let first = asked.entry(id).or_insert(event.at);
            *first = event.at.min(*first);
        }
    }
    for minted in run.stage.minted() {
        if records.contains_key(&minted.name) {
            let before = asked
                .get(minted.name.as_str())
                .is_some_and(|at| *at <= minted.at);
            assert!(before, "{}: {minted:?} has no audit row", run.what);
        }
    }
}

/// What happened to a name, for messages.
fn trail(events: &[Event], id: &str) -> String {
    let of_it = events
        .iter()
        .filter(|event| event.kubeconfig.as_deref() == Some(id));
    let lines = of_it.map(|event| {
        format!(
            "\n  {} {} {:?}",
            event.at,
            event.kind.as_str(),
            event.detail
        )
    });
    lines.collect()
}

async fn events(store: &dyn Kept) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let page = store.events(after, 1000).await.expect("events");
        let Some((last, _)) = page.last() else {
            return events;
        };
        after = *last;
        events.extend(page.into_iter().map(|(_, event)| event));
    }
}

/// Every record, in whatever state: each was begun with an event.
async fn records(run: &Run<'_>, store: &dyn Kept, events: &[Event]) -> BTreeMap<String, Record> {
    let key = ClusterKey::new(REGION, PROJECT, CLUSTER);
    let mut records = BTreeMap::new();
    for event in events {
        if let (Kind::IssueRequested, Some(id)) = (event.kind, &event.kubeconfig) {
            let name: KubeconfigId = id.parse().expect("an id");
            let found = store.find(&key, &name).await.expect("a record");
            // What is over may be forgotten, where it is to be.
            let forgotten = run.setting == Setting::Forgetful && found.is_none();
            if !forgotten {
                records.insert(id.clone(), found.expect("what was begun is recorded"));
            }
        }
    }
    records
}
