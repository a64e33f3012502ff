//! The life of a record: which steps are taken from which state, and that all others write nothing.

use chrono::TimeDelta;
use kubemint::ports::Grant;
use kubemint::record::{Record, RecordRef, State};
use uuid::Uuid;

use super::Fresh;
use super::fixture::{Step, at, event, events, found, grant, put, record};

pub(crate) async fn exactly_the_allowed_transitions_are_taken<S: Fresh>() {
    let store = S::fresh();
    let later = Grant {
        expires_at: at(7200),
        object_uid: "object-2".to_owned(),
        jti: None,
    };
    for state in State::ALL {
        for step in Step::ALL {
            let record = record(&format!(
                "{}-{}",
                state.as_str(),
                format!("{step:?}").to_lowercase()
            ));
            put(&store, &record, state, &grant()).await;
            let before = found(&store, &record).await;
            assert_eq!(before.state, state);
            let written = events(&store).await;
            let minted = store.credentials(&record.reference()).await.unwrap();

            let taken = step
                .take(
                    &store,
                    &record.reference(),
                    &later,
                    event(step.kind(), &record),
                )
                .await;

            let leads = step.leads(state);
            assert_eq!(taken, leads.is_some(), "{step:?} from {state:?}");
            let granted = step == Step::Activate && taken;
            let expected = Record {
                state: leads.unwrap_or(state),
                expires_at: if granted {
                    Some(at(7200))
                } else {
                    before.expires_at
                },
                object_uid: if granted {
                    Some("object-2".to_owned())
                } else {
                    before.object_uid.clone()
                },
                ..before
            };
            assert_eq!(
                found(&store, &record).await,
                expected,
                "{step:?} from {state:?}"
            );
            assert_eq!(
                events(&store).await - written,
                usize::from(taken),
                "{step:?} from {state:?}"
            );
            let mints = taken && matches!(step, Step::Activate | Step::AddCredential);
            let now_minted = store.credentials(&record.reference()).await.unwrap();
            assert_eq!(
                now_minted.len() - minted.len(),
                usize::from(mints),
                "{step:?} from {state:?}"
            );
        }
    }
}

pub(crate) async fn a_transition_of_something_else_with_the_name_writes_nothing<S: Fresh>() {
    let store = S::fresh();
    for state in State::ALL {
        let record = record(state.as_str());
        put(&store, &record, state, &grant()).await;
        let written = events(&store).await;
        let mut elsewhere = record.reference();
        elsewhere.cluster.project = "another".to_owned();
        let strangers = [
            RecordRef {
                uid: Uuid::new_v4(),
                ..record.reference()
            },
            RecordRef {
                id: "another".parse().unwrap(),
                ..record.reference()
            },
            elsewhere,
        ];
        for stranger in &strangers {
            for step in Step::ALL {
                assert!(
                    !step
                        .take(&store, stranger, &grant(), event(step.kind(), &record))
                        .await,
                    "{step:?}"
                );
            }
        }
        assert_eq!(events(&store).await, written);
        assert_eq!(found(&store, &record).await.state, state);
        let granted = !matches!(state, State::Pending | State::Failed);
        let end = granted.then(|| at(0) + TimeDelta::seconds(3600));
        assert_eq!(found(&store, &record).await.expires_at, end);
    }
}
