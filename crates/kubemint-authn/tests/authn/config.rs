//! The configuration of issuers: what is read, and what is refused with its place.

use kubemint_authn::ConfigError;

use super::*;

fn check(text: &str) -> Result<Vec<IssuerConfig>, ConfigError> {
    #[derive(serde::Deserialize)]
    struct File {
        issuers: Vec<RawIssuer>,
    }
    let file: File = toml::from_str(text).unwrap();
    validate(&file.issuers, nowhere())
}

fn issuer_with(settings: &str) -> String {
    format!(
        "[[issuers]]\nurl = 'https://login.example.com'\naudiences = ['kubemint']\n{settings}\n"
    )
}

#[test]
fn an_issuer_needs_a_url_and_an_audience_and_is_called_by_its_host() {
    let two = format!(
        "{}[[issuers]]\nurl = 'https://[::1]:8443/realms/a'\naudiences = ['x']\n",
        issuer_with("")
    );
    let issuers = check(&two).unwrap();
    let names: Vec<_> = issuers
        .iter()
        .map(|issuer| (issuer.url(), issuer.alias()))
        .collect();
    assert_eq!(
        names,
        [
            ("https://login.example.com", "login.example.com"),
            ("https://[::1]:8443/realms/a", "::1:8443")
        ]
    );
    assert_eq!(
        check(&issuer_with("alias = 'login'")).unwrap()[0].alias(),
        "login"
    );
}

#[test]
fn several_issuers_are_warned_of_unless_each_says_for_what_it_speaks() {
    let other = "[[issuers]]\nurl = 'https://other.example.com'\naudiences = ['x']\n";
    let told = |settings: &str, other: &str| {
        let text = format!("{}{other}", issuer_with(settings));
        kubemint_authn::warnings(&check(&text).unwrap())
    };
    assert!(told("", "").is_empty());
    assert_eq!(told("", other).len(), 2);
    let one = told("speaks_for = ['*']", other);
    assert!(one.len() == 1 && one[0].starts_with("issuers[1].speaks_for: other.example.com"));
    let wrong = check(&issuer_with("speaks_for = ['tenant:a']")).unwrap_err();
    assert!(
        wrong.to_string().starts_with("issuers[0].speaks_for: "),
        "{wrong}"
    );
}

