//! Any history, on the store and on the model: every answer is the same, and everything that can be read after.

use chrono::TimeDelta;
use kubemint::Status;
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Filter, Grant, Idempotency, Visible};
use kubemint::record::{Record, RecordRef};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use super::Fresh;
use super::fixture::{Step, at, event, here, of_issuer, pages, record};
use super::model::Model;

const ISSUERS: [&str; 2] = ["https://login.example", "https://other.example"];
const SUBJECTS: [&str; 3] = ["alice", "bob", "Alice"];
const ROLES: [&str; 2] = ["viewer", "editor"];
const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

#[derive(Clone, Debug)]
enum Act {
    /// An issue begins.
    Begin {
        place: usize,
        name: usize,
        creator: (usize, usize),
        user: usize,
        key: Option<(usize, usize)>,
        /// How many may be alive for the user.
        most: Option<u32>,
    },
    /// A step of a record; of another one with the name when `stranger`.
    Step {
        place: usize,
        name: usize,
        step: Step,
        life: i64,
        stranger: bool,
    },
    /// Time passes.
    Wait { seconds: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    let begin = (
        0..2usize,
        0..NAMES.len(),
        (0..ISSUERS.len(), 0..SUBJECTS.len()),
        0..SUBJECTS.len(),
        proptest::option::of((0..3usize, 0..2usize)),
        proptest::option::of(1..4u32),
    );
    let begin = begin.prop_map(|(place, name, creator, user, key, most)| Act::Begin {
        place,
        name,
        creator,
        user,
        key,
        most,
    });
    let step = (
        0..2usize,
        0..NAMES.len(),
        proptest::sample::select(&Step::ALL[..]),
        1..200i64,
        0..10u8,
    );
    let step = step.prop_map(|(place, name, step, life, odd)| Act::Step {
        place,
        name,
        step,
        life,
        stranger: odd == 0,
    });
    prop_oneof![4 => begin, 6 => step, 1 => (1..60i64).prop_map(|seconds| Act::Wait { seconds })]
}

fn places() -> [ClusterKey; 2] {
    [
        here(),
        ClusterKey {
            cluster: "cluster-d4e5f6".to_owned(),
            ..here()
        },
    ]
}

pub(crate) fn any_history_ends_as_the_model_says<S: Fresh>() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&proptest::collection::vec(act(), 1..80), |history| {
            runtime.block_on(compare::<S>(history));
            Ok(())
        })
        .unwrap();
}

async fn compare<S: Fresh>(history: Vec<Act>) {
    let (store, mut model, mut now) = (S::fresh(), Model::default(), 0);
    for act in history {
        now += 1;
        match act {
            Act::Wait { seconds } => now += seconds,
            Act::Begin {
                place,
                name,
                creator,
                user,
                key,
                most,
            } => {
                let created_by = of_issuer(ISSUERS[creator.0], SUBJECTS[creator.1]);
                let idempotency = key.map(|(key, fingerprint)| Idempotency {
                    principal: created_by.clone(),
                    key: format!("key-{key}"),
                    fingerprint: format!("meaning-{fingerprint}"),
                    keep_until: at(now + 60),
                });
                let record = Record {
                    role: ROLES[(name + user) % 2].to_owned(),
                    cluster: places()[place].clone(),
                    issued_for: SUBJECTS[user].to_owned(),
                    created_by,
                    created_at: at(now),
                    pending_until: at(now + 20),
                    ..record(NAMES[name])
                };
                let event = Event {
                    at: at(now),
                    ..event(Kind::IssueRequested, &record)
                };
                let begun = store
                    .begin_issue(&record, idempotency.as_ref(), most, event.clone())
                    .await
                    .unwrap();
                assert_eq!(
                    begun,
                    model.begin(&record, idempotency.as_ref(), most, event)
                );
            }
            Act::Step {
                place,
                name,
                step,
                life,
                stranger,
            } => {
                let cluster = &places()[place];
                let known = model
                    .find(cluster, NAMES[name])
                    .filter(|_| !stranger)
                    .map(Record::reference);
                let reference = known.unwrap_or_else(|| RecordRef {
                    cluster: cluster.clone(),
                    id: NAMES[name].parse().unwrap(),
                    uid: Uuid::new_v4(),
                });
                let grant = Grant {
                    expires_at: at(now + life),
                    object_uid: format!("object-{now}"),
                    jti: (life % 2 == 0).then(|| format!("jti-{now}")),
                };
                let about = Record {
                    cluster: cluster.clone(),
                    uid: reference.uid,
                    ..record(NAMES[name])
                };
                let event = Event {
                    at: at(now),
                    ..event(step.kind(), &about)
                };
                let taken = step.take(&store, &reference, &grant, event.clone()).await;
                assert_eq!(
                    taken,
                    model.take(step, &reference, &grant, event),
                    "{step:?}"
                );
            }
        }
    }
    look(&store, &model, now).await;
}

