//! How often an issuer is asked for its keys, and for whom: not for what no newer set can mend, and less often while it fails.

use std::time::{Duration, Instant};

use kubemint_authn::{AuthnError, Reason};
use kubemint_sandbox::IssuerFailure;
use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_key_is_known_and_does_not_fit_causes_no_fetch() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    for algorithm in ["EdDSA", "RS256"] {
        let forged = issuer.mint_with_header(&json!({"alg": algorithm}), issuer.claims("mallory"));
        assert_eq!(
            authn.authenticate(&forged).await,
            Err(AuthnError::Refused(Reason::KeyMismatch))
        );
    }
    assert_eq!(issuer.requests().jwks, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_failed_fetch_did_not_bring_is_asked_for_again() {
    let issuer = an_issuer().await;
    // It does not come back to the issuer by itself: what a token asks for is all that is asked.
    let timing = Timing {
        retry: (Duration::from_secs(600), Duration::from_secs(600)),
        ..brisk()
    };
    let authn = authn(&[&issuer], timing);
    authn.warm_up().await;
    issuer.rotate(true).unwrap();
    let fresh = token(&issuer);
    issuer.set_failure(IssuerFailure::Down);
    assert_eq!(
        authn.authenticate(&fresh).await,
        Err(AuthnError::Refused(Reason::UnknownKey))
    );
    issuer.set_failure(None);
    authn.authenticate(&fresh).await.unwrap();
    assert_eq!(issuer.requests().jwks, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_cause_no_fetch_waits_for_none() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    let forged = issuer.mint_with_header(&json!({"kid": "gone"}), issuer.claims("alice"));
    let unknown = Err(AuthnError::Refused(Reason::UnknownKey));
    assert_eq!(authn.authenticate(&forged).await, unknown);
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(authn.authenticate(&forged).await, unknown);
    }
    // One that waited for a fetch that does not come would wait for 2.5 s: 50 s for all of them.
    let waited = start.elapsed();
    assert!(waited < Duration::from_secs(20), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_fails_is_tried_less_and_less_often_and_each_failure_is_counted() {
    let issuer = an_issuer().await;
    issuer.set_failure(IssuerFailure::Down);
    let timing = Timing {
        retry: (Duration::from_millis(50), Duration::from_secs(600)),
        ..brisk()
    };
    let start = Instant::now();
    let authn = authn(&[&issuer], timing);
    // After 50, 100, 200, 400 ms and so on: the seventh try comes after 3.15 s at the soonest, whatever the machine does.
    eventually("the seventh try", || health(&authn).fetches >= 7).await;
    let passed = start.elapsed();
    assert!(passed >= Duration::from_millis(3100), "{passed:?}");
    let sick = health(&authn);
    assert_eq!(sick.failures, sick.fetches, "{sick:?}");
    assert_eq!(
        sick.reason.as_deref(),
        Some("the issuer answers with status 503")
    );
}
