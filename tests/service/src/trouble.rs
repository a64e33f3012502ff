//! A cluster that does not do its part: the caller is told to come again, nothing is left behind, and nobody else
//! notices.

use std::time::{Duration, Instant};

use harness::sandbox::{Effect, Fault, RequestKind, WorldOptions};
use harness::{CLUSTER, PROJECT, REGION, Setting, Stage, collection};
use reqwest::StatusCode;
use serde_json::json;

use crate::acting::{Actor, collection_of, link, objects, sample, time, until};

const CREATE: RequestKind = RequestKind::CREATE_SERVICE_ACCOUNT;
const MINT: RequestKind = RequestKind::TOKEN_REQUEST;
const CANARY: &str = "canary-of-the-cluster";

fn refuse(code: u16) -> Effect {
    Effect::Refuse {
        code,
        message: Some(CANARY.to_owned()),
        retry_after: None,
    }
}

fn someone_else() -> Effect {
    Effect::Answer(
        json!({"metadata": {"name": CANARY, "namespace": "kubemint-viewer", "uid": CANARY}}),
    )
}

#[tokio::test]
async fn an_issue_that_the_cluster_fails_is_a_503_with_a_reason_and_leaves_nothing() {
    let stage = Setting::default()
        .patience(Duration::from_millis(1500))
        .start()
        .await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let elsewhere = Effect::Redirect("https://canary-of-the-cluster.example/".to_owned());
    let cases = [
        (Fault::once(MINT, Effect::CutAfter), "cluster_unreachable"),
        (Fault::once(MINT, Effect::CutBefore), "cluster_unreachable"),
        (
            Fault::always(CREATE, Effect::CutAfter),
            "cluster_unreachable",
        ),
        (
            Fault::always(CREATE, Effect::CutBefore),
            "cluster_unreachable",
        ),
        (Fault::always(CREATE, Effect::Hang), "cluster_unreachable"),
        (Fault::always(MINT, Effect::Hang), "cluster_unreachable"),
        (
            Fault::always(CREATE, refuse(401)),
            "cluster_refuses_service",
        ),
        (
            Fault::always(CREATE, refuse(403)),
            "cluster_refuses_service",
        ),
        (Fault::always(MINT, refuse(401)), "cluster_refuses_service"),
        (Fault::always(MINT, refuse(403)), "cluster_refuses_service"),
        (Fault::always(CREATE, refuse(429)), "cluster_busy"),
        (
            Fault::always(MINT, Effect::too_many_requests(60)),
            "cluster_busy",
        ),
        (Fault::always(CREATE, refuse(500)), "cluster_busy"),
        (Fault::always(MINT, refuse(503)), "cluster_busy"),
        (Fault::once(CREATE, Effect::Garbage), "cluster_misbehaving"),
        (Fault::once(MINT, Effect::Garbage), "cluster_misbehaving"),
        (
            Fault::once(CREATE, elsewhere.clone()),
            "cluster_misbehaving",
        ),
        (Fault::once(MINT, elsewhere), "cluster_misbehaving"),
        (Fault::once(CREATE, someone_else()), "cluster_misbehaving"),
        (Fault::once(MINT, someone_else()), "cluster_misbehaving"),
        (
            Fault::once(MINT, Effect::GrantOff(3600)),
            "cluster_misbehaving",
        ),
    ];
    for (n, (fault, reason)) in cases.into_iter().enumerate() {
        let what = format!("{fault:?}");
        cluster.inject(fault);
        let id = format!("k{n}");
        let answer = alice.issue(json!({"id": id})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, reason),
            "{what}: {}",
            answer.text
        );
        let wait = answer.headers["retry-after"].to_str().unwrap();
        assert!(
            wait.parse::<u32>().is_ok_and(|seconds| seconds > 0),
            "{what}: {wait}"
        );
        assert!(!answer.text.contains(CANARY), "{what}: {}", answer.text);
        // Never shown, in whatever state it is.
        let shown = alice.get(&format!("{}/{id}", collection())).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{what}");
        assert!(alice.listed().await.is_empty(), "{what}");
        cluster.clear_faults();
        until(&format!("{what}: its object is gone"), async || {
            objects(cluster).is_empty()
        })
        .await;
    }
    assert!(
        !stage.log().contains(CANARY),
        "nothing that a cluster said is logged"
    );
    // It works as soon as the cluster does.
    assert_eq!(alice.issue(json!({})).await.status, StatusCode::CREATED);
    stage.stop().await;
}

