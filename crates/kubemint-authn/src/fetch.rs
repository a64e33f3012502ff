//! Reading an issuer's documents over HTTPS: small, soon, and only from where they should be.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response};
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;
use url::Url;

use crate::config::{IssuerConfig, KeysAt};
use crate::error::{chain, chain_for_log};
use crate::keys::{KeySet, NoKeySet, Timing};
use crate::token::object;

/// Largest document, in octets.
const MAX_DOCUMENT: usize = 256 * 1024;
/// How long a discovery document may be relied on when there is no time to read it.
const DISCOVERED: Duration = Duration::from_secs(3600);
/// Most characters of an issuer's own that are shown.
const MOST_SHOWN: usize = 200;
/// Most redirects, all within one origin.
const MAX_REDIRECTS: usize = 3;

/// A key set, and for how long the issuer says that it is fresh.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) keys: KeySet,
    pub(crate) max_age: Option<Duration>,
}

/// Why a key set was not fetched. Nothing that the issuer sent is in `Display`.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error("the issuer does not answer in time")]
    TimedOut,
    #[error("the issuer cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the issuer answers with status {0}")]
    Status(u16),
    #[error("the issuer redirects elsewhere")]
    Redirected,
    #[error("a document of the issuer is larger than {MAX_DOCUMENT} octets")]
    TooLarge,
    #[error("the discovery document is not an unambiguous JSON object")]
    Discovery,
    #[error("the discovery document is another issuer's")]
    OtherIssuer {
        /// What it says, cut short; `None`: no text.
        said: Option<String>,
        /// What it should say.
        expected: String,
    },
    #[error(
        "the discovery document points to a key set that is not at an https URL of a permitted origin"
    )]
    KeySetElsewhere,
    #[error("the key set cannot be used: {0}")]
    KeySet(NoKeySet),
}

impl FetchError {
    /// More on it, for the log: nothing that the issuer said.
    pub(crate) fn logged(&self) -> String {
        match self {
            Self::OtherIssuer { expected, .. } => {
                format!("it must say {expected:?}, byte for byte; doctor tells what it says")
            }
            _ => self.source().map(chain_for_log).unwrap_or_default(),
        }
    }

    /// More on it, for who asks for it (`doctor`).
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::OtherIssuer { said, expected } => match said {
                Some(said) => {
                    format!(
                        "it says {said:?}, and url is {expected:?}: they must be the same, byte for byte"
                    )
                }
                None => format!("it does not say whose it is, and url is {expected:?}"),
            },
            _ => self.source().map(chain).unwrap_or_default(),
        }
    }
}

/// The client of one issuer.
pub(crate) struct Fetcher {
    client: Client,
    issuer: String,
    at: KeysAt,
    /// Where the key set was found to be, and when.
    found: Option<(Url, Instant)>,
}

impl Fetcher {
    pub(crate) fn new(config: &IssuerConfig, timing: &Timing) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .https_only(true)
            .no_proxy()
            .connect_timeout(timing.connect)
            .timeout(timing.fetch)
            .redirect(Policy::custom(same_origin))
            .referer(false)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("kubemint/", env!("CARGO_PKG_VERSION")));
        let builder = match &config.roots {
            Some(roots) => builder.tls_certs_only(roots.iter().cloned()),
            None => builder,
        };
        Ok(Self {
            client: builder.build()?,
            issuer: config.url.clone(),
            at: config.keys.clone(),
            found: None,
        })
    }

    /// Fetches the key set. The discovery document is read first, unless `discover` is not set and it was read within
    /// the hour.
    pub(crate) async fn fetch(&mut self, discover: bool) -> Result<Fetched, FetchError> {
        let url = match (&self.at, &self.found) {
            (KeysAt::Url(url), _) => url.clone(),
            (KeysAt::Discovery { .. }, Some((url, read)))
                if !discover && read.elapsed() < DISCOVERED =>
            {
                url.clone()
            }
            (KeysAt::Discovery { document, origins }, _) => {
                let (text, _) = self.document(document).await?;
                let url = key_set_url(&text, &self.issuer, origins)?;
                self.found = Some((url.clone(), Instant::now()));
                url
            }
        };
        let (text, headers) = self.document(&url).await?;
        let keys = KeySet::read(&text).map_err(FetchError::KeySet)?;
        Ok(Fetched {
            keys,
            max_age: max_age(&headers),
        })
    }

    /// A document's text and headers.
    async fn document(&self, url: &Url) -> Result<(Vec<u8>, HeaderMap), FetchError> {
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(FetchError::Redirected);
        }
        if status.as_u16() != 200 {
            return Err(FetchError::Status(status.as_u16()));
        }
        let text = body(&mut response).await?;
        Ok((text, std::mem::take(response.headers_mut())))
    }
}

