//! Policies and certificates that change while the server serves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use harness::{Setting, Stage};
use kubemint::audit::{Event, Kind};
use serde_json::json;

use crate::acting::{Actor, Hung, shipped, until};

const DEFAULT: &str = include_str!("../../../crates/kubemint-policy/policies/default.cedar");
const FREEZE: &str = "@id(\"freeze\")\nforbid (principal, action == Action::\"compute.kubeconfigs.issue\", resource);\n";

/// A stage whose policies are in a file.
async fn with_policies(file: &Path) -> Stage {
    std::fs::write(file, DEFAULT).unwrap();
    let files: Vec<PathBuf> = vec![file.to_owned()];
    let setting =
        Setting::default().change(move |config| config.policy.files = Some(files.clone()));
    setting.start().await
}

/// Puts a file in place at once, as a careful editor does.
fn replace(file: &Path, text: &str) {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(&fresh, file).unwrap();
}

async fn state_of(stage: &Stage, part: &str) -> String {
    let answer = stage.internal("/readyz").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()[part].as_str().unwrap().to_owned()
}

async fn count(stage: &Stage, what: &str, outcome: &str) -> u64 {
    reloads(&stage.internal("/metrics").await.text, what, outcome)
}

/// How often something was read again, as the metrics say.
fn reloads(text: &str, what: &str, outcome: &str) -> u64 {
    let prefix = format!("kubemint_reloads_total{{what=\"{what}\",outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("{prefix} is not in {text}"))
        .parse()
        .unwrap()
}

/// The policy hashes of the decisions of one kind, in the order of the trail.
fn hashes(events: &[Event], kind: Kind) -> Vec<&str> {
    let of_kind = events.iter().filter(|event| event.kind == kind);
    let decisions = of_kind.filter_map(|event| event.decision.as_ref());
    decisions
        .map(|decision| decision.policy_hash.as_str())
        .collect()
}

#[tokio::test]
async fn a_change_of_the_policy_file_applies_and_a_bad_one_changes_nothing_but_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policies.cedar");
    let mut stage = with_policies(&file).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let status = async |wanted: u16| {
        until(&format!("an issue answers {wanted}"), async || {
            alice.issue(json!({})).await.status.as_u16() == wanted
        })
        .await;
    };
    assert_eq!(alice.issue(json!({})).await.status.as_u16(), 201);
    assert_eq!(state_of(&stage, "policy").await, "ok");

    replace(&file, &format!("{DEFAULT}{FREEZE}"));
    status(403).await;
    assert_eq!(state_of(&stage, "policy").await, "ok");
    assert!(count(&stage, "policy", "ok").await >= 1);
    assert_eq!(count(&stage, "policy", "failed").await, 0);

    // It parses, and fits the schema nowhere: strictly checked, it is not taken, and the freeze goes on.
    for (bad, told) in [
        (
            "permit (principal, action, resource) when { principal.rank == 1 };",
            "rank",
        ),
        ("permit (", "policies.cedar"),
        ("", "holds no policy"),
    ] {
        let before = count(&stage, "policy", "failed").await;
        replace(&file, bad);
        until("the failure is counted", async || {
            count(&stage, "policy", "failed").await > before
        })
        .await;
        let state = state_of(&stage, "policy").await;
        assert!(
            state.starts_with("what was read before still applies: "),
            "{state}"
        );
        assert!(state.contains(told), "{state}");
        assert_eq!(alice.issue(json!({})).await.status.as_u16(), 403, "{bad:?}");
    }
    assert!(
        stage
            .log()
            .contains("the policies cannot be used; those before still apply")
    );

    replace(&file, DEFAULT);
    status(201).await;
    until("all is well again", async || {
        state_of(&stage, "policy").await == "ok"
    })
    .await;

    let events = stage.stop_and_read_audit().await;
    let allowed = hashes(&events, Kind::IssueRequested);
    let denied = hashes(&events, Kind::IssueRefused);
    assert!(!denied.is_empty() && allowed.len() >= 2, "{events:?}");
    assert!(
        allowed.iter().all(|hash| *hash == allowed[0]),
        "{allowed:?}"
    );
    assert!(denied.iter().all(|hash| *hash == denied[0]), "{denied:?}");
    assert_ne!(allowed[0], denied[0], "each row names the set that decided");
    stage.stop().await;
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_taken_by_halves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policies.cedar");
    let stage = with_policies(&file).await;
    // Every state is sound, and none of them stays long enough to be seen twice, by looks that are a second apart: but for
    // those that stayed because this machine had no time for us.
    let (mut stayed, mut written) = (0, Instant::now());
    for round in 0..25 {
        stayed += u64::from(written.elapsed() > Duration::from_millis(900));
        std::fs::write(&file, format!("{DEFAULT}// {round}\n")).unwrap();
        written = Instant::now();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let taken = count(&stage, "policy", "ok").await;
    stayed += u64::from(written.elapsed() > Duration::from_millis(900));
    assert!(taken <= stayed, "{taken} taken, {stayed} stayed");
    until("the last state is taken", async || {
        count(&stage, "policy", "ok").await > taken
    })
    .await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_has_the_policies_read_again() {
    // A signal reaches every server of a process, those of other tests as well: so this one has its own.
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, server, [_, internal]) = shipped(folder.path(), &[]).await;
    let url = format!("http://127.0.0.1:{internal}/metrics");
    let count = async || {
        let request = reqwest::Client::new().get(&url);
        reloads(&Stage::read(request).await.text, "policy", "ok")
    };
    assert_eq!(count().await, 0);
    server.hang_up();
    until("the policies were read again", async || count().await == 1).await;
    // A log is written by a thread of its own.
    until("it is told", async || {
        server.log().contains("the policies were read again")
    })
    .await;
    drop(server);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("tls.crt");
    let key = folder.path().join("tls.key");
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let tls =
        format!("\ntls = {{ cert_file = {certificate:?}, key_file = {key:?} }}\n\n[limits]\n");
    let stage = Setting::default().edit("\n[limits]\n", &tls).start().await;
    assert_eq!(state_of(&stage, "certificate").await, "ok");
    replace(&certificate, "no certificate");
    until("the certificate is told to be bad", async || {
        state_of(&stage, "certificate")
            .await
            .contains("no certificate in ")
    })
    .await;
    assert!(count(&stage, "certificate", "failed").await >= 1);
    replace(&certificate, &pair.cert.pem());
    until("all is well again", async || {
        state_of(&stage, "certificate").await == "ok"
    })
    .await;
    assert!(count(&stage, "certificate", "ok").await >= 1);

    // One that comes before its time is taken when that has come, and not before.
    let beginning = |begin: chrono::DateTime<Utc>| {
        let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        wanted.not_before = std::time::SystemTime::from(begin).into();
        wanted.self_signed(&pair.signing_key).unwrap().pem()
    };
    let begin = Utc::now() + TimeDelta::seconds(20);
    let (taken, failed) = (
        count(&stage, "certificate", "ok").await,
        count(&stage, "certificate", "failed").await,
    );
    replace(&certificate, &beginning(begin));
    until("the early one is told", async || {
        count(&stage, "certificate", "failed").await > failed
    })
    .await;
    if Utc::now() < begin {
        let told = state_of(&stage, "certificate").await;
        assert!(
            told.contains("still applies: the certificate is not valid before"),
            "{told}"
        );
    }
    until("it is taken", async || {
        count(&stage, "certificate", "ok").await > taken
    })
    .await;
    assert!(Utc::now() >= begin - TimeDelta::seconds(1));
    assert_eq!(state_of(&stage, "certificate").await, "ok");

    // One that comes a moment before its time is waited for, and nobody is called for it.
    let (taken, failed) = (
        count(&stage, "certificate", "ok").await,
        count(&stage, "certificate", "failed").await,
    );
    replace(&certificate, &beginning(Utc::now() + TimeDelta::seconds(4)));
    until("it is taken", async || {
        count(&stage, "certificate", "ok").await > taken
    })
    .await;
    assert_eq!(count(&stage, "certificate", "failed").await, failed);
    stage.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_told_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("tls.crt");
    let key = folder.path().join("tls.key");
    let pair = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    wanted.not_before = std::time::SystemTime::from(Utc::now() + TimeDelta::days(1)).into();
    std::fs::write(&certificate, wanted.self_signed(&pair).unwrap().pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    let tls =
        format!("\ntls = {{ cert_file = {certificate:?}, key_file = {key:?} }}\n\n[limits]\n");
    let stage = Setting::default().edit("\n[limits]\n", &tls).start().await;
    until("it is told", async || {
        let told = state_of(&stage, "certificate").await;
        told.starts_with("it is not valid before ")
    })
    .await;
    until("the log tells it too", async || {
        stage.log().contains("no client accepts the certificate")
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn files_on_a_disk_that_hangs_are_told_and_stop_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies.cedar");
    let stage = with_policies(&policies).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let hung = Hung::at(&policies);
    let told = "what was read before still applies: the files cannot be read within 5 seconds";
    until("it is told", async || {
        assert_eq!(alice.issue(json!({})).await.status.as_u16(), 201);
        state_of(&stage, "policy").await == told
    })
    .await;
    assert!(count(&stage, "policy", "failed").await >= 1);
    hung.replace(&format!("{DEFAULT}{FREEZE}"));
    until("the freeze applies", async || {
        alice.issue(json!({})).await.status.as_u16() == 403
    })
    .await;
    assert_eq!(state_of(&stage, "policy").await, "ok");
    stage.stop().await;
}

#[tokio::test]
async fn a_certificate_on_a_disk_that_hangs_is_told_and_stops_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let tls =
        format!("\ntls = {{ cert_file = {certificate:?}, key_file = {key:?} }}\n\n[limits]\n");
    let stage = Setting::default().edit("\n[limits]\n", &tls).start().await;
    let hung = Hung::at(&certificate);
    let told = "what was read before still applies: the files cannot be read within 5 seconds";
    until("it is told", async || {
        let alive = stage.internal("/healthz").await;
        assert_eq!(alive.status.as_u16(), 200);
        state_of(&stage, "certificate").await == told
    })
    .await;
    let times = |text: &str| stage.log().matches(text).count();
    let failed = count(&stage, "certificate", "failed").await;
    until("it is tried again", async || {
        count(&stage, "certificate", "failed").await > failed
    })
    .await;
    assert_eq!(
        times("the certificate cannot be used"),
        1,
        "it is told once"
    );
    hung.replace(&pair.cert.pem());
    until("all is well again", async || {
        state_of(&stage, "certificate").await == "ok"
    })
    .await;
    stage.stop().await;
}
