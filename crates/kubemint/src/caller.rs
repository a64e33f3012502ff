//! Who is calling.

/// The identity behind a bearer token: a subject as one issuer names it. Two issuers may use the same subject for
/// different people, so neither half means anything alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// The issuer's identifier (the `iss` claim), byte for byte.
    pub issuer: String,
    /// The subject (the `sub` claim): 1 to 253 characters.
    pub subject: String,
}

/// An authenticated caller: what the token says, after it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The tenant that the caller belongs to (`tenant_id`).
    pub tenant: Option<String>,
    /// Where the roles hold: `organization`, `folder` or `project` (`scope`).
    pub scope: Option<String>,
    /// Which organization, folder or project (`scope_id`).
    pub scope_id: Option<String>,
    /// Role slugs, such as `compute.viewer` (`roles`).
    pub roles: Vec<String>,
    /// `user`, `api_key` or `service_account` (`principal_type`).
    pub principal_type: Option<String>,
    /// The API key or the like that the token was obtained with (`credential_id`).
    pub credential_id: Option<String>,
    /// The token's own identifier (`jti`), for the audit trail.
    pub token_id: Option<String>,
}

impl Caller {
    /// A caller of whom only the identity is known: no roles, no tenant.
    #[must_use]
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            principal: Principal {
                issuer: issuer.into(),
                subject: subject.into(),
            },
            tenant: None,
            scope: None,
            scope_id: None,
            roles: Vec::new(),
            principal_type: None,
            credential_id: None,
            token_id: None,
        }
    }

    /// The subject, as the issuer names it.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.principal.subject
    }
}
