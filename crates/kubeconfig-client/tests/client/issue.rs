//! An issue is one, however often it must be asked for.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use kubeconfig_client::types::KubeconfigIssueRequest;
use kubeconfig_client::{Retry, reason};

use crate::fake::{Fake, json, kubeconfig, refusal};

/// The keys that were sent.
fn keys(server: &Fake) -> HashSet<String> {
    let seen = server.seen();
    let keys = seen.iter().map(|request| {
        let line = |line: &&str| line.to_lowercase().starts_with("idempotency-key:");
        request.lines().find(line).expect("a key").to_owned()
    });
    keys.collect()
}

#[tokio::test]
async fn the_key_of_a_server_that_was_killed_is_waited_for() {
    // A hundredth of the real times: it is killed at the first request, and the key is free after 60 s.
    const FREE: Duration = Duration::from_millis(600);
    let began = Instant::now();
    let server = Fake::start(move |number, _| match number {
        0 => String::new(),
        _ if began.elapsed() < FREE => refusal(503, "in_progress"),
        _ => json(201, &kubeconfig("kubeconfig-s2t3u4")),
    })
    .await;
    let patient = Retry::within(Duration::from_secs(60));
    let hundredth = patient.pauses(Duration::from_micros(2500), Duration::from_millis(200));
    let cluster = server.patient(hundredth);
    let issued = cluster.issue(KubeconfigIssueRequest::default()).await;
    assert_eq!(issued.unwrap().id.unwrap().as_str(), "kubeconfig-s2t3u4");
    assert_eq!(keys(&server).len(), 1, "{:?}", keys(&server));
    let bodies: HashSet<_> = server.seen().into_iter().collect();
    assert_eq!(bodies.len(), 1, "each try is the same request");
}

#[tokio::test]
async fn a_key_that_is_not_free_in_time_is_told_and_goes_on_by_issue_once() {
    let server = Fake::answering(&[refusal(503, "in_progress")]).await;
    let key = "once".parse().unwrap();
    let wanted = KubeconfigIssueRequest::default();
    let cluster = server.within(Duration::from_millis(50));
    let failure = cluster.issue_once(&key, wanted.clone()).await;
    assert_eq!(reason(&failure.unwrap_err()), Some("in_progress"));
    let again = cluster.issue_once(&key, wanted.clone()).await;
    assert!(again.is_err());
    assert_eq!(keys(&server).len(), 1);
    // One without a key of one's own is another.
    let other = cluster.issue(wanted).await;
    assert!(other.is_err());
    assert_eq!(keys(&server).len(), 2);
}

/// What is kept in a server's state and moved into its tasks must be so.
#[tokio::test]
async fn what_a_cluster_returns_can_be_moved_to_another_thread() {
    fn movable<T: Send + 'static>(it: T) -> T {
        it
    }
    let server = Fake::answering(&[refusal(404, "no_such_kubeconfig")]).await;
    let cluster = server.cluster();
    let task = tokio::spawn({
        let cluster = movable(cluster.clone());
        async move {
            let id = "x".parse().unwrap();
            let key = "x".parse().unwrap();
            let done = [
                cluster.get(&id).await.is_ok(),
                cluster.file(&id).await.is_ok(),
                cluster.download(&id).await.is_ok(),
                cluster.revoke(&id).await.is_ok(),
                cluster.issue(Default::default()).await.is_ok(),
                cluster.issue_once(&key, Default::default()).await.is_ok(),
                cluster.revoke_all(Default::default()).await.is_ok(),
            ];
            done.contains(&true)
        }
    });
    assert!(!task.await.unwrap());
    // It outlives the cluster that it came from.
    let list = movable(cluster.list(Default::default()));
    drop(cluster);
    drop(list);
}
