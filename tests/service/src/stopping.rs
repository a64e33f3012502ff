//! The orderly end: what is under way is finished, within the grace period.

use std::process::Command;
use std::time::{Duration, Instant};

use harness::sandbox::{Effect, Fault, IssuerFailure, RequestKind};
use harness::{Options, Sandbox, Setting, Stage, collection};
use kubemint::audit::Kind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::acting::{Actor, objects, shipped, until};

const MINT: RequestKind = RequestKind::TOKEN_REQUEST;

/// Begins an issue; it is under way when this returns.
async fn begin(
    stage: &Stage,
    token: &str,
) -> tokio::task::JoinHandle<reqwest::Result<(StatusCode, Value)>> {
    let request = stage
        .request(Method::POST, &collection())
        .bearer_auth(token);
    let request = request.json(&json!({"ttl": 900}));
    let task = tokio::spawn(async move {
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    });
    until("the issue is under way", async || {
        stage.world().cluster().requests(MINT) == 1
    })
    .await;
    task
}

#[tokio::test]
async fn an_issue_under_way_is_completed_answered_and_audited() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let slow = Effect::Delay(Duration::from_millis(800));
    stage.world().cluster().inject(Fault::once(MINT, slow));
    let (address, issue) = (stage.address(), begin(&stage, &token).await);
    let events = stage.stop_and_read_audit().await;
    let (status, issued) = issue.await.unwrap().expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{issued}");
    let granted = events.iter().filter(|event| event.kind == Kind::Issued);
    assert_eq!(
        granted.map(|event| json!(event.uid)).collect::<Vec<_>>(),
        [issued["uid"].clone()]
    );
    assert_eq!(objects(stage.world().cluster()).len(), 1);
    // Nobody listens any more.
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    stage.start_server().await.expect("a server");
    let alice = Actor::bearing(&stage, token);
    assert_eq!(
        alice.get(issued["selfLink"].as_str().unwrap()).await.json(),
        issued
    );
    stage.stop().await;
}

#[tokio::test]
async fn an_issue_is_completed_even_if_its_caller_has_gone_and_the_server_stops() {
    let mut stage = Stage::start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let slow = Effect::Delay(Duration::from_millis(800));
    stage.world().cluster().inject(Fault::once(MINT, slow));
    let issue = begin(&stage, &token).await;
    issue.abort();
    let events = stage.stop_and_read_audit().await;
    let kinds: Vec<Kind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::IssueRequested, Kind::Issued]);
    stage.stop().await;
}

#[tokio::test]
async fn a_server_that_stopped_has_let_go_of_the_store_whatever_it_was_doing() {
    let setting = Setting::default().change(|config| config.limits.health = Duration::ZERO);
    let mut stage = setting.start().await;
    let list = RequestKind::LIST_SERVICE_ACCOUNTS;
    for _ in 0..10 {
        let cluster = stage.world().cluster();
        cluster.clear_faults();
        cluster.inject(Fault::always(list, Effect::Hang));
        let before = cluster.requests(list);
        // Another one opens its store at once: where somebody holds it, it does not start.
        stage.restart().await;
        let cluster = stage.world().cluster();
        until("a sweep waits for its list", async || {
            cluster.requests(list) > before
        })
        .await;
        // And a probe for the cluster.
        cluster.inject(Fault::always(RequestKind::ANY, Effect::Hang));
        assert_eq!(stage.internal("/readyz").await.status, StatusCode::OK);
    }
    stage.world().cluster().clear_faults();
    stage.stop().await;
}

#[tokio::test]
async fn what_hangs_is_broken_off_when_the_grace_period_is_over() {
    let setting = Setting::default().edit("[server]\n", "[server]\ngrace = \"1s\"\n");
    let setting = setting.change(|config| config.settings.pending = Duration::from_secs(2));
    let mut stage = setting.start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    stage
        .world()
        .cluster()
        .inject(Fault::always(MINT, Effect::Hang));
    let issue = begin(&stage, &token).await;
    let began = Instant::now();
    stage.stop_server().await;
    let took = began.elapsed();
    // That it was its end, and not the cluster's, its answer and the log tell.
    assert!(took >= Duration::from_millis(700), "{took:?}");
    assert!(
        stage.log().contains("the grace period is over"),
        "and says so"
    );
    let (status, told) = issue.await.unwrap().expect("an answer");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{told}");
    assert_eq!(told["error"]["details"][0]["reason"], "shutting_down");
    assert!(
        !stage.log().contains("client disconnected"),
        "nobody did: {}",
        stage.log()
    );

    // The next one puts it in order.
    stage.world().cluster().clear_faults();
    stage.settled().await;
    stage.start_server().await.expect("a server");
    until("it is given up", async || {
        objects(stage.world().cluster()).is_empty()
    })
    .await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_when_the_shipped_servers_time_is_over_is_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let grace = [("[server]\n", "[server]\ngrace = \"2s\"\n")];
    let (sandbox, mut server, [api, _]) = shipped(folder.path(), &grace).await;
    let cluster = sandbox.world().cluster();
    cluster.inject(Fault::always(MINT, Effect::Hang));
    let request = reqwest::Client::new()
        .post(format!("http://127.0.0.1:{api}{}", collection()))
        .bearer_auth(sandbox.token("alice", &["compute.viewer"]))
        .json(&json!({"ttl": 900}));
    let issue = tokio::spawn(Stage::read(request));
    until("the issue is under way", async || {
        cluster.requests(MINT) == 1
    })
    .await;
    server.terminate();
    let answer = issue.await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.reason().as_str()),
        (503, "shutting_down"),
        "{}",
        answer.text
    );
    let ended = tokio::task::spawn_blocking(move || server.ended(Duration::from_secs(20)));
    assert!(ended.await.unwrap().is_some(), "it ends");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_load_balancer_hears_of_the_end_while_all_is_still_served() {
    let setting = Setting::default().edit("[server]\n", "[server]\ndrain = \"3s\"\n");
    let mut stage = setting.start().await;
    let token = stage.token("alice", &["compute.viewer"]);
    let list = stage.request(Method::GET, &collection()).bearer_auth(token);
    let probe = stage.internal_request("/readyz");
    let ready = |probe: &reqwest::RequestBuilder| probe.try_clone().unwrap().send();
    assert_eq!(ready(&probe).await.unwrap().status(), StatusCode::OK);
    let began = Instant::now();
    let watching = tokio::spawn(async move {
        loop {
            let answer = probe.try_clone().unwrap().send().await.expect("an answer");
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                return (answer.json::<Value>().await, list.send().await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    stage.stop_server().await;
    let (told, listed) = watching.await.unwrap();
    let told = told.unwrap();
    assert_eq!(
        (&told["ready"], &told["stopping"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(listed.expect("it is served").status(), StatusCode::OK);
    assert!(began.elapsed() >= Duration::from_secs(3));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_while_it_starts_stops_in_order() {
    let built = tokio::task::spawn_blocking(harness::binary).await;
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::new(folder.path())).await.unwrap();
    // It is waited for at a start.
    sandbox.world().issuer().set_failure(IssuerFailure::Hang);
    let log = folder.path().join("start.log");
    let mut server = Command::new(built.unwrap())
        .args(["serve", "--config"])
        .arg(sandbox.config_file())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    until("it starts", async || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("a new one was made")
    })
    .await;
    let id = server.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let status = tokio::task::spawn_blocking(move || server.wait()).await;
    let log = std::fs::read_to_string(&log).unwrap();
    assert_eq!(status.unwrap().unwrap().code(), Some(0), "{log}");
    assert!(log.contains("\"stopped"), "{log}");
    sandbox.stop().await;
}
