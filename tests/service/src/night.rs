//! What whoever is woken at night is told, and can do.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{CLUSTER, PROJECT, REGION, Setting, Stage, binary};
use serde_json::{Value, json};

use crate::acting::{Actor, sample, shipped, until};
use crate::cli::{example, run, told};

#[tokio::test]
async fn a_dead_cluster_is_shown_by_a_gauge_and_told_by_the_log_before_anybody_asks_for_it() {
    let fresh = Duration::from_millis(100);
    let setting = Setting::default().change(move |config| config.limits.health = fresh);
    let stage = setting.start().await;
    let name = format!("kubemint_cluster_up{{cluster=\"{REGION}/{PROJECT}/{CLUSTER}\"}}");
    let up = async |value: f64| sample(&stage, &name).await == Some(value);
    until("it is up", async || up(1.0).await).await;
    let cluster = stage.world().cluster();
    cluster.inject(Fault::always(RequestKind::ANY, Effect::CutBefore));
    until("it is down", async || up(0.0).await).await;
    // The line comes after the gauge.
    let told = async |line: &str| stage.log().contains(line);
    until("it is told", async || told("the cluster is unwell").await).await;
    cluster.clear_faults();
    until("it is up again", async || up(1.0).await).await;
    until("that is told", async || {
        told("the cluster is well again").await
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn a_role_that_is_refused_is_told_while_its_cluster_is_up() {
    let fresh = Duration::from_millis(100);
    let setting = Setting::default().change(move |config| config.limits.health = fresh);
    let stage = setting.start().await;
    let key = format!("{REGION}/{PROJECT}/{CLUSTER}");
    let value = async |name: &str| sample(&stage, &format!("{name}{{cluster=\"{key}\"}}")).await;
    let refused = async || value("kubemint_cluster_refused_operations").await;
    until("nothing is refused", async || refused().await == Some(0.0)).await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let cluster = stage.world().cluster();
    let refuse = Fault::once(RequestKind::CREATE_SERVICE_ACCOUNT, Effect::refuse(403));
    cluster.inject(refuse);
    assert!(alice.issue(json!({})).await.status.is_server_error());
    assert_eq!(refused().await, Some(1.0));
    let ready = stage.internal("/readyz").await.json();
    let told = ready["clusters"][&key].as_str().unwrap();
    assert!(
        told.starts_with("refused: create in kubemint-viewer"),
        "{told}"
    );
    until("it is logged", async || {
        stage
            .log()
            .contains("the cluster refuses what a role needs")
    })
    .await;
    until("it is up", async || {
        value("kubemint_cluster_up").await == Some(1.0)
    })
    .await;
    alice.issued(json!({})).await;
    assert_eq!(refused().await, Some(0.0));
    until("that is logged", async || {
        stage.log().contains("the cluster refuses nothing of late")
    })
    .await;
    assert!(!stage.log().contains("the cluster is unwell"));
    stage.stop().await;
}

#[tokio::test]
async fn what_alerts_look_at_is_there_where_nothing_ever_went_well() {
    let mut stage = Stage::start().await;
    stage.stop_server().await;
    let dead = Fault::always(RequestKind::ANY, Effect::CutBefore);
    stage.world().cluster().inject(dead);
    stage.start_server().await.unwrap();
    let cluster = format!("cluster=\"{REGION}/{PROJECT}/{CLUSTER}\"");
    let round = format!("kubemint_reconciler_last_round_timestamp_seconds{{{cluster}}}");
    until("it says when it began", async || {
        sample(&stage, &round).await.is_some()
    })
    .await;
    for outcome in ["lost", "suspicious", "unknown"] {
        let name = format!("kubemint_reconciled_total{{{cluster},outcome=\"{outcome}\"}}");
        assert_eq!(sample(&stage, &name).await, Some(0.0), "{name}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_mistake_in_a_cluster_makes_no_kubeconfig_of_it_one_that_nobody_can_revoke() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    alice.issued(json!({})).await;
    stage.stop_server().await;
    let config = stage.folder().join("kubemint.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let wrong = text.replace("credential = {", "default_ttl = 5\ncredential = {");
    assert_ne!(wrong, text);
    std::fs::write(&config, wrong).unwrap();
    let output = run(stage.folder(), &["doctor", "--config", "kubemint.toml"]);
    let said = told(&output);
    assert!(said.contains("default_ttl"), "{said}");
    assert!(!said.contains("which is not configured"), "{said}");
    assert!(
        said.contains("warn  records: 1 live kubeconfigs; whether their clusters and roles"),
        "{said}"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_what_an_issuer_says_of_itself_and_why_it_is_not_trusted() {
    let stage = Stage::start().await;
    let config = stage.folder().join("kubemint.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let url = stage.world().issuer().url().to_owned();
    let doctor = |changed: String| {
        assert_ne!(changed, text);
        std::fs::write(&config, changed).unwrap();
        told(&run(
            stage.folder(),
            &["doctor", "--config", "kubemint.toml"],
        ))
    };
    let said = doctor(text.replace(&url, &format!("{url}/")));
    let both = format!(
        "another issuer's: it says {url:?}, and url is {:?}: ",
        format!("{url}/")
    );
    assert!(said.contains(&both), "{said}");
    let other = format!("{CLUSTER}-ca.pem");
    let said = doctor(text.replace(
        "ca_file = \"issuer-ca.pem\"",
        &format!("ca_file = {other:?}"),
    ));
    assert!(said.contains("the issuer cannot be reached: "), "{said}");
    assert!(said.contains("invalid peer certificate"), "{said}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_server_begins_with_what_check_config_warns_of() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("{CLUSTER}-token");
    let made = shipped(folder.path(), &[]).await;
    let (sandbox, mut server, [_, internal]) = made;
    assert!(!server.log().contains("everyone on this machine may read"));
    server.terminate();
    assert!(server.ended(Duration::from_secs(10)).is_some());
    let file = folder.path().join(&token);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let config = sandbox.config_file().to_owned();
    let server = tokio::task::spawn_blocking(move || harness::Shipped::start(&config, internal));
    let server = server.await.unwrap().expect("a server");
    let lines = server.log();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let position = |part: &str| {
        let has = |line: &Value| line["msg"].as_str().is_some_and(|msg| msg.contains(part));
        lines.iter().rposition(has)
    };
    let warned = position("everyone on this machine may read").expect("a warning");
    assert_eq!(lines[warned]["level"], "WARN");
    assert_eq!(lines[warned]["part"], "configuration");
    assert!(Some(warned) < position("serving"));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_drain() {
    let folder = tempfile::tempdir().unwrap();
    let drain = [("[server]\n", "[server]\ndrain = \"10m\"\n")];
    let (sandbox, mut server, _) = shipped(folder.path(), &drain).await;
    server.terminate();
    until("it stops", async || server.log().contains("\"stopping\"")).await;
    let began = Instant::now();
    server.terminate();
    assert!(server.ended(Duration::from_secs(20)).is_some());
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(
        server
            .log()
            .contains("asked to stop again: the drain is over"),
        "{}",
        server.log()
    );
    assert!(server.log().contains("\"stopped\""), "in order");
    sandbox.stop().await;
}

#[test]
fn who_may_open_hardly_any_file_does_not_serve_and_is_told_how_many_it_takes() {
    let (folder, _) = example();
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 64; exec \"$0\" serve --config kubemint.toml",
        ])
        .arg(binary())
        .current_dir(folder.path())
        .output()
        .expect("a shell");
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: cannot serve: the open-file limit is 64,"),
        "{said}"
    );
    assert!(said.contains("LimitNOFILE=10368"), "{said}");
    assert!(
        !folder.path().join("kubemint.db").exists(),
        "nothing is begun"
    );
}

#[tokio::test]
async fn the_lines_of_a_request_have_the_fields_that_are_documented() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let answers = [alice.issue(json!({})).await, alice.get("/v1/nowhere").await];
    stage.stop_server().await;
    let page = include_str!("../../../METRICS.md");
    let lines = stage.log();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut lines: Vec<serde_json::Map<String, Value>> = lines.collect();
    lines.retain(|line| line["level"] != "TRCE");
    for answer in answers {
        let id = answer.headers["x-request-id"].to_str().unwrap();
        let own = lines
            .iter()
            .filter(|line| line.get("req_id") == Some(&json!(id)));
        let own: Vec<_> = own.collect();
        assert!(!own.is_empty(), "{id} is in no line that is ever shown");
        for line in own {
            for field in line.keys() {
                let told = format!("`{field}`");
                assert!(
                    page.contains(&told),
                    "{told} is not in METRICS.md: {line:?}"
                );
            }
            let level = line["level"].as_str().unwrap();
            assert!(page.contains(&format!("`{level}`")), "{level}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn policies_are_tried_before_a_configuration_names_them() {
    let stage = Stage::start().await;
    let write = |name: &str, text: &str| std::fs::write(stage.folder().join(name), text).unwrap();
    write("none.cedar", "forbid (principal, action, resource);");
    write("more.cedar", "permit (principal, action, resource);");
    write(
        "broken.cedar",
        "permit (principal, action, resource) when { principal.nothing };",
    );
    let claims = json!({"iss": stage.world().issuer().url(), "sub": "alice", "scope": "project", "scope_id": PROJECT,
        "roles": ["compute.admin"]});
    write("claims.json", &claims.to_string());
    let cluster = format!("{REGION}/{PROJECT}/{CLUSTER}");
    let ask = |policies: &[&str]| {
        let explain = [
            "policy",
            "explain",
            "--config",
            "kubemint.toml",
            "--as",
            "claims.json",
        ];
        let asked = ["--action", "list", "--cluster", &cluster];
        let output = run(
            stage.folder(),
            &[&explain[..], &asked[..], policies].concat(),
        );
        (output.status.code(), told(&output))
    };
    let check = |policies: &[&str]| {
        let check = ["policy", "check", "--config", "kubemint.toml"];
        let output = run(stage.folder(), &[&check[..], policies].concat());
        (output.status.code(), told(&output))
    };
    assert_eq!(ask(&[]).0, Some(0), "{}", ask(&[]).1);
    let (code, said) = ask(&["--policy", "none.cedar", "more.cedar"]);
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = check(&["--policy", "none.cedar", "--policy", "more.cedar"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("none.cedar, more.cedar: the policies are ok; hash "),
        "{said}"
    );
    let (code, said) = check(&["--policy", "broken.cedar"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("broken.cedar"), "{said}");
    // What is configured may be as it likes.
    let config = stage.folder().join("kubemint.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    write(
        "kubemint.toml",
        &format!("{text}\n[policy]\nfiles = [\"broken.cedar\"]\n"),
    );
    assert_eq!(check(&[]).0, Some(78));
    assert_eq!(check(&["--policy", "more.cedar"]).0, Some(0));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_file_left_to_connect_with_is_counted_and_told_a_few_times() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, server, [api, internal]) = shipped(folder.path(), &[]).await;
    let (api, metrics) = (
        format!("http://127.0.0.1:{api}/openapi.json"),
        format!("http://127.0.0.1:{internal}/metrics"),
    );
    // On a connection that is kept: another would find no file either.
    let client = reqwest::Client::new();
    let failed = async || {
        let text = Stage::read(client.get(&metrics)).await.text;
        let name = "kubemint_connections_refused_total{reason=\"not_accepted\"} ";
        let count = text.lines().find_map(|line| line.strip_prefix(name));
        count.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    assert_eq!(failed().await, 0);
    let before = server.limit_files(Some(3));
    let peer = std::net::TcpStream::connect(api.split('/').nth(2).unwrap()).unwrap();
    until("it has failed often", async || failed().await > 60).await;
    server.limit_files(before);
    drop(peer);
    let answer = Stage::read(reqwest::Client::new().get(&api)).await;
    assert_eq!(answer.status.as_u16(), 200);
    let told = "cannot accept a connection";
    until("it is told", async || server.log().contains(told)).await;
    let lines = server.log().matches(told).count();
    // Twenty in a minute, of which there may have been two.
    assert!((1..=41).contains(&lines), "{lines}");
    drop(server);
    sandbox.stop().await;
}
