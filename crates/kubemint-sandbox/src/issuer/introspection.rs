//! Token introspection (RFC 7662) at `/introspect`: what the issuer says of a token today.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::IssuerFailure;
use super::documents::answer;
use crate::body::Body;

/// Where tokens are introspected.
pub(crate) const PATH: &str = "/introspect";
/// Who may introspect: client identifier and secret. They hold what must be encoded (RFC 6749, section 2.3.1).
pub(crate) const CLIENT: (&str, &str) = ("kubemint:sandbox", "sesame: 100% +\u{e9}");
/// Largest request, in octets.
const MAX_REQUEST: usize = 64 * 1024;

/// What the endpoint knows, and how it misbehaves.
#[derive(Debug, Default)]
pub(crate) struct Introspection {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Identifiers (`jti`) of tokens that are no longer active.
    ended: HashSet<String>,
    /// Said of every token, instead of the truth.
    fixed: Option<Value>,
    failure: Option<IssuerFailure>,
    requests: u64,
}

impl Introspection {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn end(&self, token_id: &str) {
        self.lock().ended.insert(token_id.to_owned());
    }

    pub(crate) fn fix(&self, answer: Option<Value>) {
        self.lock().fixed = answer;
    }

    pub(crate) fn fail(&self, failure: Option<IssuerFailure>) {
        self.lock().failure = failure;
    }

    pub(crate) fn failure(&self) -> Option<IssuerFailure> {
        self.lock().failure.clone()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// A request came in.
    pub(crate) fn count(&self) {
        self.lock().requests += 1;
    }

    /// What is said to this request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if request.method() != Method::POST {
            return answer(StatusCode::METHOD_NOT_ALLOWED, Body::empty());
        }
        if !is_the_client(&request) {
            let told = json!({"error": "invalid_client"});
            return answer(StatusCode::UNAUTHORIZED, told.to_string().into());
        }
        let form = request.headers().get(CONTENT_TYPE);
        let form = form.is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        let body = Limited::new(request.into_body(), MAX_REQUEST)
            .collect()
            .await;
        let token = match body {
            Ok(body) if form => member(&body.to_bytes(), "token"),
            _ => None,
        };
        match token {
            Some(token) => answer(StatusCode::OK, self.of(&token).to_string().into()),
            None => answer(
                StatusCode::BAD_REQUEST,
                json!({"error": "invalid_request"}).to_string().into(),
            ),
        }
    }

    fn of(&self, token: &str) -> Value {
        let inner = self.lock();
        if let Some(fixed) = &inner.fixed {
            return fixed.clone();
        }
        let claims = token
            .split('.')
            .nth(1)
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        match claims {
            Some(claims)
                if !claims["jti"]
                    .as_str()
                    .is_some_and(|id| inner.ended.contains(id)) =>
            {
                json!({
                    "active": true,
                    "iss": claims["iss"],
                    "sub": claims["sub"],
                    "exp": claims["exp"],
                    "aud": claims["aud"],
                    "token_type": "Bearer",
                })
            }
            _ => json!({"active": false}),
        }
    }
}

fn is_the_client(request: &Request<Incoming>) -> bool {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let pair = header.and_then(|text| text.strip_prefix("Basic "));
    let pair = pair.and_then(|text| STANDARD.decode(text).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
    let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
    pair.is_some_and(|(id, secret)| (decode(id).as_str(), decode(secret).as_str()) == CLIENT)
}

/// A member of a form.
fn member(form: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(form).ok()?;
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decode(value))
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