#[tokio::test]
async fn what_can_be_mended_is_mended() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let faults = [
        // The answer was lost; the object is found, and is the same.
        Fault::once(CREATE, Effect::CutAfter),
        Fault::once(CREATE, Effect::CutBefore),
        Fault::times(CREATE, Effect::refuse(500), 2),
        Fault::times(CREATE, Effect::refuse(429), 2),
        Fault::times(MINT, Effect::refuse(429), 2),
    ];
    for (n, fault) in faults.into_iter().enumerate() {
        let what = format!("{fault:?}");
        cluster.inject(fault);
        let answer = alice.issue(json!({})).await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{what}: {}",
            answer.text
        );
        assert_eq!(cluster.pending_faults(), [], "{what}");
        assert_eq!(objects(cluster).len(), n + 1, "{what}");
        alice.delivered(&link(&answer.json())).await;
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_expiry_told_is_the_one_granted_not_the_one_asked_for() {
    let stage = Stage::start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    // Clusters may cap the life of tokens, and the timestamp beside a token proves nothing.
    for (effect, life) in [
        (Effect::GrantOff(-1800), 1800),
        (Effect::MisreportExpiry(900), 3600),
    ] {
        let what = format!("{effect:?}");
        cluster.inject(Fault::once(MINT, effect));
        let issued = alice.issued(json!({"ttl": 3600})).await;
        let told = (time(&issued["expiresAt"]) - time(&issued["createdAt"])).num_seconds();
        assert!((life - 1..=life + 1).contains(&told), "{what}: {issued}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_cannot_be_cleaned_up_at_once_is_cleaned_up_later() {
    let setting = Setting::default().patience(Duration::from_secs(1));
    let setting = setting.change(|config| config.settings.pending = Duration::from_millis(1500));
    let stage = setting.start().await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    cluster.inject(Fault::always(MINT, Effect::CutAfter));
    cluster.inject(Fault::always(
        RequestKind::DELETE_SERVICE_ACCOUNT,
        Effect::refuse(500),
    ));
    let answer = alice.issue(json!({"id": "stray"})).await;
    assert_eq!(answer.status.as_u16(), 503, "{}", answer.text);
    assert_eq!(
        objects(cluster).len(),
        1,
        "it was made, and could not be removed"
    );
    assert_eq!(
        alice
            .get(&format!("{}/stray", collection()))
            .await
            .status
            .as_u16(),
        404
    );
    assert!(alice.listed().await.is_empty());
    cluster.clear_faults();
    until("the reconciler gives it up", async || {
        objects(cluster).is_empty()
    })
    .await;
    assert_eq!(
        alice
            .get(&format!("{}/stray", collection()))
            .await
            .status
            .as_u16(),
        404
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_download_that_the_cluster_fails_is_a_503_and_the_kubeconfig_lives_on() {
    let stage = Setting::default()
        .patience(Duration::from_secs(1))
        .start()
        .await;
    let cluster = stage.world().cluster();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let link = link(&alice.issued(json!({})).await);
    for (effect, reason) in [
        (Effect::CutAfter, "cluster_unreachable"),
        (Effect::Hang, "cluster_unreachable"),
        (refuse(403), "cluster_refuses_service"),
        (refuse(500), "cluster_busy"),
        (Effect::Garbage, "cluster_misbehaving"),
        (Effect::GrantOff(3600), "cluster_misbehaving"),
    ] {
        let what = format!("{effect:?}");
        cluster.inject(Fault::once(MINT, effect));
        let answer = alice.download(&link).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (503, reason),
            "{what}: {}",
            answer.text
        );
        assert!(answer.headers.contains_key("retry-after"), "{what}");
        assert!(!answer.text.contains(CANARY), "{what}: {}", answer.text);
        cluster.clear_faults();
        alice.delivered(&link).await;
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_cluster_that_hangs_slows_no_other() {
    let world = WorldOptions::with_clusters(&[CLUSTER, "sick"]);
    let setting = Setting::default().world(world);
    let setting = setting.patience(Duration::from_secs(8));
    let stage = setting
        .change(|config| config.limits.queue = Duration::from_millis(100))
        .start()
        .await;
    let sick = stage.world().cluster_named("sick").unwrap();
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let well = link(&alice.issued(json!({})).await);
    // The first sweep is over: a call of it would hold one of the places. (Whether the cluster is the same is known by it,
    // too.)
    let swept = format!("kubemint_foreign_objects{{cluster=\"{REGION}/{PROJECT}/sick\"}}");
    until("the sick one was swept", async || {
        sample(&stage, &swept).await.is_some()
    })
    .await;
    sick.inject(Fault::always(RequestKind::ANY, Effect::Hang));
    let path = collection_of("sick");
    let hanging = futures::future::join_all((0..40).map(|_| alice.issue_at(&path, json!({}))));
    let others = async {
        until("the sick one holds all that it may", async || {
            sick.requests(CREATE) == 24
        })
        .await;
        let began = Instant::now();
        for _ in 0..5 {
            alice.issued(json!({})).await;
            alice.delivered(&well).await;
        }
        began.elapsed()
    };
    let (failed, took) = tokio::join!(hanging, others);
    // All of it while the other one hung.
    assert!(took < Duration::from_secs(8), "{took:?}");
    let reasons: Vec<String> = failed.iter().map(harness::Answer::reason).collect();
    assert!(
        failed.iter().all(|answer| answer.status.as_u16() == 503),
        "{reasons:?}"
    );
    // More than may be made at once, 24 (and 8 places are for what ends credentials), is turned away, sooner.
    let busy = reasons.iter().filter(|reason| *reason == "cluster_busy");
    assert_eq!(busy.count(), 16, "{reasons:?}");
    assert_eq!(objects(sick), []);
    stage.stop().await;
}
