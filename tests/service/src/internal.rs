//! The internal listener: for probes and for those who watch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use harness::sandbox::{Effect, Fault, IssuerFailure, RequestKind, WorldOptions};
use harness::{CLUSTER, PROJECT, REGION, Setting, Stage, collection};
use reqwest::{StatusCode, Url};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::acting::{Actor, link, sample, until};
use crate::cli::golden;

#[tokio::test]
async fn liveness_depends_on_nothing_and_readiness_names_who_is_unwell() {
    let world = WorldOptions::with_clusters(&[CLUSTER, "sick"]);
    let setting = Setting::default().world(world);
    let setting = setting.change(|config| config.limits.health = Duration::ZERO);
    let mut stage = setting.patience(Duration::from_secs(1)).start().await;
    let key = |cluster: &str| format!("{REGION}/{PROJECT}/{cluster}");
    let clusters = json!({key(CLUSTER): "ok", key("sick"): "ok"});
    let all_well = json!({
        "ready": true,
        "store": "ok",
        "policy": "ok",
        "certificate": "ok",
        "issuers": {"sandbox": "ok"},
        "clusters": clusters,
    });
    // The first probe may be answered before a cluster is.
    until("all is well", async || {
        stage.internal("/readyz").await.json() == all_well
    })
    .await;
    assert_eq!(stage.internal("/readyz").await.status.as_u16(), 200);

    let sick = stage.world().cluster_named("sick").unwrap();
    for (effect, class) in [
        (Effect::CutBefore, "unreachable: "),
        (Effect::Hang, "unreachable: "),
        (Effect::refuse(403), "refused: "),
        (Effect::refuse(500), "busy: "),
    ] {
        sick.inject(Fault::always(RequestKind::ANY, effect));
        until("the sick cluster is named", async || {
            let answer = stage.internal("/readyz").await;
            let told = answer.json();
            assert_eq!(
                (answer.status.as_u16(), &told["ready"]),
                (200, &json!(true)),
                "{told}"
            );
            assert_eq!(told["clusters"][key(CLUSTER)], "ok");
            let state = told["clusters"][key("sick")].as_str().unwrap();
            state.starts_with(class)
        })
        .await;
        sick.clear_faults();
    }
    until("all is well again", async || {
        stage.internal("/readyz").await.json() == all_well
    })
    .await;

    // An issuer that cannot be asked from the start: nobody can call, and the process is still alive and ready.
    stage.world().issuer().set_failure(IssuerFailure::Down);
    stage.restart().await;
    assert_eq!(stage.internal("/healthz").await.text, "ok\n");
    let told = stage.internal("/readyz").await;
    assert_eq!(told.status.as_u16(), 200, "{}", told.text);
    assert!(
        told.json()["issuers"]["sandbox"] != json!("ok"),
        "{}",
        told.text
    );
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let answer = alice.issue(json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.reason().as_str()),
        (503, "authentication_unavailable")
    );
    assert!(answer.headers.contains_key("retry-after"));
    stage.stop().await;
}

