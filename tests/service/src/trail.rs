//! The trail as an operator reads it: verified, exported and searched from the command line, while the server runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use harness::{Setting, Stage, binary, collection};
use kubemint::audit::Kind;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, text, until};

/// The page for whoever reads the trail.
const PAGE: &str = include_str!("../../../AUDIT.md");

/// Runs `audit` with the server's configuration.
fn audit(stage: &Stage, arguments: &[&str]) -> Output {
    Command::new(binary())
        .arg("audit")
        .arg(arguments[0])
        .arg("--config")
        .arg(stage.folder().join("kubemint.toml"))
        .args(&arguments[1..])
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn export(stage: &Stage, more: &[&str]) -> Vec<Value> {
    let output = audit(stage, &[&["export", "--jsonl"], more].concat());
    assert!(output.status.success(), "{output:?}");
    let text = told(&output);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A life of every kind. Returns the identifier of a credential that was delivered.
async fn life(stage: &Stage) -> String {
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    let odd = "für \u{200f}\"Bob\" \\ \u{1F511}\n";
    let issued = alice
        .issued(json!({"user": "bob", "description": odd}))
        .await;
    let link = link(&issued);
    let file = alice.delivered(&link).await;
    let refused = json!({"role": "no-such", "description": odd});
    assert_eq!(alice.issue(refused).await.status.as_u16(), 403);
    assert_eq!(alice.revoke(&link).await.status.as_u16(), 204);
    text(&file.claims()["jti"])
}

/// The hash of an exported row, as the page says, without the program's own code.
fn by_the_book(row: &Value) -> String {
    let fields = "chain number previous at kind requestId issuer subject tokenId region project cluster kubeconfig uid \
                  decision detail";
    let mut bytes = b"16:kubemint-audit-1,".to_vec();
    for field in fields.split(' ') {
        let value = match &row[field] {
            Value::Null => {
                bytes.extend(b"-,");
                continue;
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        bytes.extend(format!("{}:{value},", value.len()).bytes());
    }
    let mut hex = String::new();
    for byte in digest(&SHA256, &bytes).as_ref() {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_verified_exported_and_searched_while_the_server_runs() {
    let stage = Stage::start().await;
    let jti = life(&stage).await;
    let verified = audit(&stage, &["verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert!(told(&verified).starts_with("ok     "), "{verified:?}");

    let rows = export(&stage, &[]);
    let kinds: Vec<String> = rows.iter().map(|row| text(&row["kind"])).collect();
    assert_eq!(
        kinds,
        [
            "issue.requested",
            "issue.granted",
            "download.requested",
            "download.granted",
            "issue.refused",
            "revoke.requested",
            "revoke.confirmed"
        ]
    );
    let mut previous = "0".repeat(64);
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row["hash"], by_the_book(row), "{row}");
        assert_eq!(
            (&row["previous"], &row["number"]),
            (&json!(previous), &json!(number))
        );
        previous = text(&row["hash"]);
    }
    assert!(told(&verified).contains(&previous), "the head is told");
    // What is noted stays; what never was is missed.
    assert!(
        audit(&stage, &["verify", "--noted", &previous])
            .status
            .success()
    );
    let missed = audit(&stage, &["verify", "--noted", &"ab".repeat(32)]);
    assert_eq!(missed.status.code(), Some(3));

    assert_eq!(export(&stage, &["--until", "2020-01-31"]), [] as [Value; 0]);
    assert_eq!(export(&stage, &["--since", "2020-01-31"]), rows);
    let third = text(&rows[2]["at"]);
    assert!(export(&stage, &["--since", &third]).len() < rows.len());

    let found = audit(&stage, &["find", "--credential-id", &format!("JTI={jti}")]);
    assert!(found.status.success(), "{found:?}");
    let story = told(&found);
    for part in [
        jti.as_str(),
        "download.granted",
        "\"alice\" of https://",
        "issued for  \"bob\", role \"viewer\", 3600 s",
        "decision    allowed by",
        &text(&rows[0]["decision"]["policyHash"]),
        &text(&rows[0]["uid"]),
        &format!("{}/{}", collection(), text(&rows[0]["kubeconfig"])),
        "revoke.confirmed",
    ] {
        assert!(story.contains(part), "{part:?} is not in\n{story}");
    }
    let unknown = audit(&stage, &["find", "--credential-id", "JTI=unheard"]);
    assert_eq!(unknown.status.code(), Some(3), "{unknown:?}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_history_the_beginning_and_the_end_are_told() {
    let stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);
    let mut delivered = None;
    // Two rows each, after two of the issue.
    for _ in 0..25 {
        delivered = Some(alice.delivered(&link).await);
    }
    let jti = text(&delivered.unwrap().claims()["jti"]);
    let story = told(&audit(&stage, &["find", "--credential-id", &jti]));
    let history = story.split("history\n").nth(1).unwrap();
    let lines: Vec<_> = history.lines().collect();
    assert_eq!(lines.len(), 41, "{story}");
    assert!(lines[0].contains("issue.requested"), "{story}");
    assert_eq!(lines[20], "  12 rows more: --jsonl prints all");
    assert!(lines[40].contains("download.granted"), "{story}");
    let all = audit(&stage, &["find", "--jsonl", "--credential-id", &jti]);
    assert_eq!(told(&all).lines().count(), 52);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_checked_by_the_pages_own_lines_of_python() {
    let there = Command::new("python3").arg("--version").output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("no python3: the page's lines are not run");
        assert!(std::env::var_os("CI").is_none(), "CI has it");
        return;
    }
    let stage = Stage::start().await;
    life(&stage).await;
    let program = PAGE.split("```python\n").nth(1).unwrap();
    let program = program.split("```").next().unwrap();
    let run = |lines: &[String]| {
        let mut python = Command::new("python3")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = python.stdin.take().unwrap();
        input.write_all(lines.concat().as_bytes()).unwrap();
        drop(input);
        python.wait_with_output().unwrap()
    };
    let output = audit(&stage, &["export"]);
    let mut lines: Vec<String> = told(&output)
        .lines()
        .map(|line| format!("{line}\n"))
        .collect();
    let whole = run(&lines);
    assert!(whole.status.success(), "{whole:?}");
    assert!(told(&whole).starts_with("7 rows"), "{whole:?}");
    let removed = lines.remove(3);
    assert!(told(&run(&lines)).contains("row 5"));
    lines.insert(3, removed.replace("alice", "mallory"));
    assert!(told(&run(&lines)).contains("row 4"));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_file_is_named_and_the_exit_code_says_so() {
    let mut stage = Stage::start().await;
    life(&stage).await;
    stage.stop_server().await;
    let whole = std::fs::read(stage.database()).unwrap();
    for (sql, told_of) in [
        (
            "UPDATE audit SET subject = 'mallory' WHERE number = 2",
            "row 2 (seq 2) was altered",
        ),
        ("DELETE FROM audit WHERE number = 3", "row 3 is missing"),
        (
            "UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;
             UPDATE audit SET seq = 5 WHERE seq = 99",
            "row 4 (seq 5) is out of order",
        ),
        (
            "DELETE FROM audit WHERE number < 3",
            "the head is truncated: row 1 must come first, after the anchor, and row 3 does",
        ),
        (
            "DELETE FROM audit WHERE number > 5",
            "the end is truncated: rows 6 to 7 were written",
        ),
    ] {
        std::fs::write(stage.database(), &whole).unwrap();
        let connection = Connection::open(stage.database()).unwrap();
        let triggers = "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted;
                        DROP TRIGGER audit_is_never_replaced;";
        connection.execute_batch(triggers).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let verified = audit(&stage, &["verify"]);
        assert_eq!(verified.status.code(), Some(3), "{sql}: {verified:?}");
        let lines = told(&verified);
        assert!(
            lines.contains(told_of) && lines.starts_with("broken "),
            "{sql}: {lines}"
        );
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_flood_leaves_one_row_with_their_number() {
    let mut stage = Setting::default()
        .edit(
            "requests_per_second_per_caller = 1000000",
            "requests_per_second_per_caller = 1",
        )
        .edit("burst = 1000000", "burst = 5")
        .edit("requests_per_second_per_address = 1000000\n", "")
        .change(|config| config.guard.requests_per_second_per_address = None)
        .start()
        .await;
    let (mallory, alice) = (
        stage.token("mallory", &["compute.viewer"]),
        stage.token("alice", &[]),
    );
    let mut statuses = BTreeMap::new();
    for _ in 0..60 {
        let answer = stage
            .call(Method::GET, &collection(), Some(&mallory), None)
            .await;
        *statuses.entry(answer.status.as_u16()).or_insert(0_u64) += 1;
    }
    stage
        .call(Method::GET, &collection(), Some(&alice), None)
        .await;
    assert!(statuses[&200] >= 5 && statuses[&429] >= 30, "{statuses:?}");
    let events = stage.stop_and_read_audit().await;
    let of_mallory: Vec<_> = events
        .iter()
        .filter(|event| {
            event
                .principal
                .as_ref()
                .is_some_and(|who| who.subject == "mallory")
        })
        .collect();
    let throttled: Vec<_> = events
        .iter()
        .filter(|event| event.kind == Kind::Throttled)
        .collect();
    assert_eq!(throttled.len(), 1, "{throttled:?}");
    assert_eq!(throttled[0].principal.as_ref().unwrap().subject, "mallory");
    assert_eq!(throttled[0].detail["count"], statuses[&429]);
    assert!(throttled[0].request_id.is_some() && throttled[0].detail["from"].is_string());
    assert_eq!(of_mallory.len() as u64, statuses[&200] + 1);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_without_names_has_the_same_pseudonym_each_time() {
    for switch in ["false", "\"pseudonym\""] {
        let stage = Setting::default()
            .edit(
                "[log]\n",
                &format!("[audit]\npersonal_data = {switch}\n\n[log]\n"),
            )
            .start()
            .await;
        let someone = Actor::new(&stage, "someone@corp.example", &["compute.admin"]);
        let wanted = json!({"user": "another@corp.example", "displayName": "For Another"});
        let issued = someone.issued(wanted).await;
        assert_eq!(
            issued["issuedFor"], "another@corp.example",
            "records have names"
        );
        let reserved = json!({"user": "system:x", "displayName": "For Another"});
        assert_eq!(someone.issue(reserved).await.status.as_u16(), 400);
        let rows = export(&stage, &[]);
        let text = serde_json::to_string(&rows).unwrap();
        for name in ["someone", "another@", "For Another", "system:x"] {
            assert!(!text.contains(name), "{name}: {text}");
        }
        let subjects: Vec<_> = rows.iter().map(|row| &row["subject"]).collect();
        assert!(
            subjects.iter().all(|subject| *subject == subjects[0]),
            "{subjects:?}"
        );
        assert!(subjects[0].as_str().unwrap().starts_with("p-"));
        assert_ne!(rows[0]["detail"]["user"], *subjects[0]);
        // Viewers of the cluster may read its ServiceAccounts: they name nobody either.
        let made = objects(stage.world().cluster());
        let told = format!("{made:?}");
        assert!(made.len() == 1 && told.contains(issued["uid"].as_str().unwrap()));
        for name in ["someone", "another@", "For Another"] {
            assert!(!told.contains(name), "{name}: {told}");
        }
        assert!(audit(&stage, &["verify"]).status.success());
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_by_itself_has_its_rows() {
    let setting = Setting::default().short_lives();
    let setting = setting.change(|config| config.settings.sweep_after = Duration::ZERO);
    let mut stage = setting.start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    alice.issued(json!({"ttl": 2})).await;
    let kept = alice.issued(json!({})).await;
    let lost = alice.issued(json!({})).await;
    let cluster = stage.world().cluster();
    let account = objects(cluster)
        .into_iter()
        .find(|account| account.name == text(&lost["id"]))
        .unwrap();
    assert!(cluster.delete_service_account(&account.namespace, &account.name));
    let answer = alice.download(&link(&lost)).await;
    assert_eq!(answer.status.as_u16(), 404, "{}", answer.text);
    until("it has expired", async || {
        objects(stage.world().cluster()).len() == 1
    })
    .await;
    // One that the store knows of no more: as if another had been put back.
    stage.stop_server().await;
    let over = "UPDATE kubeconfig SET state = 'revoked' WHERE id = ?1 AND state = 'active'";
    let database = Connection::open(stage.database()).unwrap();
    assert_eq!(database.execute(over, [text(&kept["id"])]).unwrap(), 1);
    drop(database);
    stage.start_server().await.unwrap();
    until("it is swept", async || {
        objects(stage.world().cluster()).is_empty()
    })
    .await;
    let kinds: Vec<_> = stage
        .stop_and_read_audit()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    for kind in [Kind::ObjectMissing, Kind::Expired, Kind::Swept] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    stage.stop().await;
}

/// The rows of the page's table of events: the name, and where it is shown.
fn catalogue() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].trim_matches('`'), cells[2].trim_matches('`'))
    })
    .collect()
}

#[test]
fn the_page_lists_every_event_in_order_and_each_is_shown_where_it_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documented = catalogue();
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let names: Vec<&str> = documented.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
    for (name, file) in documented {
        let test = std::fs::read_to_string(root.join(file)).unwrap();
        let variant = format!("Kind::{:?}", Kind::parse(name).unwrap());
        let quoted = format!("\"{name}\"");
        assert!(
            test.contains(&variant) || test.contains(&quoted),
            "{name} is not in {file}"
        );
    }
}
