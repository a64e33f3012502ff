//! What is refused for its claims.

use serde_json::json;

use super::*;

/// Claims that are refused for one reason, whatever the rest says.
fn refused(reason: Reason, cases: &[Value]) {
    let stage = Stage::new();
    for claims in cases {
        assert_eq!(
            stage.judge_with(&json!({}), claims),
            Err(reason),
            "{claims}"
        );
    }
}

/// The same for values that JSON has, but `json!` takes for "leave it out" or does not know.
fn refused_raw(reason: Reason, name: &str, values: &[&str]) {
    let stage = Stage::new();
    let mut claims = good_claims();
    overlay(&mut claims, &json!({name: null}));
    let rest = claims.to_string();
    for value in values {
        let text = format!("{},\"{name}\":{value}}}", &rest[..rest.len() - 1]);
        assert_eq!(
            stage.judge(&stage.mint_raw(good_header().to_string(), &text)),
            Err(reason),
            "{text}"
        );
    }
}

#[test]
fn the_issuer_must_be_a_configured_one_byte_for_byte() {
    let others = [
        json!(null),
        json!(""),
        json!("https://login.example.com/"),
        json!("https://LOGIN.example.com"),
        json!("http://login.example.com"),
        json!("https://login.example.com:443"),
        json!("https://login.example.com\0"),
        json!(" https://login.example.com"),
        json!("https://login.example.com.evil.example"),
        json!("https://1ogin.example.com"),
        json!("https://kubernetes.default.svc"),
        json!([ISSUER]),
        json!({"iss": ISSUER}),
        json!(1),
        json!(true),
    ];
    refused(Reason::Issuer, &others.map(|iss| json!({"iss": iss})));
    refused_raw(Reason::Issuer, "iss", &["null"]);
}

#[test]
fn the_audience_must_be_ours() {
    let stage = Stage::new();
    for aud in [
        json!("kubemint"),
        json!("kubemint-two"),
        json!(["other", "kubemint"]),
        json!(["kubemint"]),
    ] {
        assert!(
            stage.judge_with(&json!({}), &json!({"aud": aud})).is_ok(),
            "{aud}"
        );
    }
    let others = [
        json!(null),
        json!(""),
        json!("other"),
        json!("Kubemint"),
        json!("kubemint "),
        json!("kubemint kubemint-two"),
        json!([]),
        json!(["other"]),
        json!([["kubemint"]]),
        json!(["kubemint", 1]),
        json!(["kubemint", null]),
        json!({"kubemint": true}),
        json!(1),
        json!(vec!["kubemint"; 65]),
    ];
    refused(Reason::Audience, &others.map(|aud| json!({"aud": aud})));
    refused_raw(Reason::Audience, "aud", &["null"]);
}

#[test]
fn the_subject_must_be_a_name_that_is_not_reserved() {
    let stage = Stage::new();
    for sub in [
        "a".to_owned(),
        "x".repeat(253),
        "é".repeat(253),
        "https://x/y#z|0 1".to_owned(),
        "System:x".to_owned(),
    ] {
        assert_eq!(
            stage
                .judge_with(&json!({}), &json!({"sub": sub}))
                .unwrap()
                .subject(),
            sub
        );
    }
    let others = [
        json!(null),
        json!(""),
        json!("x".repeat(254)),
        json!("system:admin"),
        json!("system:"),
        json!("system:serviceaccount:kube-system:default"),
        json!("ali\0ce"),
        json!("alice\n"),
        json!("\u{7f}"),
        json!("\u{85}"),
        json!("ecila\u{202e}"),
        json!("al\u{200b}ice"),
        json!("alice "),
        json!("alice\u{fe0f}"),
        json!("\u{301}"),
        json!("al\u{ad}ice"),
        json!("alice\u{180e}"),
        json!("alice\u{e0001}"),
        json!("\u{fff9}alice"),
        json!("\u{feff}alice"),
        json!(17),
        json!(["alice"]),
        json!({"name": "alice"}),
        json!(true),
    ];
    refused(Reason::Subject, &others.map(|sub| json!({"sub": sub})));
    refused_raw(Reason::Subject, "sub", &["null"]);
}

