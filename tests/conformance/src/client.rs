//! The client: what it repeats, what it does not, and what it keeps to itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{CLUSTER, PROJECT, REGION, Setting, Stage};
use kubeconfig_client::{Client, Cluster, Failure, Filter, Retry, Revoked, reason, reasons};
use kubeconfig_types::{KubeconfigIssueRequest, KubeconfigRevocationRequest, KubeconfigStatus};
use kubemint::audit::Kind;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

fn client(stage: &Stage, url: &str) -> Client {
    let token = stage.token("alice", &["compute.admin"]);
    Client::with_token(url, &token, Client::http().no_proxy()).unwrap()
}

fn cluster(client: &Client) -> Cluster {
    client.cluster(
        REGION.parse().unwrap(),
        PROJECT.parse().unwrap(),
        CLUSTER.parse().unwrap(),
    )
}

/// For this user.
fn of(user: &str) -> KubeconfigIssueRequest {
    KubeconfigIssueRequest {
        user: Some(user.parse().unwrap()),
        ..KubeconfigIssueRequest::default()
    }
}

/// The ids of all that is listed, in order.
async fn listed(cluster: &Cluster, filter: Filter) -> Vec<String> {
    let all: Vec<_> = cluster.list(filter).try_collect().await.unwrap();
    let ids = all.into_iter().map(|one| one.id.unwrap().to_string());
    ids.collect()
}

