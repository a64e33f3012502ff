//! Asking the issuer whether a token is still active (RFC 7662): its word is taken, and without it nothing goes.

use std::time::{Duration, Instant};

use kubemint::caller::Caller;
use kubemint_authn::Reason;
use kubemint_sandbox::IssuerFailure;
use serde_json::json;

use super::*;

/// Authentication that asks this issuer, with further settings of the introspection in TOML; and the folder of the secret.
async fn asking(issuer: &Issuer, settings: &str) -> (Authn, tempfile::TempDir) {
    asking_at(issuer, settings, brisk()).await
}

async fn asking_at(issuer: &Issuer, settings: &str, timing: Timing) -> (Authn, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (id, secret) = issuer.introspection_client();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let settings = format!(
        "[introspection]\nurl = '{}'\nclient_id = '{id}'\nclient_secret_file = {file:?}\n{settings}",
        issuer.introspection_url()
    );
    let authn = Authn::with_timing(
        trust(&[issuer], &settings),
        Arc::new(SystemClock),
        Logger::root(slog::Discard, o!()),
        timing,
    );
    let authn = authn.unwrap();
    authn.warm_up().await;
    (authn, folder)
}

async fn judge(authn: &Authn, bearer: &str) -> Result<(), AuthnError> {
    let caller = authn.authenticate(bearer).await.unwrap();
    authn.confirm(bearer, &caller).await
}

