//! A replica or the database fails while callers issue.

use std::time::Duration;

use reqwest::Method;

use crate::fleet::{Fleet, until};
use crate::load::under_load;
use crate::shared::SHARED;

/// How long callers are left alone.
async fn a_while() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_killed_under_load_leaves_nothing_undone() {
    let fleet = Fleet::start(&SHARED, 3).await;
    let short = fleet.issue(0, 5).await;
    let told = under_load(&fleet, 3, async {
        a_while().await;
        fleet.kill(0);
        a_while().await;
    })
    .await;
    assert!(told.trouble() > 0, "nobody met the dead replica");
    // What was the first one's to end, another ends.
    let name = short["id"].as_str().unwrap();
    until(Duration::from_secs(20), "it has expired", async || {
        !fleet.accounts().contains(name)
    })
    .await;
    let link = short["selfLink"].as_str().unwrap();
    let revoked = fleet.call(1, Method::DELETE, link).await;
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    told.is_true(&fleet, 1).await;
    fleet.serve(0).unwrap();
    told.is_true(&fleet, 0).await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_under_load_loses_nothing() {
    let database = postgresql::Cluster::start(&[]);
    let fleet = Fleet::start(&database, 2).await;
    let told = under_load(&fleet, 2, async {
        a_while().await;
        tokio::task::block_in_place(|| database.kill());
        let unready = async || fleet.internal(1, "/readyz").await.status == 503;
        until(Duration::from_secs(20), "it is not ready", unready).await;
        tokio::task::block_in_place(|| database.restart());
        let ready = async || fleet.internal(1, "/readyz").await.status == 200;
        until(Duration::from_secs(20), "it is ready", ready).await;
        a_while().await;
    })
    .await;
    assert!(told.trouble() > 0, "nobody met the dead database");
    told.is_true(&fleet, 1).await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_under_load_loses_nothing() {
    let database = postgresql::Cluster::start(&[]);
    let fleet = Fleet::start(&database, 2).await;
    let told = under_load(&fleet, 2, async {
        a_while().await;
        tokio::task::block_in_place(|| database.signal_all("STOP"));
        // Longer than a request waits for the store.
        tokio::time::sleep(Duration::from_secs(6)).await;
        tokio::task::block_in_place(|| database.signal_all("CONT"));
        let ready = async || fleet.internal(0, "/readyz").await.status == 200;
        until(Duration::from_secs(20), "it is ready", ready).await;
        a_while().await;
    })
    .await;
    assert!(told.trouble() > 0, "nobody met the hanging database");
    told.is_true(&fleet, 0).await;
    fleet.stop().await;
}
