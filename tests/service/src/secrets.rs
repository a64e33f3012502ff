//! No credential stays anywhere: not in the store, the log, the metrics or the audit trail.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use harness::sandbox::{Effect, Fault, RequestKind};
use harness::{Setting, Stage, collection};
use serde_json::{Value, json};

use crate::acting::{Actor, claims, link, signature, text};

/// Everything that must be nowhere, each as bytes.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    /// A token: its signature as it is sent, and as the bytes that it is.
    pub(crate) fn token(&mut self, what: &str, token: &str) {
        let signature = signature(token);
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(&signature) {
            assert!(bytes.len() > 16, "{what}: {token}");
            self.0.push((format!("{what}, bytes"), bytes));
        }
        self.text(what, &signature);
    }

    pub(crate) fn text(&mut self, what: &str, text: &str) {
        assert!(text.len() > 16, "{what}: {text}");
        self.0.push((what.to_owned(), text.as_bytes().to_vec()));
    }

    /// A text, also as whoever passes it on may write it: in base64 (wherever in a longer text it begins), and with
    /// every character escaped as in a URL.
    pub(crate) fn in_any_writing(&mut self, what: &str, text: &str) {
        self.text(what, text);
        for shift in 0..3 {
            let shifted = [&b"abc"[..shift], text.as_bytes()].concat();
            // Without the ends, which depend on what is beside it.
            let (first, rest) = ((shift * 8).div_ceil(6), shifted.len() % 3);
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let whole = engine.encode(&shifted);
                let end = whole.len() - usize::from(rest != 0);
                self.text(&format!("{what}, in base64"), &whole[first..end]);
            }
        }
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.text(&format!("{what}, percent-encoded"), &escaped);
        self.text(&format!("{what}, percent-encoded"), &escaped.to_lowercase());
    }

    /// Looks for them in what the server tells, then stops it, and looks in all that it leaves. Returns its trail.
    pub(crate) async fn nowhere(&self, stage: &mut Stage) -> String {
        let metrics = stage.internal("/metrics").await.text;
        let ready = stage.internal("/readyz").await.text;
        self.in_none_of("metrics and readiness", (metrics + &ready).as_bytes());
        // While it runs, the newest is in the write-ahead log; afterwards, all is in the database.
        let running = store_files(&stage.database());
        let trail = format!("{:?}", stage.stop_and_read_audit().await);
        for (name, bytes) in running.iter().chain(&store_files(&stage.database())) {
            self.in_none_of(name, bytes);
        }
        self.in_none_of("the audit trail", trail.as_bytes());
        self.in_none_of("the log", stage.log().as_bytes());
        trail
    }

    pub(crate) fn in_none_of(&self, place: &str, bytes: &[u8]) {
        for (what, secret) in &self.0 {
            assert!(!holds(bytes, secret), "{what} is in {place}");
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The store's files: the database, its log, and whatever else lies beside it.
pub(crate) fn store_files(database: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (folder, stem) = (database.parent().unwrap(), name(database));
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| name(path).starts_with(&stem));
    ours.map(|path| (name(&path), std::fs::read(&path).unwrap()))
        .collect()
}

/// Uses the API in every way that has to do with a secret. Returns what the API told in errors, and a `jti` that is
/// no secret and must be found.
async fn use_it(stage: &Stage, secrets: &mut Secrets) -> (String, String) {
    let cluster = stage.world().cluster();
    let issuer = stage.world().issuer();
    secrets.text("the service's own token", &cluster.service_token());
    let mut told = String::new();
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    secrets.token("alice's bearer token", &alice.token);

    let issued = alice
        .issue_once("key", &json!({"user": "bob"}))
        .await
        .json();
    let link = link(&issued);
    let file = alice.delivered(&link).await;
    secrets.token("a credential", &file.token());
    let yaml: Value = serde_saphyr::from_str(&alice.download(&link).await.text).unwrap();
    secrets.token(
        "a credential as YAML",
        &text(&yaml["users"][0]["user"]["token"]),
    );
    let jti = text(&file.claims()["jti"]);

    // Tokens that are refused are secrets too: they may be good elsewhere.
    let refused = [
        issuer.mint(issuer.claims("alice").set("aud", "canary-elsewhere")),
        issuer.mint(issuer.claims("alice").times(1_000, 2_000)),
        issuer.mint(issuer.claims("alice").without("sub")),
        issuer.mint_with_header(
            &json!({"kid": "canary-of-a-key-id"}),
            issuer.claims("alice"),
        ),
        format!("{}AAAA", alice.token),
        format!("canary.of-a-token.{}", "canary-of-a-signature"),
        "canary-of-an-opaque-token".to_owned(),
    ];
    for (n, token) in refused.iter().enumerate() {
        secrets.token(&format!("refused token {n}"), token);
        let answer = Actor::bearing(stage, token.clone()).issue(json!({})).await;
        assert_eq!(answer.status.as_u16(), 401, "{n}: {}", answer.text);
        told += &answer.text;
    }
    let basic = stage.request(reqwest::Method::GET, &collection());
    let basic = basic.basic_auth("alice", Some("canary-of-a-password"));
    secrets.text(
        "a password",
        &URL_SAFE_NO_PAD.encode("alice:canary-of-a-password"),
    );
    let basic = Stage::read(basic).await;
    assert_eq!(basic.status.as_u16(), 401, "{}", basic.text);
    told += &basic.text;

    // What a cluster says when it fails: its own words, and tokens in the wrong place.
    let leak =
        json!({"status": {"token": "canary-of-a-cluster-token", "expirationTimestamp": "never"}});
    secrets.text("a failing cluster's token", "canary-of-a-cluster-token");
    secrets.text("a failing cluster's words", "canary-of-an-upstream-error");
    let words = |code| Effect::Refuse {
        code,
        message: Some("canary-of-an-upstream-error".to_owned()),
        retry_after: None,
    };
    for effect in [
        Effect::Answer(leak),
        words(403),
        words(500),
        Effect::GrantOff(9000),
        Effect::CutAfter,
    ] {
        cluster.inject(Fault::once(RequestKind::TOKEN_REQUEST, effect.clone()));
        let answer = alice.issue(json!({})).await;
        assert_eq!(answer.status.as_u16(), 503, "{}", answer.text);
        told += &answer.text;
        cluster.inject(Fault::once(RequestKind::TOKEN_REQUEST, effect));
        told += &alice.download(&link).await.text;
    }
    // A credential of ours used as a bearer token here.
    let misused = Actor::bearing(stage, file.token()).get(&link).await;
    assert_eq!(misused.status.as_u16(), 401, "{}", misused.text);
    told += &misused.text;
    assert_eq!(alice.revoke(&link).await.status.as_u16(), 204);
    (told, jti)
}

#[tokio::test]
async fn no_secret_is_found_in_store_log_metrics_audit_or_errors() {
    // The harness logs at every level, trace included, whatever the configuration says.
    let mut stage = Setting::default().start().await;
    let mut secrets = Secrets::default();
    let (told, jti) = use_it(&stage, &mut secrets).await;
    assert_eq!(
        stage.world().cluster().pending_faults(),
        [],
        "every fault was met"
    );
    secrets.in_none_of("an error's body", told.as_bytes());
    let metrics = stage.internal("/metrics").await.text;
    secrets.in_none_of("the metrics", metrics.as_bytes());
    secrets.in_none_of(
        "the readiness",
        stage.internal("/readyz").await.text.as_bytes(),
    );

    // While it runs, the newest is in the write-ahead log; afterwards, all is in the database.
    let running = store_files(&stage.database());
    let audit = format!("{:?}", stage.stop_and_read_audit().await);
    let stopped = store_files(&stage.database());
    for (name, bytes) in running.iter().chain(&stopped) {
        secrets.in_none_of(name, bytes);
    }
    secrets.in_none_of("the audit trail", audit.as_bytes());
    let log = stage.log();
    secrets.in_none_of("the log", log.as_bytes());

    // What is looked for would be found: what is no secret is.
    for level in [
        "\"level\":\"TRCE\"",
        "\"level\":\"DEBG\"",
        "\"level\":\"INFO\"",
        "\"level\":\"ERRO\"",
    ] {
        assert!(log.contains(level), "{level} is not in the log");
    }
    assert!(audit.contains(&jti));
    let names: Vec<&str> = running.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"kubemint.db-wal"), "{names:?}");
    for files in [&running, &stopped] {
        assert!(
            files.iter().any(|(_, bytes)| holds(bytes, jti.as_bytes())),
            "{names:?}"
        );
    }
    assert!(claims(&stage.token("x", &[]))["jti"].is_string());
    stage.stop().await;
}