#[test]
fn every_setting_is_read() {
    let all = "speaks_for = ['project:a', 'folder:b']\nalias = 'a.b:c_d-1'\nalgorithms = ['ES384', 'PS512']\ntypes = ['application/AT+JWT']\n\
        allow_missing_type = false\nmax_token_lifetime = '1h'\nleeway = '0s'\n\
        jwks_origins = ['https://keys.example.com', 'https://keys.example.com:8443/']\n\
        [issuers.claims]\ntenant = 't'\nscope = 's'\nscope_id = 'i'\nroles = '/a/b'\nprincipal_type = 'p'\n\
        credential_id = 'c'\n";
    assert_eq!(check(&issuer_with(all)).unwrap().len(), 1);
    assert_eq!(
        check(&issuer_with("jwks_url = 'https://keys.example.com/a/b'"))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_cannot_work_is_refused_by_its_key_path() {
    let cases = [
        ("alias = ''", "issuers[0].alias: "),
        ("alias = 'a b'", "issuers[0].alias: "),
        ("alias = 'é'", "issuers[0].alias: "),
        ("algorithms = []", "issuers[0].algorithms: "),
        (
            "algorithms = ['ES256', 'HS256']",
            "issuers[0].algorithms: \"HS256\" is not accepted",
        ),
        (
            "algorithms = ['none']",
            "issuers[0].algorithms: \"none\" is not accepted",
        ),
        ("types = []", "issuers[0].types: "),
        (
            "max_token_lifetime = '24'",
            "issuers[0].max_token_lifetime: \"24\" is not a duration",
        ),
        (
            "max_token_lifetime = '59s'",
            "issuers[0].max_token_lifetime: ",
        ),
        (
            "max_token_lifetime = '99999999999999999999d'",
            "issuers[0].max_token_lifetime: ",
        ),
        ("leeway = '61s'", "issuers[0].leeway: "),
        ("leeway = '-1s'", "issuers[0].leeway: "),
        ("leeway = '+1s'", "issuers[0].leeway: "),
        ("leeway = '1 s'", "issuers[0].leeway: "),
        ("leeway = 's'", "issuers[0].leeway: "),
        ("leeway = '1S'", "issuers[0].leeway: "),
        ("leeway = 'é'", "issuers[0].leeway: "),
        (
            "ca_file = 'absent.pem'",
            "issuers[0].ca_file: cannot read absent.pem",
        ),
        (
            "ca_file = 'Cargo.toml'",
            "issuers[0].ca_file: Cargo.toml holds no PEM certificate",
        ),
        (
            "ca_file = 'tests/authn/malformed.pem'",
            "issuers[0].ca_file: tests/authn/malformed.pem: a certificate in it is malformed",
        ),
        (
            "jwks_url = 'http://login.example.com/jwks'",
            "issuers[0].jwks_url: ",
        ),
        (
            "jwks_url = 'https://login.example.com/jwks'\njwks_origins = ['https://a']",
            "issuers[0].jwks_origins: ",
        ),
        (
            "jwks_origins = ['https://keys.example.com/a']",
            "issuers[0].jwks_origins[0]: ",
        ),
        (
            "jwks_origins = ['keys.example.com']",
            "issuers[0].jwks_origins[0]: ",
        ),
        ("[issuers.claims]\nroles = ''", "issuers[0].claims.roles: "),
        ("[issuers.claims]\nroles = '/'", "issuers[0].claims.roles: "),
        (
            "[issuers.claims]\nroles = '/a~2'",
            "issuers[0].claims.roles: \"/a~2\" is no JSON Pointer",
        ),
    ];
    for (settings, expected) in cases {
        let told = check(&issuer_with(settings)).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{settings}: {told}");
    }
    let urls = [
        "http://login.example.com",
        "http://localhost:8080",
        "login.example.com",
        "https://user:secret@login.example.com",
        "https://user@login.example.com",
        "https://:secret@login.example.com",
        "https://login.example.com?a=b",
        "https://login.example.com#a",
        "https://",
        "https://login.example.com/a b",
        "",
    ];
    for url in urls {
        let told = check(&format!("[[issuers]]\nurl = '{url}'\naudiences = ['a']"))
            .unwrap_err()
            .to_string();
        assert!(told.starts_with("issuers[0].url: "), "{url}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    for audiences in ["[]", "['']"] {
        let told = check(&format!(
            "[[issuers]]\nurl = 'https://a'\naudiences = {audiences}"
        ))
        .unwrap_err()
        .to_string();
        assert!(told.starts_with("issuers[0].audiences: "), "{told}");
    }
}

#[test]
fn two_issuers_cannot_share_a_url_or_a_name() {
    let twice = format!("{0}{0}", issuer_with(""));
    assert_eq!(
        check(&twice).unwrap_err().to_string(),
        "issuers[1].url: issuers[0] has it already"
    );
    let realms = "[[issuers]]\nurl = 'https://a/one'\naudiences = ['x']\n[[issuers]]\nurl = 'https://a/two'\naudiences = ['x']";
    let told = check(realms).unwrap_err().to_string();
    assert!(
        told.starts_with("issuers[1].alias: issuers[0] is called \"a\" already"),
        "{told}"
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "[[issuers]]\nurl = 'http://a'\naudiences = []\nleeway = '1h'\n[[issuers]]\nurl = 'https://b'\naudiences = ['']";
    let error = check(text).unwrap_err();
    let paths: Vec<_> = error
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "issuers[0].url",
            "issuers[0].audiences",
            "issuers[0].leeway",
            "issuers[1].audiences"
        ]
    );
    assert_eq!(error.to_string().lines().count(), 4);
}

#[test]
fn what_may_be_a_secret_is_not_told() {
    let with = |url: &str, rest: &str| {
        format!("[[issuers]]\nurl = '{url}'\naudiences = ['kubemint']\n{rest}\n")
    };
    let good = "https://login.example.com";
    let asked = |url: &str, file: &str| {
        let asked = format!("[issuers.introspection]\nurl = '{url}'\nclient_id = 'c'\n");
        with(good, &format!("{asked}client_secret_file = '{file}'"))
    };
    for text in [
        with("http://u:canary@login.example.com", ""),
        with("//u:canary@login", ""),
        with("https://login.example.com?token=canary", ""),
        with(good, "jwks_url = 'https://keys.example.com/k?token=canary'"),
        with(good, "jwks_origins = ['http://u:canary@keys.example.com']"),
        asked("http://c:canary@login.example.com/i", "/dev/null"),
        asked("https://login.example.com/i", "canary-the-secret-itself"),
    ] {
        let told = check(&text).unwrap_err().to_string();
        assert!(!told.contains("canary"), "{told}");
    }
}

#[test]
fn unknown_settings_are_refused() {
    for text in ["audience = 'x'", "[claims]\nrole = 'x'"] {
        let text = format!("url = 'https://a'\naudiences = ['x']\n{text}");
        assert!(
            toml::from_str::<RawIssuer>(&text)
                .unwrap_err()
                .to_string()
                .contains("unknown field"),
            "{text}"
        );
    }
}

#[test]
fn every_length_is_tried_at_its_edge() {
    let fits = |settings: &str| match check(&issuer_with(settings)) {
        Ok(_) => true,
        Err(error) => {
            let told = error.to_string();
            assert!(
                !told.contains("is not a duration") && told.lines().count() == 1,
                "{told}"
            );
            false
        }
    };
    let url = |length: usize| {
        let start = "https://login.example.com/";
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    let jwks = |length: usize| format!("jwks_url = '{}'", url(length));
    assert!(fits(&jwks(1024)) && !fits(&jwks(1025)));
    let alias = |length: usize| format!("alias = '{}'", "a".repeat(length));
    assert!(fits(&alias(64)) && !fits(&alias(65)));
    let typ = |length: usize| format!("types = ['jwt', '{}']", "t".repeat(length));
    assert!(fits(&typ(1024)) && !fits(&typ(1025)));
    let claim = |length: usize| format!("[issuers.claims]\nroles = '{}'", "r".repeat(length));
    assert!(fits(&claim(1024)) && !fits(&claim(1025)));
    let scope = |length: usize| format!("speaks_for = ['project:{}']", "p".repeat(length));
    assert!(fits(&scope(1024)) && !fits(&scope(1025)));
    let lifetime = |text: &str| format!("max_token_lifetime = '{text}'");
    for (most, more) in [("366d", "367d"), ("8784h", "8785h"), ("527040m", "527041m")] {
        assert!(fits(&lifetime(most)) && !fits(&lifetime(more)), "{more}");
    }
    assert!(fits(&lifetime("60s")) && fits(&lifetime("1m")) && !fits(&lifetime("0d")));
    assert!(fits("leeway = '60s'") && fits("leeway = '0s'") && !fits("leeway = '61s'"));
}

#[test]
fn a_name_that_is_empty_and_one_that_is_too_long_are_told_apart() {
    let told = |name: &str| check(&issuer_with(&format!("types = ['{name}']")));
    let told = |name: &str| told(name).unwrap_err().to_string();
    assert!(told("").ends_with("must not hold an empty name"));
    assert!(told(&"t".repeat(1025)).ends_with("a name is longer than 1024 octets"));
}

#[test]
fn every_algorithm_that_a_token_may_have_can_be_configured_and_no_other() {
    let known = [
        "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
    ];
    for name in known {
        let checked = check(&issuer_with(&format!("algorithms = ['{name}']")));
        assert!(checked.is_ok(), "{name}");
    }
    for name in [
        "", "none", "HS256", "HS384", "HS512", "ES512", "ES256K", "es256", "Ed25519", "*",
    ] {
        let checked = check(&issuer_with(&format!("algorithms = ['{name}']")));
        assert!(checked.is_err(), "{name}");
    }
}

#[test]
fn a_url_with_a_control_character_is_refused_though_a_parser_would_encode_it() {
    for character in ["\\u0001", "\\u007f", "\\t", "\\u00a0", "\\u2028"] {
        let text = format!("[[issuers]]\nurl = \"https://a/{character}b\"\naudiences = ['x']");
        let told = check(&text).unwrap_err().to_string();
        assert!(told.starts_with("issuers[0].url: "), "{character}: {told}");
    }
}
