//! No credential stays anywhere: not in the store, the log, the metrics or the audit trail.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use harness::sandbox::{Effect, Fault, IssuerFailure, RequestKind};
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
    told += &Stage::read(basic).await.text;

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
    told += &Actor::bearing(stage, file.token()).get(&link).await.text;
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

/// Sends a canary in each place of a request where it has no business, to every kind of end.
async fn misplaced(stage: &Stage, secrets: &mut Secrets) -> String {
    let alice = Actor::new(stage, "alice", &["compute.admin"]);
    let issued = alice.issued(json!({})).await;
    let link = link(&issued);
    let mut told = String::new();
    let mut send = async |request: reqwest::RequestBuilder| {
        let answer = Stage::read(request).await;
        told += &format!("{:?}", answer.headers);
        told += &answer.text;
        answer.status.as_u16()
    };
    let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);

    secrets.in_any_writing("a token in a query", "canary-of-a-token-in-a-query");
    for query in [
        "access_token=canary-of-a-token-in-a-query",
        "pageToken=canary-of-a-token-in-a-query",
        "pageSize=canary-of-a-token-in-a-query",
        "access_token=%63anary-of-a-token-in-a-query",
    ] {
        for path in [
            collection(),
            link.clone(),
            format!("{link}/file"),
            "/nowhere".to_owned(),
        ] {
            let target = format!("{path}?{query}");
            send(stage.request(get.clone(), &target)).await;
            send(
                stage
                    .request(get.clone(), &target)
                    .bearer_auth(&alice.token),
            )
            .await;
        }
    }

    secrets.in_any_writing("a token in a path", "CANARY-of-a-token-in-a-path");
    for path in [
        "/v1/CANARY-of-a-token-in-a-path".to_owned(),
        format!("{}/CANARY-of-a-token-in-a-path", collection()),
        format!("{link}/CANARY-of-a-token-in-a-path"),
        collection().replace("/regions/", "/regions/CANARY-of-a-token-in-a-path"),
    ] {
        send(stage.request(get.clone(), &path)).await;
        let request = stage.request(get.clone(), &path);
        send(request.bearer_auth(&alice.token)).await;
    }

    secrets.in_any_writing("a token as a role", "CANARY-of-a-token-as-a-role");
    let request = stage
        .request(post.clone(), &collection())
        .bearer_auth(&alice.token);
    let role = json!({"role": "CANARY-of-a-token-as-a-role"});
    assert_eq!(send(request.json(&role)).await, 403);

    secrets.in_any_writing("a header's garbage", "canary-of-an-authorization");
    for value in [
        "canary-of-an-authorization",
        "Bearer canary-of-an-authorization garbage",
        "Bearer  canary-of-an-authorization",
        "Basic canary-of-an-authorization",
        "Digest username=\"canary-of-an-authorization\"",
    ] {
        let request = stage.request(get.clone(), &collection());
        let status = send(request.header("authorization", value)).await;
        assert_eq!(status, 401, "{value}");
    }
    for header in [
        "cookie",
        "x-api-key",
        "proxy-authorization",
        "x-forwarded-for",
    ] {
        let request = stage
            .request(get.clone(), &collection())
            .bearer_auth(&alice.token);
        send(request.header(header, "canary-of-an-authorization")).await;
    }

    secrets.in_any_writing("a body's member", "canary-of-a-body-member");
    for body in [
        r#"{"token": "canary-of-a-body-member"}"#,
        r#"{"ttl": "canary-of-a-body-member"}"#,
        r#"{"user": ["canary-of-a-body-member"]}"#,
        r#"["canary-of-a-body-member"]"#,
        r#""canary-of-a-body-member"#,
        "canary-of-a-body-member",
    ] {
        let request = stage
            .request(post.clone(), &collection())
            .bearer_auth(&alice.token);
        let request = request.header("content-type", "application/json");
        assert_eq!(send(request.body(body)).await, 400, "{body}");
    }
    let request = stage
        .request(post.clone(), &collection())
        .bearer_auth(&alice.token);
    let other = request
        .header("content-type", "text/plain")
        .body("canary-of-a-body-member");
    assert_eq!(send(other).await, 415);

    secrets.in_any_writing("an idempotency key", "canary-of-an-idempotency-key");
    for body in [
        json!({}),
        json!({}),
        json!({"ttl": 1234}),
        json!({"ttl": "x"}),
    ] {
        let request = stage
            .request(post.clone(), &collection())
            .bearer_auth(&alice.token);
        let request = request.header("idempotency-key", "canary-of-an-idempotency-key");
        send(request.json(&body)).await;
    }
    told
}

