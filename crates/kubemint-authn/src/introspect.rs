//! Whether a token is still active, by its issuer's word today (RFC 7662).
//!
//! A signature holds until `exp`, whatever has happened since. Where an issuer is configured to be asked, its word is
//! asked for what matters, and it fails closed: no answer, no credential. "Active" is believed for a few seconds at most,
//! if at all; "inactive" is never remembered.

mod memory;
mod secret;
mod turns;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kubemint::ports::Clock;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Map, Value};
use slog::{Logger, info, warn};
use thiserror::Error;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::config::{IntrospectionConfig, IssuerConfig};
use crate::error::Reason;
use crate::token::claims::{audience, instant_of};
use crate::token::{Said, object};
use memory::{Memory, Name};
use secret::SecretFile;
use turns::Turns;

/// Largest answer, in octets.
const MAX_ANSWER: usize = 64 * 1024;
/// How a token is called that its bearer need not prove anything with (RFC 6750, RFC 8693).
const PLAIN: [&str; 2] = ["bearer", "access_token"];

/// Why there is no answer. Nothing that the issuer sent is in `Display`.
#[derive(Debug, Error)]
enum NoAnswer {
    #[error("it does not answer in time")]
    TimedOut,
    #[error("it cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("its answer is larger than {MAX_ANSWER} octets")]
    TooLarge,
    #[error("its answer is not an unambiguous JSON object that says whether the token is active")]
    Garbled,
    #[error("the client secret cannot be used: {0}")]
    Secret(String),
}

/// Why a token does not count as active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    Refused(Reason),
    /// The issuer could not be asked.
    Unasked,
}

/// The endpoint of one issuer.
pub(crate) struct Introspector {
    client: Client,
    url: Url,
    client_id: String,
    secret: SecretFile,
    timeout: Duration,
    turns: Turns,
    /// Tokens that were active lately.
    remembered: Mutex<Memory>,
    /// Why the last question had no answer.
    failure: Mutex<Option<String>>,
    log: Logger,
}

impl Introspector {
    pub(crate) fn new(
        issuer: &IssuerConfig,
        config: &IntrospectionConfig,
        waiting: usize,
        log: Logger,
    ) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .https_only(true)
            .no_proxy()
            .timeout(config.timeout)
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("kubemint/", env!("CARGO_PKG_VERSION")));
        let builder = match &issuer.roots {
            Some(roots) => builder.tls_certs_only(roots.iter().cloned()),
            None => builder,
        };
        Ok(Self {
            client: builder.build()?,
            url: config.url.clone(),
            client_id: config.client_id.clone(),
            secret: SecretFile::new(config.client_secret_file.clone(), config.timeout * 3 / 4),
            timeout: config.timeout,
            turns: Turns::new(waiting),
            remembered: Mutex::new(Memory::new(config.cache)),
            failure: Mutex::default(),
            log,
        })
    }

    /// Why the last question had no answer; `None` if it had, or none was asked.
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone()
    }

    /// Whether a token, whose signature was proved and which says `said`, is active. Its issuer is that of `config`.
    pub(crate) async fn confirm(
        &self,
        bearer: &str,
        said: &Said,
        config: &IssuerConfig,
        clock: &dyn Clock,
    ) -> Result<(), Doubt> {
        let name = Name::of(bearer);
        let asked = Instant::now();
        if self.remembered().holds(&name, asked) {
            return Ok(());
        }
        let end = asked + self.timeout;
        let turn = self.turns.take(&said.subject, self.failure().is_none());
        // Whoever has no turn in time has that of their own many questions, and it says nothing of the issuer.
        let Ok(Some(_turn)) = tokio::time::timeout_at(end, turn).await else {
            return Err(Doubt::Unasked);
        };
        let late = asked.elapsed() > self.timeout / 2;
        let answer = match tokio::time::timeout_at(end, self.ask(bearer)).await {
            Ok(answer) => answer,
            Err(_) if late => return Err(Doubt::Unasked),
            Err(_) => Err(NoAnswer::TimedOut),
        };
        let members = match answer {
            Ok(members) => {
                self.well();
                members
            }
            Err(error) => {
                self.unwell(&error);
                return Err(Doubt::Unasked);
            }
        };
        judge(&members, said, config, clock.now()).map_err(Doubt::Refused)?;
        self.remembered().add(name, asked, Instant::now());
        Ok(())
    }

    async fn ask(&self, bearer: &str) -> Result<Map<String, Value>, NoAnswer> {
        let secret = self.secret.read().await.map_err(NoAnswer::Secret)?;
        // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let form = format!("token={}&token_type_hint=access_token", encode(bearer));
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(encode(&self.client_id), Some(encode(&secret)))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status().as_u16() != 200 {
            return Err(NoAnswer::Status(response.status().as_u16()));
        }
        let text = body(&mut response).await?;
        let members = object(&text).ok_or(NoAnswer::Garbled)?;
        match members.get("active") {
            Some(Value::Bool(_)) => Ok(members),
            _ => Err(NoAnswer::Garbled),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Memory> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn well(&self) {
        let before = self
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if before.is_some() {
            info!(self.log, "the introspection endpoint answers again");
        }
    }

    fn unwell(&self, error: &NoAnswer) {
        let reason = error.to_string();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref() != Some(&reason) {
            let detail = match error {
                NoAnswer::Unreachable(source) => crate::error::chain_for_log(source),
                _ => String::new(),
            };
            warn!(self.log, "no token can be introspected"; "reason" => &reason, "detail" => detail);
            *failure = Some(reason);
        }
    }
}

/// What the answer means at `now` for a token that says `said`. A member that is missing says nothing; one that is there must be
/// the token's own, or at least fit it.
fn judge(
    members: &Map<String, Value>,
    said: &Said,
    config: &IssuerConfig,
    now: DateTime<Utc>,
) -> Result<(), Reason> {
    if members.get("active") != Some(&Value::Bool(true)) {
        return Err(Reason::Inactive);
    }
    let plain = |kind: &Value| {
        let kind = kind.as_str().unwrap_or_default();
        PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(kind))
    };
    if members.contains_key("cnf") || !members.get("token_type").is_none_or(plain) {
        return Err(Reason::Bound);
    }
    // What tells a token from others.
    let own = |name: &str| match (members.get(name), said.claims.get(name)) {
        (None, _) => true,
        (Some(Value::String(told)), Some(own)) => own.as_str() == Some(told),
        (Some(told), Some(own)) => told.is_number() && told.as_f64() == own.as_f64(),
        (Some(told), None) => told.is_string(),
    };
    // An issuer may date a token by its request, and the same token by its signature.
    let latest = instant_of(now) + config.leeway.as_secs_f64();
    let past = |name: &str| {
        let told = members.get(name);
        told.is_none_or(|time| time.as_f64().is_some_and(|time| time <= latest))
    };
    let fits =
        ["iss", "sub", "jti", "exp"].into_iter().all(own) && ["iat", "nbf"].into_iter().all(past);
    if !fits {
        return Err(Reason::OtherToken);
    }
    match members.get("aud") {
        None => Ok(()),
        told => audience(told, config),
    }
}

/// The body, as long as it is within bounds.
async fn body(response: &mut Response) -> Result<Vec<u8>, NoAnswer> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if text.len() + chunk.len() > MAX_ANSWER {
            return Err(NoAnswer::TooLarge);
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn unreachable(error: reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        NoAnswer::TimedOut
    } else {
        NoAnswer::Unreachable(error)
    }
}
