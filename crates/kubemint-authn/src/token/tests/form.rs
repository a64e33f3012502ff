//! What is refused for its form: size, parts, encoding, JSON, header members.

use serde_json::json;

use super::*;

#[test]
fn a_good_token_names_its_caller() {
    let stage = Stage::new();
    let caller = stage.judge_with(&json!({}), &json!({})).unwrap();
    let expected = Caller {
        tenant: Some("tenant-1".to_owned()),
        scope: Some("project".to_owned()),
        scope_id: Some("project-1".to_owned()),
        roles: vec!["compute.viewer".to_owned()],
        principal_type: Some("api_key".to_owned()),
        credential_id: Some("credential-1".to_owned()),
        token_id: Some("token-1".to_owned()),
        ..Caller::new(ISSUER, "alice")
    };
    assert_eq!(caller, expected);
}

#[test]
fn what_is_not_three_parts_of_base64url_is_refused() {
    let stage = Stage::new();
    let good = stage.mint(&json!({}), &json!({}));
    let [header, claims, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let json_form = json!({"protected": header, "payload": claims, "signature": signature});
    let flattened =
        json!({"payload": claims, "signatures": [{"protected": header, "signature": signature}]});
    let cases = [
        (String::new(), Reason::NotCompact),
        (".".to_owned(), Reason::NotCompact),
        ("..".to_owned(), Reason::NotCompact),
        (good.replace('.', ""), Reason::NotCompact),
        (format!("{header}.{claims}"), Reason::NotCompact),
        (format!("{header}.{claims}."), Reason::NotCompact),
        (format!("{header}..{signature}"), Reason::NotCompact),
        (format!(".{claims}.{signature}"), Reason::NotCompact),
        (format!("{good}."), Reason::NotCompact),
        (format!(".{good}"), Reason::NotCompact),
        (
            format!("{header}.{claims}.{signature}.{signature}"),
            Reason::NotCompact,
        ),
        // A JWE has five parts.
        (
            format!("{header}.{claims}.{claims}.{claims}.{signature}"),
            Reason::NotCompact,
        ),
        (json_form.to_string(), Reason::NotCompact),
        (flattened.to_string(), Reason::NotCompact),
        (format!("{good}="), Reason::BadEncoding),
        (
            format!("{header}=.{claims}.{signature}"),
            Reason::BadEncoding,
        ),
        (
            format!("{header}.{claims}==.{signature}"),
            Reason::BadEncoding,
        ),
        (format!(" {good}"), Reason::BadEncoding),
        (format!("{good}\n"), Reason::BadEncoding),
        (
            format!("{header}.{claims}.{signature}+"),
            Reason::BadEncoding,
        ),
        (
            format!("{header}.{claims}.{signature}/"),
            Reason::BadEncoding,
        ),
        (
            format!("{header}.{claims}\0.{signature}"),
            Reason::BadEncoding,
        ),
        (
            format!("{header}.{claims}é.{signature}"),
            Reason::BadEncoding,
        ),
        (
            format!("{header}.{claims}.{}", &signature[..signature.len() - 1]),
            Reason::BadEncoding,
        ),
    ];
    for (token, reason) in cases {
        assert_eq!(stage.judge(&token), Err(reason), "{token}");
    }
}

#[test]
fn a_signature_with_stray_bits_is_not_taken_for_the_one_without() {
    let stage = Stage::new();
    // 64 octets end in a character of which two bits count; the other four must be zero.
    let token = stage.mint(&json!({}), &json!({}));
    let (body, last) = token.split_at(token.len() - 1);
    assert!("AQgw".contains(last), "{last}");
    let stray = (last.as_bytes()[0] + 1) as char;
    assert_eq!(
        stage.judge(&format!("{body}{stray}")),
        Err(Reason::BadEncoding)
    );
}

#[test]
fn an_oversized_token_is_refused_before_it_is_decoded() {
    let stage = Stage::new();
    // The header is as long as it takes for the parts to add up: base64url has no length of one more than a multiple of four.
    let filled = |filling: usize| {
        stage.mint(
            &json!({"nonce": "nn"}),
            &json!({"filling": "x".repeat(filling)}),
        )
    };
    let largest = (5500..MAX_TOKEN)
        .map(filled)
        .find(|token| token.len() >= MAX_TOKEN)
        .unwrap();
    assert_eq!(largest.len(), MAX_TOKEN);
    assert!(stage.judge(&largest).is_ok());
    // Not even base64: the size alone decides.
    assert_eq!(
        stage.judge(&"*".repeat(MAX_TOKEN + 1)),
        Err(Reason::TooLarge)
    );
    assert_eq!(stage.judge(&"a".repeat(1024 * 1024)), Err(Reason::TooLarge));
}

#[test]
fn ambiguous_json_is_refused_in_the_header_and_in_the_claims() {
    let stage = Stage::new();
    let header = good_header().to_string();
    let claims = good_claims().to_string();
    let inside = |object: &str, more: &str| format!("{},{more}}}", &object[..object.len() - 1]);
    let bad_headers = [
        inside(&header, "\"alg\":\"ES256\""),
        inside(&header, "\"al\\u0067\":\"none\""),
        inside(&header, "\"x\":[{\"y\":1,\"y\":1}]"),
        format!("{header}{header}"),
        format!("\u{feff}{header}"),
        format!("[{header}]"),
        "null".to_owned(),
        "\"ES256\"".to_owned(),
    ];
    for bad in bad_headers {
        assert_eq!(
            stage.judge(&stage.mint_raw(&bad, &claims)),
            Err(Reason::BadJson),
            "{bad}"
        );
    }
    let bad_claims = [
        inside(&claims, "\"sub\":\"alice\""),
        inside(&claims, "\"roles\":[\"compute.admin\"]"),
        inside(&claims, "\"r\\u006fles\":[\"compute.admin\"]"),
        inside(&claims, "\"private\":{\"a\":1,\"b\":{\"a\":1,\"a\":2}}"),
        format!("{claims} {{}}"),
        format!("[{claims}]"),
        "{".to_owned(),
        "{}x".to_owned(),
        "{\"a\":".repeat(1000),
    ];
    for bad in bad_claims {
        assert_eq!(
            stage.judge(&stage.mint_raw(&header, &bad)),
            Err(Reason::BadJson),
            "{bad}"
        );
    }
    assert_eq!(
        stage.judge(&stage.mint_raw(header.as_bytes(), b"{\"sub\":\"\xff\"}")),
        Err(Reason::BadJson)
    );
}

#[test]
fn header_members_that_ask_for_trouble_are_refused() {
    let stage = Stage::new();
    let own_key = stage.signer.jwk(&json!({"kid": "k1"}));
    let cases = [
        (json!({"jwk": own_key}), Reason::ForbiddenHeader),
        (
            json!({"jku": "https://login.example.com/jwks"}),
            Reason::ForbiddenHeader,
        ),
        (
            json!({"x5u": "https://login.example.com/cert"}),
            Reason::ForbiddenHeader,
        ),
        (json!({"x5c": ["MIIB"]}), Reason::ForbiddenHeader),
        (json!({"x5c": []}), Reason::ForbiddenHeader),
        (json!({"zip": "DEF"}), Reason::ForbiddenHeader),
        (json!({"cty": "JWT"}), Reason::ForbiddenHeader),
        (json!({"cty": "application/jwt"}), Reason::ForbiddenHeader),
        (json!({"b64": false}), Reason::ForbiddenHeader),
        (json!({"b64": true}), Reason::ForbiddenHeader),
        (json!({"enc": "A256GCM"}), Reason::ForbiddenHeader),
        (json!({"crit": ["exp"], "exp": NOW}), Reason::Critical),
        (json!({"crit": []}), Reason::Critical),
        (json!({"crit": ["b64"], "b64": false}), Reason::Critical),
        (json!({"crit": false}), Reason::Critical),
    ];
    for (header, reason) in cases {
        assert_eq!(
            stage.judge_with(&header, &json!({})),
            Err(reason),
            "{header}"
        );
    }
    // A null is a member too.
    for name in [
        "crit", "jwk", "jku", "x5u", "x5c", "zip", "cty", "b64", "enc",
    ] {
        let header = format!("{{\"alg\":\"ES256\",\"kid\":\"k1\",\"{name}\":null}}");
        let refused = stage.judge(&stage.mint_raw(&header, good_claims().to_string()));
        assert!(
            matches!(refused, Err(Reason::Critical | Reason::ForbiddenHeader)),
            "{header}: {refused:?}"
        );
    }
    let harmless = json!({"x5t": "dGh1bWI", "x5t#S256": "dGh1bWI", "nonce": "n"});
    assert!(stage.judge_with(&harmless, &json!({})).is_ok());
}

#[test]
fn only_the_types_of_access_tokens_are_accepted() {
    let stage = Stage::new();
    for typ in [
        "at+jwt",
        "AT+JWT",
        "JWT",
        "jwt",
        "application/at+jwt",
        "Application/JWT",
    ] {
        assert!(
            stage.judge_with(&json!({"typ": typ}), &json!({})).is_ok(),
            "{typ}"
        );
    }
    for typ in [
        "",
        "JOSE",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "id_token",
        "at+jwt ",
        "application/",
        "JWT\0",
    ] {
        assert_eq!(
            stage.judge_with(&json!({"typ": typ}), &json!({})),
            Err(Reason::Type),
            "{typ}"
        );
    }
    for typ in [json!(1), json!(["JWT"]), json!({"JWT": 1}), json!(true)] {
        assert_eq!(
            stage.judge_with(&json!({"typ": typ}), &json!({})),
            Err(Reason::Type),
            "{typ}"
        );
    }
    assert!(
        stage.judge_with(&json!({"typ": null}), &json!({})).is_ok(),
        "a missing type is allowed by default"
    );
    let strict = Stage::with("types = ['at+jwt']\nallow_missing_type = false");
    assert!(strict.judge_with(&json!({}), &json!({})).is_ok());
    for typ in [json!(null), json!("JWT")] {
        assert_eq!(
            strict.judge_with(&json!({"typ": typ}), &json!({})),
            Err(Reason::Type),
            "{typ}"
        );
    }
}
