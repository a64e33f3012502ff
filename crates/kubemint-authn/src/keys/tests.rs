//! Which published keys are used: the sound ones, whatever they are published with.

use std::time::Duration;

use serde_json::{Value, json};

use super::Timing;
use super::jwk::Unfit;
use super::set::{KeySet, NoKeySet};
use crate::token::tests::{Signer, encode, overlay};

/// Why this key is left out of a set that has a good one besides.
fn unfit(jwk: &Value) -> Option<Unfit> {
    let good = Signer::eddsa().jwk(&json!({"kid": "good"}));
    let set = KeySet::read(json!({"keys": [jwk, good]}).to_string().as_bytes()).unwrap();
    assert!(set.kids().contains(&"good"));
    set.ignored.first().map(|(_, unfit)| *unfit)
}

#[test]
fn an_identifier_is_logged_where_it_is_plain() {
    let long = "a".repeat(65);
    for plain in ["k1", "-", "2026-11-26.A_b~c=", &long[1..]] {
        assert_eq!(super::shown(plain), plain);
    }
    for odd in [
        "",
        &long,
        "a b",
        "a\u{202e}b",
        "canary\n",
        "é",
        "https://x/k",
    ] {
        assert_eq!(super::shown(odd), "…", "{odd:?}");
    }
}

