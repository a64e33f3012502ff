//! An OIDC issuer over HTTPS: a discovery document, a key set, and tokens on request of the owning process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::body::Body;
use crate::claims::Claims;
use crate::error::SandboxError;
use crate::keys::{SigningAlgorithm, SigningKey};
use crate::pki::Pki;
use crate::serve::{Cut, Handler, Server};

/// Longest that a hanging answer is held; any client gives up before.
const HANG: Duration = Duration::from_secs(120);
/// Size of one piece of an oversized answer, in octets.
const PIECE: usize = 64 * 1024;

/// How an issuer is made.
#[derive(Debug, Clone)]
pub struct IssuerOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The audience of default claims.
    pub audience: String,
    /// The tenant of default claims.
    pub tenant: String,
    /// The project of default claims.
    pub project: String,
    /// The roles of default claims.
    pub roles: Vec<String>,
    /// Lifetime of default claims, in seconds.
    pub lifetime: i64,
    /// The algorithm of the first key and of every rotation.
    pub algorithm: SigningAlgorithm,
}

impl Default for IssuerOptions {
    fn default() -> Self {
        Self {
            port: 0,
            audience: "kubemint".to_owned(),
            tenant: "sandbox".to_owned(),
            project: "demo".to_owned(),
            roles: vec!["compute.admin".to_owned()],
            lifetime: 3600,
            algorithm: SigningAlgorithm::Es256,
        }
    }
}

/// How an issuer misbehaves. It applies to every answer until it is lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerFailure {
    /// 503 with an empty body.
    Down,
    /// No answer at all, for two minutes.
    Hang,
    /// 200 with a body that is not JSON.
    Garbage,
    /// 302 to this place.
    Redirect(String),
    /// 200 with a body of this many octets that never becomes a document.
    Oversized(u64),
    /// A discovery document and key set that say they are from this other issuer.
    Impostor(String),
}

/// How often an issuer was asked, by what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IssuerRequests {
    /// The discovery document.
    pub discovery: u64,
    /// The key set.
    pub jwks: u64,
    /// Anything else.
    pub other: u64,
}

/// A running issuer; it stops when dropped.
pub struct Issuer {
    state: Arc<State>,
    server: Server,
    ca_pem: String,
    options: IssuerOptions,
}

struct State {
    url: String,
    /// Published keys; the last one signs.
    keys: RwLock<Vec<Arc<SigningKey>>>,
    /// Served instead of the real key set.
    key_set: RwLock<Option<Value>>,
    failure: RwLock<Option<IssuerFailure>>,
    discovery: AtomicU64,
    jwks: AtomicU64,
    other: AtomicU64,
}

impl Issuer {
    /// Starts an issuer whose certificate `pki` vouches for.
    ///
    /// # Errors
    /// [`SandboxError`] if the port is taken or the random source fails.
    pub async fn start(pki: &Pki, options: IssuerOptions) -> Result<Self, SandboxError> {
        let key = Arc::new(SigningKey::generate(options.algorithm)?);
        let mut started = None;
        let server = Server::start(options.port, pki.server_config(false)?, |address| {
            let state = Arc::new(State {
                url: format!("https://{address}"),
                keys: RwLock::new(vec![key]),
                key_set: RwLock::new(None),
                failure: RwLock::new(None),
                discovery: AtomicU64::new(0),
                jwks: AtomicU64::new(0),
                other: AtomicU64::new(0),
            });
            started = Some(Arc::clone(&state));
            state
        })
        .await?;
        let state =
            started.ok_or_else(|| SandboxError::Options("the issuer has no state".to_owned()))?;
        Ok(Self {
            state,
            server,
            ca_pem: pki.ca_pem(),
            options,
        })
    }

    /// The issuer's identifier and base URL, such as `https://127.0.0.1:40001`; no trailing slash.
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// The certificate (PEM) that a client must trust to read the key set.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// What this issuer was started with.
    pub fn options(&self) -> &IssuerOptions {
        &self.options
    }

