//! A cluster is known again, and another one in its place is believed nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kubemint::ports::{Clusters, Landmark, Store};
use kubemint_clusters::{Fleet, Health, Limits, Observer};
use kubemint_sandbox::{Effect, Fault, RequestKind};
use kubemint_store::{self as store, FaultyStore, SqliteStore};

use crate::stage::{self, LIMITS, Seen, Stage, failed, object};

fn memory() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

/// A server's fleet that starts on the stage's cluster, with what the store remembers.
fn started(stage: &Stage, store: &Arc<dyn Store>) -> Fleet {
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), LIMITS).unwrap();
    fleet.remembering(store)
}

#[tokio::test]
async fn another_cluster_in_its_place_is_out_of_order_and_believed_nothing() {
    let store = memory();
    let (right, wrong) = (Stage::new().await, Stage::new().await);
    let (key, record) = (&right.key, right.record());
    let fleet = started(&right, &store);
    fleet.create(&record).await.unwrap();
    let listing = fleet.objects(key, "viewer").await.unwrap();
    assert_eq!((listing.objects.len(), listing.certain), (1, true));

    let mistaken = started(&wrong, &store);
    let gone = object(&record);
    assert_eq!(failed(mistaken.create(&right.record()).await), "another");
    assert_eq!(failed(mistaken.mint(key, &gone, 600).await), "another");
    assert_eq!(failed(mistaken.remove(key, &gone).await), "another");
    assert_eq!(failed(mistaken.objects(key, "viewer").await), "another");
    assert_eq!(failed(mistaken.is_gone(key, &gone).await), "another");
    let health = mistaken.health(key).await;
    assert!(
        matches!(&health, Some(Health::Sick { class: "another", detail }) if detail.contains("accept-cluster")),
        "{health:?}"
    );
    assert!(wrong.names().is_empty());

    // As soon as it is right again, so is everything.
    assert!(!started(&right, &store).is_gone(key, &gone).await.unwrap());
    // Or an operator says that it was built anew.
    store.forget_landmarks(key).await.unwrap();
    started(&wrong, &store)
        .create(&wrong.record())
        .await
        .unwrap();
    let mistaken = started(&right, &store);
    assert_eq!(failed(mistaken.is_gone(key, &gone).await), "another");
}

#[tokio::test]
async fn what_is_not_there_is_gone_from_a_cluster_that_is_known_again_since() {
    let store = memory();
    let stage = Stage::new().await;
    let (key, record) = (&stage.key, stage.record());
    let fleet = started(&stage, &store);
    let object_uid = Some(fleet.create(&record).await.unwrap());
    // From here on the address leads to another cluster, which was the right one a moment ago.
    let landmark = Landmark {
        namespace: "kubemint-viewer".to_owned(),
        uid: "of the one before".to_owned(),
    };
    store.note_landmark(key, &landmark).await.unwrap();
    let absent = object(&stage.record());
    // What it deletes has the UID that was asked for.
    let there = kubemint::ports::ObjectRef {
        object_uid,
        ..object(&record)
    };
    fleet.remove(key, &there).await.unwrap();
    assert_eq!(failed(fleet.remove(key, &absent).await), "another");
}

#[tokio::test]
async fn what_is_said_to_be_gone_is_so_of_a_cluster_that_is_known_after_the_look() {
    let store = memory();
    let stage = Stage::new().await;
    let fleet = started(&stage, &store);
    let absent = object(&stage.record());
    fleet.create(&stage.record()).await.unwrap();
    let before = stage.cluster.audit().len();
    assert!(fleet.is_gone(&stage.key, &absent).await.unwrap());
    let lines = stage.cluster.audit().split_off(before);
    let asked: Vec<_> = lines.iter().map(|line| line.kind.resource).collect();
    assert_eq!(asked, ["serviceaccounts", "namespaces"]);
}

#[tokio::test]
async fn a_namespace_that_was_made_anew_is_noted_anew_where_another_is_as_it_was() {
    let store = memory();
    let stage = Stage::new().await;
    let fleet = started(&stage, &store);
    fleet.create(&stage.record()).await.unwrap();
    let old = Landmark {
        namespace: "kubemint-editor".to_owned(),
        uid: "of the one before".to_owned(),
    };
    store.note_landmark(&stage.key, &old).await.unwrap();
    assert!(fleet.objects(&stage.key, "editor").await.unwrap().certain);
    let noted = store.landmarks(&stage.key).await.unwrap();
    assert_eq!(noted.len(), 2);
    assert!(!noted.contains(&old));
}

#[tokio::test]
async fn a_cluster_that_cannot_be_known_is_served_and_not_believed() {
    let store = memory();
    let stage = Stage::new().await;
    stage.cluster.inject(Fault::always(
        RequestKind::GET_NAMESPACE,
        Effect::refuse(403),
    ));
    let fleet = started(&stage, &store);
    fleet.create(&stage.record()).await.unwrap();
    let listing = fleet.objects(&stage.key, "viewer").await.unwrap();
    assert_eq!((listing.objects.len(), listing.certain), (1, false));
    assert!(store.landmarks(&stage.key).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_hangs_is_not_called_a_cluster_that_does() {
    let stage = Stage::new().await;
    let limits = Limits {
        deadline: Duration::from_secs(3),
        ..LIMITS
    };
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let hanging = FaultyStore::new(memory(), |call| {
        (call == "landmarks").then_some(store::Fault::StopBefore)
    });
    let hanging: Arc<dyn Store> = Arc::new(hanging);
    let seen = Arc::new(Seen::default());
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), limits).unwrap();
    let fleet = fleet
        .remembering(&hanging)
        .observed(Arc::clone(&seen) as Arc<dyn Observer>);
    let health = fleet.health(&stage.key).await.unwrap();
    let told = Health::Sick {
        class: "not known again",
        detail: "the store does not answer".to_owned(),
    };
    assert_eq!(health, told);
    assert!(health.is_of_the_store());
    assert_eq!(seen.take(), [("health", "ok")], "the cluster's own answer");
}

#[tokio::test]
async fn who_asks_in_vain_which_cluster_it_is_holds_up_nobody_else() {
    let store = memory();
    let stage = Stage::new().await;
    let hang = Fault::always(RequestKind::GET_NAMESPACE, Effect::Hang);
    stage.cluster.inject(hang);
    let fleet = started(&stage, &store);
    let began = Instant::now();
    let sweep = fleet.objects(&stage.key, "viewer");
    let others = async {
        while stage.cluster.requests(RequestKind::GET_NAMESPACE) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Well again, but for the one that waits.
        stage.cluster.clear_faults();
        fleet.create(&stage.record()).await.unwrap();
        began.elapsed()
    };
    let (swept, took) = tokio::join!(sweep, others);
    assert_eq!(failed(swept), "unreachable");
    assert!(took < LIMITS.deadline, "{took:?}");
    // A sweep may take longer in all, but not for this.
    assert!(began.elapsed() < LIMITS.listing, "{:?}", began.elapsed());
}