#[test]
fn weak_and_malformed_keys_are_left_out_and_the_good_ones_used() {
    let [rsa, ec, p384, ed] = [
        Signer::rsa(),
        Signer::es256(),
        Signer::es384(),
        Signer::eddsa(),
    ]
    .map(|signer| signer.jwk(&json!({"kid": "k"})));
    for good in [&rsa, &ec, &p384, &ed] {
        assert_eq!(unfit(good), None, "{good}");
    }
    let changed = |jwk: &Value, changes: Value| {
        let mut jwk = jwk.clone();
        overlay(&mut jwk, &changes);
        jwk
    };
    let odd_number = |octets: usize| encode(vec![0xff; octets]);
    let even_number = encode([vec![0xff; 255], vec![0xfe]].concat());
    let on_no_curve = encode([7; 32]);
    let cases = [
        // RSA
        (changed(&rsa, json!({"n": odd_number(128)})), Unfit::Weak),
        (changed(&rsa, json!({"n": odd_number(255)})), Unfit::Weak),
        (
            changed(
                &rsa,
                json!({"n": encode([vec![0; 200], vec![0xff; 128]].concat())}),
            ),
            Unfit::Weak,
        ),
        (changed(&rsa, json!({"n": odd_number(1025)})), Unfit::Weak),
        (changed(&rsa, json!({"n": even_number})), Unfit::Malformed),
        (changed(&rsa, json!({"n": ""})), Unfit::Malformed),
        (changed(&rsa, json!({"n": "AAAA"})), Unfit::Malformed),
        (changed(&rsa, json!({"n": null})), Unfit::Malformed),
        (changed(&rsa, json!({"n": 65537})), Unfit::Malformed),
        (changed(&rsa, json!({"e": encode([1])})), Unfit::Weak),
        (changed(&rsa, json!({"e": encode([3])})), Unfit::Weak),
        (
            changed(&rsa, json!({"e": encode([1, 0, 0])})),
            Unfit::Malformed,
        ),
        (
            changed(&rsa, json!({"e": encode([1, 0, 0, 0, 1])})),
            Unfit::Malformed,
        ),
        (changed(&rsa, json!({"e": ""})), Unfit::Malformed),
        (changed(&rsa, json!({"e": "AQAB=="})), Unfit::Malformed),
        // EC
        (changed(&ec, json!({"y": on_no_curve})), Unfit::Malformed),
        (
            changed(&ec, json!({"x": encode([0; 32]), "y": encode([0; 32])})),
            Unfit::Malformed,
        ),
        (changed(&ec, json!({"x": "AA"})), Unfit::Malformed),
        (changed(&ec, json!({"crv": "P-384"})), Unfit::Malformed),
        (changed(&p384, json!({"crv": "P-256"})), Unfit::Malformed),
        (
            changed(&p384, json!({"y": encode([7; 48])})),
            Unfit::Malformed,
        ),
        (shifted(&ec), Unfit::Malformed),
        (shifted(&p384), Unfit::Malformed),
        (changed(&ec, json!({"crv": "P-521"})), Unfit::NotForUs),
        (changed(&ec, json!({"crv": "secp256k1"})), Unfit::NotForUs),
        (changed(&ec, json!({"crv": null})), Unfit::Malformed),
        // Ed25519
        (
            changed(&ed, json!({"x": encode([0; 31])})),
            Unfit::Malformed,
        ),
        (changed(&ed, json!({"x": encode([0; 32])})), Unfit::Weak),
        (
            changed(&ed, json!({"x": encode([&[1][..], &[0; 31]].concat())})),
            Unfit::Weak,
        ),
        (
            changed(
                &ed,
                json!({"x": encode([&[0xec][..], &[0xff; 31]].concat())}),
            ),
            Unfit::Weak,
        ),
        (changed(&ed, json!({"crv": "X25519"})), Unfit::NotForUs),
        (changed(&ed, json!({"crv": "Ed448"})), Unfit::NotForUs),
        // Other purposes, other kinds
        (changed(&ec, json!({"use": "enc"})), Unfit::NotForUs),
        (changed(&ec, json!({"use": 1})), Unfit::Malformed),
        (changed(&ec, json!({"key_ops": ["sign"]})), Unfit::NotForUs),
        (changed(&ec, json!({"key_ops": []})), Unfit::NotForUs),
        (changed(&ec, json!({"key_ops": "verify"})), Unfit::Malformed),
        (changed(&ec, json!({"alg": "RS256"})), Unfit::NotForUs),
        (changed(&ec, json!({"alg": "HS256"})), Unfit::NotForUs),
        (changed(&rsa, json!({"alg": "RSA-OAEP"})), Unfit::NotForUs),
        (changed(&ec, json!({"alg": 256})), Unfit::Malformed),
        (changed(&ec, json!({"kty": "RSA"})), Unfit::Malformed),
        (changed(&ec, json!({"kty": "ec"})), Unfit::NotForUs),
        (changed(&ec, json!({"kty": null})), Unfit::Malformed),
        (changed(&ec, json!({"kid": 1})), Unfit::Malformed),
        (changed(&ec, json!({"kid": ""})), Unfit::Malformed),
        (
            changed(&ec, json!({"kid": "k".repeat(257)})),
            Unfit::Malformed,
        ),
        (
            json!({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}),
            Unfit::Secret,
        ),
        (changed(&ec, json!({"d": "c2VjcmV0"})), Unfit::Secret),
        (changed(&rsa, json!({"p": "c2VjcmV0"})), Unfit::Secret),
        (json!({}), Unfit::Malformed),
        (json!("key"), Unfit::Malformed),
        (json!(null), Unfit::Malformed),
        (json!([ec]), Unfit::Malformed),
    ];
    for (jwk, expected) in cases {
        assert_eq!(unfit(&jwk), Some(expected), "{jwk}");
    }
    let harmless = json!({"use": "sig", "key_ops": ["verify", "sign"], "x5c": ["MIIB"], "x5u": "https://evil.example", "n": "x"});
    assert_eq!(unfit(&changed(&ec, harmless)), None);
    let padded = encode([vec![0], base64_octets(&rsa["n"])].concat());
    assert_eq!(
        unfit(&changed(&rsa, json!({"n": padded}))),
        None,
        "a leading zero is forgiven"
    );
}

/// The same point, an octet of which has moved from one coordinate to the other: neither has its curve's width.
fn shifted(jwk: &Value) -> Value {
    let (x, y) = (base64_octets(&jwk["x"]), base64_octets(&jwk["y"]));
    let (x, last) = x.split_at(x.len() - 1);
    let mut jwk = jwk.clone();
    overlay(
        &mut jwk,
        &json!({"x": encode(x), "y": encode([last, &y].concat())}),
    );
    jwk
}

fn base64_octets(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(value.as_str().unwrap())
        .unwrap()
}

