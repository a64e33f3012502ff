//! How often an issuer is asked for its keys, and for whom: not for what no newer set can mend, and less often while it fails.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kubemint_authn::{AuthnError, Reason};
use kubemint_sandbox::{IssuerFailure, SigningAlgorithm};
use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_key_is_known_and_does_not_fit_causes_one_fetch_however_often_it_comes() {
    let issuer = an_issuer().await;
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    for (fetches, algorithm) in [(2, "EdDSA"), (3, "RS256")] {
        let forged = issuer.mint_with_header(&json!({"alg": algorithm}), issuer.claims("mallory"));
        for _ in 0..5 {
            assert_eq!(
                authn.authenticate(&forged).await,
                Err(AuthnError::Refused(Reason::KeyMismatch))
            );
        }
        assert_eq!(issuer.requests().jwks, fetches, "{algorithm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_kind_that_takes_the_name_of_the_one_before_is_taken_without_a_failed_request()
 {
    let (issuer, next) = (an_issuer().await, {
        let options = IssuerOptions {
            algorithm: SigningAlgorithm::EdDsa,
            ..IssuerOptions::default()
        };
        Issuer::start(&Pki::new("next").unwrap(), options)
            .await
            .unwrap()
    });
    issuer.set_key_set(named(&issuer, Some("main")));
    let authn = authn(&[&issuer], brisk());
    authn.warm_up().await;
    issuer.set_key_set(named(&next, Some("main")));
    let claims = issuer.claims("alice");
    let fresh = next.mint_with_header(&json!({"kid": "main"}), claims);
    assert_eq!(authn.authenticate(&fresh).await.unwrap().subject(), "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_issuer_hangs_few_wait_for_it_and_the_others_are_refused_at_once() {
    let issuer = an_issuer().await;
    let timing = Timing {
        fetch: Duration::from_secs(3600),
        waiting: 3,
        ..brisk()
    };
    let authn = Arc::new(authn(&[&issuer], timing));
    authn.warm_up().await;
    let good = token(&issuer);
    issuer.set_failure(IssuerFailure::Hang);
    let forged = |n: u32| {
        let header = json!({"kid": format!("made-up-{n}")});
        issuer.mint_with_header(&header, issuer.claims("mallory"))
    };
    let (done, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let flood: Vec<_> = (0..50)
        .map(|n| {
            let (authn, forged, done) = (Arc::clone(&authn), forged(n), done.clone());
            tokio::spawn(async move { done.send(authn.authenticate(&forged).await) })
        })
        .collect();
    // One causes the fetch and three wait with it, far longer than this test takes.
    for _ in 0..50 - 4 {
        let refused = ends.recv().await.unwrap();
        assert_eq!(refused, Err(AuthnError::Refused(Reason::UnknownKey)));
    }
    authn.authenticate(&good).await.unwrap();
    assert!(ends.try_recv().is_err(), "the others wait");
    flood.iter().for_each(tokio::task::JoinHandle::abort);
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
async fn a_flood_of_unknown_keys_fails_no_token_of_a_key_that_was_published_meanwhile() {
    let issuer = an_issuer().await;
    let timing = Timing {
        forced_interval: Duration::from_secs(2),
        ..brisk()
    };
    let authn = authn(&[&issuer], timing);
    authn.warm_up().await;
    // All that may be fetched at once is used up.
    for n in 0..3 {
        let header = json!({"kid": format!("made-up-{n}")});
        let forged = issuer.mint_with_header(&header, issuer.claims("mallory"));
        let refused = Err(AuthnError::Refused(Reason::UnknownKey));
        assert_eq!(authn.authenticate(&forged).await, refused);
    }
    let before = issuer.requests().jwks;
    issuer.rotate(true).unwrap();
    authn.authenticate(&token(&issuer)).await.unwrap();
    assert_eq!(issuer.requests().jwks, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_whose_requests_take_every_place_to_wait_leaves_one_to_a_key_that_was_published_meanwhile()
 {
    let issuer = an_issuer().await;
    let timing = Timing {
        forced_interval: Duration::from_secs(2),
        waiting: 3,
        ..brisk()
    };
    let authn = Arc::new(authn(&[&issuer], timing));
    authn.warm_up().await;
    let [flooding, other] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    let forged = |n: u32| {
        let header = json!({"kid": format!("made-up-{n}")});
        issuer.mint_with_header(&header, issuer.claims("mallory"))
    };
    let refused = Err(AuthnError::Refused(Reason::UnknownKey));
    // All that may be fetched at once is used up, and then three wait.
    for n in 0..3 {
        assert_eq!(authn.authenticate_from(&forged(n), flooding).await, refused);
    }
    issuer.rotate(true).unwrap();
    let (done, mut ends) = tokio::sync::mpsc::unbounded_channel();
    for n in 3..23 {
        let (authn, forged, done) = (Arc::clone(&authn), forged(n), done.clone());
        tokio::spawn(async move { done.send(authn.authenticate_from(&forged, flooding).await) });
    }
    for _ in 0..20 - 3 {
        assert_eq!(ends.recv().await.unwrap(), refused);
    }
    let judged = authn.authenticate_from(&token(&issuer), other).await;
    assert_eq!(judged.unwrap().subject(), "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_cause_no_fetch_waits_for_none() {
    let issuer = an_issuer().await;
    // One that waited for a fetch that does not come would wait for as long as one may take.
    let timing = Timing {
        fetch: Duration::from_secs(3600),
        ..brisk()
    };
    let authn = authn(&[&issuer], timing);
    authn.warm_up().await;
    let forged = issuer.mint_with_header(&json!({"kid": "gone"}), issuer.claims("alice"));
    let unknown = Err(AuthnError::Refused(Reason::UnknownKey));
    assert_eq!(authn.authenticate(&forged).await, unknown);
    for _ in 0..20 {
        let judged = tokio::time::timeout(PATIENCE, authn.authenticate(&forged)).await;
        assert_eq!(judged.expect("no wait"), unknown);
    }
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

/// An issuer's key set in which no key has a name, or all have this one.
fn named(issuer: &Issuer, kid: Option<&str>) -> serde_json::Value {
    let mut set = issuer.key_set();
    for key in set["keys"].as_array_mut().unwrap() {
        match kid {
            Some(kid) => key["kid"] = json!(kid),
            None => drop(key.as_object_mut().unwrap().remove("kid")),
        }
    }
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_takes_the_name_of_the_one_before_or_has_none_is_taken_without_a_failed_request()
{
    let issuer = an_issuer().await;
    for kid in [None, Some("main")] {
        issuer.set_key_set(named(&issuer, kid));
        let authn = Arc::new(authn(&[&issuer], brisk()));
        authn.warm_up().await;
        let header = json!({ "kid": kid });
        let mint = || issuer.mint_with_header(&header, issuer.claims("alice"));
        let old = mint();
        authn.authenticate(&old).await.unwrap();
        let asked = issuer.requests().jwks;
        issuer.rotate(false).unwrap();
        issuer.set_key_set(named(&issuer, kid));
        let callers = (0..20).map(|_| {
            let (authn, token) = (Arc::clone(&authn), mint());
            tokio::spawn(async move { authn.authenticate(&token).await })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.unwrap().unwrap().subject(), "alice", "{kid:?}");
        }
        assert_eq!(issuer.requests().jwks, asked + 1, "{kid:?}");
        // What the old one signed is proved by nothing any more, and asking again would not help.
        for _ in 0..3 {
            assert_eq!(
                authn.authenticate(&old).await,
                Err(AuthnError::Refused(Reason::Signature))
            );
        }
        assert_eq!(issuer.requests().jwks, asked + 1, "{kid:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_signatures_causes_one_fetch_and_leaves_unknown_keys_their_own() {
    let issuer = an_issuer().await;
    let authn = Arc::new(authn(&[&issuer], brisk()));
    authn.warm_up().await;
    let good = token(&issuer);
    let (message, _) = good.rsplit_once('.').unwrap();
    let forged = |n: u32| {
        let mut signature = [0; 64];
        signature[..4].copy_from_slice(&n.to_be_bytes());
        format!("{message}.{}", encode(&signature))
    };
    // One before the others: that its fetch brought nothing is known when they come.
    let refused = Err(AuthnError::Refused(Reason::Signature));
    assert_eq!(authn.authenticate(&forged(0)).await, refused);
    let flood = (1..100).map(|n| {
        let (authn, forged) = (Arc::clone(&authn), forged(n));
        tokio::spawn(async move { authn.authenticate(&forged).await })
    });
    for forged in flood.collect::<Vec<_>>() {
        assert_eq!(forged.await.unwrap(), refused);
    }
    assert_eq!(issuer.requests().jwks, 2);
    issuer.rotate(true).unwrap();
    authn.authenticate(&token(&issuer)).await.unwrap();
    authn.authenticate(&good).await.unwrap();
    assert_eq!(issuer.requests().jwks, 3);
}

fn encode(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets)
}

/// A clock that goes on by a day each time that it is read.
struct Striding(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for Striding {
    fn now(&self) -> DateTime<Utc> {
        let mut next = self.0.lock().unwrap();
        let now = *next;
        *next += TimeDelta::days(1);
        now
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[tokio::test]
async fn a_token_whose_time_ends_while_its_key_is_waited_for_is_refused() {
    let issuer = an_issuer().await;
    let log = Logger::root(slog::Discard, o!());
    let clock = Arc::new(Striding(Mutex::new(Utc::now())));
    let authn = Authn::with_timing(trust(&[&issuer], ""), clock, log, brisk()).unwrap();
    let refused = authn.authenticate(&token(&issuer)).await;
    assert_eq!(refused, Err(AuthnError::Refused(Reason::Expired)));
}
