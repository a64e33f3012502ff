//! What an issuer serves: its documents, or the failure that it was told to have.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::introspection::{self, Introspection};
use super::{IssuerFailure, IssuerRequests};
use crate::body::Body;
use crate::keys::SigningKey;
use crate::serve::{Cut, Handler};

/// Longest that a hanging answer is held; any client gives up before.
const HANG: Duration = Duration::from_secs(120);
/// Size of one piece of an oversized answer, in octets.
const PIECE: usize = 64 * 1024;

/// A running issuer's memory, shared by all of its connections.
pub(crate) struct State {
    pub(crate) url: String,
    /// Published keys; the last one signs.
    pub(crate) keys: RwLock<Vec<Arc<SigningKey>>>,
    /// Served instead of the real key set.
    pub(crate) key_set: RwLock<Option<Value>>,
    pub(crate) failure: RwLock<Option<IssuerFailure>>,
    pub(crate) introspection: Introspection,
    discovery: AtomicU64,
    jwks: AtomicU64,
    other: AtomicU64,
}

impl State {
    pub(crate) fn new(url: String, key: Arc<SigningKey>) -> Self {
        Self {
            url,
            keys: RwLock::new(vec![key]),
            key_set: RwLock::new(None),
            failure: RwLock::new(None),
            introspection: Introspection::default(),
            discovery: AtomicU64::new(0),
            jwks: AtomicU64::new(0),
            other: AtomicU64::new(0),
        }
    }

    /// How often each thing was asked for.
    pub(crate) fn requests(&self) -> IssuerRequests {
        IssuerRequests {
            discovery: self.discovery.load(Ordering::Relaxed),
            jwks: self.jwks.load(Ordering::Relaxed),
            other: self.other.load(Ordering::Relaxed),
            introspection: self.introspection.requests(),
        }
    }

    pub(crate) fn signing_key(&self) -> Arc<SigningKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            keys.last()
                .expect("an issuer always holds at least one key"),
        )
    }

    pub(crate) fn real_key_set(&self) -> Value {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        json!({"keys": keys.iter().map(|key| key.jwk().clone()).collect::<Vec<_>>()})
    }

    fn discovery_document(&self, issuer: &str) -> Value {
        let algorithm = self.signing_key().algorithm().name();
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{}/jwks", self.url),
            "authorization_endpoint": format!("{}/authorize", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
        })
    }

    fn document(&self, path: &str) -> Option<Value> {
        match path {
            "/.well-known/openid-configuration" => {
                self.discovery.fetch_add(1, Ordering::Relaxed);
                Some(self.discovery_document(&self.url))
            }
            "/jwks" => {
                self.jwks.fetch_add(1, Ordering::Relaxed);
                let replaced = self
                    .key_set
                    .read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                Some(replaced.unwrap_or_else(|| self.real_key_set()))
            }
            introspection::PATH => {
                self.introspection.count();
                None
            }
            _ => {
                self.other.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

impl Handler for State {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let document = self.document(request.uri().path());
        let introspected = request.uri().path() == introspection::PATH;
        let failure = if introspected {
            self.introspection.failure()
        } else {
            let failure = self.failure.read();
            failure.unwrap_or_else(PoisonError::into_inner).clone()
        };
        match failure {
            None => {}
            Some(IssuerFailure::Down) => {
                return Ok(answer(StatusCode::SERVICE_UNAVAILABLE, Body::empty()));
            }
            Some(IssuerFailure::Hang) => {
                tokio::time::sleep(HANG).await;
                return Err(Cut);
            }
            Some(IssuerFailure::Garbage) => {
                return Ok(answer(StatusCode::OK, "<html>{not json".into()));
            }
            Some(IssuerFailure::Redirect(place)) => {
                let mut response = answer(StatusCode::FOUND, Body::empty());
                let place = HeaderValue::from_str(&place).unwrap_or(HeaderValue::from_static("/"));
                response.headers_mut().insert(LOCATION, place);
                return Ok(response);
            }
            Some(IssuerFailure::Oversized(octets)) => {
                return Ok(answer(StatusCode::OK, oversized(octets)));
            }
            Some(IssuerFailure::Impostor(other)) if request.uri().path() != "/jwks" => {
                return Ok(answer(
                    StatusCode::OK,
                    self.discovery_document(&other).to_string().into(),
                ));
            }
            Some(IssuerFailure::Impostor(_)) => {}
        }
        if introspected {
            return Ok(self.introspection.answer(request).await);
        }
        if let Some(place) = moved(request.uri().path()) {
            let mut response = answer(StatusCode::TEMPORARY_REDIRECT, Body::empty());
            response.headers_mut().insert(LOCATION, place);
            return Ok(response);
        }
        Ok(match document {
            None => answer(StatusCode::NOT_FOUND, r#"{"error":"not_found"}"#.into()),
            Some(_) if request.method() != Method::GET && request.method() != Method::HEAD => {
                let mut response = answer(
                    StatusCode::METHOD_NOT_ALLOWED,
                    r#"{"error":"method_not_allowed"}"#.into(),
                );
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            Some(document) => answer(StatusCode::OK, document.to_string().into()),
        })
    }
}

/// Where a document has moved to: `/moved/3/jwks` to `/moved/2/jwks`, and so on to `/jwks`.
fn moved(path: &str) -> Option<HeaderValue> {
    let (times, document) = path.strip_prefix("/moved/")?.split_once('/')?;
    let place = match times.parse::<u8>().ok()? {
        0 | 1 => format!("/{document}"),
        times => format!("/moved/{}/{document}", times - 1),
    };
    HeaderValue::from_str(&place).ok()
}

pub(super) fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A body of `octets` that starts like JSON; it is made as fast as it is read.
fn oversized(octets: u64) -> Body {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let mut left = octets;
        let mut piece = Bytes::from_static(br#"{"keys":["#);
        let filling = Bytes::from(vec![b' '; PIECE]);
        while left > 0 {
            let size = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            left -= size as u64;
            if sender.send(piece.slice(..size)).await.is_err() {
                return;
            }
            piece = filling.clone();
        }
    });
    Body::Pieces(receiver)
}