#[tokio::test]
async fn a_kubeconfig_is_issued_read_downloaded_and_revoked() {
    let stage = Stage::start().await;
    let client = client(&stage, &format!("{}/", stage.url()));
    let cluster = cluster(&client);
    let issued = cluster.issue(of("bob")).await.unwrap();
    let id = issued.id.clone().unwrap();
    let read = cluster.get(&id).await.unwrap();
    assert_eq!(read.uid, issued.uid);
    let file = cluster.download(&id).await.unwrap();
    assert!(file.contains("kind: Config"));
    let value = cluster.file(&id).await.unwrap();
    assert!(file.contains(value.clusters[0].cluster.server.as_str()));
    assert_eq!(cluster.revoke(&id).await.unwrap(), Revoked::Confirmed);
    let refused = cluster.download(&id).await.unwrap_err();
    assert_eq!(reason(&refused), Some(reasons::NO_SUCH_KUBECONFIG));
    stage.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_now_is_sent_again_when_the_server_says() {
    let limits = "requests_per_second_per_caller = 1000000\nburst = 1000000";
    let setting = Setting::default().edit(limits, "requests_per_second_per_caller = 1\nburst = 1");
    let stage = setting.start().await;
    let client = client(&stage, &stage.url());
    let cluster = cluster(&client);
    let began = Instant::now();
    for _ in 0..3 {
        listed(&cluster, Filter::default()).await;
    }
    assert!(began.elapsed() >= Duration::from_secs(2), "one a second");

    let hasty = cluster.clone().retry(Retry::NEVER);
    let ask = async || hasty.list(Filter::default()).try_collect::<Vec<_>>().await;
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    let refused = [one, other, third].into_iter().find_map(Result::err);
    let refused = refused.expect("three at once are too many");
    assert_eq!(reason(&refused), Some(reasons::RATE_LIMITED));
    stage.stop().await;
}

/// Passes everything on to a server, but the answer to what the first connection asks: that is lost.
async fn lossy(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut first = true;
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(server).await.unwrap();
            let lost = std::mem::replace(&mut first, false);
            tokio::spawn(async move {
                if lost {
                    let (mut from_near, mut to_near) = near.split();
                    let (mut from_far, mut to_far) = far.split();
                    let mut octet = [0];
                    tokio::select! {
                        _ = tokio::io::copy(&mut from_near, &mut to_far) => {}
                        // It is answered, and nobody hears of it.
                        _ = from_far.read(&mut octet) => {}
                    }
                    let _ = tokio::io::AsyncWriteExt::shutdown(&mut to_near).await;
                } else {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_issue_whose_answer_is_lost_is_sent_again_and_is_one() {
    let stage = Stage::start().await;
    let url = format!("http://{}", lossy(stage.address()).await);
    let through = client(&stage, &url);
    let issued = cluster(&through).issue(of("bob")).await.unwrap();
    let direct = client(&stage, &stage.url());
    let all = listed(&cluster(&direct), Filter::default()).await;
    assert_eq!(all, [issued.id.unwrap().to_string()]);

    // Without another try the caller hears of no answer.
    let url = format!("http://{}", lossy(stage.address()).await);
    let through = client(&stage, &url);
    let once = cluster(&through).retry(Retry::NEVER);
    let failure = once.issue(of("bob")).await.unwrap_err();
    assert!(
        matches!(failure, Failure::CommunicationError(_)),
        "{failure:?}"
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_revocation_that_the_server_ends_by_itself_is_a_success_whatever_was_wrong() {
    let stage = Stage::start().await;
    let client = client(&stage, &stage.url());
    let cluster = cluster(&client);
    let kubernetes = stage.world().cluster();
    for (effect, told) in [
        (Effect::refuse(503), reasons::CLUSTER_BUSY),
        (Effect::refuse(403), reasons::CLUSTER_REFUSES_SERVICE),
    ] {
        let id = cluster.issue(of("bob")).await.unwrap().id.unwrap();
        let fault = Fault::always(RequestKind::DELETE_SERVICE_ACCOUNT, effect);
        kubernetes.inject(fault);
        let once = cluster.clone().retry(Retry::NEVER);
        let failure = once.revoke(&id).await.unwrap_err();
        assert_eq!(reason(&failure), Some(told));
        let mended = async {
            // The next try has failed too, or is under way.
            tokio::task::yield_now().await;
            kubernetes.clear_faults();
        };
        let (revoked, ()) = tokio::join!(cluster.revoke(&id), mended);
        // Whoever is first, the reconciler or the next try: it is gone. (Where it was the reconciler, this call may find nothing at its
        // first try, and cannot know why.)
        if let Err(failure) = revoked {
            assert_eq!(reason(&failure), Some(reasons::NO_SUCH_KUBECONFIG));
        }
        let gone = cluster.revoke(&id).await.unwrap_err();
        assert_eq!(reason(&gone), Some(reasons::NO_SUCH_KUBECONFIG));
    }
    stage.stop().await;
}

#[tokio::test]
async fn many_are_revoked_at_once_and_no_one_elses() {
    let stage = Stage::start().await;
    let client = client(&stage, &stage.url());
    let cluster = cluster(&client);
    for user in ["bob", "bob", "carol"] {
        cluster.issue(of(user)).await.unwrap();
    }
    let bobs = KubeconfigRevocationRequest {
        user: Some("bob".parse().unwrap()),
        ..Default::default()
    };
    let report = cluster.revoke_all(bobs).await.unwrap();
    assert_eq!((report.matched.get(), report.revoked.get()), (2, 2));
    assert!(report.complete);
    assert_eq!(listed(&cluster, Filter::default()).await.len(), 1);
    // One that names nothing is refused.
    let nothing = cluster.revoke_all(Default::default()).await.unwrap_err();
    assert_eq!(nothing.status().map(|status| status.as_u16()), Some(400));
    stage.stop().await;
}

#[tokio::test]
async fn a_list_is_a_stream_over_its_pages_newest_first() {
    let mut stage = Stage::start().await;
    let client = client(&stage, &stage.url());
    let cluster = cluster(&client);
    let mut issued = Vec::new();
    for number in 0..5 {
        let user = if number == 2 { "carol" } else { "bob" };
        let one = cluster.issue(of(user)).await.unwrap();
        issued.insert(0, one.id.unwrap().to_string());
    }
    let sizes = [1, 2, 4, 5, 500];
    for page_size in sizes {
        let filter = Filter::default().page_size(page_size.try_into().unwrap());
        assert_eq!(listed(&cluster, filter).await, issued, "{page_size}");
    }
    let carols = Filter::default()
        .user("carol".parse().unwrap())
        .status(KubeconfigStatus::Active)
        .role("viewer".parse().unwrap())
        .page_size(1.try_into().unwrap());
    assert_eq!(listed(&cluster, carols).await, [issued[2].clone()]);
    // So many pages were read: a full last one says that it is.
    let events = stage.stop_and_read_audit().await;
    let pages = events.iter().filter(|event| event.kind == Kind::Listed);
    assert_eq!(pages.count(), 5 + 3 + 2 + 1 + 1 + 1);
    stage.stop().await;
}
