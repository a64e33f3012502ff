//! Names in the trail's place: found by whoever has the key, and a key that is another is told.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use harness::{CLUSTER, PROJECT, REGION, Setting, Stage};
use serde_json::{Value, json};

use crate::acting::Actor;
use crate::cli::{run, told};

const SOMEONE: &str = "someone@corp.example";

/// What `audit find --name` prints on standard output, and the rest.
fn find(stage: &Stage, name: &str) -> (Output, Vec<Value>) {
    let output = run(
        stage.folder(),
        &["audit", "find", "--config", "kubemint.toml", "--name", name],
    );
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let rows = text.lines().map(serde_json::from_str);
    let rows = rows.filter_map(Result::ok).collect();
    (output, rows)
}

fn doctor(stage: &Stage) -> String {
    told(&run(
        stage.folder(),
        &["doctor", "--config", "kubemint.toml"],
    ))
}

async fn issue(stage: &Stage) {
    let someone = Actor::new(stage, SOMEONE, &["compute.admin"]);
    someone
        .issued(json!({"user": "another@corp.example"}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_someone_did_or_was_given_is_found_by_name() {
    let stage = Stage::start().await;
    issue(&stage).await;
    for name in [SOMEONE, "another@corp.example"] {
        let (output, rows) = find(&stage, name);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let kinds: Vec<_> = rows.iter().map(|row| &row["kind"]).collect();
        assert!(kinds.contains(&&json!("issue.requested")), "{kinds:?}");
    }
    let (output, rows) = find(&stage, "nobody@corp.example");
    assert_eq!((output.status.code(), rows.len()), (Some(3), 0));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_another_is_told_by_the_log_by_doctor_and_by_who_is_looked_for() {
    let switch = "[audit]\npersonal_data = \"pseudonym\"\n";
    let setting = Setting::default().edit("[log]\n", &format!("{switch}\n[log]\n"));
    let mut stage = setting.start().await;
    let another = "the key of the audit trail's pseudonyms is another";
    issue(&stage).await;
    let (output, rows) = find(&stage, SOMEONE);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        !rows.is_empty() && rows[0]["subject"] != SOMEONE,
        "{rows:?}"
    );
    assert!(!stage.log().contains(another));
    let said = doctor(&stage);
    let own = "ok    audit trail: pseudonyms by the key of fingerprint ";
    assert!(said.contains(own) && !said.contains(another), "{said}");

    // Before anything is written with another key, who looks is told.
    stage.stop_server().await;
    let key = stage.folder().join("other-key");
    std::fs::write(&key, [b'k'; 32]).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = stage.folder().join("kubemint.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let named = format!("{switch}pseudonym_key_file = \"other-key\"\n");
    let changed = before.replace(switch, &named);
    assert_ne!(changed, before);
    std::fs::write(&file, changed).unwrap();
    let said = doctor(&stage);
    assert!(said.contains(&format!("warn  {another}")), "{said}");
    // Who accepts a cluster writes no names, and takes no key for the servers'.
    let cluster = format!("{REGION}/{PROJECT}/{CLUSTER}");
    let accept = ["accept-cluster", "--config", "kubemint.toml", "--cluster"];
    let accepted = run(stage.folder(), &[&accept[..], &[&cluster]].concat());
    assert!(accepted.status.success(), "{accepted:?}");
    let (output, rows) = find(&stage, SOMEONE);
    assert_eq!((output.status.code(), rows.len()), (Some(1), 0));
    let said = told(&output);
    assert!(said.contains(another), "{said}");

    // It is told once when it is taken; what was written before is told as not looked through.
    stage.start_server().await.unwrap();
    assert_eq!(stage.log().matches(another).count(), 1, "{}", stage.log());
    issue(&stage).await;
    let (output, fresh) = find(&stage, SOMEONE);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!fresh.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("note: ") && said.contains("1 more key"),
        "{said}"
    );
    let said = doctor(&stage);
    assert!(
        said.contains(own) && said.contains("of before by 1 other"),
        "{said}"
    );

    // Put back, it finds what it wrote.
    std::fs::write(&file, before).unwrap();
    let (_, again) = find(&stage, SOMEONE);
    assert!(!again.is_empty() && again[0]["subject"] != fresh[0]["subject"]);
    stage.restart().await;
    assert_eq!(stage.log().matches(another).count(), 2, "{}", stage.log());
    stage.stop().await;
}
