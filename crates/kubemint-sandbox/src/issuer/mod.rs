//! An OIDC issuer over HTTPS: a discovery document, a key set, introspection, and tokens on request of the owning process.

mod documents;
mod introspection;

use std::sync::{Arc, PoisonError};

use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::claims::Claims;
use crate::error::SandboxError;
use crate::keys::{SigningAlgorithm, SigningKey};
use crate::pki::Pki;
use crate::serve::Server;
use documents::State;

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
    /// Whether a token is active.
    pub introspection: u64,
}

/// A running issuer; it stops when dropped.
pub struct Issuer {
    state: Arc<State>,
    server: Server,
    ca_pem: String,
    options: IssuerOptions,
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
            let state = Arc::new(State::new(format!("https://{address}"), key));
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

    /// Where tokens are introspected (RFC 7662).
    pub fn introspection_url(&self) -> String {
        format!("{}{}", self.url(), introspection::PATH)
    }

    /// Who may introspect tokens: client identifier and secret.
    pub fn introspection_client(&self) -> (&'static str, &'static str) {
        introspection::CLIENT
    }

    /// Ends the token with this `jti`: from now on it is introspected as inactive.
    pub fn end_token(&self, token_id: &str) {
        self.state.introspection.end(token_id);
    }

    /// Says this of every token that is introspected, or the truth again (`None`).
    pub fn set_introspection(&self, answer: impl Into<Option<Value>>) {
        self.state.introspection.fix(answer.into());
    }

    /// Misbehaves from now on when a token is introspected, and there alone, or behaves again (`None`).
    pub fn set_introspection_failure(&self, failure: impl Into<Option<IssuerFailure>>) {
        self.state.introspection.fail(failure.into());
    }

    /// How often this issuer was asked since it started.
    pub fn requests(&self) -> IssuerRequests {
        self.state.requests()
    }

    /// Stops and waits for the last connection to end (about a second at most).
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