/// What an issuer says, instead of its discovery document or its key set, with a canary in it; and what is said of it.
fn issuers_words() -> Vec<(Option<IssuerFailure>, Option<Value>, &'static str)> {
    const CANARY: &str = "canary-of-an-issuers-words";
    let elsewhere = format!("https://{CANARY}.example");
    let moved = IssuerFailure::Redirect(format!("{elsewhere}/"));
    let key = json!({"kty": "oct", "kid": "k", "k": CANARY, "alg": CANARY, "use": CANARY});
    vec![
        (Some(moved), None, "the issuer redirects elsewhere"),
        (
            Some(IssuerFailure::Impostor(elsewhere)),
            None,
            "the discovery document is another issuer's",
        ),
        (
            None,
            Some(json!(CANARY)),
            "it is not an unambiguous JSON object",
        ),
        (
            None,
            Some(json!({ "keys": CANARY, CANARY: 1 })),
            "it has no array of keys",
        ),
        (
            None,
            Some(json!({"keys": [key, CANARY]})),
            "none of its keys can be used",
        ),
    ]
}

/// Has the issuer say a canary in each of its failures, to a server that starts with nothing else to believe.
async fn issuer_fails(stage: &mut Stage, secrets: &mut Secrets) -> String {
    secrets.in_any_writing("an issuer's words", "canary-of-an-issuers-words");
    let mut told = String::new();
    for (failure, keys, said) in issuers_words() {
        let issuer = stage.world().issuer();
        issuer.set_failure(failure);
        issuer.set_key_set(keys);
        let token = issuer.mint(issuer.claims("alice"));
        stage.restart().await;
        let answer = Actor::bearing(stage, token).get(&collection()).await;
        assert_eq!(answer.status.as_u16(), 503, "{said}: {}", answer.text);
        let ready = stage.internal("/readyz").await.text;
        assert!(ready.contains(said), "the canary was met: {said}: {ready}");
        told += &format!("{}{ready}", answer.text);
    }
    let issuer = stage.world().issuer();
    issuer.set_failure(None);
    issuer.set_key_set(None);
    stage.restart().await;
    told
}

#[tokio::test]
async fn what_is_put_in_the_wrong_place_is_found_nowhere() {
    let mut stage = Setting::default().start().await;
    let mut secrets = Secrets::default();
    let mut told = misplaced(&stage, &mut secrets).await;
    told += &issuer_fails(&mut stage, &mut secrets).await;
    for entry in std::fs::read_dir(stage.folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with("-token") {
            let key = std::fs::read_to_string(&path).unwrap();
            secrets.token("a credential's file", key.trim());
        }
    }
    // Names of members and parameters that nobody knows are told to who sent them; no value is.
    secrets.in_none_of("an answer", told.as_bytes());
    let metrics = stage.internal("/metrics").await.text + &stage.internal("/readyz").await.text;
    secrets.in_none_of("metrics and readiness", metrics.as_bytes());
    let running = store_files(&stage.database());
    let trail = format!("{:?}", stage.stop_and_read_audit().await);
    let stopped = store_files(&stage.database());
    for (name, bytes) in running.iter().chain(&stopped) {
        secrets.in_none_of(name, bytes);
    }
    secrets.in_none_of("the audit trail", trail.as_bytes());
    let log = stage.log();
    secrets.in_none_of("the log", log.as_bytes());
    assert!(log.contains("\"uri\":\"/nowhere?…\""), "{log}");
    assert!(trail.contains("IssueRefused") && trail.contains("IssueReplayed"));
    stage.stop().await;
}