#[test]
fn a_token_holds_from_its_beginning_to_its_end_and_half_a_minute_around() {
    let stage = Stage::new();
    let claims = json!({"iat": NOW - 100, "nbf": NOW - 100, "exp": NOW + 100});
    let token = stage.mint(&json!({}), &claims);
    let at = |milliseconds: i64| {
        stage
            .judge_at(&token, NOW * 1000 + milliseconds)
            .map(|_| ())
    };
    assert_eq!(at(-130_001), Err(Reason::NotYetValid));
    assert_eq!(at(-130_000), Ok(()));
    assert_eq!(at(0), Ok(()));
    assert_eq!(at(129_999), Ok(()));
    assert_eq!(at(130_000), Err(Reason::Expired));
    assert_eq!(at(1_000_000_000), Err(Reason::Expired));
    let exact = Stage::with("leeway = '0s'");
    let token = exact.mint(&json!({}), &claims);
    assert!(exact.judge_at(&token, (NOW + 100) * 1000 - 1).is_ok());
    assert_eq!(
        exact.judge_at(&token, (NOW + 100) * 1000),
        Err(Reason::Expired)
    );
    assert_eq!(
        exact.judge_at(&token, (NOW - 100) * 1000 - 1),
        Err(Reason::NotYetValid)
    );
}

#[test]
fn a_token_without_an_end_or_with_an_odd_one_is_refused() {
    let odd = [
        json!(null),
        json!("1800000600"),
        json!([NOW + 600]),
        json!(true),
        json!({}),
        json!(-1),
        json!(NOW - 31),
    ];
    refused(Reason::Expired, &odd.map(|exp| json!({"exp": exp})));
    let end_of_integers = [
        "null",
        "1e300",
        "9223372036854775807",
        "18446744073709551615",
        "253402300800",
        "-0.5",
    ];
    refused_raw(Reason::Expired, "exp", &end_of_integers);
    refused_raw(
        Reason::BadJson,
        "exp",
        &[
            "1e999",
            "NaN",
            "Infinity",
            "0x6b49d200",
            "01800000600",
            "+1800000600",
        ],
    );
}

#[test]
fn a_token_that_is_not_valid_yet_or_comes_from_the_future_is_refused() {
    let odd = [
        json!("1800000000"),
        json!([NOW]),
        json!(false),
        json!(-1),
        json!(NOW + 31),
    ];
    refused(
        Reason::NotYetValid,
        &odd.clone().map(|nbf| json!({"nbf": nbf})),
    );
    refused_raw(Reason::NotYetValid, "nbf", &["null", "1e300"]);
    refused(Reason::IssuedAt, &odd.map(|iat| json!({"iat": iat})));
    refused(Reason::IssuedAt, &[json!({"iat": null})]);
    refused_raw(Reason::IssuedAt, "iat", &["null", "1e300"]);
    let stage = Stage::new();
    for iat in [json!(NOW + 30), json!(NOW as f64 + 0.25), json!(NOW - 5)] {
        assert!(
            stage.judge_with(&json!({}), &json!({"iat": iat})).is_ok(),
            "{iat}"
        );
    }
}

#[test]
fn a_token_that_lives_too_long_is_refused() {
    let day = 24 * 3600;
    refused(
        Reason::Lifetime,
        &[
            json!({"exp": NOW + day + 1}),
            json!({"iat": NOW - day, "exp": NOW + 1}),
            json!({"iat": 0}),
            json!({"exp": 253_402_300_799_i64}),
            json!({"exp": NOW, "iat": NOW}),
            json!({"exp": NOW - 10, "iat": NOW}),
        ],
    );
    let stage = Stage::new();
    assert!(
        stage
            .judge_with(&json!({}), &json!({"exp": NOW + day}))
            .is_ok()
    );
    let short = Stage::with("max_token_lifetime = '10m'");
    assert!(
        short
            .judge_with(&json!({}), &json!({"exp": NOW + 600}))
            .is_ok()
    );
    assert_eq!(
        short.judge_with(&json!({}), &json!({"exp": NOW + 601})),
        Err(Reason::Lifetime)
    );
}

