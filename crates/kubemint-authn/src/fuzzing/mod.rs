//! What must hold of any input at all, for the fuzz targets in `fuzz/`: each function panics where it does not.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::LazyLock;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::config::{IssuerConfig, validate};
use crate::keys::KeySet;
use crate::token::{MAX_TOKEN, algorithm, examine};

/// The present of the corpus, in seconds since 1970.
const NOW: i64 = 1_800_000_000;

/// Two issuers: one with what is usual, one with every algorithm and names of its own for claims.
static ISSUERS: LazyLock<Vec<IssuerConfig>> = LazyLock::new(|| {
    let all = ["ES256", "ES384", "RS256", "PS512", "EdDSA"];
    let raw = json!([
        {"url": "https://login.example.com", "audiences": ["kubemint"]},
        {"url": "https://other.example.com", "audiences": ["kubemint", "x"], "algorithms": all, "allow_missing_type": false,
         "claims": {"roles": "/a/b~1c", "tenant": "sub"}},
    ]);
    let raw: Vec<crate::RawIssuer> = serde_json::from_value(raw).expect("a configuration");
    validate(&raw, Path::new("")).expect("a sound configuration")
});

/// A key that no input was signed with.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("randomness");
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let encode = |octets| URL_SAFE_NO_PAD.encode(octets);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(x), "y": encode(y)});
    KeySet::read(json!({"keys": [jwk]}).to_string().as_bytes()).expect("a key set")
});

/// Values of `Authorization` headers, one a line: a token that is found is the end of the only one.
pub fn header(input: &[u8]) {
    let values: Vec<&[u8]> = input.split(|&octet| octet == b'\n').collect();
    if let Ok(token) = crate::parse_authorization(values.iter().copied()) {
        assert_eq!(values.len(), 1);
        assert!(!token.is_empty() && token.len() <= MAX_TOKEN && token.is_ascii());
        assert!(values[0].ends_with(token.as_bytes()) && values[0].len() > "bearer ".len());
        assert!(!token.contains(char::is_whitespace));
    }
}

/// A token as it comes. Returns whether its form and claims are right, which says nothing of its signature.
pub fn token(input: &[u8]) -> bool {
    let Ok(bearer) = std::str::from_utf8(input) else {
        return false;
    };
    let now = DateTime::from_timestamp(NOW, 0).expect("a time");
    let Ok(examined) = examine(bearer, &ISSUERS, now) else {
        return false;
    };
    assert!(bearer.len() <= MAX_TOKEN && bearer.matches('.').count() == 2);
    // A second reader, who is not strict, must read the same.
    let part = |index: usize| -> Value {
        let part = bearer.split('.').nth(index).expect("three parts");
        let text = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&text).expect("JSON")
    };
    let (header, claims) = (part(0), part(1));
    assert_eq!(
        header["alg"].as_str().and_then(algorithm),
        Some(examined.algorithm)
    );
    for name in [
        "crit", "jwk", "jku", "x5u", "x5c", "zip", "cty", "b64", "enc",
    ] {
        assert!(header.get(name).is_none(), "{name}");
    }
    assert_eq!(claims["iss"], ISSUERS[examined.issuer].url());
    let (iat, exp) = (claims["iat"].as_f64(), claims["exp"].as_f64());
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let now = NOW as f64;
    assert!(exp.is_some_and(|exp| exp > now - 61.0) && iat.is_some_and(|iat| iat < now + 61.0));
    let subject = claims["sub"].as_str().expect("a subject");
    assert!(
        !subject.is_empty()
            && !subject.starts_with("system:")
            && !subject.contains(char::is_control)
    );
    if let Ok(key) = KEYS.select(examined.kid.as_deref(), examined.algorithm) {
        assert!(!examined.is_proved_by(key), "a signature out of nothing");
    }
    true
}

/// A token by its parts, one a line, as they are inside of their encoding. Returns what [`token`] does.
pub fn parts(input: &[u8]) -> bool {
    let parts: Vec<String> = input
        .splitn(3, |&octet| octet == b'\n')
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .collect();
    token(parts.join(".").as_bytes())
}

/// A published key set. Returns whether it says anything.
pub fn key_set(input: &[u8]) -> bool {
    const ALGORITHMS: [Algorithm; 9] = [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::EdDSA,
    ];
    let Ok(set) = KeySet::read(input) else {
        return false;
    };
    assert!(set.len() <= 64 && set.kids().len() == set.len());
    let kids = set.kids();
    for kid in kids.iter().map(|kid| Some(*kid)).chain([None]) {
        for algorithm in ALGORITHMS {
            if let Ok(key) = set.select(kid, algorithm) {
                assert!(kid.is_none() || key.kid.as_deref() == kid);
                assert!(key.algorithms.contains(&algorithm));
            }
        }
    }
    true
}
