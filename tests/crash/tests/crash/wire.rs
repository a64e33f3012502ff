//! The process dies inside of a call: between two requests to the cluster, such as a ServiceAccount and its binding, or a removal
//! and its confirmation. The cluster lets the request hang before which it dies, so that what went before is done.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crash::Plan;
use kubemint_sandbox::{Cluster, Effect, Fault, RequestKind};
use serde_json::json;

use crate::invariants;
use crate::run::{Client, Run};
use crate::stage::{Stage, collection};

/// How long a request may take to come to where it dies.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is played to find its requests. What the reconciler did beside it, or a second that ticked, is not in each play.
const LOOKS: usize = 3;

/// How often a death is tried: a request that races the reconciler does not come there each time.
const TRIES: usize = 4;

/// How often a client comes again to a busy machine, on which an issue may take longer than it may.
const ATTEMPTS: usize = 5;

/// What is under way.
#[derive(Clone, Copy, Debug)]
enum Act {
    Issue,
    Download,
    Revoke,
}

impl Act {
    const ALL: [Act; 3] = [Act::Issue, Act::Download, Act::Revoke];

    /// Does it as it must be granted, on a machine that may be busy.
    async fn granted(self, run: &mut Run<'_>, id: &str) {
        let mut told = None;
        for _ in 0..ATTEMPTS {
            told = run.alice(async |alice| self.once(alice, id).await).await;
            if told != Some(503) {
                break;
            }
        }
        let granted = told.is_some_and(|code| self.is_granted(code));
        assert!(granted, "{}: {told:?}", run.what);
    }

    /// Does it, or does it again: a client that got no answer comes with the same. What it was answered.
    async fn once(self, alice: &mut Client<'_>, id: &str) -> Option<u16> {
        let body = json!({"ttl": 900});
        let reply = match self {
            Act::Issue => alice.issue(&body, Some("key")).await,
            Act::Download => alice.download(id).await,
            Act::Revoke => alice.revoke(id).await,
        };
        reply.map(|reply| reply.code())
    }

    fn is_granted(self, code: u16) -> bool {
        match self {
            Act::Issue => code == 201,
            Act::Download => code == 200,
            Act::Revoke => matches!(code, 204 | 404),
        }
    }

    /// How many objects there are in the end.
    fn objects(self) -> usize {
        match self {
            Act::Issue | Act::Download => 1,
            Act::Revoke => 0,
        }
    }
}

/// An installation in which it can begin, and the kubeconfig that it is about.
async fn ready<'a>(stage: &'a Stage, act: Act, what: String) -> (Run<'a>, String) {
    let mut run = Run::new(stage, what).await;
    run.start_well().await;
    let id = match act {
        Act::Issue => String::new(),
        _ => {
            Act::Issue.granted(&mut run, "").await;
            run.notes.issued[0].id.clone()
        }
    };
    (run, id)
}

/// What is asked of the cluster for its own sake, and not beside it: each kind, and how often.
async fn requests(stage: &Stage, act: Act) -> BTreeMap<RequestKind, u64> {
    let mut fewest = requests_once(stage, act).await;
    for _ in 1..LOOKS {
        let other = requests_once(stage, act).await;
        fewest.retain(|kind, count| {
            *count = other.get(kind).map_or(0, |other| *other.min(count));
            *count > 0
        });
    }
    fewest
}

async fn requests_once(stage: &Stage, act: Act) -> BTreeMap<RequestKind, u64> {
    let (mut run, id) = ready(stage, act, format!("{act:?}, undisturbed")).await;
    let before = stage.cluster().all_requests();
    act.granted(&mut run, &id).await;
    let mut after = stage.cluster().all_requests();
    run.stop().await;
    after.retain(|kind, count| {
        *count -= before.get(kind).unwrap_or(&0);
        // Lists are sweeps', and namespaces are looked at to know the cluster again.
        let own = ["serviceaccounts", "bindings"];
        let own = own.iter().any(|resource| kind.resource.contains(resource));
        own && kind.verb != "list" && *count > 0
    });
    after
}

