//! Hostile tokens, class by class, against keys that are given: no issuer runs.

mod claims;
mod form;
mod signature;
mod wycheproof;

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::config::{RawIssuer, validate};
use crate::keys::KeySet;

/// The issuer of every good token.
pub(crate) const ISSUER: &str = "https://login.example.com";
/// The present, in seconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A private key of some kind.
pub(crate) enum Signer {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn es256() -> Self {
        Signer::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn es384() -> Self {
        Signer::Es384(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn eddsa() -> Self {
        Signer::EdDsa(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn sign(&self, message: &[u8], padding: &'static dyn RsaEncoding) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Signer::Es256(pair) | Signer::Es384(pair) => {
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Signer::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// The public half, with these members besides.
    pub(crate) fn jwk(&self, others: &Value) -> Value {
        let mut jwk = match self {
            Signer::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Signer::Es384(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-384", "x": encode(&point[1..49]), "y": encode(&point[49..])})
            }
            Signer::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
            Signer::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": encode(&parts.n), "e": encode(&parts.e)})
            }
        };
        overlay(&mut jwk, others);
        jwk
    }
}

pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Sets members; a null takes one away.
pub(crate) fn overlay(object: &mut Value, changes: &Value) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}

/// An issuer with one key, the configuration that trusts it, and what it publishes.
pub(crate) struct Stage {
    pub(crate) signer: Signer,
    pub(crate) issuers: Vec<IssuerConfig>,
    pub(crate) keys: KeySet,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With further settings of the issuer, in TOML.
    pub(crate) fn with(settings: &str) -> Self {
        let signer = Signer::es256();
        let keys = key_set(&[signer.jwk(&json!({"kid": "k1", "alg": "ES256", "use": "sig"}))]);
        let text =
            format!("url = '{ISSUER}'\naudiences = ['kubemint', 'kubemint-two']\n{settings}\n");
        let raw: RawIssuer = toml::from_str(&text).unwrap();
        Self {
            signer,
            issuers: validate(&[raw], Path::new("")).unwrap(),
            keys,
        }
    }

    /// A token of exactly these octets, signed by the issuer.
    pub(crate) fn mint_raw(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        sign(&self.signer, header.as_ref(), claims.as_ref())
    }

    /// A good token, but for these header members and claims; a null takes one away.
    pub(crate) fn mint(&self, header: &Value, claims: &Value) -> String {
        let (mut full_header, mut full_claims) = (good_header(), good_claims());
        overlay(&mut full_header, header);
        overlay(&mut full_claims, claims);
        self.mint_raw(full_header.to_string(), full_claims.to_string())
    }

    pub(crate) fn judge(&self, token: &str) -> Result<Caller, Reason> {
        self.judge_at(token, NOW * 1000)
    }

    /// Judges at a time in milliseconds since 1970.
    pub(crate) fn judge_at(&self, token: &str, now: i64) -> Result<Caller, Reason> {
        let now: DateTime<Utc> = DateTime::from_timestamp_millis(now).unwrap();
        let examined = examine(token, &self.issuers, now)?;
        let key = self
            .keys
            .select(examined.kid.as_deref(), examined.algorithm)?
            .clone();
        match examined.is_proved_by(&key) {
            true => Ok(examined.into_caller()),
            false => Err(Reason::Signature),
        }
    }

    /// What becomes of a good token with these changes.
    pub(crate) fn judge_with(&self, header: &Value, claims: &Value) -> Result<Caller, Reason> {
        self.judge(&self.mint(header, claims))
    }
}

pub(crate) fn good_header() -> Value {
    json!({"alg": "ES256", "kid": "k1", "typ": "at+jwt"})
}

pub(crate) fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "alice", "aud": "kubemint", "iat": NOW, "exp": NOW + 600, "jti": "token-1",
        "tenant_id": "tenant-1", "scope": "project", "scope_id": "project-1", "roles": ["compute.viewer"],
        "principal_type": "api_key", "credential_id": "credential-1",
    })
}

pub(crate) fn key_set(jwks: &[Value]) -> KeySet {
    KeySet::read(json!({"keys": jwks}).to_string().as_bytes()).unwrap()
}

pub(crate) fn sign(signer: &Signer, header: &[u8], claims: &[u8]) -> String {
    sign_with(signer, header, claims, &RSA_PKCS1_SHA256)
}

pub(crate) fn sign_with(
    signer: &Signer,
    header: &[u8],
    claims: &[u8],
    padding: &'static dyn RsaEncoding,
) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = signer.sign(message.as_bytes(), padding);
    format!("{message}.{}", encode(signature))
}