/// The body, as long as it is within bounds: what is beyond is never read.
async fn body(response: &mut Response) -> Result<Vec<u8>, FetchError> {
    let mut text = Vec::new();
    if response
        .content_length()
        .is_some_and(|length| length > MAX_DOCUMENT as u64)
    {
        return Err(FetchError::TooLarge);
    }
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if text.len() + chunk.len() > MAX_DOCUMENT {
            return Err(FetchError::TooLarge);
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn unreachable(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::TimedOut
    } else {
        FetchError::Unreachable(error)
    }
}

/// Follows within the origin that was asked; elsewhere, the redirect is the answer.
fn same_origin(attempt: Attempt<'_>) -> Action {
    let within = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if within && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Where a discovery document says that the key set is (OpenID Connect Discovery 1.0, sections 3 and 4.3).
fn key_set_url(text: &[u8], issuer: &str, origins: &[url::Origin]) -> Result<Url, FetchError> {
    let members = object(text).ok_or(FetchError::Discovery)?;
    let said = members.get("issuer").and_then(Value::as_str);
    if said != Some(issuer) {
        return Err(FetchError::OtherIssuer {
            said: said.map(|said| said.chars().take(MOST_SHOWN).collect()),
            expected: issuer.to_owned(),
        });
    }
    let url = members
        .get("jwks_uri")
        .and_then(Value::as_str)
        .and_then(|text| Url::parse(text).ok());
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none();
    url.filter(|url| url.scheme() == "https" && plain(url) && origins.contains(&url.origin()))
        .ok_or(FetchError::KeySetElsewhere)
}

/// How long the answer is fresh (RFC 9111, section 5.2.2).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => {
                age = value
                    .trim()
                    .trim_matches('"')
                    .parse()
                    .ok()
                    .map(Duration::from_secs)
                    .or(age)
            }
            _ => {}
        }
    }
    age
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn freshness_is_read_from_cache_control() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["public, max-age=300, must-revalidate"]), Some(300));
        assert_eq!(read(&["public", "Max-Age=\"20\""]), Some(20));
        assert_eq!(read(&["max-age=300, no-store"]), Some(0));
        assert_eq!(read(&["s-maxage=5"]), None);
        for nonsense in [
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=1e3",
            "max-age=99999999999999999999999",
        ] {
            assert_eq!(read(&[nonsense]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_discovery_document_is_believed_only_of_its_own_issuer_and_within_permitted_origins() {
        let issuer = "https://login.example.com";
        let origins =
            [issuer, "https://keys.example.com"].map(|url| Url::parse(url).unwrap().origin());
        let read = |issuer_member: &str, jwks_uri: &str| {
            let text = format!("{{\"issuer\":{issuer_member},\"jwks_uri\":{jwks_uri}}}");
            key_set_url(text.as_bytes(), issuer, &origins)
                .map(String::from)
                .map_err(|error| error.to_string())
        };
        let own = "\"https://login.example.com\"";
        assert_eq!(
            read(own, "\"https://login.example.com/jwks\"").unwrap(),
            "https://login.example.com/jwks"
        );
        assert_eq!(
            read(own, "\"https://keys.example.com/a?b\"").unwrap(),
            "https://keys.example.com/a?b"
        );
        for other in [
            "\"https://login.example.com/\"",
            "\"https://LOGIN.example.com\"",
            "null",
            "[\"https://login.example.com\"]",
        ] {
            assert!(
                read(other, "\"https://login.example.com/jwks\"")
                    .unwrap_err()
                    .contains("another issuer"),
                "{other}"
            );
        }
        for elsewhere in [
            "\"http://login.example.com/jwks\"",
            "\"https://login.example.com:444/jwks\"",
            "\"https://evil.example.com/jwks\"",
            "\"https://login.example.com@evil.example.com/jwks\"",
            "\"https://user@login.example.com/jwks\"",
            "\"/jwks\"",
            "\"file:///etc/passwd\"",
            "null",
            "17",
        ] {
            assert!(
                read(own, elsewhere)
                    .unwrap_err()
                    .contains("permitted origin"),
                "{elsewhere}"
            );
        }
        let own_slash = format!("{{\"issuer\":\"{issuer}/\",\"jwks_uri\":{own}}}");
        let detail = key_set_url(own_slash.as_bytes(), issuer, &origins)
            .unwrap_err()
            .detail();
        assert_eq!(
            detail,
            format!(
                "it says \"{issuer}/\", and url is \"{issuer}\": they must be the same, byte for byte"
            )
        );
        let twice = format!("{{\"issuer\":{own},\"jwks_uri\":{own},\"issuer\":{own}}}");
        assert!(matches!(
            key_set_url(twice.as_bytes(), issuer, &origins),
            Err(FetchError::Discovery)
        ));
    }
}
