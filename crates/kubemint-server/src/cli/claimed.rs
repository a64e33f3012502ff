//! Who the claims of a token describe, without the token.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use kubemint::Caller;
use kubemint_authn::{IssuerConfig, unambiguous_object};
use serde_json::{Map, Value};

/// The claims of a file, or of standard input.
pub(super) fn claims(file: &Path) -> Result<Map<String, Value>> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let shown = file.display();
    let is_token = text.trim().split('.').count() == 3 && !text.trim_start().starts_with('{');
    ensure!(
        !is_token,
        "{shown}: a whole token; give its claims, which are its middle part, decoded"
    );
    let claims = serde_json::from_str(&text)
        .with_context(|| format!("{shown}: not the claims of a token, as a JSON object"))?;
    ensure!(
        unambiguous_object(text.as_bytes()).is_some(),
        "{shown}: a member occurs twice in an object: the service refuses such a token (401)"
    );
    Ok(claims)
}

/// Who the claims describe.
pub(super) struct Described<'a> {
    pub(super) caller: Caller,
    /// Whose token it would be, if that is configured.
    pub(super) issuer: Option<&'a IssuerConfig>,
    /// Why the issuer's token would not be accepted.
    pub(super) refusal: Option<String>,
}

impl<'a> Described<'a> {
    /// Their issuer's configuration says where the attributes are; those of an issuer that has none are looked for under their
    /// default names.
    pub(super) fn by(claims: &Map<String, Value>, issuers: &'a [IssuerConfig]) -> Result<Self> {
        let named = claims.get("iss").and_then(Value::as_str);
        let issuer = issuers.iter().find(|issuer| Some(issuer.url()) == named);
        let described = issuer.map(|issuer| issuer.describes(claims));
        let (caller, refusal) = match described {
            Some(Ok(caller)) => (caller, None),
            Some(Err(reason)) => {
                let refusal = format!("the issuer's token is refused: {} (401)", reason.as_str());
                (by_default_names(claims)?, Some(refusal))
            }
            None => (by_default_names(claims)?, None),
        };
        Ok(Self {
            caller,
            issuer,
            refusal,
        })
    }
}

fn by_default_names(claims: &Map<String, Value>) -> Result<Caller> {
    let text = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = claims.get("roles").and_then(Value::as_array);
    let subject = text("sub").context("the claims have no sub")?;
    Ok(Caller {
        tenant: text("tenant_id"),
        scope: text("scope"),
        scope_id: text("scope_id"),
        roles: roles
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
        principal_type: text("principal_type"),
        credential_id: text("credential_id"),
        ..Caller::new(text("iss").unwrap_or_default(), subject)
    })
}
