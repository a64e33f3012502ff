//! How callers say who they are: the security schemes of the document, and what a request carries for each.

use crate::params::pairs;
use crate::{Detail, Fault, auth};
use dropshot::RequestInfo;
use http::{HeaderMap, header};
use std::borrow::Cow;
use std::fmt;

/// A security scheme that an operation demands. Generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in `components/securitySchemes`.
    pub name: &'static str,
    /// Where its credential is.
    pub carrier: Carrier,
    /// The scopes that the document demands for the operation. The authenticator checks whether the caller has them.
    pub scopes: &'static [&'static str],
}

/// Where a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// `Authorization: Bearer ...` (RFC 6750): `http` with `bearer`, `oauth2`, `openIdConnect`.
    Bearer,
    /// `Authorization: Basic ...` (RFC 7617).
    Basic,
    /// A header of this name: `apiKey` in `header`.
    Header(&'static str),
    /// A parameter of the query of this name: `apiKey` in `query`. A query is part of the URI, which dropshot logs with every
    /// request, and others on the way do, too: prefer a header.
    Query(&'static str),
}

/// What is demanded where the document has one bearer scheme without scopes, and no other.
pub(crate) const BEARER: &[&[Scheme]] = &[&[Scheme {
    name: "bearer",
    carrier: Carrier::Bearer,
    scopes: &[],
}]];

/// What a request carries for a scheme: not verified, and a secret.
pub struct Credential<'a> {
    /// Which scheme.
    pub scheme: &'static Scheme,
    /// The bearer token; of `Basic` the base64 text as it was sent; of a key its value.
    pub value: Cow<'a, str>,
}

/// Shows only the scheme.
impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential<{}>", self.scheme.name)
    }
}

/// What the request carries for the schemes, all of which must be there.
///
/// # Errors
/// 401 when one is not, or is not of its syntax.
pub(crate) fn presented<'a>(
    schemes: &'static [Scheme],
    request: &'a RequestInfo,
) -> Result<Vec<Credential<'a>>, (u16, Fault)> {
    let each = schemes.iter().map(|scheme| {
        let value = match scheme.carrier {
            Carrier::Bearer => auth::bearer(request.headers()).map(Cow::Borrowed),
            Carrier::Basic => basic(request.headers()).map(Cow::Borrowed),
            Carrier::Header(name) => key(request.headers(), name).map(Cow::Borrowed),
            Carrier::Query(name) => parameter(request, name).map(Cow::Owned),
        };
        value.map(|value| Credential { scheme, value })
    });
    each.collect()
}

/// The parameters of the query that are keys.
pub(crate) fn parameters(alternatives: &[&[Scheme]]) -> impl Iterator<Item = &'static str> {
    let schemes = alternatives.iter().copied().flatten();
    schemes.filter_map(|scheme| match scheme.carrier {
        Carrier::Query(name) => Some(name),
        _ => None,
    })
}

/// The fault of a caller who is not known, in the words of the schemes that would make it known.
pub(crate) fn challenged(alternatives: &[&[Scheme]], mut fault: Fault) -> Fault {
    let mut schemes = alternatives.iter().copied().flatten();
    let has = |carrier: Carrier| {
        alternatives
            .iter()
            .copied()
            .flatten()
            .any(|s| s.carrier == carrier)
    };
    if schemes.all(|scheme| scheme.carrier == Carrier::Bearer) {
        return fault;
    }
    "valid credentials are required".clone_into(&mut fault.message);
    // RFC 9110, section 11.6.1, asks every 401 for a challenge, and for each that is of use; none is registered for keys.
    let judged = fault.challenge.is_some();
    fault.challenge = Some(match (has(Carrier::Bearer), has(Carrier::Basic), judged) {
        (true, true, true) => {
            "Bearer error=\"invalid_token\", Basic realm=\"api\", charset=\"UTF-8\""
        }
        (true, true, false) => "Bearer, Basic realm=\"api\", charset=\"UTF-8\"",
        (true, false, true) => "Bearer error=\"invalid_token\"",
        (true, false, false) => "Bearer",
        (false, true, _) => "Basic realm=\"api\", charset=\"UTF-8\"",
        (false, false, _) => "ApiKey",
    });
    fault
}

fn refused(why: impl Into<String>) -> (u16, Fault) {
    let fault = Fault::new("valid credentials are required");
    (401, fault.detail(Detail::new("unauthenticated")).log(why))
}

/// The text of the one header of this name.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, (u16, Fault)> {
    let mut values = headers.get_all(name).iter();
    let value = values
        .next()
        .ok_or_else(|| refused(format!("no {name} header")))?;
    if values.next().is_some() {
        return Err(refused(format!("several {name} headers")));
    }
    value
        .to_str()
        .map_err(|_| refused(format!("a {name} header that is not ASCII")))
}

/// The credentials of `Authorization: Basic`, which are one word of base64.
fn basic(headers: &HeaderMap) -> Result<&str, (u16, Fault)> {
    let text = one(headers, header::AUTHORIZATION.as_str())?;
    let (scheme, value) = text.split_once(' ').unwrap_or((text, ""));
    let value = value.trim_matches(' ');
    let word = |b: u8| b.is_ascii_alphanumeric() || b"+/".contains(&b);
    let body = value.trim_end_matches('=');
    if !scheme.eq_ignore_ascii_case("basic") || body.is_empty() || !body.bytes().all(word) {
        return Err(refused("an Authorization header that is not Basic"));
    }
    Ok(value)
}

fn key<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, (u16, Fault)> {
    let value = one(headers, name)?;
    if value.is_empty() {
        return Err(refused(format!("an empty {name} header")));
    }
    Ok(value)
}

fn parameter(request: &RequestInfo, name: &str) -> Result<String, (u16, Fault)> {
    let query = request.uri().query().unwrap_or_default();
    let found = pairs(query, "query").map_err(|_| refused("a query that is not UTF-8"))?;
    let mut values = found.into_iter().filter(|(other, _)| other == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Ok(value),
        (Some(_), Some(_)) => Err(refused(format!("several parameters {name}"))),
        _ => Err(refused(format!("no parameter {name}"))),
    }
}
