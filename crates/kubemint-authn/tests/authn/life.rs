//! The life of keys: fetched once, rotated, asked for by tokens, forgotten.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use kubemint_authn::{AuthnError, Reason};
use kubemint_sandbox::{IssuerFailure, IssuerOptions, Pki, SigningAlgorithm};
use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_trusted_issuer_names_its_caller() {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let options = IssuerOptions {
            algorithm,
            ..IssuerOptions::default()
        };
        let issuer = Issuer::start(&Pki::new("test").unwrap(), options)
            .await
            .unwrap();
        let authn = authn(&[&issuer], Timing::default());
        let warm = authn.warm_up().await;
        assert!(warm[0].ok, "{warm:?}");
        assert_eq!(
            (
                warm[0].keys,
                warm[0].ignored_keys,
                warm[0].fetches,
                warm[0].failures
            ),
            (1, 0, 1, 0)
        );
        assert_eq!(authn.alias(issuer.url()), Some(warm[0].alias.as_str()));

        let caller = authn.authenticate(&token(&issuer)).await.unwrap();
        assert_eq!(
            (caller.subject(), caller.principal.issuer.as_str()),
            ("alice", issuer.url())
        );
        assert_eq!(caller.roles, ["compute.admin"]);
        assert_eq!(
            (caller.scope.as_deref(), caller.scope_id.as_deref()),
            (Some("project"), Some("demo"))
        );
        let asked = issuer.requests();
        assert_eq!((asked.discovery, asked.jwks, asked.other), (1, 1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_come_before_the_keys_wait_for_one_fetch() {
    let issuer = an_issuer().await;
    let authn = Arc::new(authn(&[&issuer], brisk()));
    let token = token(&issuer);
    let callers = (0..100).map(|_| {
        let (authn, token) = (Arc::clone(&authn), token.clone());
        tokio::spawn(async move { authn.authenticate(&token).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap().unwrap().subject(), "alice");
    }
    assert_eq!(issuer.requests().jwks, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_without_a_failed_request() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    let first = token(&issuer);
    for _ in 0..3 {
        issuer.rotate(true).unwrap();
        let fresh = (0..20).map(|_| token(&issuer));
        for token in fresh.chain([first.clone()]) {
            authn.authenticate(&token).await.unwrap();
        }
    }
    assert_eq!(issuer.requests().jwks, 4, "one fetch for each rotation");
    assert_eq!(
        issuer.requests().discovery,
        1,
        "a token's fetch reads the key set alone"
    );

    // Once a key is withdrawn and that was seen, its tokens prove nothing.
    issuer.rotate(false).unwrap();
    let withdrawn = authn_refresh(&issuer).await;
    assert_eq!(
        withdrawn.authenticate(&first).await,
        Err(AuthnError::Refused(Reason::UnknownKey))
    );
    withdrawn.authenticate(&token(&issuer)).await.unwrap();
}

async fn authn_refresh(issuer: &Issuer) -> Authn {
    let authn = authn(&[issuer], restless());
    authn.warm_up().await;
    authn
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_refresh_brings_new_keys_and_drops_withdrawn_ones() {
    let issuer = an_issuer().await;
    let authn = authn_refresh(&issuer).await;
    let old = token(&issuer);
    authn.authenticate(&old).await.unwrap();
    issuer.rotate(false).unwrap();
    let before = health(&authn).fetches;
    eventually("two more fetches", || health(&authn).fetches >= before + 2).await;
    assert_eq!(
        authn.authenticate(&old).await,
        Err(AuthnError::Refused(Reason::UnknownKey))
    );
    authn.authenticate(&token(&issuer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_keys_causes_few_fetches() {
    let issuer = an_issuer().await;
    let timing = Timing {
        forced_interval: Duration::from_secs(3600),
        ..brisk()
    };
    let authn = Arc::new(authn(&[&issuer], timing));
    authn.warm_up().await;
    let flood = (0..300).map(|index| {
        let forged = issuer.mint_with_header(
            &json!({"kid": format!("made-up-{index}")}),
            issuer.claims("mallory"),
        );
        let authn = Arc::clone(&authn);
        tokio::spawn(async move { authn.authenticate(&forged).await })
    });
    for forged in flood.collect::<Vec<_>>() {
        assert_eq!(
            forged.await.unwrap(),
            Err(AuthnError::Refused(Reason::UnknownKey))
        );
    }
    let asked = issuer.requests().jwks;
    assert!(asked <= 4, "{asked} fetches");
    authn.authenticate(&token(&issuer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_keys_while_the_issuer_hangs_slows_no_known_key() {
    let issuer = an_issuer().await;
    // What is fetched is what tokens ask for.
    let timing = Timing {
        retry: (Duration::from_secs(3600), Duration::from_secs(3600)),
        ..brisk()
    };
    let authn = Arc::new(authn(&[&issuer], timing));
    authn.warm_up().await;
    let good = token(&issuer);
    issuer.set_failure(IssuerFailure::Hang);
    let flood: Vec<_> = (0..200)
        .map(|index| {
            let forged = issuer.mint_with_header(
                &json!({"kid": format!("made-up-{index}")}),
                issuer.claims("mallory"),
            );
            let authn = Arc::clone(&authn);
            tokio::spawn(async move { authn.authenticate(&forged).await })
        })
        .collect();
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        authn.authenticate(&good).await.unwrap();
        times.push(start.elapsed());
    }
    // Whoever waited for the issuer would wait for two seconds: most of them, and not one when the machine was busy.
    times.sort_unstable();
    assert!(times[50] < Duration::from_secs(1), "{times:?}");
    for forged in flood {
        let judged = tokio::time::timeout(PATIENCE, forged).await;
        let judged = judged.expect("two fetches of two seconds").unwrap();
        assert_eq!(judged, Err(AuthnError::Refused(Reason::UnknownKey)));
    }
    assert!(issuer.requests().jwks <= 10, "{:?}", issuer.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_asked_for_once_however_often_it_comes() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    let forged = issuer.mint_with_header(&json!({"kid": "gone"}), issuer.claims("alice"));
    for _ in 0..20 {
        assert_eq!(
            authn.authenticate(&forged).await,
            Err(AuthnError::Refused(Reason::UnknownKey))
        );
    }
    assert_eq!(issuer.requests().jwks, 2);
    issuer.rotate(true).unwrap();
    authn.authenticate(&token(&issuer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_issuer_is_believed_for_itself_alone() {
    let (one, two) = (an_issuer().await, an_issuer().await);
    let authn = authn(&[&one, &two], brisk());
    authn.warm_up().await;
    for issuer in [&one, &two] {
        assert_eq!(
            authn
                .authenticate(&token(issuer))
                .await
                .unwrap()
                .principal
                .issuer,
            issuer.url()
        );
    }
    // Signed by the second, in the first's name: with its own key identifier, and with the first's.
    let claims = || two.claims("alice").set("iss", one.url());
    let crossed = [
        two.mint(claims()),
        two.mint_with_header(&json!({"kid": one.kid()}), claims()),
    ];
    let refused = [
        authn.authenticate(&crossed[0]).await,
        authn.authenticate(&crossed[1]).await,
    ];
    assert_eq!(
        refused,
        [
            Err(AuthnError::Refused(Reason::UnknownKey)),
            Err(AuthnError::Refused(Reason::Signature))
        ]
    );
    let stranger = an_issuer().await;
    assert_eq!(
        authn.authenticate(&token(&stranger)).await,
        Err(AuthnError::Refused(Reason::Issuer))
    );
    assert_eq!(
        stranger.requests().jwks + stranger.requests().discovery,
        0,
        "an unknown issuer is never asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_token_makes_us_ask_anyone() {
    let (issuer, evil) = (an_issuer().await, an_issuer().await);
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    let url = format!("{}/jwks", evil.url());
    for header in [
        json!({"jku": url}),
        json!({"x5u": url}),
        json!({"kid": url}),
        json!({"jku": url, "kid": evil.kid()}),
    ] {
        let forged = evil.mint_with_header(&header, issuer.claims("alice"));
        assert!(authn.authenticate(&forged).await.is_err(), "{header}");
    }
    let asked = evil.requests();
    assert_eq!((asked.discovery, asked.jwks, asked.other), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_says_the_same_to_the_caller_and_no_token_is_logged() {
    let issuer = an_issuer().await;
    let (log, told) = recorder();
    let authn =
        Authn::with_timing(trust(&[&issuer], ""), Arc::new(SystemClock), log, brisk()).unwrap();
    authn.warm_up().await;
    let canary = "canary-4711";
    let claims = || issuer.claims(canary).set("jti", canary);
    let good = issuer.mint(claims());
    let (header, rest) = good.split_once('.').unwrap();
    let tokens = [
        good.clone(),
        issuer.mint(claims().times(0, 1)),
        issuer.mint(claims().set("aud", canary)),
        issuer.mint(claims().set("iss", canary)),
        issuer.mint_with_header(&json!({"kid": canary}), claims()),
        issuer.mint_with_header(&json!({"alg": canary}), claims()),
        format!("{header}.{rest}x"),
        canary.to_owned(),
    ];
    let mut said = HashSet::new();
    for token in &tokens {
        if let Err(error) = authn.authenticate(token).await {
            said.insert(error.to_string());
        }
    }
    assert_eq!(
        said,
        HashSet::from(["the bearer token is refused".to_owned()])
    );
    let told = told.lock().unwrap();
    assert_eq!(
        told.matches("a token is refused").count(),
        tokens.len() - 1,
        "{told}"
    );
    assert!(!told.contains(canary), "{told}");
    for part in tokens.iter().flat_map(|token| token.split('.')) {
        assert!(!told.contains(part), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_any_more_once_it_is_dropped() {
    let issuer = an_issuer().await;
    let authn = authn_refresh(&issuer).await;
    eventually("a few fetches", || issuer.requests().jwks >= 3).await;
    drop(authn);
    // What was under way may still come; then none does, where ten more would have.
    let mut seen = 0;
    for _ in 0..20 {
        let before = std::mem::replace(&mut seen, issuer.requests().jwks);
        if seen == before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("{seen} fetches, and no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_at_a_configured_place_needs_no_discovery() {
    let (issuer, keys) = (an_issuer().await, an_issuer().await);
    let settings = format!("jwks_url = '{}/jwks'", issuer.url());
    let log = Logger::root(slog::Discard, o!());
    let authn = Authn::new(
        trust(&[&issuer], &settings),
        Arc::new(SystemClock),
        log.clone(),
    )
    .unwrap();
    assert!(authn.warm_up().await[0].ok);
    authn.authenticate(&token(&issuer)).await.unwrap();
    assert_eq!(issuer.requests().discovery, 0);

    // One issuer's keys where another one's configuration says: the place decides, since the operator chose it.
    let settings = format!("jwks_url = '{}/jwks'", keys.url());
    let authn = Authn::new(trust(&[&keys], &settings), Arc::new(SystemClock), log).unwrap();
    authn.warm_up().await;
    assert_eq!(
        authn.authenticate(&token(&issuer)).await,
        Err(AuthnError::Refused(Reason::Issuer))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_has_moved_within_its_origin_is_followed_three_times() {
    let issuer = an_issuer().await;
    for (moves, found) in [(1, true), (3, true), (4, false)] {
        let place = format!("jwks_url = '{}/moved/{moves}/jwks'", issuer.url());
        let log = Logger::root(slog::Discard, o!());
        let clock = Arc::new(SystemClock);
        let authn = Authn::with_timing(trust(&[&issuer], &place), clock, log, brisk()).unwrap();
        let warm = authn.warm_up().await;
        assert_eq!(warm[0].ok, found, "{moves} moves: {warm:?}");
    }
}

#[tokio::test]
async fn an_issuer_speaks_only_for_the_scopes_that_it_is_kept_to() {
    let (one, two) = (an_issuer().await, an_issuer().await);
    let mut trusted = trust(&[&one], "speaks_for = ['project:ours', 'organization:all']");
    trusted.extend(trust(&[&two], ""));
    let may = |issuer: &IssuerConfig, id: &str| issuer.may_speak_for(Some("project"), Some(id));
    assert!(may(&trusted[0], "ours") && !may(&trusted[0], "theirs"));
    assert!(may(&trusted[1], "theirs"));
    let log = Logger::root(slog::Discard, o!());
    let authn = Authn::with_timing(trusted, Arc::new(SystemClock), log, brisk()).unwrap();
    let scoped = |issuer: &Issuer, scope: &str, id: &str| {
        let claims = issuer.claims("alice");
        issuer.mint(claims.set("scope", scope).set("scope_id", id))
    };
    for (scope, id) in [("project", "ours"), ("organization", "all")] {
        let caller = authn.authenticate(&scoped(&one, scope, id)).await.unwrap();
        assert_eq!(caller.scope_id.as_deref(), Some(id));
    }
    for (scope, id) in [("project", "theirs"), ("folder", "ours")] {
        let refused = authn.authenticate(&scoped(&one, scope, id)).await;
        let reason = kubemint_authn::Reason::Scope;
        assert_eq!(refused, Err(reason.into()), "{scope} {id}");
        assert!(authn.authenticate(&scoped(&two, scope, id)).await.is_ok());
    }
}
