//! From what is written to what is meant: every rule of the issuers' configuration.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use reqwest::Certificate;
use url::Url;

use super::{
    ClaimNames, ConfigError, IntrospectionConfig, IssuerConfig, KeysAt, Limit, MAX_NAME, Problem,
    RawClaims, RawIntrospection, RawIssuer,
};
use crate::token::{algorithm, normal_type};

const DAY: u64 = 24 * 3600;
/// Bounds of `max_token_lifetime`.
const LIFETIME: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(366 * DAY));
/// Bounds of `leeway`.
const LEEWAY: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(60));
/// Bounds of `introspection.timeout`.
const ANSWER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Bounds of `introspection.cache`: what is cached outlives its revocation.
const CACHE: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(5));
/// Longest secret, in octets.
const MAX_SECRET: u64 = 4096;

/// Checks the issuers of a file whose folder is `base`: relative paths start there. CA bundles are read.
///
/// # Errors
/// Every problem found, not only the first.
pub fn validate(raw: &[RawIssuer], base: &Path) -> Result<Vec<IssuerConfig>, ConfigError> {
    let mut problems = Vec::new();
    let mut checked: Vec<(usize, IssuerConfig)> = Vec::new();
    for (index, issuer) in raw.iter().enumerate() {
        let mut place = Place {
            path: format!("issuers[{index}]"),
            problems: &mut problems,
        };
        let Some(config) = one(issuer, base, &mut place) else {
            continue;
        };
        for (other, earlier) in &checked {
            if earlier.url == config.url {
                place.wrong("url", format!("issuers[{other}] has it already"));
            } else if earlier.alias == config.alias {
                place.wrong(
                    "alias",
                    format!(
                        "issuers[{other}] is called {:?} already; give one a name",
                        config.alias
                    ),
                );
            }
        }
        checked.push((index, config));
    }
    if problems.is_empty() {
        Ok(checked.into_iter().map(|(_, config)| config).collect())
    } else {
        Err(ConfigError { problems })
    }
}

/// What an operator should know although it works: who speaks for whom where there are several issuers.
#[must_use]
pub fn warnings(issuers: &[IssuerConfig]) -> Vec<String> {
    if issuers.len() < 2 {
        return Vec::new();
    }
    let unsaid = issuers.iter().enumerate();
    let unsaid = unsaid.filter(|(_, issuer)| issuer.limit == Limit::Unsaid);
    unsaid
        .map(|(index, issuer)| {
            format!(
                "issuers[{index}].speaks_for: {} is one of several issuers, and its tokens may speak for any project, \
                 those of the others too; write which (\"project:ID\", \"folder:ID\", \"organization:ID\"), or [\"*\"] \
                 if it may",
                issuer.alias
            )
        })
        .collect()
}

/// A table in the file, and where problems found in it are noted.
struct Place<'a> {
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl Place<'_> {
    fn wrong(&mut self, key: &str, what: impl Into<String>) {
        self.problems.push(Problem {
            path: format!("{}.{key}", self.path),
            what: what.into(),
        });
    }

    /// The value, or `None` with its problem noted.
    fn take<T>(&mut self, key: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|what| self.wrong(key, what)).ok()
    }
}

/// One issuer by itself; `None` if a part of it is unfit (the reason is noted).
fn one(raw: &RawIssuer, base: &Path, place: &mut Place<'_>) -> Option<IssuerConfig> {
    let url = place.take("url", https(&raw.url));
    let alias = place.take("alias", alias(raw.alias.as_deref(), url.as_ref()));
    let audiences = place.take("audiences", names(&raw.audiences));
    let algorithms = place.take("algorithms", algorithms(raw.algorithms.as_deref()));
    let types = place.take("types", types(raw.types.as_deref()));
    let lifetime = duration(raw.max_token_lifetime.as_deref().unwrap_or("24h"), LIFETIME);
    let max_token_lifetime = place.take("max_token_lifetime", lifetime);
    let leeway = place.take(
        "leeway",
        duration(raw.leeway.as_deref().unwrap_or("30s"), LEEWAY),
    );
    let roots = place.take(
        "ca_file",
        raw.ca_file
            .as_deref()
            .map(|file| roots(&base.join(file)))
            .transpose(),
    );
    let limit = place.take("speaks_for", Limit::read(raw.speaks_for.as_deref()));
    let keys = keys(raw, url.as_ref(), place);
    let claims = claims(&raw.claims, place);
    let introspection = match &raw.introspection {
        None => Some(None),
        Some(raw) => introspection(raw, base, place).map(Some),
    };
    Some(IssuerConfig {
        url: url.map(|_| raw.url.clone())?,
        alias: alias?,
        audiences: audiences?,
        algorithms: algorithms?,
        types: types?,
        allow_missing_type: raw.allow_missing_type.unwrap_or(true),
        max_token_lifetime: max_token_lifetime?,
        leeway: leeway?,
        roots: roots?,
        limit: limit?,
        keys: keys?,
        claims: claims?,
        introspection: introspection?,
    })
}

