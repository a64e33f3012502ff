//! One sick cluster slows no other, and takes no more than its share.

use std::time::{Duration, Instant};

use kubemint::ports::Clusters;
use kubemint_clusters::{Fleet, FleetError, Limits};
use kubemint_sandbox::{Effect, Fault, RequestKind, World, WorldOptions};

use crate::stage::{self, LIMITS, Stage, failed, record};

#[tokio::test]
async fn a_hanging_cluster_fills_its_own_bulkhead_and_no_others() {
    let world = World::start(WorldOptions::with_clusters(&["sick", "well"]))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text: String = world
        .clusters()
        .iter()
        .map(|cluster| stage::configure(cluster, folder.path()))
        .collect();
    let configs = stage::read(&text, folder.path()).unwrap();
    let [sick, well] = [configs[0].key.clone(), configs[1].key.clone()];
    let limits = Limits {
        concurrency: 2,
        queue: Duration::from_millis(100),
        ..LIMITS
    };
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), limits).unwrap();
    assert_eq!(fleet.keys(), [sick.clone(), well.clone()]);
    world.clusters()[0].inject(Fault::always(RequestKind::ANY, Effect::Hang));

    let sick_record = record(&sick);
    let stuck = futures::future::join_all((0..6).map(|_| fleet.create(&sick_record)));
    let healthy = async {
        let began = Instant::now();
        for _ in 0..5 {
            fleet.create(&record(&well)).await.unwrap();
        }
        began.elapsed()
    };
    let (stuck, took) = futures::future::join(stuck, healthy).await;
    assert!(took < LIMITS.deadline, "{took:?}");
    let mut kinds: Vec<&str> = stuck.into_iter().map(failed).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["busy", "busy", "busy", "busy", "unreachable", "unreachable"]
    );
}

#[tokio::test]
async fn what_makes_credentials_leaves_room_for_what_ends_them() {
    let stage = Stage::new().await;
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let configs = stage::read(&text, stage.folder.path()).unwrap();
    let limits = Limits {
        concurrency: 4,
        queue: Duration::from_millis(100),
        ..LIMITS
    };
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), limits).unwrap();
    let made = stage.record();
    fleet.create(&made).await.unwrap();
    let create = RequestKind::CREATE_SERVICE_ACCOUNT;
    stage.cluster.inject(Fault::always(create, Effect::Hang));
    let other = stage.record();
    let stuck = futures::future::join_all((0..8).map(|_| fleet.create(&other)));
    let object = stage::object(&made);
    let removed = async {
        while stage.cluster.requests(create) < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        fleet.remove(&stage.key, &object).await
    };
    let (stuck, removed) = futures::future::join(stuck, removed).await;
    removed.unwrap();
    let kinds: Vec<&str> = stuck.into_iter().map(failed).collect();
    let hung = kinds.iter().filter(|kind| **kind == "unreachable").count();
    assert_eq!(hung, 3, "{kinds:?}");
}

#[tokio::test]
async fn a_cluster_that_is_not_configured_is_unknown() {
    let stage = Stage::new().await;
    let mut record = stage.record();
    record.cluster.region = "elsewhere".into();
    let object = stage::object(&record);
    assert_eq!(failed(stage.fleet.create(&record).await), "unknown");
    assert_eq!(
        failed(stage.fleet.mint(&record.cluster, &object, 600).await),
        "unknown"
    );
    assert_eq!(
        failed(stage.fleet.remove(&record.cluster, &object).await),
        "unknown"
    );
    assert_eq!(
        failed(crate::stage::listed(&stage.fleet, &record.cluster).await),
        "unknown"
    );
    assert_eq!(stage.fleet.profile(&record.cluster), None);
    assert_eq!(stage.fleet.profile(&stage.key).unwrap().key, stage.key);
}

#[tokio::test]
async fn a_cluster_cannot_be_in_a_fleet_twice() {
    let stage = Stage::new().await;
    let text = stage::configure(&stage.cluster, stage.folder.path());
    let mut configs = stage::read(&text, stage.folder.path()).unwrap();
    configs.extend(configs.clone());
    let error = Fleet::new(configs, stage::INSTANCE, stage::quiet())
        .err()
        .unwrap();
    assert!(matches!(error, FleetError::Twice(key) if key == stage.key));
}

#[test]
fn a_fleet_outside_of_a_runtime_is_an_error_and_no_panic() {
    let error = Fleet::new(Vec::new(), stage::INSTANCE, stage::quiet())
        .err()
        .unwrap();
    assert!(matches!(error, FleetError::NoRuntime));
}
