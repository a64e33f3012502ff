//! What is refused for its algorithm, its key or its signature.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use serde_json::json;

use super::*;

fn hmac_token(header: &Value, secret: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(good_claims().to_string())
    );
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        message.as_bytes(),
    );
    format!("{message}.{}", encode(tag.as_ref()))
}

#[test]
fn algorithms_that_are_not_configured_are_refused() {
    let stage = Stage::new();
    let names = [
        "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "ES384", "RS512", "PS256",
        "ES256K", "es256", "ES256 ", "",
    ];
    for name in names {
        assert_eq!(
            stage.judge_with(&json!({"alg": name}), &json!({})),
            Err(Reason::Algorithm),
            "{name}"
        );
    }
    for alg in [
        json!(null),
        json!(["ES256"]),
        json!(256),
        json!({"ES256": 1}),
    ] {
        assert_eq!(
            stage.judge_with(&json!({"alg": alg}), &json!({})),
            Err(Reason::Algorithm),
            "{alg}"
        );
    }
    let unsigned = format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#),
        encode(good_claims().to_string())
    );
    assert_eq!(stage.judge(&unsigned), Err(Reason::NotCompact));
    assert_eq!(
        stage.judge(&format!("{unsigned}AA")),
        Err(Reason::Algorithm)
    );
    let only_eddsa = Stage::with("algorithms = ['EdDSA']");
    assert_eq!(
        only_eddsa.judge_with(&json!({}), &json!({})),
        Err(Reason::Algorithm)
    );
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let mut stage = Stage::new();
    let rsa = Signer::rsa();
    let jwk = rsa.jwk(&json!({"kid": "k1"}));
    stage.keys = key_set(std::slice::from_ref(&jwk));
    let secrets = [
        jwk.to_string(),
        jwk["n"].as_str().unwrap().to_owned(),
        String::new(),
        "secret".to_owned(),
    ];
    for secret in secrets {
        for alg in ["HS256", "RS256"] {
            let forged = hmac_token(&json!({"alg": alg, "kid": "k1"}), secret.as_bytes());
            assert!(
                matches!(
                    stage.judge(&forged),
                    Err(Reason::Algorithm | Reason::Signature)
                ),
                "{alg}"
            );
        }
    }
}

#[test]
fn every_kind_of_key_proves_its_own_tokens_only() {
    let (rsa, ec, ed) = (Signer::rsa(), Signer::es256(), Signer::eddsa());
    let longer = Signer::es384();
    let mut stage =
        Stage::with("algorithms = ['RS256', 'ES256', 'EdDSA', 'PS256', 'RS512', 'ES384']");
    stage.keys = key_set(&[
        rsa.jwk(&json!({"kid": "r"})),
        ec.jwk(&json!({"kid": "e"})),
        longer.jwk(&json!({"kid": "l"})),
        ed.jwk(&json!({"kid": "d"})),
    ]);
    let kinds = [
        ("r", "RS256", &rsa),
        ("e", "ES256", &ec),
        ("l", "ES384", &longer),
        ("d", "EdDSA", &ed),
    ];
    for (kid, alg, signer) in kinds {
        let claims = good_claims().to_string();
        let header = json!({"alg": alg, "kid": kid}).to_string();
        assert!(
            stage
                .judge(&sign(signer, header.as_bytes(), claims.as_bytes()))
                .is_ok(),
            "{header}"
        );
        for (other_kid, other_alg, _) in kinds.into_iter().filter(|(other, ..)| *other != kid) {
            let header = json!({"alg": alg, "kid": other_kid}).to_string();
            let token = sign(signer, header.as_bytes(), claims.as_bytes());
            assert_eq!(stage.judge(&token), Err(Reason::KeyMismatch), "{header}");
            let header = json!({"alg": other_alg, "kid": other_kid}).to_string();
            let token = sign(signer, header.as_bytes(), claims.as_bytes());
            assert_eq!(stage.judge(&token), Err(Reason::Signature), "{header}");
        }
    }
    // The same RSA key, each algorithm with its own padding and hash.
    let header = |alg: &str| json!({"alg": alg, "kid": "r"}).to_string();
    let claims = good_claims().to_string();
    let minted =
        |alg: &str, padding| sign_with(&rsa, header(alg).as_bytes(), claims.as_bytes(), padding);
    assert!(stage.judge(&minted("PS256", &RSA_PSS_SHA256)).is_ok());
    assert!(stage.judge(&minted("RS512", &RSA_PKCS1_SHA512)).is_ok());
    assert_eq!(
        stage.judge(&minted("RS256", &RSA_PSS_SHA256)),
        Err(Reason::Signature)
    );
    assert_eq!(
        stage.judge(&minted("PS256", &RSA_PKCS1_SHA512)),
        Err(Reason::Signature)
    );
    assert_eq!(
        stage.judge(&minted("RS256", &RSA_PKCS1_SHA512)),
        Err(Reason::Signature)
    );
}

