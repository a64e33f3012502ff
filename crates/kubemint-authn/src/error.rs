//! Why a caller is not known.

use std::fmt;

use thiserror::Error;

/// Why a caller is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthnError {
    /// The token is refused. The caller is told this much; the reason is for logs and metrics.
    #[error("the bearer token is refused")]
    Refused(Reason),
    /// The keys of this issuer (its alias) are not known and cannot be had now. The token may be good.
    #[error("the keys of issuer {0} are not available")]
    Unavailable(String),
    /// This issuer (its alias) cannot be asked now whether the token is still active. The token may be good.
    #[error("issuer {0} cannot be asked whether the token is active")]
    Unasked(String),
}

/// An error and all its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// The same for a log, where nothing may be that the peer said: a failure of TLS by its class, since the error itself quotes the
/// names in a certificate.
pub(crate) fn chain_for_log(error: &(dyn std::error::Error + 'static)) -> String {
    let (mut told, mut next) = (Vec::new(), Some(error));
    while let Some(error) = next {
        if let Some(failed) = error.downcast_ref::<rustls::Error>() {
            told.push(of_tls(failed));
            break;
        }
        // One that wraps another says what that one says.
        let wrapped = error.downcast_ref::<std::io::Error>();
        next = match wrapped.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => {
                told.push(error.to_string());
                error.source()
            }
        };
    }
    told.join(": ")
}

fn of_tls(error: &rustls::Error) -> String {
    let class = |debug: String| {
        let end = debug.find(|c: char| !c.is_ascii_alphanumeric());
        debug[..end.unwrap_or(debug.len())].to_owned()
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            let class = class(format!("{reason:?}"));
            format!("its certificate is not trusted ({class})")
        }
        other => format!("TLS failed ({})", class(format!("{other:?}"))),
    }
}

impl From<Reason> for AuthnError {
    fn from(reason: Reason) -> Self {
        AuthnError::Refused(reason)
    }
}

/// Why authentication could not be prepared.
#[derive(Debug, Error)]
#[error("cannot make an HTTPS client for issuer {alias}")]
pub struct BuildError {
    /// The issuer's alias.
    pub alias: String,
    /// Why.
    #[source]
    pub source: reqwest::Error,
}

/// Why a token is refused: for logs and metrics, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
#[non_exhaustive]
pub enum Reason {
    /// There is no `Authorization` header.
    NoHeader,
    /// There are several.
    ManyHeaders,
    /// It is not `Bearer` and a token.
    BadHeader,
    /// The token is larger than [`crate::MAX_TOKEN`].
    TooLarge,
    /// It is not three parts, none of them empty.
    NotCompact,
    /// A part is not base64url without padding.
    BadEncoding,
    /// The header or the claims are not a JSON object, or some member occurs twice.
    BadJson,
    /// The header has a member that must not be there: `jwk`, `jku`, `x5u`, `x5c`, `zip`, `cty`, `b64`, `enc`.
    ForbiddenHeader,
    /// The header has `crit`.
    Critical,
    /// `alg` is missing, or not accepted from this issuer.
    Algorithm,
    /// `typ` is not accepted from this issuer.
    Type,
    /// `kid` is not a string of 1 to 256 characters.
    KeyId,
    /// `iss` is missing, no string, or not configured.
    Issuer,
    /// `aud` is missing, malformed, or names none that is configured.
    Audience,
    /// `sub` is missing, malformed, or reserved (`system:`).
    Subject,
    /// `exp` is missing or no number, or has passed.
    Expired,
    /// `nbf` is no number, or lies ahead.
    NotYetValid,
    /// `iat` is missing or no number, or lies ahead.
    IssuedAt,
    /// It lives longer than the configuration accepts, or ends before it was issued.
    Lifetime,
    /// Another claim that is used is malformed.
    Claim,
    /// The token is bound to a key of its bearer's (`cnf`), which is not proved here.
    Bound,
    /// It is the message of an event (`events`), not a token of access.
    Event,
    /// The issuer has published no such key.
    UnknownKey,
    /// The token names no key, and several would do.
    AmbiguousKey,
    /// The key that it names is not for its algorithm.
    KeyMismatch,
    /// The signature does not hold.
    Signature,
    /// It claims a scope for which its issuer may not speak.
    Scope,
    /// The issuer says that the token is no longer active.
    Inactive,
    /// The issuer speaks of another token: `iss`, `sub`, `jti` or a time is not the token's.
    OtherToken,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 29] = [
        Reason::NoHeader,
        Reason::ManyHeaders,
        Reason::BadHeader,
        Reason::TooLarge,
        Reason::NotCompact,
        Reason::BadEncoding,
        Reason::BadJson,
        Reason::ForbiddenHeader,
        Reason::Critical,
        Reason::Algorithm,
        Reason::Type,
        Reason::KeyId,
        Reason::Issuer,
        Reason::Audience,
        Reason::Subject,
        Reason::Expired,
        Reason::NotYetValid,
        Reason::IssuedAt,
        Reason::Lifetime,
        Reason::Claim,
        Reason::Bound,
        Reason::Event,
        Reason::UnknownKey,
        Reason::AmbiguousKey,
        Reason::KeyMismatch,
        Reason::Signature,
        Reason::Scope,
        Reason::Inactive,
        Reason::OtherToken,
    ];

    /// Its stable name, for a metric's label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoHeader => "no_header",
            Reason::ManyHeaders => "many_headers",
            Reason::BadHeader => "bad_header",
            Reason::TooLarge => "too_large",
            Reason::NotCompact => "not_compact",
            Reason::BadEncoding => "bad_encoding",
            Reason::BadJson => "bad_json",
            Reason::ForbiddenHeader => "forbidden_header",
            Reason::Critical => "critical",
            Reason::Algorithm => "algorithm",
            Reason::Type => "type",
            Reason::KeyId => "key_id",
            Reason::Issuer => "issuer",
            Reason::Audience => "audience",
            Reason::Subject => "subject",
            Reason::Expired => "expired",
            Reason::NotYetValid => "not_yet_valid",
            Reason::IssuedAt => "issued_at",
            Reason::Lifetime => "lifetime",
            Reason::Claim => "claim",
            Reason::Bound => "bound",
            Reason::Event => "event",
            Reason::UnknownKey => "unknown_key",
            Reason::AmbiguousKey => "ambiguous_key",
            Reason::KeyMismatch => "key_mismatch",
            Reason::Signature => "signature",
            Reason::Scope => "scope",
            Reason::Inactive => "inactive",
            Reason::OtherToken => "other_token",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_a_certificate_says_is_not_logged() {
        let refused = rustls::CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("login.example.com").expect("a name"),
            presented: vec!["DnsName(\"canary.example\")".to_owned()],
        };
        let refused = rustls::Error::InvalidCertificate(refused);
        let error = std::io::Error::other(refused.clone());
        assert!(chain(&error).contains("canary"));
        let told = "its certificate is not trusted (NotValidForNameContext)";
        assert_eq!(chain_for_log(&error), told);
        let error = FetchFailed(error);
        assert_eq!(chain_for_log(&error), format!("it failed: {told}"));
        let closed = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(chain_for_log(&closed), "connection reset");
    }

    #[derive(Debug, Error)]
    #[error("it failed")]
    struct FetchFailed(#[source] std::io::Error);

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let word = reason.as_str();
            let plain = word
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet == b'_');
            assert!(plain && word.len() > 2, "{word}");
            assert_eq!(reason.to_string(), word);
        }
        assert_eq!(Reason::UnknownKey.as_str(), "unknown_key");
    }
}
