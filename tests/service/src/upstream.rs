//! What an issuer says when it fails is found nowhere: not when it publishes, and not when it is asked.

use harness::sandbox::IssuerFailure;
use harness::{Setting, Stage, collection};
use serde_json::{Value, json};

use crate::acting::Actor;
use crate::introspection::asking;
use crate::secrets::Secrets;

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
async fn what_an_issuer_publishes_when_it_fails_is_found_nowhere() {
    let mut stage = Setting::default().start().await;
    let mut secrets = Secrets::default();
    let told = issuer_fails(&mut stage, &mut secrets).await;
    secrets.in_none_of("an answer", told.as_bytes());
    secrets.nowhere(&mut stage).await;
    stage.stop().await;
}

#[tokio::test]
async fn what_an_issuer_answers_when_it_is_asked_is_found_nowhere_and_neither_is_our_secret() {
    const CANARY: &str = "canary-of-an-introspection";
    let (mut stage, folder) = asking().await;
    let mut secrets = Secrets::default();
    secrets.in_any_writing("an issuer's answer", CANARY);
    secrets.in_any_writing("the client's secret", "canary-of-a-clients-secret");
    let issuer = stage.world().issuer();
    let token = issuer.mint(issuer.claims("alice").roles(&["compute.admin"]));
    secrets.token("the bearer token", &token);
    let alice = Actor::bearing(&stage, token);
    let mut told = String::new();
    let mut issue = async |status: u16| {
        let answer = alice.issue(json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        told += &answer.text;
        told += &stage.internal("/readyz").await.text;
    };
    for (answer, status) in [
        (json!({ "active": CANARY }), 503),
        (json!({"active": false, "error_description": CANARY}), 401),
        (json!({"active": true, "sub": CANARY}), 401),
        (json!({"active": true, "iss": CANARY, CANARY: 1}), 401),
        (json!([CANARY]), 503),
    ] {
        issuer.set_introspection(answer);
        issue(status).await;
    }
    issuer.set_introspection(None);
    let elsewhere = format!("https://{CANARY}.example/");
    issuer.set_introspection_failure(IssuerFailure::Redirect(elsewhere));
    issue(503).await;
    issuer.set_introspection_failure(None);
    // One that is refused, and one that cannot be sent.
    for secret in [
        "canary-of-a-clients-secret",
        "canary-of-a-clients-secret\n\n",
    ] {
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        issue(503).await;
    }
    assert_eq!(
        issuer.requests().introspection,
        7,
        "each was asked but the last"
    );
    secrets.in_none_of("an answer", told.as_bytes());
    secrets.nowhere(&mut stage).await;
    stage.stop().await;
}
