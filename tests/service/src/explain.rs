//! `policy explain` says what the service would say.

use std::io::Write as _;
use std::process::{Command, Stdio};

use harness::{CLUSTER, PROJECT, REGION, Stage, binary};
use serde_json::{Value, json};

use crate::acting::{Actor, link};

/// Asks as alice with a role; the exit code, and all that was told.
fn explain(stage: &Stage, role: &str, arguments: &[&str]) -> (i32, String) {
    let claims = json!({
        "iss": stage.world().issuer().url(), "sub": "alice", "roles": [role], "scope": "project", "scope_id": PROJECT,
    });
    explain_to(stage, &claims, arguments)
}

/// Asks as whom the claims describe.
fn explain_to(stage: &Stage, claims: &Value, arguments: &[&str]) -> (i32, String) {
    explain_text(stage, &claims.to_string(), arguments)
}

/// Asks as whom the text describes.
fn explain_text(stage: &Stage, claims: &str, arguments: &[&str]) -> (i32, String) {
    let config = stage.folder().join("kubemint.toml");
    let cluster = format!("{REGION}/{PROJECT}/{CLUSTER}");
    let mut child = Command::new(binary())
        .args(["policy", "explain", "--as", "-", "--config"])
        .arg(config)
        .args(arguments)
        .args(["--cluster", &cluster])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(claims.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(told).unwrap(),
    )
}

