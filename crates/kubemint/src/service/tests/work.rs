//! What may not be seen takes the same work as what is not there: the same questions to policy, clusters and store, in the
//! same order. (That the answers are the same bytes is a matter of the service ring.)

use std::sync::Arc;

use super::world::{World, ctx, key};
use super::{id, request};
use crate::audit::Event;
use crate::cluster::ClusterKey;
use crate::id::KubeconfigId;
use crate::ports::Filter;
use crate::service::{Context, Kubemint};

/// Every operation of the service.
const OPERATIONS: [&str; 6] = ["issue", "list", "get", "download", "revoke", "revoke many"];

/// Those about one kubeconfig.
const OF_ONE: [&str; 3] = ["get", "download", "revoke"];

async fn call(
    service: &Kubemint,
    operation: &str,
    who: &Context,
    at: &ClusterKey,
    of: &KubeconfigId,
) -> String {
    let filter = Filter {
        user: Some("alice".to_owned()),
        ..Filter::default()
    };
    let refused = match operation {
        "issue" => service.issue(who, at, request(None, None)).await.err(),
        "list" => service.list(who, at, &filter, None, 50).await.err(),
        "get" => service.get(who, at, of).await.err(),
        "download" => service.download(who, at, of).await.err(),
        "revoke" => service.revoke(who, at, of).await.err(),
        "revoke many" => service.revoke_many(who, at, &filter).await.err(),
        other => unreachable!("{other}"),
    };
    refused.expect("a refusal").to_string()
}

/// What a refused call asked, what it answered, and what it wrote down, but for the names that differ by nature.
async fn work(
    world: &Arc<World>,
    operation: &str,
    who: &Context,
    at: &ClusterKey,
    of: &KubeconfigId,
) -> (Vec<String>, String, Vec<Event>) {
    world.calls.lock().unwrap().clear();
    world.events.lock().unwrap().clear();
    let told = call(&world.service(), operation, who, at, of).await;
    let calls = world.calls.lock().unwrap().clone();
    let mut events = world.events.lock().unwrap().clone();
    for event in &mut events {
        event.cluster = key();
        event.kubeconfig = None;
    }
    assert!(!calls.is_empty() && events.len() == 1, "{operation}");
    (calls, told, events)
}

/// A world with a kubeconfig of alice's, and one that she revoked.
async fn world() -> Arc<World> {
    let world = World::new();
    let (service, alice) = (world.service(), ctx("alice", "user"));
    for name in ["hers", "gone"] {
        let mut wanted = request(None, None);
        wanted.id = Some(id(name));
        service.issue(&alice, &key(), wanted).await.unwrap();
    }
    service.revoke(&alice, &key(), &id("gone")).await.unwrap();
    world
}

#[tokio::test]
async fn a_cluster_that_may_not_be_seen_takes_the_work_of_one_that_is_not_there() {
    let world = world().await;
    let nowhere = ClusterKey::new("us-texas-1", "blue", "nowhere");
    let nobody = ctx("eve", "nothing");
    for operation in OPERATIONS {
        let missing = work(&world, operation, &nobody, &nowhere, &id("hers")).await;
        for of in ["hers", "gone", "never"] {
            let hidden = work(&world, operation, &nobody, &key(), &id(of)).await;
            assert_eq!(hidden, missing, "{operation} {of}");
        }
    }
}

#[tokio::test]
async fn a_kubeconfig_that_may_not_be_seen_takes_the_work_of_one_that_is_not_there() {
    let world = world().await;
    let stranger = ctx("eve", "user");
    for operation in OF_ONE {
        let missing = work(&world, operation, &stranger, &key(), &id("never")).await;
        for of in ["hers", "gone"] {
            let hidden = work(&world, operation, &stranger, &key(), &id(of)).await;
            assert_eq!(hidden, missing, "{operation} {of}");
        }
    }
}