fn unasked(result: &Result<(), AuthnError>) -> bool {
    matches!(result, Err(AuthnError::Unasked(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_its_issuer_has_ended_is_refused_though_its_signature_holds() {
    let issuer = an_issuer().await;
    let (authn, _folder) = asking(&issuer, "").await;
    let bearer = issuer.mint(issuer.claims("alice").set("jti", "one"));
    let other = issuer.mint(issuer.claims("alice").set("jti", "two"));
    assert_eq!(judge(&authn, &bearer).await, Ok(()));
    issuer.end_token("one");
    assert_eq!(judge(&authn, &bearer).await, Err(Reason::Inactive.into()));
    assert_eq!(judge(&authn, &other).await, Ok(()));
    assert_eq!(
        issuer.requests().introspection,
        3,
        "each was asked, none remembered"
    );
    assert!(health(&authn).ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_plain_yes_about_this_very_token_is_believed() {
    let issuer = an_issuer().await;
    let (authn, _folder) = asking(&issuer, "").await;
    let claims = issuer.claims("alice");
    let (iss, exp) = (
        claims.get("iss").unwrap().clone(),
        claims.get("exp").unwrap().clone(),
    );
    let bearer = issuer.mint(claims);
    let exp = exp.as_i64().unwrap();
    for active in [
        json!({"active": true}),
        json!({"active": true, "sub": "alice", "iss": iss, "exp": exp}),
        json!({"active": true, "scope": "x", "client_id": "c", "username": "someone"}),
        json!({"active": true, "token_type": "Bearer", "aud": ["kubemint", "x"], "nbf": exp - 86_400}),
        json!({"active": true, "token_type": "access_token", "aud": "kubemint"}),
        json!({"active": true, "iat": exp - 90_000, "nbf": exp - 90_001}),
    ] {
        issuer.set_introspection(active.clone());
        assert_eq!(judge(&authn, &bearer).await, Ok(()), "{active}");
    }
    for inactive in [
        json!({"active": false}),
        json!({"active": false, "sub": "alice", "exp": exp}),
    ] {
        issuer.set_introspection(inactive.clone());
        assert_eq!(
            judge(&authn, &bearer).await,
            Err(Reason::Inactive.into()),
            "{inactive}"
        );
    }
    for other in [
        json!({"active": true, "sub": "bob"}),
        json!({"active": true, "sub": "Alice"}),
        json!({"active": true, "sub": ["alice"]}),
        json!({"active": true, "sub": null}),
        json!({"active": true, "iss": "https://login.example.com"}),
        json!({"active": true, "iss": format!("{}/", issuer.url())}),
        json!({"active": true, "exp": exp + 1}),
        json!({"active": true, "exp": exp - 1}),
        json!({"active": true, "exp": exp.to_string()}),
        json!({"active": true, "iat": exp}),
        json!({"active": true, "jti": "another"}),
        json!({"active": true, "jti": 7}),
        json!({"active": true, "nbf": exp}),
        json!({"active": true, "nbf": "now"}),
    ] {
        issuer.set_introspection(other.clone());
        assert_eq!(
            judge(&authn, &bearer).await,
            Err(Reason::OtherToken.into()),
            "{other}"
        );
    }
    for (told, reason) in [
        (json!({"active": true, "cnf": {"jkt": "x"}}), Reason::Bound),
        (json!({"active": true, "token_type": "DPoP"}), Reason::Bound),
        (json!({"active": true, "token_type": null}), Reason::Bound),
        (
            json!({"active": true, "aud": "elsewhere"}),
            Reason::Audience,
        ),
        (json!({"active": true, "aud": []}), Reason::Audience),
    ] {
        issuer.set_introspection(told.clone());
        assert_eq!(judge(&authn, &bearer).await, Err(reason.into()), "{told}");
    }
    for garbled in [
        json!({}),
        json!([true]),
        json!(true),
        json!({"active": "true"}),
        json!({"active": 1}),
        json!({"active": null}),
        json!({"error": "server_error"}),
    ] {
        issuer.set_introspection(garbled.clone());
        let judged = judge(&authn, &bearer).await;
        assert!(unasked(&judged), "{garbled}: {judged:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_nothing_goes_and_the_health_says_why() {
    let (issuer, elsewhere) = (an_issuer().await, an_issuer().await);
    let (authn, folder) = asking(&issuer, "timeout = '3s'\ncache = '0s'").await;
    let bearer = token(&issuer);
    for (failure, words) in [
        (IssuerFailure::Down, "status 503"),
        (IssuerFailure::Garbage, "not an unambiguous JSON object"),
        (IssuerFailure::Hang, "in time"),
        (
            IssuerFailure::Redirect(elsewhere.introspection_url()),
            "status 302",
        ),
        (
            IssuerFailure::Redirect("/introspect".to_owned()),
            "status 302",
        ),
        (
            IssuerFailure::Oversized(1 << 30),
            "larger than 65536 octets",
        ),
    ] {
        issuer.set_introspection_failure(failure.clone());
        let judged = tokio::time::timeout(PATIENCE, judge(&authn, &bearer)).await;
        let judged = judged.expect("an answer in time");
        assert!(unasked(&judged), "{failure:?}: {judged:?}");
        let sick = health(&authn);
        let reason = sick.reason.clone().unwrap_or_default();
        assert!(!sick.ok && reason.contains(words), "{failure:?}: {sick:?}");
        assert!(
            reason.starts_with("no token can be introspected: "),
            "{reason}"
        );
        issuer.set_introspection_failure(None);
        assert_eq!(judge(&authn, &bearer).await, Ok(()), "after {failure:?}");
        assert!(health(&authn).ok, "after {failure:?}");
    }
    assert_eq!(
        elsewhere.requests().introspection,
        0,
        "no redirect was followed"
    );

    // The secret is read for each question: a bad one is told, a good one in its place will do.
    let file = folder.path().join("secret");
    let good = std::fs::read_to_string(&file).unwrap();
    for (bad, words) in [
        (Some("wrong"), "status 401"),
        (Some(""), "is empty"),
        (Some("two\nlines"), "one line"),
        (None, "cannot be read"),
    ] {
        match bad {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        assert!(unasked(&judge(&authn, &bearer).await), "{bad:?}");
        let reason = health(&authn).reason.unwrap();
        assert!(
            reason.contains(words) && !reason.contains("two"),
            "{bad:?}: {reason}"
        );
    }
    std::fs::write(&file, good).unwrap();
    assert_eq!(judge(&authn, &bearer).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_ask_an_issuer_that_hangs_a_few_wait_and_the_others_are_told_at_once() {
    let issuer = an_issuer().await;
    let timing = Timing {
        waiting: 2,
        ..brisk()
    };
    let (authn, _folder) = asking_at(&issuer, "timeout = '4s'\ncache = '0s'", timing).await;
    let authn = Arc::new(authn);
    let bearer = token(&issuer);
    let crowd = |count: u64| -> Vec<_> {
        let judged = (0..count).map(|_| {
            let (authn, bearer) = (Arc::clone(&authn), bearer.clone());
            tokio::spawn(async move { judge(&authn, &bearer).await })
        });
        judged.collect()
    };
    let asked = || issuer.requests().introspection;
    // While it answers, as many as come are asked for.
    for judged in crowd(20) {
        assert_eq!(judged.await.unwrap(), Ok(()));
    }
    assert_eq!(asked(), 20);
    issuer.set_introspection_failure(IssuerFailure::Hang);
    assert!(unasked(&judge(&authn, &bearer).await));
    let waiting = crowd(2);
    eventually("two are asked for", || asked() == 23).await;
    for judged in crowd(20) {
        assert!(unasked(&judged.await.unwrap()));
    }
    // They may have come when the two had their answer; but not by tens.
    assert!(asked() < 30, "{}", asked());
    for judged in waiting {
        assert!(unasked(&judged.await.unwrap()));
    }
    issuer.set_introspection_failure(None);
    for judged in crowd(2) {
        assert_eq!(judged.await.unwrap(), Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_may_be_believed_for_a_moment_and_a_no_never_is() {
    let issuer = an_issuer().await;
    let (authn, _folder) = asking(&issuer, "cache = '1s'").await;
    let bearer = issuer.mint(issuer.claims("alice").set("jti", "one"));
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(judge(&authn, &bearer).await, Ok(()));
    }
    let asked = issuer.requests().introspection;
    assert!(
        asked <= 1 + start.elapsed().as_secs(),
        "asked {asked} times"
    );
    // What is remembered is this token, not this caller.
    let other = issuer.mint(issuer.claims("alice").set("jti", "two"));
    assert_eq!(judge(&authn, &other).await, Ok(()));
    assert_eq!(issuer.requests().introspection, asked + 1);
    issuer.end_token("one");
    let ended = Instant::now();
    while judge(&authn, &bearer).await == Ok(()) {
        assert!(ended.elapsed() < PATIENCE, "it is believed for too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = issuer.requests().introspection;
    for _ in 0..3 {
        assert_eq!(judge(&authn, &bearer).await, Err(Reason::Inactive.into()));
    }
    assert_eq!(issuer.requests().introspection, asked + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_not_configured_to_be_asked_is_not_and_neither_is_one_for_another() {
    let (asked, plain) = (an_issuer().await, an_issuer().await);
    let (authn, _folder) = asking(&asked, "").await;
    let unknown = Caller::new(plain.url(), "alice");
    assert_eq!(
        authn.confirm(&token(&plain), &unknown).await,
        Err(Reason::Issuer.into())
    );
    let mallory = authn.authenticate(&token(&asked)).await.unwrap();
    let of_bob = asked.mint(asked.claims("bob"));
    assert_eq!(
        authn.confirm(&of_bob, &mallory).await,
        Err(Reason::OtherToken.into())
    );
    assert_eq!(asked.requests().introspection, 0);

    let authn = super::authn(&[&plain], brisk());
    assert_eq!(judge(&authn, &token(&plain)).await, Ok(()));
    assert_eq!(plain.requests().introspection, 0);
}

#[test]
fn an_introspection_that_cannot_work_is_refused_by_its_key_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "sesame\n").unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let check = |url: &str, id: &str, file: &str, more: &str| {
        let text = format!(
            "url = 'https://login.example.com'\naudiences = ['kubemint']\n[introspection]\nurl = '{url}'\n\
             client_id = '{id}'\nclient_secret_file = '{file}'\n{more}"
        );
        validate(&[toml::from_str(&text).unwrap()], folder.path())
    };
    let url = "https://login.example.com/introspect";
    assert!(check(url, "kubemint", "secret", "").is_ok());
    assert!(check(url, "kubemint", "secret", "timeout = '10s'\ncache = '5s'").is_ok());
    for (url, id, file, more, path) in [
        ("http://login.example.com/x", "k", "secret", "", "url: "),
        (url, "", "secret", "", "client_id: "),
        (url, "k", "absent", "", "client_secret_file: "),
        (url, "k", "empty", "", "client_secret_file: "),
        (url, "k", "secret", "timeout = '11s'", "timeout: "),
        (url, "k", "secret", "timeout = '0s'", "timeout: "),
        (url, "k", "secret", "cache = '6s'", "cache: "),
    ] {
        let error = check(url, id, file, more).unwrap_err().to_string();
        let path = format!("issuers[0].introspection.{path}");
        assert!(
            error.starts_with(&path) && !error.contains("sesame"),
            "{error}"
        );
    }
}

#[test]
fn names_and_secrets_are_as_long_as_was_agreed_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let check = |id: &str, secret: &str| {
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        let text = format!(
            "url = 'https://login.example.com'\naudiences = ['kubemint']\n[introspection]\n\
             url = 'https://login.example.com/introspect'\nclient_id = \"{id}\"\nclient_secret_file = 'secret'\n"
        );
        validate(&[toml::from_str(&text).unwrap()], folder.path()).is_ok()
    };
    // 1024 octets of a name, and 4096 of a file.
    assert!(check(&"i".repeat(1024), "s") && !check(&"i".repeat(1025), "s"));
    assert!(!check("a\\tb", "s"));
    assert!(check("i", &"s".repeat(4096)) && !check("i", &"s".repeat(4097)));
    assert!(check("i", "s\r\n") && !check("i", "s\n\n") && !check("i", "a\tb"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_as_large_as_the_bound_and_no_larger() {
    const MOST: usize = 64 * 1024;
    let issuer = an_issuer().await;
    let (authn, _folder) = asking(&issuer, "").await;
    let bearer = token(&issuer);
    let rest = json!({"active": true, "padding": ""}).to_string().len();
    for (size, fits) in [(MOST, true), (MOST + 1, false)] {
        let answer = json!({"active": true, "padding": "x".repeat(size - rest)});
        assert_eq!(answer.to_string().len(), size);
        issuer.set_introspection(answer);
        let judged = judge(&authn, &bearer).await;
        assert_eq!(judged.is_ok(), fits, "{size}: {judged:?}");
        assert_eq!(unasked(&judged), !fits, "{size}: {judged:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_the_issuer_cannot_be_asked_is_logged_once_with_its_cause() {
    let (issuer, stranger) = (an_issuer().await, an_issuer().await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "sesame").unwrap();
    // The stranger's certificate is not vouched for by the issuer's CA.
    let settings = format!(
        "[introspection]\nurl = '{}'\nclient_id = 'kubemint'\nclient_secret_file = {:?}",
        stranger.introspection_url(),
        folder.path().join("secret")
    );
    let (log, told) = recorder();
    let trusted = trust(&[&issuer], &settings);
    let authn = Authn::with_timing(trusted, Arc::new(SystemClock), log, brisk()).unwrap();
    authn.warm_up().await;
    let bearer = token(&issuer);
    for _ in 0..3 {
        assert!(unasked(&judge(&authn, &bearer).await));
    }
    assert_eq!(
        health(&authn).reason.as_deref(),
        Some("no token can be introspected: it cannot be reached")
    );
    let told = told.lock().unwrap();
    let lines: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("no token can be introspected"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains("certificate"),
        "{told}"
    );
    assert!(
        !told.contains("sesame") && !told.contains(&bearer),
        "{told}"
    );
}
