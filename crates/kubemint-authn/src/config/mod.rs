//! The issuers of a configuration file: as written ([`RawIssuer`]), and as checked ([`IssuerConfig`]).
//!
//! ```toml
//! [[issuers]]
//! url = "https://login.example.com"        # the "iss" of its tokens, byte for byte; https
//! audiences = ["kubemint"]                 # a token must be for one of these
//! alias = "login"                          # in logs and metrics; default: the host of url
//! algorithms = ["ES256", "RS256", "EdDSA"] # also: ES384 RS384 RS512 PS256 PS384 PS512
//! types = ["at+jwt", "JWT"]                # accepted "typ" headers
//! allow_missing_type = true                # and none at all
//! max_token_lifetime = "24h"               # longest "exp" - "iat"
//! leeway = "30s"                           # how far clocks may be apart; at most 60s
//! speaks_for = ["project:project-x9y8z7"]  # the scopes that its tokens may claim; default, and ["*"]: any
//! ca_file = "login-ca.pem"                 # default: the system's roots
//! jwks_url = "https://login.example.com/keys"      # default: found by discovery
//! jwks_origins = ["https://keys.example.com"]      # where else discovery may point; default: only url's own origin
//!
//! [issuers.claims]                         # a claim's name, or a JSON Pointer if it begins with "/"
//! tenant = "tenant_id"
//! scope = "scope"
//! scope_id = "scope_id"
//! roles = "roles"
//! principal_type = "principal_type"
//! credential_id = "credential_id"
//!
//! [issuers.introspection]                  # RFC 7662; absent: a token holds until its "exp"
//! url = "https://login.example.com/introspect"
//! client_id = "kubemint"
//! client_secret_file = "introspection-secret"      # read each time that the issuer is asked
//! timeout = "2s"                           # 1s to 10s
//! cache = "0s"                             # how long "active" is believed; at most 5s
//! ```

mod check;
mod error;
mod limit;
mod raw;

use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use kubemint::caller::Caller;
use reqwest::Certificate;
use serde_json::{Map, Value};
use url::Url;

use crate::error::Reason;
use crate::token::claims;

pub(crate) use check::read_secret;
pub use check::{validate, warnings};
pub use error::{ConfigError, Problem};
pub(crate) use limit::Limit;
pub use raw::{RawClaims, RawIntrospection, RawIssuer};

/// Longest name of anything, in octets.
const MAX_NAME: usize = 1024;

/// One issuer, checked.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// The identifier: what `iss` must be, byte for byte.
    pub(crate) url: String,
    pub(crate) alias: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Lower case, without `application/`.
    pub(crate) types: Vec<String>,
    pub(crate) allow_missing_type: bool,
    pub(crate) max_token_lifetime: Duration,
    pub(crate) leeway: Duration,
    /// For what it may speak.
    pub(crate) limit: Limit,
    /// What to trust instead of the system's roots.
    pub(crate) roots: Option<Vec<Certificate>>,
    pub(crate) keys: KeysAt,
    pub(crate) claims: ClaimNames,
    pub(crate) introspection: Option<IntrospectionConfig>,
}

/// How an issuer is asked whether a token is still active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IntrospectionConfig {
    pub(crate) url: Url,
    pub(crate) client_id: String,
    pub(crate) client_secret_file: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) cache: Duration,
}

/// Where the key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeysAt {
    /// Here.
    Url(Url),
    /// Where the discovery document says, if that is within these origins.
    Discovery {
        document: Url,
        origins: Vec<url::Origin>,
    },
}

/// Where a caller's attributes are among the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimNames {
    pub(crate) tenant: String,
    pub(crate) scope: String,
    pub(crate) scope_id: String,
    pub(crate) roles: String,
    pub(crate) principal_type: String,
    pub(crate) credential_id: String,
}

impl IssuerConfig {
    /// The identifier: what `iss` must be, byte for byte.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether a token of the issuer may claim this scope.
    #[must_use]
    pub fn may_speak_for(&self, scope: Option<&str>, id: Option<&str>) -> bool {
        self.limit.admits(scope, id)
    }

    /// The caller that a token of the issuer with these claims describes, whoever signed it and whenever it holds: to explain what
    /// would be said of one. An audience may be left out.
    ///
    /// # Errors
    /// A claim that is used is not what it must be, or no bearer may use such a token.
    pub fn describes(&self, claims: &Map<String, Value>) -> Result<Caller, Reason> {
        claims::of_use(claims)?;
        if let audience @ Some(_) = claims.get("aud") {
            claims::audience(audience, self)?;
        }
        claims::described(claims, self)
    }

    /// The name in logs and metrics: 1 to 64 of letters, digits and `.:_-`, unique.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }
}