/// Compares everything that can be read.
async fn look(store: &impl Fresh, model: &Model, now: i64) {
    let trail: Vec<_> = store
        .events(0, 1000)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    assert_eq!(trail, model.events);
    for record in &model.records {
        assert_eq!(
            store
                .find(&record.cluster, &record.id)
                .await
                .unwrap()
                .as_ref(),
            Some(record)
        );
        let reference = record.reference();
        let minted = model
            .credentials
            .get(&reference)
            .cloned()
            .unwrap_or_default();
        assert_eq!(store.credentials(&reference).await.unwrap(), minted);
    }
    for cluster in &places() {
        for (view, visible) in everyones_views().into_iter().enumerate() {
            // Every view without a filter, and each with two of the filters in turn.
            let filters = filters(now);
            let first = 1 + (view * 7 + usize::try_from(now).unwrap()) % (filters.len() - 2);
            let some = filters.iter().skip(first).take(2);
            for filter in filters.iter().take(1).chain(some) {
                let moment = at(now);
                let expected = model.list(cluster, &visible, filter, moment);
                for limit in [1, 3, 100] {
                    let read = async |after| {
                        let list = store.list(cluster, &visible, filter, moment, after, limit);
                        list.await.unwrap()
                    };
                    assert_eq!(
                        pages(limit, read).await,
                        expected,
                        "{visible:?} {filter:?} by pages of {limit}"
                    );
                }
            }
        }
        let read = async |after| store.active(cluster, after, 2).await.unwrap();
        assert_eq!(pages(2, read).await, model.active(cluster));
        for moment in [now, now + 20, now + 500] {
            let moment = at(0) + TimeDelta::seconds(moment);
            let mut due = store.due(cluster, moment, 1000).await.unwrap();
            let mut expected = model.due(cluster, moment);
            due.sort_by(|a, b| a.id.cmp(&b.id));
            expected.sort_by(|a, b| a.id.cmp(&b.id));
            assert_eq!(due, expected);
        }
    }
}

fn everyones_views() -> Vec<Visible> {
    let view = |principal: Principal, parts: u8| Visible {
        principal,
        all: parts & 4 != 0,
        created: parts & 2 != 0,
        issued_for: parts & 1 != 0,
    };
    let mut views = vec![view(of_issuer(ISSUERS[0], SUBJECTS[0]), 4)];
    for issuer in ISSUERS {
        for subject in SUBJECTS {
            views.extend((0..4).map(|parts| view(of_issuer(issuer, subject), parts)));
        }
    }
    views
}

/// Every combination of what a list can be narrowed to; first, to nothing.
fn filters(now: i64) -> Vec<Filter> {
    let statuses = [
        None,
        Some(Status::Active),
        Some(Status::Expired),
        Some(Status::Revoking),
    ];
    let mut filters = Vec::new();
    for issued_before in [None, Some(at(now / 2))] {
        for status in statuses {
            for user in [None, Some(SUBJECTS[0]), Some(SUBJECTS[1])] {
                for role in [None, Some(ROLES[0]), Some("nobody has it")] {
                    filters.push(Filter {
                        status,
                        user: user.map(str::to_owned),
                        role: role.map(str::to_owned),
                        issued_before,
                    });
                }
            }
        }
    }
    filters
}
