//! How a client gets in.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, InvalidHeaderValue};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};

use crate::Client;
use crate::token::bearer;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take. An issue takes up to half a minute where a cluster or the store is slow; whoever waits longer
/// waits for what is most likely lost, and asks again.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a connection is kept for another request: less than the server keeps one (60 seconds), so that none is used in the
/// moment in which the server closes it.
const IDLE: Duration = Duration::from_secs(50);

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The URL is not one to send a token to.
    #[error("the URL {0}")]
    Url(&'static str),
    /// The token has a line break or another character that no header can have.
    #[error("the token has a sign that no header can have")]
    Token(#[source] InvalidHeaderValue),
    /// TLS could not be set up.
    #[error("no HTTP client can be made")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// An HTTP client with timeouts that suit this API: 10 seconds to connect, 60 for an answer. Add roots, proxies and the like,
    /// and pass it to [`Client::with_token`].
    ///
    /// TLS trusts the system's root certificates. If there are none (an image without a CA bundle), no client is made, not even for
    /// `http://127.0.0.1`. For that case, and for a private authority, give certificates from
    /// [`reqwest::Certificate::from_pem_bundle`]: to `tls_certs_only` (only these are trusted) or `tls_certs_merge` (these too).
    /// `examples/life.rs` does.
    pub fn http() -> ClientBuilder {
        ClientBuilder::new()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("kubeconfig-client/", env!("CARGO_PKG_VERSION")))
    }

    /// A client that sends this bearer token, built by `http` (usually [`Client::http`]). `url` is the server's, with or without a
    /// slash at its end: `https`, or `http` on loopback. The token is in no `Debug`, and goes to that server only: no redirect is
    /// followed, whatever `http` says, since this API has none, and plain HTTP uses no proxy.
    ///
    /// The client keeps this token. For a renewed one, or another person's, use [`Cluster::with_token`], on the same connections.
    ///
    /// # Errors
    /// The URL or the token cannot be used, or `http` makes no client.
    ///
    /// [`Cluster::with_token`]: crate::Cluster::with_token
    pub fn with_token(url: &str, token: &str, http: ClientBuilder) -> Result<Self, AccessError> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer(token)?)]);
        Self::without_token(url, http.default_headers(headers))
    }

    /// A client without a token, to act for others, each with their own token ([`Cluster::with_token`]), and never by mistake as
    /// oneself.
    ///
    /// # Errors
    /// As [`Client::with_token`].
    ///
    /// [`Cluster::with_token`]: crate::Cluster::with_token
    pub fn without_token(url: &str, http: ClientBuilder) -> Result<Self, AccessError> {
        let url = check(url).map_err(AccessError::Url)?;
        // No proxy of the environment: what is on loopback stays on the machine.
        let plain = url.scheme() == "http";
        let http = if plain { http.no_proxy() } else { http };
        let http = http.redirect(Policy::none()).referer(false).build();
        let http = http.map_err(AccessError::Http)?;
        // As it was read: what is judged is what is used.
        let url = url.as_str().trim_end_matches('/');
        Ok(Self::new_with_client(url, http))
    }
}

/// The URL of a server that a token may be sent to, or what is wrong with it.
pub(crate) fn check(url: &str) -> Result<Url, &'static str> {
    let url = Url::parse(url).map_err(|_| "is none")?;
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => {}
        ("http", Some(host)) if is_loopback(host) => {}
        ("http", Some(_)) => {
            return Err(
                "is of plain HTTP, and not on loopback: the token would be read on its way",
            );
        }
        _ => return Err("is none of HTTP"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user or a password, which would be sent in the token's place");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment, and paths are to be added to it");
    }
    Ok(url)
}

/// As the server has it: what leaves no machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_the_machine() {
        for url in [
            "https://api.example.com",
            "https://api.example.com:8443/kubemint/",
            "https://192.0.2.1",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080/",
            "http://localhost:8080",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("http://api.example.com", "is of plain HTTP"),
            ("http://192.0.2.1:80", "is of plain HTTP"),
            ("http://localhost.example.com", "is of plain HTTP"),
            ("http://127.0.0.1.example.com", "is of plain HTTP"),
            ("api.example.com", "is none"),
            ("/v1", "is none"),
            ("", "is none"),
            ("ftp://api.example.com", "is none of HTTP"),
            ("unix:/run/api", "is none of HTTP"),
            ("https://alice@api.example.com", "has a user"),
            ("https://:x@api.example.com", "has a user"),
            ("https://api.example.com?a=b", "has a query"),
            ("https://api.example.com/#a", "has a query"),
        ] {
            let told = check(url).unwrap_err();
            assert!(told.starts_with(why), "{url}: {told}");
        }
    }
}
