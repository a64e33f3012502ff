//! Signing keys: compact JWS signatures, and the public half as a JWK.
//!
//! This signs with aws-lc-rs directly: `jsonwebtoken` parses the private key again for every signature (which
//! costs more than the signature) and refuses the odd headers that tests of a verifier need.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::SandboxError;

/// How an issuer signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256 (the default).
    #[default]
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// The name in a JOSE header.
    pub fn name(self) -> &'static str {
        match self {
            SigningAlgorithm::Es256 => "ES256",
            SigningAlgorithm::EdDsa => "EdDSA",
        }
    }
}

enum Private {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// One key: signs, verifies, and knows its identifier.
pub(crate) struct SigningKey {
    kid: String,
    jwk: Value,
    private: Private,
    public: ParsedPublicKey,
}

impl SigningKey {
    /// Makes a key. Its `kid` is the RFC 7638 thumbprint.
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, SandboxError> {
        let (private, public, mut jwk) = match algorithm {
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                    .map_err(|_| SandboxError::Key)?;
                let point = pair.public_key().as_ref();
                // An uncompressed point: 0x04, then 32 octets each.
                let (x, y) = match (point.get(1..33), point.get(33..65)) {
                    (Some(x), Some(y)) => (encode(x), encode(y)),
                    _ => return Err(SandboxError::Key),
                };
                let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .map_err(|_| SandboxError::Key)?;
                let jwk = json!({"crv": "P-256", "kty": "EC", "x": x, "y": y});
                (Private::Es256(pair), public, jwk)
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(|_| SandboxError::Key)?;
                let point = pair.public_key().as_ref();
                let public =
                    ParsedPublicKey::new(&ED25519, point).map_err(|_| SandboxError::Key)?;
                let jwk = json!({"crv": "Ed25519", "kty": "OKP", "x": encode(point)});
                (Private::EdDsa(pair), public, jwk)
            }
        };
        // The members were written in the order that the thumbprint is defined on: sorted.
        let kid = encode(digest::digest(&digest::SHA256, jwk.to_string().as_bytes()).as_ref());
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm.name());
        jwk["use"] = json!("sig");
        Ok(Self {
            kid,
            jwk,
            private,
            public,
        })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, as it stands in a key set.
    pub(crate) fn jwk(&self) -> &Value {
        &self.jwk
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        match self.private {
            Private::Es256(_) => SigningAlgorithm::Es256,
            Private::EdDsa(_) => SigningAlgorithm::EdDsa,
        }
    }

    /// The compact serialisation of a JWS over these exact bytes.
    pub(crate) fn sign(&self, header: &[u8], payload: &[u8]) -> String {
        let mut token = String::with_capacity((header.len() + payload.len() + 66) * 4 / 3 + 8);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = match &self.private {
            Private::Es256(pair) => pair
                .sign(&SystemRandom::new(), token.as_bytes())
                .expect("a generated P-256 key can sign any message"),
            Private::EdDsa(pair) => pair.sign(token.as_bytes()),
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        token
    }

    /// The header and payload of a compact JWS if this key signed it under the algorithm that its header names.
    pub(crate) fn verify(&self, token: &str) -> Option<(Value, Value)> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header["alg"] != self.algorithm().name() || header["kid"] != self.kid.as_str() {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.public
            .verify_sig(message.as_bytes(), &signature)
            .ok()?;
        let payload = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        Some((header, payload))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An unguessable text of 64 hexadecimal digits.
pub(crate) fn random_secret() -> String {
    uuid::Uuid::new_v4().simple().to_string() + &uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_accepts_what_it_signed_and_nothing_else() {
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let other = SigningKey::generate(algorithm).unwrap();
            let header = json!({"alg": algorithm.name(), "kid": key.kid()}).to_string();
            let token = key.sign(header.as_bytes(), br#"{"sub":"alice"}"#);
            assert_eq!(key.verify(&token).unwrap().1, json!({"sub": "alice"}));
            assert!(other.verify(&token).is_none());
            let forged = other.sign(header.as_bytes(), br#"{"sub":"alice"}"#);
            assert!(
                key.verify(&forged).is_none(),
                "the kid alone must not convince"
            );
            for broken in [
                "",
                ".",
                "..",
                "...",
                "a.b.c",
                &token[1..],
                &token[..token.len() - 2],
            ] {
                assert!(key.verify(broken).is_none(), "{broken:?} was accepted");
            }
        }
    }
}