    /// The claims of a user's access token: valid from now, for this issuer's audience, tenant and project.
    pub fn claims(&self, subject: &str) -> Claims {
        let now = Utc::now().timestamp();
        Claims::empty()
            .set("iss", self.url())
            .set("sub", subject)
            .set("aud", self.options.audience.as_str())
            .times(now, now + self.options.lifetime)
            .set("jti", Uuid::new_v4().to_string())
            .tenant(&self.options.tenant)
            .project(&self.options.project)
            .set("roles", json!(self.options.roles))
            .set("principal_type", "user")
    }

    /// Signs claims with the newest key, under the header `{alg, kid, typ: "at+jwt"}`.
    pub fn mint(&self, claims: impl Into<Value>) -> String {
        let key = self.state.signing_key();
        let header = json!({"alg": key.algorithm().name(), "kid": key.kid(), "typ": "at+jwt"});
        key.sign(
            header.to_string().as_bytes(),
            claims.into().to_string().as_bytes(),
        )
    }

    /// Signs with the newest key under the usual header overlaid with `header`; a null member is left out. The
    /// signature is this key's, whatever `alg` says.
    pub fn mint_with_header(&self, header: &Value, claims: impl Into<Value>) -> String {
        let key = self.state.signing_key();
        let mut full = json!({"alg": key.algorithm().name(), "kid": key.kid(), "typ": "at+jwt"});
        if let (Some(full), Some(changes)) = (full.as_object_mut(), header.as_object()) {
            for (name, value) in changes {
                match value {
                    Value::Null => full.remove(name),
                    value => full.insert(name.clone(), value.clone()),
                };
            }
        }
        key.sign(
            full.to_string().as_bytes(),
            claims.into().to_string().as_bytes(),
        )
    }

    /// Signs these exact octets: for duplicate members, broken JSON and the like.
    pub fn mint_raw(&self, header: &[u8], payload: &[u8]) -> String {
        self.state.signing_key().sign(header, payload)
    }

    /// The identifier of the key that signs now.
    pub fn kid(&self) -> String {
        self.state.signing_key().kid().to_owned()
    }

    /// Makes a new key, which signs from now on. The old keys stay published if `keep_old` is set, otherwise
    /// tokens that they signed can no longer be proved.
    ///
    /// # Errors
    /// [`SandboxError::Key`] if the random source fails.
    pub fn rotate(&self, keep_old: bool) -> Result<(), SandboxError> {
        let key = Arc::new(SigningKey::generate(self.options.algorithm)?);
        let mut keys = self
            .state
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if !keep_old {
            keys.clear();
        }
        keys.push(key);
        Ok(())
    }

    /// Misbehaves from now on, or behaves again (`None`).
    pub fn set_failure(&self, failure: impl Into<Option<IssuerFailure>>) {
        *self
            .state
            .failure
            .write()
            .unwrap_or_else(PoisonError::into_inner) = failure.into();
    }

    /// Serves this document as the key set (weak, malformed or foreign keys), or the real one again (`None`).
    pub fn set_key_set(&self, document: impl Into<Option<Value>>) {
        *self
            .state
            .key_set
            .write()
            .unwrap_or_else(PoisonError::into_inner) = document.into();
    }

    /// The key set as published now, unless replaced by [`Issuer::set_key_set`].
    pub fn key_set(&self) -> Value {
        self.state.real_key_set()
    }

    /// How often this issuer was asked since it started.
    pub fn requests(&self) -> IssuerRequests {
        IssuerRequests {
            discovery: self.state.discovery.load(Ordering::Relaxed),
            jwks: self.state.jwks.load(Ordering::Relaxed),
            other: self.state.other.load(Ordering::Relaxed),
        }
    }

    /// Stops and waits for the last connection to end (about a second at most).
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl State {
    fn signing_key(&self) -> Arc<SigningKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            keys.last()
                .expect("an issuer always holds at least one key"),
        )
    }

    fn real_key_set(&self) -> Value {
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
        let failure = self
            .failure
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
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

fn answer(status: StatusCode, body: Body) -> Response<Body> {
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
