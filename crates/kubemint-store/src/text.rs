//! What both stores keep as JSON text: a decision, and an event's details.

use std::error::Error;

use kubemint::policy::Decision;
use serde_json::{Map, Value, json};

type Unreadable = Box<dyn Error + Send + Sync>;

/// A decision as text.
pub(crate) fn decision_text(decision: &Decision) -> String {
    let Decision {
        allowed,
        reasons,
        policy_hash,
    } = decision;
    json!({ "allowed": allowed, "reasons": reasons, "policyHash": policy_hash }).to_string()
}

/// The decision of a text.
pub(crate) fn decision(text: &str) -> Result<Decision, Unreadable> {
    let object = object(text)?;
    let read = || {
        let reasons = object.get("reasons")?.as_array()?;
        Some(Decision {
            allowed: object.get("allowed")?.as_bool()?,
            reasons: reasons
                .iter()
                .map(|reason| reason.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
            policy_hash: object.get("policyHash")?.as_str()?.to_owned(),
        })
    };
    read().ok_or_else(|| "not a decision".into())
}

/// The object of a text.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, Unreadable> {
    Ok(serde_json::from_str(text)?)
}
