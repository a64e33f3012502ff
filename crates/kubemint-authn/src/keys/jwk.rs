//! One published key (RFC 7517, RFC 7518, RFC 8037): taken if it is a sound public key for signatures, else left out.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::proved::Proved;
use crate::token::{MAX_KID, algorithm};

/// Bounds of an RSA modulus, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Least RSA exponent (FIPS 186-5, section 5.1).
const RSA_EXPONENT: u64 = 65_537;

/// Members that only a private or a shared key has. One that is published is no secret any more.
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Ed25519 points of small order, under which anyone can sign anything (the list is libsodium's; the sign bit is
/// left out).
const SMALL_ORDER: [[u8; 32]; 7] = [
    low_and_high(0x00, 0x00, 0x00),
    low_and_high(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    low_and_high(0xec, 0xff, 0x7f),
    low_and_high(0xed, 0xff, 0x7f),
    low_and_high(0xee, 0xff, 0x7f),
];

const fn low_and_high(low: u8, middle: u8, high: u8) -> [u8; 32] {
    let mut point = [middle; 32];
    point[0] = low;
    point[31] = high;
    point
}

/// Why a published key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unfit {
    /// It is not a JWK.
    Malformed,
    /// It is not for signatures, or of a kind that is not known.
    NotForUs,
    /// It has private or shared parts.
    Secret,
    /// Too short, or of a form that proves nothing.
    Weak,
    /// Another key of the set has its identifier and its kind.
    Twin,
}

impl Unfit {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Unfit::Malformed => "malformed",
            Unfit::NotForUs => "not for signatures that are accepted",
            Unfit::Secret => "holds a private or shared key",
            Unfit::Weak => "weak",
            Unfit::Twin => "has the identifier of another key",
        }
    }
}

/// A key that can prove tokens.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) kid: Option<String>,
    /// What it may be used for: what its kind allows, or the one algorithm that it names.
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) material: DecodingKey,
    /// What it is, whatever its name and its uses (RFC 7638, though of this process alone).
    pub(crate) thumbprint: [u8; 32],
    /// What it has proved.
    pub(crate) proved: Proved,
}

impl Key {
    /// The key that a JWK describes.
    pub(crate) fn read(jwk: &Map<String, Value>) -> Result<Self, Unfit> {
        let kid = match jwk.get("kid") {
            None => None,
            Some(Value::String(kid)) if !kid.is_empty() && kid.chars().count() <= MAX_KID => {
                Some(kid.clone())
            }
            Some(_) => return Err(Unfit::Malformed),
        };
        if SECRET.iter().any(|&name| jwk.contains_key(name)) {
            return Err(Unfit::Secret);
        }
        check_use(jwk)?;
        let kind = jwk
            .get("kty")
            .and_then(Value::as_str)
            .ok_or(Unfit::Malformed)?;
        let (mut algorithms, material) = match kind {
            "RSA" => rsa(jwk)?,
            "EC" => ec(jwk)?,
            "OKP" => okp(jwk)?,
            _ => return Err(Unfit::NotForUs),
        };
        match jwk.get("alg") {
            None => {}
            Some(Value::String(name)) => {
                let only = algorithm(name)
                    .filter(|only| algorithms.contains(only))
                    .ok_or(Unfit::NotForUs)?;
                algorithms = vec![only];
            }
            Some(_) => return Err(Unfit::Malformed),
        }
        Ok(Self {
            kid,
            algorithms,
            material,
            thumbprint: thumbprint(jwk),
            proved: Proved::default(),
        })
    }
}

/// The SHA-256 of the members that are the key itself.
fn thumbprint(jwk: &Map<String, Value>) -> [u8; 32] {
    let members = ["crv", "e", "kty", "n", "x", "y"].map(|name| jwk.get(name).cloned());
    let text = Value::from_iter(members.map(Option::unwrap_or_default)).to_string();
    let mut thumbprint = [0; 32];
    thumbprint.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    thumbprint
}

/// `use` and `key_ops`, where they are present, must speak of proving signatures.
fn check_use(jwk: &Map<String, Value>) -> Result<(), Unfit> {
    match jwk.get("use") {
        None => {}
        Some(Value::String(purpose)) if purpose == "sig" => {}
        Some(Value::String(_)) => return Err(Unfit::NotForUs),
        Some(_) => return Err(Unfit::Malformed),
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations))
            if operations.iter().any(|operation| operation == "verify") =>
        {
            Ok(())
        }
        Some(Value::Array(_)) => Err(Unfit::NotForUs),
        Some(_) => Err(Unfit::Malformed),
    }
}

fn rsa(jwk: &Map<String, Value>) -> Result<(Vec<Algorithm>, DecodingKey), Unfit> {
    let modulus = octets(jwk, "n")?;
    let exponent = octets(jwk, "e")?;
    let modulus = trimmed(&modulus);
    let exponent = trimmed(&exponent);
    let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else {
        return Err(Unfit::Malformed);
    };
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    let small = exponent.len() <= 4;
    let value = exponent
        .iter()
        .fold(0_u64, |value, &octet| (value << 8) | u64::from(octet));
    if last % 2 == 0 || !small || value % 2 == 0 {
        return Err(Unfit::Malformed);
    }
    if !RSA_BITS.contains(&bits) || value < RSA_EXPONENT {
        return Err(Unfit::Weak);
    }
    let algorithms = vec![
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    Ok((
        algorithms,
        DecodingKey::from_rsa_raw_components(modulus, exponent),
    ))
}

fn ec(jwk: &Map<String, Value>) -> Result<(Vec<Algorithm>, DecodingKey), Unfit> {
    let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
    let mut point = vec![0x04];
    point.extend_from_slice(&x);
    point.extend_from_slice(&y);
    let curve = jwk
        .get("crv")
        .and_then(Value::as_str)
        .ok_or(Unfit::Malformed)?;
    // Both coordinates have the curve's full width (RFC 7518, section 6.2.1.2), and the point lies on the curve.
    let (algorithm, sound) = match curve {
        "P-256" => (
            Algorithm::ES256,
            x.len() == 32 && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).is_ok(),
        ),
        "P-384" => (
            Algorithm::ES384,
            x.len() == 48 && ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, &point).is_ok(),
        ),
        _ => return Err(Unfit::NotForUs),
    };
    if !sound || x.len() != y.len() {
        return Err(Unfit::Malformed);
    }
    Ok((vec![algorithm], DecodingKey::from_ec_der(&point)))
}

fn okp(jwk: &Map<String, Value>) -> Result<(Vec<Algorithm>, DecodingKey), Unfit> {
    let point = octets(jwk, "x")?;
    match jwk.get("crv").and_then(Value::as_str) {
        Some("Ed25519") => {}
        Some(_) => return Err(Unfit::NotForUs),
        None => return Err(Unfit::Malformed),
    }
    let mut unsigned = <[u8; 32]>::try_from(point.as_slice()).map_err(|_| Unfit::Malformed)?;
    unsigned[31] &= 0x7f;
    if SMALL_ORDER.contains(&unsigned) {
        return Err(Unfit::Weak);
    }
    if ParsedPublicKey::new(&ED25519, &point).is_err() {
        return Err(Unfit::Malformed);
    }
    Ok((vec![Algorithm::EdDSA], DecodingKey::from_ed_der(&point)))
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Unfit> {
    let text = jwk
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Unfit::Malformed)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Unfit::Malformed)
}

/// A big-endian number without leading zeros, which some issuers write although they should not.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    &number[zeros..]
}