#[tokio::test]
async fn an_issue_is_explained_as_it_is_answered() {
    let stage = Stage::start().await;
    let cases = [
        ("compute.viewer", vec![], json!({})),
        (
            "compute.viewer",
            vec!["--role", "editor"],
            json!({"role": "editor"}),
        ),
        (
            "compute.editor",
            vec!["--role", "editor"],
            json!({"role": "editor"}),
        ),
        (
            "compute.viewer",
            vec!["--user", "bob"],
            json!({"user": "bob"}),
        ),
        (
            "compute.viewer",
            vec!["--user", "alice"],
            json!({"user": "alice"}),
        ),
        (
            "compute.admin",
            vec!["--user", "bob"],
            json!({"user": "bob"}),
        ),
        (
            "compute.admin",
            vec!["--role", "owner"],
            json!({"role": "owner"}),
        ),
        (
            "compute.viewer",
            vec!["--ttl", "99999999"],
            json!({"ttl": 99_999_999}),
        ),
        ("compute.viewer", vec!["--ttl", "900"], json!({"ttl": 900})),
        ("storage.admin", vec![], json!({})),
    ];
    for (role, arguments, body) in cases {
        let answer = Actor::new(&stage, "alice", &[role])
            .issue(body.clone())
            .await;
        let arguments = [vec!["--action", "issue"], arguments].concat();
        let (code, told) = explain(&stage, role, &arguments);
        let expected = if answer.status.as_u16() == 201 { 0 } else { 3 };
        assert_eq!(code, expected, "{role} {body}: {}\n{told}", answer.text);
        let word = if code == 0 { "allowed" } else { "denied" };
        assert!(told.starts_with(word), "{told}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_an_issuer_may_not_speak_for_is_refused_as_it_is_answered() {
    let stage = Stage::start().await;
    let config = stage.folder().join("kubemint.toml");
    let (code, told) = explain(&stage, "compute.viewer", &["--action", "list"]);
    assert_eq!(code, 0, "{told}");
    let text = std::fs::read_to_string(&config).unwrap();
    let narrowed = text.replace(
        "[[issuers]]\n",
        "[[issuers]]\nspeaks_for = [\"project:another\"]\n",
    );
    std::fs::write(&config, narrowed).unwrap();
    let (code, told) = explain(&stage, "compute.viewer", &["--action", "list"]);
    assert_eq!(code, 3, "{told}");
    let refusal =
        format!("the service: the issuer's speaks_for does not have project:{PROJECT} (401)\n");
    assert!(told.contains(&refusal), "{told}");
    let url = stage.world().issuer().url().to_owned();
    std::fs::write(
        &config,
        text.replace(&format!("\"{url}\""), "\"https://another.example.com\""),
    )
    .unwrap();
    let (code, told) = explain(&stage, "compute.viewer", &["--action", "list"]);
    assert_eq!(code, 3, "{told}");
    let refusal = format!("the service: {url:?} is no issuer of the configuration (401)\n");
    assert!(told.contains(&refusal), "{told}");
    stage.stop().await;
}

#[tokio::test]
async fn a_download_is_explained_as_it_is_answered_and_what_is_assumed_is_said() {
    let stage = Stage::start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let own = link(&admin.issued(json!({"role": "editor"})).await);
    for (role, status, expected) in [
        ("compute.viewer", 403, 3),
        ("compute.editor", 200, 0),
        ("storage.admin", 404, 3),
    ] {
        let alice = Actor::new(&stage, "alice", &[role]);
        assert_eq!(alice.download(&own).await.status.as_u16(), status, "{role}");
        let arguments = [
            "--action",
            "download",
            "--relation",
            "creator",
            "--role",
            "editor",
        ];
        let (code, told) = explain(&stage, role, &arguments);
        assert_eq!(code, expected, "{role}\n{told}");
        assert!(told.contains("compute.kubeconfigs.download: "), "{told}");
        assert!(!told.contains("note: "), "{told}");
    }
    let (code, told) = explain(&stage, "compute.admin", &["--action", "download"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("note: no --relation"), "{told}");
    assert!(told.contains("note: no --role"), "{told}");
    stage.stop().await;
}

#[tokio::test]
async fn what_nobody_may_be_named_is_refused_as_it_is_answered_and_under_any_policy() {
    let stage = Stage::start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let config = stage.folder().join("kubemint.toml");
    let all = "permit (principal, action, resource);";
    std::fs::write(stage.folder().join("all.cedar"), all).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let own = format!("{text}\n[policy]\nfiles = [\"all.cedar\"]\n");
    for (user, reason, told) in [
        (
            "system:masters",
            "reserved_user",
            "user must not begin with",
        ),
        (
            "a\u{202e}b",
            "forbidden_character",
            "user must not have control",
        ),
        (
            "alice ",
            "forbidden_character",
            "user must not begin or end with a space: U+0020 is character 6",
        ),
    ] {
        let answer = admin.issue(json!({"user": user})).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text);
        assert!(answer.text.contains(reason), "{}", answer.text);
        for text in [&text, &own] {
            std::fs::write(&config, text).unwrap();
            let (code, said) = explain(
                &stage,
                "compute.admin",
                &["--action", "issue", "--user", user],
            );
            assert_eq!(code, 3, "{said}");
            assert!(said.contains(&format!("the service: {told}")), "{said}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn claims_are_found_where_the_issuers_configuration_says() {
    let stage = Stage::start().await;
    let config = stage.folder().join("kubemint.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let named = text.replace(
        "[[issuers]]\n",
        "[[issuers]]\nclaims = { roles = \"/realm_access/roles\", scope_id = \"tenancy\" }\n",
    );
    std::fs::write(&config, named).unwrap();
    let mut claims = json!({
        "iss": stage.world().issuer().url(), "sub": "alice", "scope": "project", "tenancy": PROJECT,
        "realm_access": {"roles": ["compute.viewer"]}, "roles": [], "scope_id": "another",
    });
    let list = ["--action", "list"];
    let (code, told) = explain_to(&stage, &claims, &list);
    assert_eq!(code, 0, "{told}");
    // A claim that the service takes from nobody.
    claims["tenancy"] = json!(7);
    let (code, told) = explain_to(&stage, &claims, &list);
    assert_eq!(code, 3, "{told}");
    assert!(
        told.contains("the service: the issuer's token is refused: claim (401)"),
        "{told}"
    );
    claims["tenancy"] = json!(PROJECT);
    // What no bearer may use, or is meant for someone else.
    for (name, value, reason) in [
        ("cnf", json!({}), "bound"),
        ("events", json!({}), "event"),
        ("aud", json!("elsewhere"), "audience"),
    ] {
        let mut odd = claims.clone();
        odd[name] = value;
        let (code, told) = explain_to(&stage, &odd, &list);
        assert_eq!(code, 3, "{told}");
        let refusal = format!("the service: the issuer's token is refused: {reason} (401)");
        assert!(told.contains(&refusal), "{told}");
    }
    // By the default names, whoever is not configured.
    claims["iss"] = json!("https://another.example.com");
    claims["roles"] = json!(["compute.viewer"]);
    claims["scope_id"] = json!(PROJECT);
    let (code, told) = explain_to(&stage, &claims, &list);
    assert_eq!(code, 3, "{told}");
    assert!(
        told.contains("\ncompute.kubeconfigs.list: allowed by "),
        "{told}"
    );
    assert!(told.contains("is no issuer of the configuration"), "{told}");
    stage.stop().await;
}

#[tokio::test]
async fn a_cluster_that_is_not_configured_is_refused_as_it_is_answered_and_policy_is_asked_all_the_same()
 {
    let stage = Stage::start().await;
    let config = stage.folder().join("kubemint.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let (here, gone) = (format!("id = \"{CLUSTER}\""), "id = \"another\"");
    assert!(text.contains(&here), "{text}");
    std::fs::write(&config, text.replace(&here, gone)).unwrap();
    let (code, told) = explain(&stage, "compute.viewer", &["--action", "list"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.starts_with("denied\n"), "{told}");
    assert!(
        told.contains("\ncompute.kubeconfigs.list: allowed by "),
        "{told}"
    );
    let refusal = format!("the service: {REGION}/{PROJECT}/{CLUSTER} is not configured (404)\n");
    assert!(told.contains(&refusal), "{told}");
    stage.stop().await;
}

#[tokio::test]
async fn claims_that_no_token_may_have_are_an_error_that_says_how_to_mend_them() {
    let stage = Stage::start().await;
    let list = ["--action", "list"];
    let token = stage.token("alice", &["compute.viewer"]);
    for (claims, expected) in [
        (r#"{"sub": "alice", "sub": "bob"}"#, "a member occurs twice"),
        (
            r#"{"sub": "alice", "o": {"a": 1, "\u0061": 1}}"#,
            "a member occurs twice",
        ),
        (token.as_str(), "a whole token; give its claims"),
        ("[]", "not the claims of a token, as a JSON object"),
    ] {
        let (code, told) = explain_text(&stage, claims, &list);
        assert_eq!(code, 1, "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains(&token), "{told}");
    }
    stage.stop().await;
}