/// Waits until the cluster holds the request that was to hang.
async fn hangs(cluster: &Cluster) -> bool {
    let end = Instant::now() + PATIENCE;
    while !cluster.pending_faults().is_empty() {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

/// Dies before the request of that kind, and recovers. Whether it came there.
async fn dies(stage: &Stage, act: Act, kind: RequestKind, nth: u32) -> bool {
    let what = format!(
        "{act:?}, killed before {} {} {nth}",
        kind.verb, kind.resource
    );
    let (mut run, id) = ready(stage, act, what.clone()).await;
    let cluster = stage.cluster();
    if nth > 1 {
        cluster.inject(Fault {
            on: kind,
            effect: Effect::Delay(Duration::ZERO),
            times: nth - 1,
        });
    }
    cluster.inject(Fault::once(kind, Effect::Hang));
    let victim = run.take_child();
    let mut alice = run.client_at(&victim.url, stage.alice());
    let under_way = act.once(&mut alice, &id);
    let (answered, met) = {
        let mut under_way = std::pin::pin!(under_way);
        // An answer means that it never came there.
        let answered = tokio::select! {
            answered = &mut under_way => Some(answered),
            _ = hangs(cluster) => None,
        };
        let met = cluster.pending_faults().is_empty();
        victim.kill().await;
        match answered {
            Some(answered) => (answered, met),
            None => (under_way.await, met),
        }
    };
    let notes = alice.notes;
    run.notes.add(notes);
    cluster.clear_faults();

    run.start_well().await;
    // A client's own time is not for what the dead one left.
    assert!(run.quiet().await, "{what}: it died");
    act.granted(&mut run, &id).await;
    assert!(run.quiet().await, "{what}: it died");
    run.stop().await;
    let left = invariants::hold(&run).await;
    let there = (left.objects, left.bindings);
    assert_eq!(there, (act.objects(), act.objects()), "{what}");
    met && answered.is_none()
}

/// How many kubeconfigs alice has.
async fn listed(run: &mut Run<'_>) -> usize {
    let list = async |alice: &mut Client<'_>| {
        let path = collection();
        alice.call(reqwest::Method::GET, &path, None, None).await
    };
    let listed = run.alice(list).await.expect("an answer").json();
    listed["kubeconfigs"].as_array().expect("a list").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_between_two_requests_to_a_cluster_leaves_nothing() {
    let stage = &Stage::bound().await;
    let mut tried = Vec::new();
    for act in Act::ALL {
        for (kind, count) in requests(stage, act).await {
            for nth in 1..=u32::try_from(count).expect("few") {
                let mut met = false;
                for _ in 0..TRIES {
                    met = dies(stage, act, kind, nth).await;
                    if met {
                        break;
                    }
                }
                assert!(met, "{act:?}: never came to {kind:?} {nth}");
                tried.push(format!("{act:?} {} {}", kind.verb, kind.resource));
            }
        }
    }
    println!("{} deaths between requests: {tried:?}", tried.len());
    for met in [
        "Issue create serviceaccounts",
        "Issue create clusterrolebindings",
        "Issue create serviceaccounts/token",
        "Download create serviceaccounts/token",
        "Revoke delete clusterrolebindings",
        "Revoke delete serviceaccounts",
    ] {
        assert!(tried.iter().any(|tried| tried == met), "{met}: {tried:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_each_kubeconfig_has_its_binding_or_neither_is_there() {
    let stage = &Stage::bound().await;
    let mut run = Run::new(stage, "bound, and rough".to_owned()).await;
    run.start_well().await;
    run.follow(Plan::Rough {
        percent: 30,
        slow: 50,
        seed: 11,
        longest: 100,
    })
    .await;
    for number in 0..12 {
        let key = number.to_string();
        let issue = async |alice: &mut Client<'_>| {
            alice.issue(&json!({"ttl": 900}), Some(&key)).await;
        };
        run.alice(issue).await;
    }
    run.follow(Plan::Calm).await;
    assert!(run.quiet().await, "{}: it died", run.what);
    run.stop().await;
    // What a lost answer left is the next sweep's.
    run.start_well().await;
    assert!(run.quiet().await, "{}: it died", run.what);
    let end = Instant::now() + PATIENCE;
    loop {
        let (known, mut all) = (listed(&mut run).await, stage.kubernetes().accounts().await);
        // Each namespace has one of its own.
        all.retain(|object| object.name != "default");
        if known == all.len() {
            break;
        }
        let told = run.told();
        assert!(
            Instant::now() < end,
            "{known} are known, and {all:?} is there: {told}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run.stop().await;
    let left = invariants::hold(&run).await;
    assert_eq!(left.objects, left.bindings);
    assert!(left.objects >= run.notes.issued.len());
    assert!(!run.notes.issued.is_empty(), "none was granted");
}