#[test]
fn of_two_keys_with_one_identifier_the_first_is_used() {
    let (first, second) = (Signer::es256(), Signer::es256());
    let jwks = [
        first.jwk(&json!({"kid": "k"})),
        second.jwk(&json!({"kid": "k"})),
        Signer::eddsa().jwk(&json!({"kid": "k"})),
    ];
    let set = KeySet::read(json!({"keys": jwks}).to_string().as_bytes()).unwrap();
    assert_eq!(set.len(), 2, "a key of another kind is no twin");
    assert_eq!(set.ignored, [(Some("k".to_owned()), Unfit::Twin)]);
}

#[test]
fn a_set_has_at_most_64_keys() {
    let jwks: Vec<Value> = (0..70)
        .map(|index| Signer::eddsa().jwk(&json!({"kid": format!("k{index}")})))
        .collect();
    let set = KeySet::read(json!({"keys": jwks}).to_string().as_bytes()).unwrap();
    assert_eq!(set.len(), 64);
    assert_eq!((set.ignored.len(), set.beyond), (0, 6));
    assert_eq!(set.ignored_in_all(), 6);
}

#[test]
fn of_a_long_name_that_is_ignored_no_more_is_kept_than_a_name_may_have() {
    let jwks = [
        Signer::eddsa().jwk(&json!({"kid": "good"})),
        json!({"kid": "k".repeat(100_000)}),
    ];
    let set = KeySet::read(json!({"keys": jwks}).to_string().as_bytes()).unwrap();
    assert_eq!(set.ignored, [(Some("k".repeat(256)), Unfit::Malformed)]);
}

#[test]
fn what_is_no_key_set_says_nothing_and_an_empty_one_says_that_no_key_is_trusted() {
    let read = |text: &str| KeySet::read(text.as_bytes()).map(|set| set.len());
    assert_eq!(read("{\"keys\":[]}"), Ok(0));
    assert_eq!(
        read("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"),
        Err(NoKeySet::NothingUsable)
    );
    for text in [
        "",
        "<html>",
        "[]",
        "null",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"RSA\"}]}",
    ] {
        assert_eq!(read(text), Err(NoKeySet::Json), "{text}");
    }
    for text in ["{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"Keys\":[]}"] {
        assert_eq!(read(text), Err(NoKeySet::Shape), "{text}");
    }
}

#[test]
fn an_issuer_chooses_the_pace_of_refreshes_within_bounds() {
    let timing = Timing::default();
    let pace = |max_age: Option<u64>| {
        timing
            .until_refresh(max_age.map(Duration::from_secs))
            .as_secs()
    };
    let cases = [
        (None, 600),
        (Some(0), 60),
        (Some(59), 60),
        (Some(61), 61),
        (Some(3600), 3600),
        (Some(3601), 3600),
        (Some(u64::MAX), 3600),
    ];
    for (max_age, seconds) in cases {
        assert_eq!(pace(max_age), seconds, "{max_age:?}");
    }
}

#[test]
fn the_bits_of_a_modulus_are_counted_not_its_octets() {
    let of = |first: u8| {
        let mut modulus = vec![0xff_u8; 256];
        modulus[0] = first;
        unfit(&json!({"kty": "RSA", "kid": "k", "e": "AQAB", "n": encode(&modulus)}))
    };
    assert_eq!(of(0x80), None);
    assert_eq!(of(0x7f), Some(Unfit::Weak), "2047 bits");
}

#[test]
fn a_key_that_is_read_again_is_the_same_whatever_it_is_called_and_another_is_not() {
    let read = |jwk: &Value| {
        super::Key::read(jwk.as_object().unwrap())
            .unwrap()
            .thumbprint
    };
    for signer in [Signer::rsa, Signer::es256, Signer::eddsa] {
        let one = signer();
        let again = read(&one.jwk(&json!({"kid": "b", "use": "sig"})));
        assert_eq!(read(&one.jwk(&json!({"kid": "a"}))), again);
    }
    let (one, other) = (Signer::es256(), Signer::es256());
    assert_ne!(read(&one.jwk(&json!({}))), read(&other.jwk(&json!({}))));
    let (one, other) = (Signer::eddsa(), Signer::eddsa());
    assert_ne!(read(&one.jwk(&json!({}))), read(&other.jwk(&json!({}))));
}
