//! Reading a ServiceAccount token: only what it says of itself. Its signature is the cluster's own business, and it
//! came over a connection to that cluster; still it is held against what was asked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use kubemint::ports::{Credential, Secret};
use secrecy::SecretString;
use serde::Deserialize;

/// The longest token that is accepted, in bytes.
const LONGEST: usize = 16 * 1024;

/// How much longer than asked a token may live, in seconds: clusters round.
pub(crate) const SLACK: i64 = 10;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// The namespace of the ServiceAccount.
    pub(crate) namespace: &'a str,
    /// Its name.
    pub(crate) name: &'a str,
    /// The longest life that was asked for, in seconds.
    pub(crate) seconds: u32,
}

/// What is read of a token's payload.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    jti: Option<String>,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Option<Kubernetes>,
}

#[derive(Deserialize)]
struct Kubernetes {
    serviceaccount: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    uid: Option<String>,
}

/// A token that was read: the credential, and the UID of the ServiceAccount that it names.
pub(crate) struct Read {
    /// The credential.
    pub(crate) credential: Credential,
    /// The UID in its `kubernetes.io` claim, where it has one.
    pub(crate) account_uid: Option<String>,
}

/// Reads a token and holds it against `expected`.
///
/// # Errors
/// What is wrong with it, without a word of the token.
pub(crate) fn read(token: &str, expected: Expected<'_>) -> Result<Read, &'static str> {
    if token.len() > LONGEST {
        return Err("its token is too long");
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        return Err("its token is no JWT of three parts");
    };
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| "its token is not base64")
    };
    if decode(header)?.is_empty() || decode(signature)?.is_empty() {
        return Err("its token has an empty part");
    }
    let claims: Claims = serde_json::from_slice(&decode(payload)?)
        .map_err(|_| "its token does not say sub, iat and exp")?;
    if claims.sub
        != format!(
            "system:serviceaccount:{}:{}",
            expected.namespace, expected.name
        )
    {
        return Err("its token is for another subject");
    }
    let life = claims
        .exp
        .checked_sub(claims.iat)
        .ok_or("its token says impossible times")?;
    if life <= 0 {
        return Err("its token ended before it began");
    }
    if life > i64::from(expected.seconds) + SLACK {
        return Err("its token lives longer than was asked");
    }
    let jti_fits = |jti: &String| {
        (1..=256).contains(&jti.len()) && jti.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !claims.jti.iter().all(jti_fits) {
        return Err("its token has an unfit identifier");
    }
    Ok(Read {
        credential: Credential {
            secret: Secret::Token(SecretString::from(token)),
            issued_at: moment(claims.iat)?,
            expires_at: moment(claims.exp)?,
            jti: claims.jti,
        },
        account_uid: claims
            .kubernetes
            .and_then(|claim| claim.serviceaccount)
            .and_then(|account| account.uid),
    })
}

fn moment(seconds: i64) -> Result<DateTime<Utc>, &'static str> {
    // The year 9999 is the last that RFC 3339 can write.
    (0..=253_402_300_799)
        .contains(&seconds)
        .then(|| DateTime::from_timestamp(seconds, 0))
        .flatten()
        .ok_or("its token says impossible times")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    const EXPECTED: Expected<'static> = Expected {
        namespace: "kubemint-viewer",
        name: "k-1",
        seconds: 600,
    };

    fn token(payload: &Value) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            part(r#"{"alg":"ES256"}"#),
            part(&payload.to_string()),
            part("signature")
        )
    }

    fn good() -> Value {
        json!({
            "sub": "system:serviceaccount:kubemint-viewer:k-1", "iat": 1000, "exp": 1600, "jti": "j",
            "kubernetes.io": {"namespace": "kubemint-viewer", "serviceaccount": {"name": "k-1", "uid": "u"}},
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut claims = good();
        claims[key] = value;
        claims
    }

    fn refusal(token: &str) -> &'static str {
        read(token, EXPECTED).err().unwrap()
    }

    #[test]
    fn times_identifier_and_account_are_read_from_the_token() {
        let text = token(&good());
        let read = read(&text, EXPECTED).unwrap();
        let secret = read.credential.secret.token().unwrap();
        assert_eq!(secret.expose_secret(), text);
        assert_eq!(read.credential.issued_at.timestamp(), 1000);
        assert_eq!(read.credential.expires_at.timestamp(), 1600);
        assert_eq!(read.credential.jti.as_deref(), Some("j"));
        assert_eq!(read.account_uid.as_deref(), Some("u"));
    }

    #[test]
    fn an_old_cluster_without_jti_is_served() {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove("jti");
        assert_eq!(
            read(&token(&claims), EXPECTED).unwrap().credential.jti,
            None
        );
    }

    #[test]
    fn a_grant_may_be_shorter_and_hardly_longer() {
        assert!(read(&token(&with("exp", json!(1001))), EXPECTED).is_ok());
        assert!(read(&token(&with("exp", json!(1610))), EXPECTED).is_ok());
        assert_eq!(
            refusal(&token(&with("exp", json!(1611)))),
            "its token lives longer than was asked"
        );
        assert_eq!(
            refusal(&token(&with("exp", json!(1000)))),
            "its token ended before it began"
        );
    }

    #[test]
    fn another_subject_is_refused() {
        for sub in [
            "system:serviceaccount:kubemint-admin:k-1",
            "system:serviceaccount:kubemint-viewer:k-2",
            "system:serviceaccount:kubemint-viewer:k-1 ",
            "alice",
        ] {
            assert_eq!(
                refusal(&token(&with("sub", json!(sub)))),
                "its token is for another subject",
                "{sub:?}"
            );
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = token(&good());
        for bad in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c.d",
            &good.replace('.', ""),
            &format!("{good}\n"),
            &good.replace('.', " "),
        ] {
            refusal(bad);
        }
        assert_eq!(refusal(&"a".repeat(LONGEST + 1)), "its token is too long");
        for (key, value) in [
            ("exp", json!(null)),
            ("exp", json!("1600")),
            ("exp", json!(1600.5)),
            ("iat", json!(-5)),
            ("iat", json!(i64::MIN)),
            ("jti", json!("")),
            ("jti", json!("a\nb")),
            ("jti", json!("a".repeat(257))),
            ("sub", json!(["x"])),
        ] {
            refusal(&token(&with(key, value)));
        }
        let mut late = with("iat", json!(i64::MAX - 600));
        late["exp"] = json!(i64::MAX);
        assert_eq!(refusal(&token(&late)), "its token says impossible times");
    }
}
