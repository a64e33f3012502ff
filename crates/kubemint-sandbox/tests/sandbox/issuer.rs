//! The issuer: its documents, its tokens, its rotations, and its failures.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kubemint_sandbox::{Issuer, IssuerFailure, IssuerOptions, Pki, SigningAlgorithm};
use serde_json::{Value, json};

use crate::support::{answer, client};

async fn issuer(options: IssuerOptions) -> Issuer {
    Issuer::start(&Pki::new("test").unwrap(), options)
        .await
        .unwrap()
}

async fn get(issuer: &Issuer, path: &str) -> crate::support::Answer {
    answer(client(issuer.ca_pem()).get(format!("{}{path}", issuer.url()))).await
}

/// What a verifier that shares no code with the issuer makes of a token.
async fn verify(issuer: &Issuer, token: &str, algorithm: Algorithm) -> Result<Value, String> {
    let keys: JwkSet = serde_json::from_value(get(issuer, "/jwks").await.good(200)).unwrap();
    let kid = jsonwebtoken::decode_header(token)
        .map_err(|error| error.to_string())?
        .kid
        .unwrap_or_default();
    let key = keys.find(&kid).ok_or("no such key")?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[&issuer.options().audience]);
    validation.set_issuer(&[issuer.url()]);
    let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
    let data = jsonwebtoken::decode::<Value>(token, &key, &validation)
        .map_err(|error| error.to_string())?;
    Ok(data.claims)
}

#[tokio::test]
async fn discovery_leads_to_the_keys_that_prove_a_token() {
    for (signing, algorithm) in [
        (SigningAlgorithm::Es256, Algorithm::ES256),
        (SigningAlgorithm::EdDsa, Algorithm::EdDSA),
    ] {
        let issuer = issuer(IssuerOptions {
            algorithm: signing,
            ..IssuerOptions::default()
        })
        .await;
        let document = get(&issuer, "/.well-known/openid-configuration")
            .await
            .good(200);
        assert_eq!(document["issuer"], issuer.url());
        assert_eq!(document["jwks_uri"], format!("{}/jwks", issuer.url()));
        assert_eq!(
            document["id_token_signing_alg_values_supported"],
            json!([signing.name()])
        );
        let token = issuer.mint(issuer.claims("alice"));
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(
            (header.typ.as_deref(), header.kid),
            (Some("at+jwt"), Some(issuer.kid()))
        );
        let said = verify(&issuer, &token, algorithm).await.unwrap();
        assert_eq!(said["sub"], "alice");
        assert_eq!(
            said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
            3600
        );
        assert_eq!(
            (
                &said["tenant_id"],
                &said["scope"],
                &said["scope_id"],
                &said["roles"],
                &said["principal_type"]
            ),
            (
                &json!("sandbox"),
                &json!("project"),
                &json!("demo"),
                &json!(["compute.admin"]),
                &json!("user")
            )
        );
        assert_ne!(
            said["jti"],
            issuer.claims("alice").get("jti").unwrap().clone()
        );
        let requests = issuer.requests();
        assert_eq!(
            (requests.discovery, requests.jwks, requests.other),
            (1, 1, 0)
        );
    }
}

#[tokio::test]
async fn a_rotation_keeps_or_drops_the_old_key() {
    let issuer = issuer(IssuerOptions::default()).await;
    let first = issuer.mint(issuer.claims("alice"));
    issuer.rotate(true).unwrap();
    let second = issuer.mint(issuer.claims("alice"));
    assert!(verify(&issuer, &first, Algorithm::ES256).await.is_ok());
    assert!(verify(&issuer, &second, Algorithm::ES256).await.is_ok());
    issuer.rotate(false).unwrap();
    assert_eq!(
        verify(&issuer, &first, Algorithm::ES256).await,
        Err("no such key".to_owned())
    );
    assert!(
        verify(
            &issuer,
            &issuer.mint(issuer.claims("alice")),
            Algorithm::ES256
        )
        .await
        .is_ok()
    );
}

