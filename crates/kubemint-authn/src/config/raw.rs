//! The issuers as they are written. What each setting means is said in the parent module.

use std::path::PathBuf;

use serde::Deserialize;

/// One `[[issuers]]` table, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawIssuer {
    /// The issuer's identifier.
    pub url: String,
    /// What tokens must be for.
    pub audiences: Vec<String>,
    /// Its name in logs and metrics.
    pub alias: Option<String>,
    /// The accepted algorithms.
    pub algorithms: Option<Vec<String>>,
    /// The accepted types.
    pub types: Option<Vec<String>>,
    /// Whether a token may have no type.
    pub allow_missing_type: Option<bool>,
    /// The longest life of a token.
    pub max_token_lifetime: Option<String>,
    /// How far clocks may be apart.
    pub leeway: Option<String>,
    /// The scopes that its tokens may claim. Default: any.
    pub speaks_for: Option<Vec<String>>,
    /// What to trust instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    /// Where the key set is.
    pub jwks_url: Option<String>,
    /// Where else discovery may point.
    #[serde(default)]
    pub jwks_origins: Vec<String>,
    /// Where a caller's attributes are.
    #[serde(default)]
    pub claims: RawClaims,
    /// Whether the issuer is asked if a token is still active.
    pub introspection: Option<RawIntrospection>,
}

/// The `[issuers.introspection]` table, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawIntrospection {
    /// The endpoint (RFC 7662).
    pub url: String,
    /// Who asks.
    pub client_id: String,
    /// The file of its secret.
    pub client_secret_file: PathBuf,
    /// How long an answer may take. Default 2 s.
    pub timeout: Option<String>,
    /// How long "active" is believed. Default: not at all.
    pub cache: Option<String>,
}

/// The `[issuers.claims]` table, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawClaims {
    /// The caller's tenant. Default `tenant_id`.
    pub tenant: Option<String>,
    /// The kind of place where the roles hold. Default `scope`.
    pub scope: Option<String>,
    /// Which place. Default `scope_id`.
    pub scope_id: Option<String>,
    /// The roles: an array of strings. Default `roles`.
    pub roles: Option<String>,
    /// The kind of caller. Default `principal_type`.
    pub principal_type: Option<String>,
    /// The API key or the like. Default `credential_id`.
    pub credential_id: Option<String>,
}
