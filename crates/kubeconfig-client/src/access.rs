//! How a client gets in, and what it is told when it does not.

use std::time::Duration;

use reqwest::ClientBuilder;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, InvalidHeaderValue};

use crate::{Client, Failure};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: longer than the server lets any request take.
const ANSWER: Duration = Duration::from_secs(60);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The token has a line break or another sign that no header can have.
    #[error("the token has a sign that no header can have")]
    Token(#[source] InvalidHeaderValue),
    /// TLS cannot be prepared.
    #[error("no HTTP client can be made")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// An HTTP client with times that suit this API: 10 seconds to connect, 60 for an answer. Add roots, proxies and the like,
    /// and pass it to [`Client::with_token`].
    pub fn http() -> ClientBuilder {
        ClientBuilder::new()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
    }

    /// A client that shows this bearer token, as `http` makes it. `url` is the server's, with or without a slash at its end. The
    /// token is in no `Debug`.
    ///
    /// # Errors
    /// The token is none, or `http` makes no client.
    pub fn with_token(url: &str, token: &str, http: ClientBuilder) -> Result<Self, AccessError> {
        let mut shown =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(AccessError::Token)?;
        shown.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, shown)]);
        let http = http.default_headers(headers).build();
        let http = http.map_err(AccessError::Http)?;
        Ok(Self::new_with_client(url.trim_end_matches('/'), http))
    }
}

/// The stable word for why a request was refused (`error.details[0].reason`): `rate_limited`, `role_not_permitted`, and so on.
/// `None` where no such answer came.
#[must_use]
pub fn reason(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::ErrorResponse(answer) => {
            let detail = answer.error.details.first()?;
            Some(detail.reason.as_str())
        }
        _ => None,
    }
}
