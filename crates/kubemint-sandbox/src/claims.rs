//! The claims of an access token, with defaults that a test then bends.

use serde_json::{Map, Value, json};

/// The payload of an access token. Start from [`Issuer::claims`](crate::Issuer::claims) and change what matters:
///
/// ```no_run
/// # fn demo(issuer: &kubemint_sandbox::Issuer) {
/// let expired = issuer.claims("alice").times(1_000, 2_000);
/// let stranger = issuer.claims("alice").set("aud", "somebody-else").without("scope");
/// let token = issuer.mint(stranger);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Claims with no member at all.
    pub fn empty() -> Self {
        Self(Map::new())
    }

    /// Sets one claim, whatever it was.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Takes one claim away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Sets `iat` and `exp`, in seconds since 1970.
    #[must_use]
    pub fn times(self, issued_at: i64, expires_at: i64) -> Self {
        self.set("iat", issued_at).set("exp", expires_at)
    }

    /// Sets the roles, such as `compute.viewer`.
    #[must_use]
    pub fn roles(self, roles: &[&str]) -> Self {
        self.set("roles", json!(roles))
    }

    /// Narrows the token to one project: `scope` and `scope_id`.
    #[must_use]
    pub fn project(self, project: &str) -> Self {
        self.set("scope", "project").set("scope_id", project)
    }

    /// Sets the tenant.
    #[must_use]
    pub fn tenant(self, tenant: &str) -> Self {
        self.set("tenant_id", tenant)
    }

    /// One claim as it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl From<Claims> for Value {
    fn from(claims: Claims) -> Self {
        Value::Object(claims.0)
    }
}