#[test]
fn roles_and_attributes_must_be_what_they_are_named_for() {
    let odd_roles = [
        json!("compute.admin"),
        json!("compute.viewer compute.admin"),
        json!({"compute.admin": true}),
        json!([["compute.admin"]]),
        json!(["compute.viewer", 7]),
        json!(["compute.viewer", null]),
        json!([""]),
        json!(["x".repeat(257)]),
        json!(["compute.admin\u{0}"]),
        json!(vec!["compute.viewer"; 65]),
        json!(1),
        json!(true),
    ];
    refused(
        Reason::Claim,
        &odd_roles.map(|roles| json!({"roles": roles})),
    );
    for name in [
        "tenant_id",
        "scope",
        "scope_id",
        "principal_type",
        "credential_id",
        "jti",
    ] {
        let odd = [
            json!(""),
            json!(1),
            json!(["x"]),
            json!({}),
            json!("a\nb"),
            json!("\u{202e}"),
            json!("x".repeat(257)),
        ];
        refused(Reason::Claim, &odd.map(|value| json!({name: value})));
    }
}

#[test]
fn missing_attributes_are_nothing_rather_than_something() {
    let stage = Stage::new();
    let optional = [
        "tenant_id",
        "scope",
        "scope_id",
        "roles",
        "principal_type",
        "credential_id",
        "jti",
    ];
    let without: Value = optional
        .iter()
        .map(|&name| (name.to_owned(), Value::Null))
        .collect::<Map<_, _>>()
        .into();
    let bare = Caller::new(ISSUER, "alice");
    assert_eq!(stage.judge_with(&json!({}), &without).unwrap(), bare);
    let mut nulls = good_claims();
    for name in optional {
        nulls[name] = Value::Null;
    }
    let token = stage.mint_raw(good_header().to_string(), nulls.to_string());
    assert_eq!(stage.judge(&token).unwrap(), bare);
}

#[test]
fn attributes_come_from_where_the_configuration_says() {
    let stage = Stage::with(
        "[claims]\nroles = '/realm_access/roles'\ntenant = 'https://example.com/tenant'\nscope = '/odd~1name'\n\
         scope_id = '/realm_access/absent'\n",
    );
    let claims = json!({
        "realm_access": {"roles": ["compute.editor"]}, "https://example.com/tenant": "t", "odd/name": "folder",
    });
    let caller = stage.judge_with(&json!({}), &claims).unwrap();
    assert_eq!(caller.roles, ["compute.editor"]);
    assert_eq!(
        (
            caller.tenant.as_deref(),
            caller.scope.as_deref(),
            caller.scope_id
        ),
        (Some("t"), Some("folder"), None)
    );
    // The default names mean nothing now.
    let caller = stage
        .judge_with(&json!({}), &json!({"roles": ["compute.admin"]}))
        .unwrap();
    assert_eq!(caller.roles, Vec::<String>::new());
}

#[test]
fn a_token_that_is_bound_to_its_bearers_key_is_no_bearer_token() {
    let bindings = [
        json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
        json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}),
        json!({"cnf": {"jwk": {"kty": "EC"}}}),
        json!({"cnf": {}}),
        json!({"cnf": "k1"}),
    ];
    refused(Reason::Bound, &bindings);
    refused_raw(Reason::Bound, "cnf", &["null", "[]"]);
}

#[test]
fn the_message_of_an_event_is_no_token_of_access() {
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    refused(
        Reason::Event,
        &[json!({"events": {logout: {}}}), json!({"events": {}})],
    );
    refused_raw(Reason::Event, "events", &["null", "[]", "1"]);
}
