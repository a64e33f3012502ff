//! A download whose object is not there: what the kubeconfig is then.

use std::sync::Arc;

use super::super::{Context, Issue};
use super::world::{World, ctx, key};
use crate::audit::Kind;
use crate::error::Error;
use crate::ports::ClusterError;
use crate::record::{Record, State};

fn alice() -> Context {
    ctx("alice", "user")
}

/// One of alice's, whose object is gone.
async fn bereft(world: &Arc<World>) -> Record {
    let issued = world
        .service()
        .issue(&alice(), &key(), Issue::default())
        .await;
    world.objects.lock().unwrap().clear();
    issued.unwrap().record
}

async fn download(world: &Arc<World>, record: &Record) -> Error {
    let service = world.service();
    let delivery = service.download(&alice(), &key(), &record.id).await;
    delivery.expect_err("there is no object")
}

#[tokio::test]
async fn it_is_revoked_where_the_cluster_says_so_again() {
    let world = World::new();
    let record = bereft(&world).await;
    let told = download(&world, &record).await;
    assert!(matches!(told, Error::NoSuchKubeconfig), "{told:?}");
    assert_eq!(world.state(&record.id), State::Revoked);
    let kinds = world.kinds();
    assert_eq!(
        kinds[kinds.len() - 2..],
        [Kind::ObjectMissing, Kind::DownloadRefused]
    );
}

#[tokio::test]
async fn it_is_as_it_was_where_nobody_knows_which_cluster_says_so() {
    let world = World::new();
    let record = bereft(&world).await;
    *world.certain.lock().unwrap() = false;
    let told = download(&world, &record).await;
    assert!(
        matches!(told, Error::Cluster(ClusterError::Misbehaving(_))),
        "{told:?}"
    );
    assert_eq!(world.state(&record.id), State::Active);
    assert_eq!(world.kinds().last(), Some(&Kind::DownloadFailed));
}

#[tokio::test]
async fn it_is_as_it_was_where_that_cannot_be_asked() {
    let world = World::new();
    let record = bereft(&world).await;
    world.break_next("look", 1);
    let told = download(&world, &record).await;
    assert!(
        matches!(told, Error::Cluster(ClusterError::Unreachable(_))),
        "{told:?}"
    );
    assert_eq!(world.state(&record.id), State::Active);
    assert_eq!(world.kinds().last(), Some(&Kind::DownloadFailed));
}

#[tokio::test]
async fn what_became_of_it_meanwhile_is_told() {
    for (state, reason) in [
        (State::Revoking, Error::Revoking),
        (State::Expired, Error::Expired),
        (State::Revoked, Error::NoSuchKubeconfig),
    ] {
        let world = World::new();
        let record = bereft(&world).await;
        *world.becomes.lock().unwrap() = Some(state);
        let told = download(&world, &record).await;
        assert_eq!(told.to_string(), reason.to_string());
        assert_eq!(world.state(&record.id), state);
        assert_eq!(world.kinds().last(), Some(&Kind::DownloadRefused));
    }
}
