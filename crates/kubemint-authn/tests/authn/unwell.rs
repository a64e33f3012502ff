//! Issuers that are down, slow or lying, and what they publish by mistake.

use std::time::{Duration, Instant};

use kubemint_authn::{AuthnError, Reason};
use kubemint_sandbox::{IssuerFailure, Pki};
use serde_json::{Value, json};

use super::*;

/// Every way to fail, and what is said of it.
fn failures(elsewhere: &Issuer) -> Vec<(IssuerFailure, &'static str)> {
    vec![
        (IssuerFailure::Down, "status 503"),
        (IssuerFailure::Garbage, "not an unambiguous JSON object"),
        (IssuerFailure::Hang, "in time"),
        (
            IssuerFailure::Redirect(format!("{}/jwks", elsewhere.url())),
            "redirects elsewhere",
        ),
        (
            IssuerFailure::Redirect("http://127.0.0.1:1/jwks".to_owned()),
            "redirects elsewhere",
        ),
        (
            IssuerFailure::Redirect("/jwks".to_owned()),
            "redirects elsewhere",
        ),
        (
            IssuerFailure::Oversized(1 << 30),
            "larger than 262144 octets",
        ),
        (
            IssuerFailure::Impostor(elsewhere.url().to_owned()),
            "another issuer's",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_fails_in_any_way_does_not_stop_known_keys() {
    let (issuer, elsewhere) = (an_issuer().await, an_issuer().await);
    let timing = Timing {
        fetch: Duration::from_secs(1),
        ..restless()
    };
    let authn = authn(&[&issuer], timing);
    eventually("the first fetch", || health(&authn).ok).await;
    let known = token(&issuer);
    for (failure, words) in failures(&elsewhere) {
        issuer.set_failure(failure.clone());
        let failing = || {
            health(&authn)
                .reason
                .is_some_and(|reason| reason.contains(words))
        };
        eventually(&format!("{failure:?} is noticed"), failing).await;
        // The best of some, since the machine may have other things to do.
        let mut times = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            authn.authenticate(&known).await.unwrap();
            times.push(start.elapsed());
        }
        let quick = times.iter().any(|time| *time < Duration::from_millis(800));
        assert!(quick, "{failure:?} slows a known key: {times:?}");
        let sick = health(&authn);
        assert!(!sick.ok && sick.keys == 1 && sick.age.is_some(), "{sick:?}");
        issuer.set_failure(None);
        eventually(&format!("{failure:?} is over"), || health(&authn).ok).await;
    }
    let asked = elsewhere.requests();
    assert_eq!(
        (asked.discovery, asked.jwks, asked.other),
        (0, 0, 0),
        "no redirect was followed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_was_never_reached_is_unavailable_until_it_is() {
    let (issuer, elsewhere) = (an_issuer().await, an_issuer().await);
    for (failure, words) in failures(&elsewhere) {
        issuer.set_failure(failure.clone());
        let authn = authn(
            &[&issuer],
            Timing {
                fetch: Duration::from_secs(1),
                ..brisk()
            },
        );
        let warm = authn.warm_up().await;
        assert!(
            !warm[0].ok && warm[0].age.is_none() && warm[0].keys == 0,
            "{warm:?}"
        );
        eventually(&format!("{failure:?} is noticed"), || {
            health(&authn)
                .reason
                .is_some_and(|reason| reason.contains(words))
        })
        .await;
        let judged = authn.authenticate(&token(&issuer)).await;
        assert!(unavailable(&judged), "{failure:?}: {judged:?}");
        assert_eq!(
            authn.authenticate("rubbish").await,
            Err(AuthnError::Refused(Reason::NotCompact))
        );
        issuer.set_failure(None);
        eventually(&format!("{failure:?} is over"), || health(&authn).ok).await;
        authn.authenticate(&token(&issuer)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_issuer_s_failure_is_no_other_s() {
    let (well, sick) = (an_issuer().await, an_issuer().await);
    sick.set_failure(IssuerFailure::Hang);
    let timing = Timing {
        fetch: Duration::from_secs(3600),
        ..brisk()
    };
    let authn = authn(&[&sick, &well], timing);
    let bearer = token(&well);
    let judged = tokio::time::timeout(PATIENCE, authn.authenticate(&bearer)).await;
    judged.expect("no wait for the other one").unwrap();
    let health = authn.health();
    let states: Vec<bool> = health.into_iter().map(|issuer| issuer.ok).collect();
    assert_eq!(states, [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_certificate_that_is_not_trusted_is_not_believed() {
    let (issuer, other) = (an_issuer().await, Pki::new("other").unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.pem"), other.ca_pem()).unwrap();
    let text = format!(
        "url = '{}'\naudiences = ['kubemint']\nca_file = 'other.pem'",
        issuer.url()
    );
    let raw: RawIssuer = toml::from_str(&text).unwrap();
    let issuers = validate(&[raw], folder.path()).unwrap();
    let (log, told) = recorder();
    let authn = Authn::with_timing(issuers, Arc::new(SystemClock), log, brisk()).unwrap();
    let warm = authn.warm_up().await;
    assert_eq!(
        warm[0].reason.as_deref(),
        Some("the issuer cannot be reached")
    );
    let detail = warm[0].detail.as_deref().unwrap_or_default();
    assert!(detail.contains("certificate"), "{detail}");
    assert!(unavailable(&authn.authenticate(&token(&issuer)).await));
    let told = told.lock().unwrap();
    assert!(
        told.contains("certificate"),
        "the log has the cause: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_refreshed_for_too_long_are_not_used() {
    let issuer = an_issuer().await;
    let authn = authn(
        &[&issuer],
        Timing {
            stale: Duration::from_secs(2),
            ..restless()
        },
    );
    authn.warm_up().await;
    let token = token(&issuer);
    issuer.set_failure(IssuerFailure::Down);
    authn.authenticate(&token).await.unwrap();
    eventually("the keys are too old", || health(&authn).keys == 0).await;
    assert!(unavailable(&authn.authenticate(&token).await));
    let sick = health(&authn);
    assert!(
        sick.reason
            .as_deref()
            .is_some_and(|reason| reason.contains("too old")),
        "{sick:?}"
    );
    issuer.set_failure(None);
    eventually("it is over", || health(&authn).ok).await;
    authn.authenticate(&token).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_and_malformed_keys_are_ignored_and_reported() {
    let issuer = an_issuer().await;
    let mut published = issuer.key_set();
    let keys = published["keys"].as_array_mut().unwrap();
    keys.insert(
        0,
        json!({"kty": "RSA", "kid": "weak", "n": "_".repeat(172), "e": "AQAB"}),
    );
    keys.insert(
        1,
        json!({"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"}),
    );
    keys.insert(2, json!("not a key"));
    issuer.set_key_set(published);
    let (log, told) = recorder();
    let authn =
        Authn::with_timing(trust(&[&issuer], ""), Arc::new(SystemClock), log, brisk()).unwrap();
    let warm = authn.warm_up().await;
    assert!(warm[0].ok, "{warm:?}");
    assert_eq!((warm[0].keys, warm[0].ignored_keys), (1, 3));
    authn.authenticate(&token(&issuer)).await.unwrap();
    let told = told.lock().unwrap();
    for words in ["kid=weak", "reason=weak", "kid=broken", "reason=malformed"] {
        assert!(told.contains(words), "{words} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_of_which_nothing_can_be_used_changes_nothing_and_an_empty_one_revokes_all() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], restless());
    authn.warm_up().await;
    let known = token(&issuer);
    issuer.set_key_set(json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}));
    let noticed = || {
        health(&authn)
            .reason
            .is_some_and(|reason| reason.contains("none of its keys"))
    };
    eventually("it is noticed", noticed).await;
    authn.authenticate(&known).await.unwrap();
    issuer.set_key_set(json!({"keys": []}));
    eventually("it is noticed", || health(&authn).keys == 0).await;
    assert_eq!(
        health(&authn).reason.as_deref(),
        Some("the key set is empty")
    );
    assert_eq!(
        authn.authenticate(&known).await,
        Err(AuthnError::Refused(Reason::UnknownKey))
    );
    issuer.set_key_set(None::<Value>);
    eventually("it is over", || health(&authn).ok).await;
    authn.authenticate(&known).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_may_be_as_large_as_the_bound_and_no_larger() {
    const MOST: usize = 256 * 1024;
    let issuer = an_issuer().await;
    let mut document = issuer.key_set();
    document["padding"] = json!("");
    let rest = document.to_string().len();
    for (size, fits) in [(MOST, true), (MOST + 1, false)] {
        document["padding"] = json!("x".repeat(size - rest));
        assert_eq!(document.to_string().len(), size);
        issuer.set_key_set(document.clone());
        let warm = authn(&[&issuer], brisk()).warm_up().await;
        assert_eq!(warm[0].ok, fits, "{size}: {:?}", warm[0].reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_is_told_when_it_changes_and_not_each_time_that_it_is_read() {
    let issuer = an_issuer().await;
    let (log, told) = recorder();
    let authn = Authn::with_timing(
        trust(&[&issuer], ""),
        Arc::new(SystemClock),
        log,
        restless(),
    )
    .unwrap();
    authn.warm_up().await;
    let times = || told.lock().unwrap().matches("the key set is known").count();
    let read = issuer.requests().jwks;
    eventually("it is read again", || issuer.requests().jwks > read + 3).await;
    assert_eq!(times(), 1);
    issuer.rotate(true).unwrap();
    eventually("the new one is told", || times() == 2).await;
    issuer.set_failure(IssuerFailure::Down);
    eventually("it cannot be read", || !health(&authn).ok).await;
    issuer.set_failure(None);
    eventually("the end of that is told", || times() == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_many_keys_that_a_lying_issuer_publishes_few_are_told_and_the_rest_is_counted() {
    let issuer = an_issuer().await;
    let mut published = issuer.key_set();
    let keys = published["keys"].as_array_mut().unwrap();
    keys.extend(std::iter::repeat_n(json!(0), 80_000));
    issuer.set_key_set(published);
    let (log, told) = recorder();
    let authn =
        Authn::with_timing(trust(&[&issuer], ""), Arc::new(SystemClock), log, brisk()).unwrap();
    let warm = authn.warm_up().await;
    assert_eq!((warm[0].keys, warm[0].ignored_keys), (1, 80_000));
    let told = told.lock().unwrap();
    assert_eq!(told.matches("a published key is ignored").count(), 16);
    assert_eq!(told.matches("more published keys are ignored").count(), 1);
    assert!(told.contains("79984") && told.contains("79937"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_once_and_again_when_it_is_another_one() {
    let issuer = an_issuer().await;
    let (log, told) = recorder();
    let authn = Authn::with_timing(
        trust(&[&issuer], ""),
        Arc::new(SystemClock),
        log,
        restless(),
    )
    .unwrap();
    authn.warm_up().await;
    let times = |words: &str| told.lock().unwrap().matches(words).count();
    for (failure, once) in [(IssuerFailure::Down, 1), (IssuerFailure::Garbage, 2)] {
        let before = times("the key set can still not be fetched");
        issuer.set_failure(failure);
        let again = || times("the key set can still not be fetched") > before + 1;
        eventually("it fails again and again", again).await;
        assert_eq!(times("the key set cannot be fetched"), once);
    }
}
