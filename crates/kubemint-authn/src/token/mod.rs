//! A bearer token: its form, its claims, its signature.

pub(crate) mod claims;
mod strict;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use kubemint::caller::Caller;
use serde_json::{Map, Value};

use crate::config::IssuerConfig;
use crate::error::Reason;
use crate::keys::Key;
pub use strict::object;

/// Largest token, in octets. Larger ones are refused unread.
pub const MAX_TOKEN: usize = 8 * 1024;

/// Longest key identifier, in characters.
pub(crate) const MAX_KID: usize = 256;

/// Header members that no access token needs: keys to trust from the token itself or from a URL that it names, other
/// forms of content, and encryption. `crit` has a reason of its own.
const FORBIDDEN: [&str; 8] = ["jwk", "jku", "x5u", "x5c", "zip", "cty", "b64", "enc"];

/// A token whose form and claims are right for its issuer. Its signature is not proved.
pub(crate) struct Examined<'a> {
    /// The place of its issuer among those configured.
    pub(crate) issuer: usize,
    /// The key that it names.
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Algorithm,
    /// All of it.
    bearer: &'a str,
    caller: Caller,
}

/// Nothing of the token itself.
impl fmt::Debug for Examined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Examined");
        shown.field("issuer", &self.issuer);
        shown.field("algorithm", &self.algorithm);
        shown.finish_non_exhaustive()
    }
}

/// What a token says of itself.
pub(crate) struct Said {
    pub(crate) subject: String,
    pub(crate) claims: Map<String, Value>,
}

impl Said {
    /// Reads a token that was accepted; `None` if it is none.
    pub(crate) fn read(bearer: &str) -> Option<Self> {
        let claims = object(&decode(bearer.split('.').nth(1)?).ok()?)?;
        let subject = claims.get("sub")?.as_str()?.to_owned();
        Some(Self { subject, claims })
    }
}

/// Examines a token in all but its signature.
pub(crate) fn examine<'a>(
    bearer: &'a str,
    issuers: &[IssuerConfig],
    now: DateTime<Utc>,
) -> Result<Examined<'a>, Reason> {
    if bearer.len() > MAX_TOKEN {
        return Err(Reason::TooLarge);
    }
    let mut parts = bearer.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Reason::NotCompact);
    };
    if header.is_empty() || claims.is_empty() || signature.is_empty() {
        return Err(Reason::NotCompact);
    }
    decode(signature)?;
    let header_members = object(&decode(header)?).ok_or(Reason::BadJson)?;
    let header_parts = Header::read(&header_members)?;
    let claim_members = object(&decode(claims)?).ok_or(Reason::BadJson)?;

    let iss = claim_members
        .get("iss")
        .and_then(Value::as_str)
        .ok_or(Reason::Issuer)?;
    let issuer = issuers
        .iter()
        .position(|config| config.url == iss)
        .ok_or(Reason::Issuer)?;
    let config = &issuers[issuer];
    let algorithm = header_parts.check(config)?;
    let caller = claims::caller(&claim_members, config, now)?;
    Ok(Examined {
        issuer,
        kid: header_parts.kid.map(str::to_owned),
        algorithm,
        bearer,
        caller,
    })
}

impl Examined<'_> {
    /// Whether `key` proves the token. It must be a key for the token's algorithm.
    pub(crate) fn is_proved_by(&self, key: &Key) -> bool {
        let prove = || {
            // What is signed are the first two parts.
            let parts = self.bearer.rsplit_once('.');
            parts.is_some_and(|(message, signature)| {
                proves(signature, message.as_bytes(), &key.material, self.algorithm)
            })
        };
        key.proved.or(self.bearer, prove)
    }

    /// The caller of a token that is proved.
    pub(crate) fn into_caller(self) -> Caller {
        self.caller
    }
}

/// Whether a signature, in base64url, is the key's for this message.
fn proves(signature: &str, message: &[u8], key: &DecodingKey, algorithm: Algorithm) -> bool {
    matches!(
        jsonwebtoken::crypto::verify(signature, message, key, algorithm),
        Ok(true)
    )
}

/// Base64url as RFC 7515 has it: no padding, no white space, no stray bits.
fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Reason::BadEncoding)
}

/// What matters of the header.
struct Header<'a> {
    alg: &'a str,
    kid: Option<&'a str>,
    typ: Option<&'a str>,
}

impl<'a> Header<'a> {
    fn read(members: &'a Map<String, Value>) -> Result<Self, Reason> {
        if members.contains_key("crit") {
            return Err(Reason::Critical);
        }
        if FORBIDDEN.iter().any(|&name| members.contains_key(name)) {
            return Err(Reason::ForbiddenHeader);
        }
        let alg = members
            .get("alg")
            .and_then(Value::as_str)
            .ok_or(Reason::Algorithm)?;
        let kid = match members.get("kid") {
            None => None,
            Some(Value::String(kid)) if !kid.is_empty() && kid.chars().count() <= MAX_KID => {
                Some(kid.as_str())
            }
            Some(_) => return Err(Reason::KeyId),
        };
        let typ = match members.get("typ") {
            None => None,
            Some(Value::String(typ)) => Some(typ.as_str()),
            Some(_) => return Err(Reason::Type),
        };
        Ok(Self { alg, kid, typ })
    }

    /// The algorithm, if the issuer may use it and the type is one of its own.
    fn check(&self, config: &IssuerConfig) -> Result<Algorithm, Reason> {
        let algorithm = algorithm(self.alg)
            .filter(|alg| config.algorithms.contains(alg))
            .ok_or(Reason::Algorithm)?;
        match self.typ {
            None if config.allow_missing_type => Ok(algorithm),
            Some(typ) if config.types.contains(&normal_type(typ)) => Ok(algorithm),
            None | Some(_) => Err(Reason::Type),
        }
    }
}

/// The algorithm of a name. Only public-key ones are known: there is no way to accept `none` or a shared secret.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "EdDSA" => Algorithm::EdDSA,
        _ => return None,
    })
}

/// A type as it is compared: in lower case, `application/` left out (RFC 7515, section 4.1.9).
pub(crate) fn normal_type(typ: &str) -> String {
    let lower = typ.to_ascii_lowercase();
    lower
        .strip_prefix("application/")
        .unwrap_or(&lower)
        .to_owned()
}