/// An https URL with a host, and nothing that has no place in an issuer's or a key set's. The text is not in the error: there may
/// be a password in it.
fn https(text: &str) -> Result<Url, String> {
    let told = |what: &str| format!("{what}; write it as \"https://HOST/PATH\"");
    let url = Url::parse(text).map_err(|error| told(&format!("it is not a URL ({error})")))?;
    if url.scheme() != "https" {
        return Err(told("it must begin with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(told("it must have no query and no fragment"));
    }
    if text.len() > MAX_NAME || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!(
            "must be at most {MAX_NAME} octets, without spaces and control characters"
        ));
    }
    Ok(url)
}

fn alias(given: Option<&str>, url: Option<&Url>) -> Result<String, String> {
    let Some(alias) = given else {
        // The problem, if there is one, is the URL's.
        let host = url
            .and_then(Url::host_str)
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .replace('%', "_");
        let port = url
            .and_then(Url::port)
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        return Ok(format!("{host}{port}"));
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || ".:_-".contains(c);
    if alias.is_empty() || alias.len() > 64 || !alias.chars().all(fits) {
        return Err(format!(
            "{alias:?} must be 1 to 64 of letters, digits and . : _ -"
        ));
    }
    Ok(alias.to_owned())
}

/// At least one name, none of them empty.
fn names(names: &[String]) -> Result<Vec<String>, String> {
    if names.is_empty() {
        return Err("must name at least one".to_owned());
    }
    match names
        .iter()
        .find(|name| name.is_empty() || name.len() > MAX_NAME)
    {
        Some(name) if name.is_empty() => Err("must not hold an empty name".to_owned()),
        Some(_) => Err(format!("a name is longer than {MAX_NAME} octets")),
        None => Ok(names.to_vec()),
    }
}

fn algorithms(given: Option<&[String]>) -> Result<Vec<Algorithm>, String> {
    let Some(given) = given else {
        return Ok(vec![Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA]);
    };
    names(given)?
        .iter()
        .map(|name| {
            algorithm(name).ok_or_else(|| {
                let known = "ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512 and EdDSA";
                format!("{name:?} is not accepted; the algorithms that can be are {known}")
            })
        })
        .collect()
}

fn types(given: Option<&[String]>) -> Result<Vec<String>, String> {
    let Some(given) = given else {
        return Ok(vec!["at+jwt".to_owned(), "jwt".to_owned()]);
    };
    Ok(names(given)?.iter().map(|name| normal_type(name)).collect())
}

/// A whole number and one of the units `s`, `m`, `h`, `d`, within bounds.
fn duration(text: &str, (least, most): (Duration, Duration)) -> Result<Duration, String> {
    let parsed = text.char_indices().next_back().and_then(|(at, unit)| {
        let unit = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => DAY,
            _ => return None,
        };
        let digits = &text[..at];
        let plain = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        plain
            .then(|| digits.parse::<u64>().ok()?.checked_mul(unit))
            .flatten()
    });
    let Some(seconds) = parsed else {
        return Err(format!(
            "{text:?} is not a duration; write a whole number and one of s, m, h, d, such as \"15m\""
        ));
    };
    let duration = Duration::from_secs(seconds);
    if duration < least || duration > most {
        return Err(format!(
            "{text:?} must be {}s to {}s",
            least.as_secs(),
            most.as_secs()
        ));
    }
    Ok(duration)
}

fn roots(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let shown = path.display();
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|error| format!("{shown} does not hold PEM certificates: {error}"))?;
    if certificates.is_empty() {
        return Err(format!("{shown} holds no PEM certificate"));
    }
    // What is inside of them is looked at when they are used, as they are later.
    reqwest::Client::builder()
        .tls_certs_only(certificates.iter().cloned())
        .build()
        .map_err(|_| format!("{shown}: a certificate in it is malformed"))?;
    Ok(certificates)
}