#[test]
fn a_key_is_used_only_for_the_algorithm_that_it_names() {
    let mut stage = Stage::with("algorithms = ['RS256', 'PS256']");
    let rsa = Signer::rsa();
    stage.keys = key_set(&[rsa.jwk(&json!({"kid": "k1", "alg": "PS256"}))]);
    let token = sign(
        &rsa,
        br#"{"alg":"RS256","kid":"k1"}"#,
        good_claims().to_string().as_bytes(),
    );
    assert_eq!(stage.judge(&token), Err(Reason::KeyMismatch));
}

#[test]
fn nothing_that_is_signed_can_be_changed() {
    let stage = Stage::new();
    let good = stage.mint(&json!({}), &json!({}));
    let [header, claims, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let mut richer = good_claims();
    richer["roles"] = json!(["compute.admin"]);
    let richer = encode(richer.to_string());
    assert_eq!(
        stage.judge(&format!("{header}.{richer}.{signature}")),
        Err(Reason::Signature)
    );
    // The same header, written otherwise.
    let other_header = encode(format!(" {}", good_header()));
    assert_eq!(
        stage.judge(&format!("{other_header}.{claims}.{signature}")),
        Err(Reason::Signature)
    );
    let octets = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut signatures = vec![
        vec![0; 64],
        vec![0],
        vec![0; 63],
        [octets.clone(), vec![0]].concat(),
        octets[..63].to_vec(),
    ];
    for bit in [0, 255, 256, 511] {
        let mut flipped = octets.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        signatures.push(flipped);
    }
    // r = s = n, and r = s = 1 (CVE-2022-21449 and its kin).
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    signatures.push([order.clone(), order].concat());
    let one: Vec<u8> = std::iter::repeat_n(0, 31).chain([1]).collect();
    signatures.push([one.clone(), one].concat());
    for signature in signatures {
        let token = format!("{header}.{claims}.{}", encode(&signature));
        assert_eq!(
            stage.judge(&token),
            Err(Reason::Signature),
            "{signature:02x?}"
        );
    }
}

#[test]
fn a_signature_in_another_form_is_none() {
    let mut stage = Stage::with("algorithms = ['ES256', 'EdDSA', 'RS256']");
    let (ec, ed, rsa) = (Signer::es256(), Signer::eddsa(), Signer::rsa());
    stage.keys = key_set(&[
        ec.jwk(&json!({"kid": "e"})),
        ed.jwk(&json!({"kid": "d"})),
        rsa.jwk(&json!({"kid": "r"})),
    ]);
    let minted = |signer: &Signer, alg: &str, kid: &str| {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let token = sign(
            signer,
            header.as_bytes(),
            good_claims().to_string().as_bytes(),
        );
        let (message, signature) = token.rsplit_once('.').unwrap();
        (
            message.to_owned(),
            URL_SAFE_NO_PAD.decode(signature).unwrap(),
        )
    };
    let judge = |message: &str, signature: &[u8]| {
        let judged = stage.judge(&format!("{message}.{}", encode(signature)));
        judged.map(|_| ())
    };
    // DER, as X.509 and most programs have it; and the halves as one would write numbers.
    let (message, signature) = minted(&ec, "ES256", "e");
    assert_eq!(judge(&message, &signature), Ok(()));
    let integer = |number: &[u8]| {
        let zero = if number[0] < 0x80 { vec![] } else { vec![0] };
        let octets = [zero, number.to_vec()].concat();
        [vec![2, u8::try_from(octets.len()).unwrap()], octets].concat()
    };
    let (r, s) = signature.split_at(32);
    let pair = [integer(r), integer(s)].concat();
    let der = [vec![0x30, u8::try_from(pair.len()).unwrap()], pair].concat();
    let swapped = [s, r].concat();
    let padded = [&[0][..], r, &[0], s].concat();
    for other in [&der, &swapped, &padded] {
        assert_eq!(
            judge(&message, other),
            Err(Reason::Signature),
            "{other:02x?}"
        );
    }
    // Ed25519: the scalar plus the group's order proves the same equation (RFC 8032, section 5.1.7).
    let (message, signature) = minted(&ed, "EdDSA", "d");
    assert_eq!(judge(&message, &signature), Ok(()));
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let mut more = signature.clone();
    let mut carry = 0_u16;
    for (at, octet) in more[32..].iter_mut().enumerate() {
        let of_order = u16::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap();
        carry += u16::from(*octet) + of_order;
        *octet = u8::try_from(carry & 0xff).unwrap();
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(judge(&message, &more), Err(Reason::Signature));
    // RSA: as many octets as the modulus has, whatever number they are.
    let (message, signature) = minted(&rsa, "RS256", "r");
    assert_eq!(judge(&message, &signature), Ok(()));
    let longer = [&[0][..], &signature].concat();
    for other in [&longer[..], &signature[..255], &[], &[0; 256], &[1]] {
        let judged = judge(&message, other);
        let refused = [Err(Reason::Signature), Err(Reason::NotCompact)].contains(&judged);
        assert!(refused, "{} octets: {judged:?}", other.len());
    }
}

#[test]
fn a_hostile_key_identifier_is_unknown_or_refused() {
    let stage = Stage::new();
    let unknown = [
        "K1",
        "k1 ",
        "k1\0",
        "../../etc/passwd",
        "' OR 1=1 --",
        "https://evil.example/jwks",
        "k2",
        "\u{202e}1k",
    ];
    for kid in unknown {
        assert_eq!(
            stage.judge_with(&json!({"kid": kid}), &json!({})),
            Err(Reason::UnknownKey),
            "{kid}"
        );
    }
    for kid in [
        json!(""),
        json!("k".repeat(257)),
        json!(1),
        json!(["k1"]),
        json!({"k1": 1}),
        json!(true),
    ] {
        assert_eq!(
            stage.judge_with(&json!({"kid": kid}), &json!({})),
            Err(Reason::KeyId),
            "{kid}"
        );
    }
    let null = r#"{"alg":"ES256","kid":null}"#;
    assert_eq!(
        stage.judge(&stage.mint_raw(null, good_claims().to_string())),
        Err(Reason::KeyId)
    );
}

#[test]
fn a_token_that_names_no_key_is_proved_where_one_key_alone_fits() {
    let mut stage = Stage::new();
    let no_kid = json!({"kid": null});
    assert!(stage.judge_with(&no_kid, &json!({})).is_ok());
    let (own, other, ed) = (
        stage.signer.jwk(&json!({})),
        Signer::es256().jwk(&json!({})),
        Signer::eddsa().jwk(&json!({})),
    );
    stage.keys = key_set(&[own.clone(), ed.clone()]);
    assert!(
        stage.judge_with(&no_kid, &json!({})).is_ok(),
        "a key of another kind does not fit"
    );
    stage.keys = key_set(&[own, other]);
    assert_eq!(
        stage.judge_with(&no_kid, &json!({})),
        Err(Reason::AmbiguousKey)
    );
    stage.keys = key_set(&[ed]);
    assert_eq!(
        stage.judge_with(&no_kid, &json!({})),
        Err(Reason::UnknownKey)
    );
}

#[test]
fn keys_of_one_issuer_prove_nothing_for_another() {
    let (one, two) = (Stage::new(), Stage::new());
    let token = two.mint(&json!({}), &json!({}));
    assert!(two.judge(&token).is_ok());
    assert_eq!(
        one.judge(&token),
        Err(Reason::Signature),
        "the same key identifier, another issuer's key"
    );
}

#[test]
fn what_a_key_has_proved_is_still_judged_in_all_else() {
    let mut stage = Stage::new();
    let good = stage.mint(&json!({}), &json!({}));
    assert!(stage.judge(&good).is_ok() && stage.judge(&good).is_ok());
    assert_eq!(
        stage.judge_at(&good, (NOW + 3600) * 1000),
        Err(Reason::Expired)
    );
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = stage.mint(&json!({}), &json!({"jti": "token-2"}));
    let (other_message, other_signature) = other.rsplit_once('.').unwrap();
    for forged in [
        format!("{message}.{other_signature}"),
        format!("{other_message}.{signature}"),
    ] {
        assert_eq!(stage.judge(&forged), Err(Reason::Signature), "{forged}");
        assert_eq!(stage.judge(&forged), Err(Reason::Signature), "{forged}");
    }
    // Another key under the same name has proved nothing, and a key that is withdrawn proves nothing more.
    stage.keys = key_set(&[Signer::es256().jwk(&json!({"kid": "k1"}))]);
    assert_eq!(stage.judge(&good), Err(Reason::Signature));
    stage.keys = key_set(&[Signer::es256().jwk(&json!({"kid": "k2"}))]);
    assert_eq!(stage.judge(&good), Err(Reason::UnknownKey));
}