#[tokio::test]
async fn claims_and_headers_bend_as_a_test_needs_them() {
    let issuer = issuer(IssuerOptions::default()).await;
    let expired = issuer.mint(issuer.claims("alice").times(1_000, 2_000));
    assert_eq!(
        verify(&issuer, &expired, Algorithm::ES256).await,
        Err("ExpiredSignature".to_owned())
    );
    let stranger = issuer.mint(
        issuer
            .claims("alice")
            .set("aud", "elsewhere")
            .without("scope"),
    );
    assert_eq!(
        verify(&issuer, &stranger, Algorithm::ES256).await,
        Err("InvalidAudience".to_owned())
    );
    let narrow = issuer
        .claims("alice")
        .roles(&["compute.viewer"])
        .project("other")
        .tenant("t2");
    let said = verify(&issuer, &issuer.mint(narrow), Algorithm::ES256)
        .await
        .unwrap();
    assert_eq!(
        (&said["roles"], &said["scope_id"], &said["tenant_id"]),
        (&json!(["compute.viewer"]), &json!("other"), &json!("t2"))
    );
    let odd = issuer.mint_with_header(
        &json!({"typ": null, "crit": ["exp"], "alg": "none"}),
        issuer.claims("alice"),
    );
    let header = odd.split('.').next().unwrap();
    let expected = json!({"alg": "none", "crit": ["exp"], "kid": issuer.kid()});
    assert_eq!(crate::support::claims(&format!(".{header}")), expected);
    let raw = issuer.mint_raw(b"{}", br#"{"sub":"a","sub":"b"}"#);
    assert!(raw.starts_with("e30."));
}

#[tokio::test]
async fn an_issuer_fails_in_every_way_it_is_told_and_recovers() {
    let issuer = issuer(IssuerOptions::default()).await;
    issuer.set_failure(IssuerFailure::Down);
    assert_eq!(get(&issuer, "/jwks").await.status, 503);
    issuer.set_failure(IssuerFailure::Garbage);
    let garbage = get(&issuer, "/jwks").await;
    assert!(garbage.status == 200 && serde_json::from_str::<Value>(&garbage.text).is_err());
    issuer.set_failure(IssuerFailure::Redirect(
        "http://elsewhere.example/".to_owned(),
    ));
    let redirect = get(&issuer, "/jwks").await;
    assert_eq!(
        (
            redirect.status,
            redirect.headers["location"].to_str().unwrap()
        ),
        (302, "http://elsewhere.example/")
    );
    issuer.set_failure(IssuerFailure::Oversized(3_000_001));
    assert_eq!(get(&issuer, "/jwks").await.text.len(), 3_000_001);
    issuer.set_failure(IssuerFailure::Impostor(
        "https://elsewhere.example".to_owned(),
    ));
    let document = get(&issuer, "/.well-known/openid-configuration")
        .await
        .good(200);
    assert_eq!(document["issuer"], "https://elsewhere.example");
    issuer.set_failure(IssuerFailure::Hang);
    let hanging = client(issuer.ca_pem())
        .get(format!("{}/jwks", issuer.url()))
        .timeout(Duration::from_millis(300));
    assert!(hanging.send().await.unwrap_err().is_timeout());
    issuer.set_failure(None);
    assert_eq!(get(&issuer, "/jwks").await.good(200), issuer.key_set());
    issuer.set_key_set(json!({"keys": [{"kty": "oct", "k": "AA"}]}));
    assert_eq!(
        get(&issuer, "/jwks").await.good(200)["keys"][0]["kty"],
        "oct"
    );
    issuer.set_key_set(None);
    assert_eq!(get(&issuer, "/jwks").await.good(200), issuer.key_set());
    assert_eq!(issuer.requests().jwks, 8);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let issuer = issuer(IssuerOptions::default()).await;
    assert_eq!(get(&issuer, "/").await.status, 404);
    assert_eq!(get(&issuer, "//jwks").await.status, 404);
    let posted = answer(
        client(issuer.ca_pem())
            .post(format!("{}/jwks", issuer.url()))
            .body("x".repeat(100_000)),
    )
    .await;
    assert_eq!(
        (posted.status, posted.headers["allow"].to_str().unwrap()),
        (405, "GET, HEAD")
    );
    assert_eq!(issuer.requests().other, 2);
}