#[tokio::test]
async fn a_cluster_that_hangs_makes_no_probe_hang_and_is_named_by_the_next() {
    let setting = Setting::default().change(|config| config.limits.health = Duration::ZERO);
    let stage = setting.start().await;
    let key = format!("{REGION}/{PROJECT}/{CLUSTER}");
    let state = async || {
        let answer = stage.internal("/readyz");
        // An orchestrator waits for a second, of which the probe takes a half. Asking the cluster takes 3 s.
        let answer = tokio::time::timeout(Duration::from_secs(2), answer).await;
        let told = answer.expect("an answer before the cluster's").json();
        told["clusters"][&key].as_str().unwrap().to_owned()
    };
    until("it is well", async || state().await == "ok").await;
    let cluster = stage.world().cluster();
    cluster.inject(Fault::always(RequestKind::ANY, Effect::Hang));
    assert_eq!(state().await, "ok", "what it answered last");
    until("it is named", async || {
        state().await == "unreachable: it did not answer in time"
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn the_internal_listener_serves_nothing_of_the_api_and_the_api_nothing_of_it() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    assert_eq!(stage.internal(&collection()).await.status.as_u16(), 404);
    assert_eq!(stage.internal("/openapi.json").await.status.as_u16(), 404);
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(alice.get(path).await.status.as_u16(), 404, "{path}");
        assert_eq!(stage.internal(path).await.status.as_u16(), 200, "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn connections_that_say_nothing_keep_no_probe_out_and_are_few() {
    let mut stage = Stage::start().await;
    let probe = stage.internal_request("/healthz").build().unwrap();
    let address = Url::socket_addrs(probe.url(), || None).unwrap()[0];
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(stage.internal("/healthz").await.status, StatusCode::OK);
    // The oldest were closed for the others.
    let mut oldest = silent.remove(0);
    assert_eq!(oldest.read(&mut [0]).await.unwrap_or_default(), 0);
    // Whoever says something late is answered, as long as nobody needs the place.
    let latest = silent.last_mut().unwrap();
    latest
        .write_all(b"GET /healthz HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut told = String::new();
    latest.read_to_string(&mut told).await.unwrap();
    assert!(
        told.starts_with("HTTP/1.0 200") && told.ends_with("ok\n"),
        "{told}"
    );
    // And they keep nothing from ending.
    stage.stop_server().await;
    let log = stage.log();
    assert!(!log.contains("the grace period is over"), "{log}");
    stage.stop().await;
}

/// The metrics of a text, each with its type and the names of its labels.
fn names(text: &str) -> String {
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').expect("a name and a type");
            kinds.insert(name, kind);
        } else if !line.starts_with('#') {
            let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a sample"));
            let family = kinds.keys().rfind(|family| name.starts_with(**family));
            let family = family.unwrap_or_else(|| panic!("{line} belongs to nothing"));
            let found = labels.entry(family).or_default();
            let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let pairs = inside.map_or("", |(inside, _)| inside).split("\",");
            found.extend(
                pairs
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(label, _)| label),
            );
        }
    }
    let mut told = String::new();
    for (name, kind) in kinds {
        let labels = labels.get(name).into_iter().flatten().copied();
        let labels: Vec<&str> = labels.collect();
        told += &format!("{name} {kind} {{{}}}\n", labels.join(", "));
    }
    told
}

/// Each has its help, and a row in `METRICS.md` with its labels.
fn every_metric_is_documented(text: &str) {
    let page = include_str!("../../../METRICS.md");
    for line in names(text).lines() {
        let (name, rest) = line.split_once(' ').expect("a kind");
        let (kind, labels) = rest.split_once(' ').expect("labels");
        let help = format!("# HELP {name} ");
        let helped = text.lines().find_map(|line| line.strip_prefix(&help));
        assert!(
            helped.is_some_and(|help| help.len() > 10),
            "{name} has no help"
        );
        let total = if kind == "counter" { "_total" } else { "" };
        let row = page
            .lines()
            .find(|row| row.starts_with(&format!("| `{name}{total}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in METRICS.md"));
        let told = row.split('|').nth(2).expect("a column of labels");
        let mut told: Vec<_> = told
            .split(',')
            .map(|label| label.trim().trim_matches('`'))
            .collect();
        told.extend((kind == "histogram").then_some("le"));
        told.retain(|label| !label.is_empty());
        told.sort_unstable();
        assert_eq!(format!("{{{}}}", told.join(", ")), labels, "{name}");
    }
}

#[tokio::test]
async fn the_metrics_are_these_with_these_labels_and_no_value_names_a_person() {
    let stage = Setting::default().short_lives().start().await;
    let alice = Actor::new(&stage, "alice-in-person", &["compute.admin"]);
    let issued = alice
        .issued(json!({"user": "bob-in-person", "id": "by-name"}))
        .await;
    alice.issued(json!({"ttl": 1})).await;
    alice.revoke(&link(&issued)).await;
    alice
        .get("/v1/regions/x/projects/project-by-name/compute/clusters/cluster-by-name/kubeconfigs")
        .await;
    until("the reconciler is counted, and has swept", async || {
        let text = stage.internal("/metrics").await.text;
        text.contains("outcome=\"expired\"} 1") && text.contains("kubemint_unknown_objects{")
    })
    .await;
    let answer = stage.internal("/metrics").await;
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    golden("metrics.txt", &names(&answer.text));
    every_metric_is_documented(&answer.text);

    let sample = |start: &str| {
        answer
            .text
            .lines()
            .find(|line| line.starts_with(start))
            .map(str::to_owned)
    };
    let issues =
        sample("kubemint_requests_total{operation=\"issueKubeconfig\",code=\"201\"}").unwrap();
    assert!(issues.ends_with(" 2"), "{issues}");
    let revocations =
        sample("kubemint_requests_total{operation=\"revokeKubeconfig\",code=\"204\"}").unwrap();
    assert!(revocations.ends_with(" 1"), "{revocations}");
    let minted = format!(
        "kubemint_cluster_calls_total{{cluster=\"{REGION}/{PROJECT}/{CLUSTER}\",operation=\"mint\",outcome=\"ok\"}}"
    );
    assert!(sample(&minted).unwrap().ends_with(" 2"), "{}", answer.text);
    assert_eq!(
        sample("kubemint_panics_total").unwrap(),
        "kubemint_panics_total 0"
    );
    // Labels are bounded: nothing of a caller, a path or a kubeconfig.
    for unbounded in ["in-person", "by-name"] {
        assert!(!answer.text.contains(unbounded), "{}", answer.text);
    }
    stage.stop().await;
}

/// A certificate authority that ends then, in PEM, and its key.
fn authority(end: DateTime<Utc>) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::default();
    wanted.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    wanted.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    wanted.not_after = std::time::SystemTime::from(end).into();
    let certificate = wanted.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[tokio::test]
async fn what_ends_by_time_is_told_by_the_probe_and_by_gauges() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let soon = (Utc::now() + TimeDelta::minutes(30)).trunc_subsecs(0);
    let (certificate, key) = authority(soon);
    std::fs::write(file("ca.pem"), &certificate).unwrap();
    std::fs::write(file("ca.key"), &key).unwrap();
    let world = WorldOptions::with_clusters(&[CLUSTER, "certified"]);
    let credential = format!("credential = {{ token_file = \"{CLUSTER}-token\" }}");
    let public = format!("public_ca_file = {:?}\n{credential}", file("ca.pem"));
    let signing = format!(
        "client_ca = {{ cert_file = {:?}, key_file = {:?} }}",
        file("ca.pem"),
        file("ca.key")
    );
    let setting = Setting::default()
        .world(world)
        .edit(&credential, &public)
        .edit(
            "credential = { token_file = \"certified-token\" }",
            &signing,
        )
        .change(|config| {
            config.limits.health = Duration::ZERO;
            config.limits.reread = Duration::ZERO;
        });
    let stage = setting.start().await;
    let key = |cluster: &str| format!("{REGION}/{PROJECT}/{cluster}");
    let state = async |cluster: &str| {
        let told = stage.internal("/readyz").await.json();
        told["clusters"][key(cluster)].as_str().unwrap().to_owned()
    };
    let end = soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    until("the bundle of kubeconfigs is told", async || {
        let told = state(CLUSTER).await;
        told.starts_with("public_ca_file: ") && told.contains(&format!("ca.pem ends at {end}: "))
    })
    .await;
    until("the authority is told", async || {
        let told = state("certified").await;
        told.starts_with("client_ca: ") && told.contains("what is issued now ends with it")
    })
    .await;
    let gauge = async |name: &str, cluster: &str, more: &str| {
        let labels = format!("{{cluster=\"{}\"{more}}}", key(cluster));
        sample(&stage, &format!("kubemint_{name}{labels}")).await
    };
    #[allow(clippy::cast_precision_loss, reason = "exact for a while")]
    let seconds = |time: DateTime<Utc>| Some(time.timestamp() as f64);
    let files = "cluster_file_end_timestamp_seconds";
    for (cluster, kind) in [(CLUSTER, "public_ca_file"), ("certified", "client_ca")] {
        let value = gauge(files, cluster, &format!(",file=\"{kind}\"")).await;
        assert_eq!(value, seconds(soon), "{kind}");
    }

    // The service's own token ends, and nobody renewed it.
    let past = (Utc::now() - TimeDelta::minutes(5)).trunc_subsecs(0);
    let claims = json!({"exp": past.timestamp(), "sub": "system:serviceaccount:kubemint:kubemint"});
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let token = format!(
        "{}.{}.{}",
        part(json!({"alg": "RS256"}).to_string()),
        part(claims.to_string()),
        part("signature".to_owned())
    );
    std::fs::write(stage.folder().join(format!("{CLUSTER}-token")), token).unwrap();
    let end = past.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    until("the credential is told", async || {
        let told = state(CLUSTER).await;
        told.starts_with("refused: ") && told.contains(&format!("own credential ended at {end}"))
    })
    .await;
    let value = gauge("cluster_credential_end_timestamp_seconds", CLUSTER, "").await;
    assert_eq!(value, seconds(past));
    stage.stop().await;
}

#[tokio::test]
async fn gauges_show_what_issuers_and_the_store_are_like() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    alice.issued(json!({})).await;
    let value = async |name: &str| {
        let value = sample(&stage, &format!("kubemint_{name}")).await;
        value.unwrap_or_else(|| panic!("{name} is not shown"))
    };
    assert_eq!(value("issuer_up{issuer=\"sandbox\"}").await, 1.0);
    assert!(value("issuer_keys{issuer=\"sandbox\"}").await >= 1.0);
    let age = value("issuer_keys_age_seconds{issuer=\"sandbox\"}").await;
    assert!((0.0..60.0).contains(&age), "{age}");
    let bytes = value("store_size_bytes{part=\"database\"}").await;
    let file = std::fs::metadata(stage.database()).unwrap().len();
    assert!(bytes >= 4096.0 && file >= 4096, "{bytes}, {file}");
    assert!(value("store_free_bytes").await > 0.0);
    assert_eq!(value("store_rows{table=\"kubeconfig\"}").await, 1.0);
    let rows = value("store_rows{table=\"audit\"}").await;
    assert_eq!(rows, 2.0, "requested and granted");
    alice.issued(json!({})).await;
    assert_eq!(value("store_rows{table=\"audit\"}").await, 4.0);
    stage.stop().await;
}