fn keys(raw: &RawIssuer, issuer: Option<&Url>, place: &mut Place<'_>) -> Option<KeysAt> {
    if let Some(text) = &raw.jwks_url {
        if !raw.jwks_origins.is_empty() {
            place.wrong(
                "jwks_origins",
                "is for discovery, which jwks_url replaces; leave one out",
            );
        }
        return place.take("jwks_url", https(text)).map(KeysAt::Url);
    }
    let mut origins = vec![issuer?.origin()];
    for (index, text) in raw.jwks_origins.iter().enumerate() {
        let origin = https(text).and_then(|url| match url.path() {
            "/" => Ok(url.origin()),
            path => Err(format!("{text:?} must be an origin; leave out {path:?}")),
        });
        origins.push(place.take(&format!("jwks_origins[{index}]"), origin)?);
    }
    // OpenID Connect Discovery 1.0, section 4: a terminating "/" of the issuer is removed first.
    let document = format!(
        "{}/.well-known/openid-configuration",
        raw.url.trim_end_matches('/')
    );
    place
        .take("url", https(&document))
        .map(|document| KeysAt::Discovery { document, origins })
}

fn introspection(
    raw: &RawIntrospection,
    base: &Path,
    place: &mut Place<'_>,
) -> Option<IntrospectionConfig> {
    let url = place.take("introspection.url", https(&raw.url));
    let client_id = match raw.client_id.as_str() {
        id if id.is_empty() || id.len() > MAX_NAME || id.chars().any(char::is_control) => Err(
            format!("must be 1 to {MAX_NAME} octets without control characters"),
        ),
        id => Ok(id.to_owned()),
    };
    let client_id = place.take("introspection.client_id", client_id);
    let file = base.join(&raw.client_secret_file);
    let secret = read_secret(&file).map(|_| file.clone());
    // What is not there, and in no folder, may be the secret itself.
    let bare = Path::new(&raw.client_secret_file).components().count() == 1;
    let secret = secret.map_err(|told| match bare && !file.exists() {
        true => "names no file that is there; write the path of the secret's file, not the secret"
            .to_owned(),
        false => told,
    });
    let client_secret_file = place.take("introspection.client_secret_file", secret);
    let timeout = duration(raw.timeout.as_deref().unwrap_or("2s"), ANSWER);
    let timeout = place.take("introspection.timeout", timeout);
    let cache = duration(raw.cache.as_deref().unwrap_or("0s"), CACHE);
    let cache = place.take("introspection.cache", cache);
    Some(IntrospectionConfig {
        url: url?,
        client_id: client_id?,
        client_secret_file: client_secret_file?,
        timeout: timeout?,
        cache: cache?,
    })
}

/// A secret's file: one line of text. Nothing of it is in the error.
pub(crate) fn read_secret(file: &Path) -> Result<String, String> {
    let told = |what: &str| format!("{}: {what}", file.display());
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| {
        let mut bounded = file.take(MAX_SECRET + 1);
        bounded.read_to_string(&mut text)
    });
    read.map_err(|error| told(&format!("cannot be read: {error}")))?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        Err(told("is empty"))
    } else if text.len() as u64 > MAX_SECRET || secret.chars().any(char::is_control) {
        Err(told("must hold one line, the secret"))
    } else {
        Ok(secret.to_owned())
    }
}

fn claims(raw: &RawClaims, place: &mut Place<'_>) -> Option<ClaimNames> {
    let mut name = |key: &str, given: &Option<String>, default: &str| {
        let name = given.as_deref().unwrap_or(default);
        let fits = !name.is_empty() && name.len() <= MAX_NAME && name != "/";
        let checked = if !fits {
            Err(format!("{name:?} is not the name of a claim"))
        } else if name.starts_with('/') && !is_pointer(name) {
            Err(format!(
                "{name:?} is no JSON Pointer; in one, ~ is written ~0, and / within a name ~1"
            ))
        } else {
            Ok(name.to_owned())
        };
        place.take(&format!("claims.{key}"), checked)
    };
    let tenant = name("tenant", &raw.tenant, "tenant_id");
    let scope = name("scope", &raw.scope, "scope");
    let scope_id = name("scope_id", &raw.scope_id, "scope_id");
    let roles = name("roles", &raw.roles, "roles");
    let principal_type = name("principal_type", &raw.principal_type, "principal_type");
    let credential_id = name("credential_id", &raw.credential_id, "credential_id");
    Some(ClaimNames {
        tenant: tenant?,
        scope: scope?,
        scope_id: scope_id?,
        roles: roles?,
        principal_type: principal_type?,
        credential_id: credential_id?,
    })
}

/// Whether each `~` of a JSON Pointer (RFC 6901) is the beginning of `~0` or `~1`.
fn is_pointer(text: &str) -> bool {
    let mut after = text.split('~').skip(1);
    after.all(|rest| rest.starts_with(['0', '1']))
}
