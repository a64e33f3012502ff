//! The claims of a token (RFC 7519, RFC 9068), against its issuer's configuration.

use chrono::{DateTime, Utc};
use kubemint::caller::{Caller, Principal};
use kubemint::text::{flaw_of_user, hides};
use serde_json::{Map, Value};

use crate::config::IssuerConfig;
use crate::error::Reason;

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 253;
/// Longest value of any other claim that is used, in characters.
const MAX_VALUE: usize = 256;
/// Most audiences of a token, and most roles.
const MAX_ITEMS: usize = 64;
/// The last instant that a claim may name, in seconds: the end of the year 9999.
const LAST: f64 = 253_402_300_799.0;

/// The caller that the claims describe, if they hold at `now`. The issuer was compared before.
pub(super) fn caller(
    claims: &Map<String, Value>,
    config: &IssuerConfig,
    now: DateTime<Utc>,
) -> Result<Caller, Reason> {
    of_use(claims)?;
    audience(claims.get("aud"), config)?;
    times(claims, config, now)?;
    described(claims, config)
}

/// Whether a bearer may use a token with these claims at all.
pub(crate) fn of_use(claims: &Map<String, Value>) -> Result<(), Reason> {
    // Whoever may use it has to prove a key (RFC 7800, RFC 8705, RFC 9449), and a bearer proves none.
    if claims.contains_key("cnf") {
        return Err(Reason::Bound);
    }
    // A message about something that happened (RFC 8417), such as a logout, is no credential.
    if claims.contains_key("events") {
        return Err(Reason::Event);
    }
    Ok(())
}

/// Who the claims describe, whatever else they say.
pub(crate) fn described(
    claims: &Map<String, Value>,
    config: &IssuerConfig,
) -> Result<Caller, Reason> {
    let names = &config.claims;
    Ok(Caller {
        principal: Principal {
            issuer: config.url.clone(),
            subject: subject(claims.get("sub"))?,
        },
        tenant: text(find(claims, &names.tenant))?,
        scope: text(find(claims, &names.scope))?,
        scope_id: text(find(claims, &names.scope_id))?,
        roles: roles(find(claims, &names.roles))?,
        principal_type: text(find(claims, &names.principal_type))?,
        credential_id: text(find(claims, &names.credential_id))?,
        token_id: text(claims.get("jti"))?,
    })
}

/// One audience or several, one of them ours.
pub(crate) fn audience(value: Option<&Value>, config: &IssuerConfig) -> Result<(), Reason> {
    let ours = |name: &str| config.audiences.iter().any(|audience| audience == name);
    let found = match value {
        Some(Value::String(one)) => ours(one),
        Some(Value::Array(several)) if several.len() <= MAX_ITEMS => {
            let names: Option<Vec<&str>> = several.iter().map(Value::as_str).collect();
            names.ok_or(Reason::Audience)?.into_iter().any(ours)
        }
        _ => false,
    };
    if found { Ok(()) } else { Err(Reason::Audience) }
}

fn times(
    claims: &Map<String, Value>,
    config: &IssuerConfig,
    now: DateTime<Utc>,
) -> Result<(), Reason> {
    let leeway = config.leeway.as_secs_f64();
    let now = instant_of(now);
    let exp = instant(claims.get("exp")).ok_or(Reason::Expired)?;
    if now >= exp + leeway {
        return Err(Reason::Expired);
    }
    if let Some(value) = claims.get("nbf") {
        let nbf = instant(Some(value)).ok_or(Reason::NotYetValid)?;
        if nbf > now + leeway {
            return Err(Reason::NotYetValid);
        }
    }
    let iat = instant(claims.get("iat")).ok_or(Reason::IssuedAt)?;
    if iat > now + leeway {
        return Err(Reason::IssuedAt);
    }
    if exp <= iat || exp - iat > config.max_token_lifetime.as_secs_f64() {
        return Err(Reason::Lifetime);
    }
    Ok(())
}

/// Seconds since 1970; a double is exact to well below a millisecond here.
#[expect(
    clippy::cast_precision_loss,
    reason = "until the year 9999 milliseconds fit in 53 bits"
)]
pub(crate) fn instant_of(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

/// A NumericDate: it may have a fraction.
fn instant(value: Option<&Value>) -> Option<f64> {
    value?
        .as_number()?
        .as_f64()
        .filter(|seconds| (0.0..=LAST).contains(seconds))
}

/// The subject becomes the user that a kubeconfig is for, so it keeps to the same rules.
fn subject(value: Option<&Value>) -> Result<String, Reason> {
    let subject = value.and_then(Value::as_str).ok_or(Reason::Subject)?;
    let fits = !subject.is_empty()
        && subject.chars().count() <= MAX_SUBJECT
        && flaw_of_user(subject).is_none();
    if fits {
        Ok(subject.to_owned())
    } else {
        Err(Reason::Subject)
    }
}

/// A claim by its name, or by a JSON Pointer.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(pointer) = name.strip_prefix('/') else {
        return claims.get(name);
    };
    let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
    let mut tokens = pointer.split('/');
    let first = claims.get(&unescape(tokens.next()?))?;
    tokens.try_fold(first, |value, token| {
        value.as_object()?.get(&unescape(token))
    })
}

/// A claim that may be missing; `null` is missing too. It grants nothing by that.
fn text(value: Option<&Value>) -> Result<Option<String>, Reason> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if fits(text) => Ok(Some(text.clone())),
        Some(_) => Err(Reason::Claim),
    }
}

fn roles(value: Option<&Value>) -> Result<Vec<String>, Reason> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(roles)) if roles.len() <= MAX_ITEMS => roles
            .iter()
            .map(|role| {
                role.as_str()
                    .filter(|role| fits(role))
                    .map(str::to_owned)
                    .ok_or(Reason::Claim)
            })
            .collect(),
        Some(_) => Err(Reason::Claim),
    }
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_VALUE && !text.chars().any(hides)
}
