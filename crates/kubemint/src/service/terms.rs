//! On which terms a request to issue may be granted: its defaults, what policy says of it, and what nobody may ask for.

use serde_json::json;

use super::issue::Issue;
use super::{Context, Kubemint};
use crate::audit::Kind;
use crate::cluster::{ClusterKey, RoleRules};
use crate::error::{Error, Invalid};
use crate::id::KubeconfigId;
use crate::policy::{Action, Decision, Query};
use crate::text::{Flaw, flaw_of_user, hidden};

/// A request with its defaults filled in, that may be granted.
pub(super) struct Terms {
    pub(super) user: String,
    pub(super) role: String,
    pub(super) ttl: u32,
    /// How many kubeconfigs may be alive for the user.
    pub(super) most: Option<u32>,
    pub(super) decision: Decision,
}

impl Kubemint {
    /// Whether it may be granted, and on which terms.
    pub(super) async fn terms(
        &self,
        ctx: &Context,
        key: &ClusterKey,
        request: &Issue,
    ) -> Result<Terms, Error> {
        let (profile, discovered) = self.discover(ctx, key);
        let mut event = self
            .event(ctx, Kind::IssueRefused, key)
            .with("request", told(request));
        event.kubeconfig = request.id.as_ref().map(ToString::to_string);
        let Some(profile) = profile else {
            return Err(self
                .refuse(event, Some(discovered), Error::NoSuchCluster)
                .await);
        };
        let invalid = hostile_text(request);
        if !invalid.is_empty() {
            return Err(self.refuse(event, None, Error::Invalid(invalid)).await);
        }
        let user = request
            .user
            .clone()
            .unwrap_or_else(|| ctx.caller.subject().to_owned());
        let role = request
            .role
            .clone()
            .unwrap_or_else(|| profile.default_role.clone());
        let rules = profile.roles.get(&role).copied();
        let ttl = request
            .ttl
            .unwrap_or_else(|| i64::from(profile.ttl_of(&role)));
        // Who may not have the role at all is told no bounds of it.
        let judge = |ttl| self.judge(ctx, key, &user, &role, ttl);
        let asked = rules.map_or(ttl, |RoleRules { min_ttl, max_ttl }| {
            ttl.clamp(min_ttl.into(), max_ttl.into())
        });
        let decision = match judge(asked) {
            Ok(decision) => decision,
            Err((decision, error)) => {
                let longest =
                    rules.and_then(|rules| longest(rules, asked, |ttl| judge(ttl).is_ok()));
                let error = longest.map_or(error, |rules| Error::Invalid(out_of(ttl, rules)));
                return Err(self.refuse(event, Some(decision), error).await);
            }
        };
        let Some(rules) = rules else {
            return Err(self
                .refuse(event, Some(decision), Error::RoleNotPermitted)
                .await);
        };
        match within(ttl, rules) {
            Ok(ttl) => Ok(Terms {
                user,
                role,
                ttl,
                most: profile.max_active_per_user,
                decision,
            }),
            Err(invalid) => Err(self
                .refuse(event, Some(decision), Error::Invalid(invalid))
                .await),
        }
    }

    /// What policy says of it.
    fn judge(
        &self,
        ctx: &Context,
        cluster: &ClusterKey,
        user: &str,
        role: &str,
        ttl: i64,
    ) -> Result<Decision, (Decision, Error)> {
        let query = |action| Query {
            caller: &ctx.caller,
            action,
            cluster,
            role: Some(role),
            ttl: Some(u32::try_from(ttl).unwrap_or(u32::MAX)),
            user: Some(user),
            relation: None,
        };
        let decision = self.ports.policy.decide(&query(Action::Issue));
        if !decision.allowed {
            return Err((decision, Error::RoleNotPermitted));
        }
        if user == ctx.caller.subject() {
            return Ok(decision);
        }
        let for_others = self.ports.policy.decide(&query(Action::IssueForOthers));
        if for_others.allowed {
            Ok(both(decision, for_others))
        } else {
            Err((for_others, Error::UserNotPermitted))
        }
    }
}

/// What two questions to one set of policies came to. If it was replaced between the two, the later one is told.
fn both(first: Decision, second: Decision) -> Decision {
    if first.policy_hash != second.policy_hash {
        return second;
    }
    let mut reasons = first.reasons;
    for reason in second.reasons {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Decision { reasons, ..second }
}

fn within(ttl: i64, rules: RoleRules) -> Result<u32, Vec<Invalid>> {
    let permitted = rules.min_ttl..=rules.max_ttl;
    let ttl_in_range = u32::try_from(ttl)
        .ok()
        .filter(|ttl| permitted.contains(ttl));
    ttl_in_range.ok_or_else(|| out_of(ttl, rules))
}

/// The bounds within which policy permits a role that it denies for `denied` seconds; `None` if it permits it for no time. What
/// it permits for a time it permits for less: it is asked for no more than the 32 that it takes to find the longest.
fn longest(rules: RoleRules, denied: i64, permits: impl Fn(i64) -> bool) -> Option<RoleRules> {
    let mut most = i64::from(rules.min_ttl);
    let mut denied = denied;
    if denied <= most || !permits(most) {
        return None;
    }
    while denied - most > 1 {
        let middle = most + (denied - most) / 2;
        if permits(middle) {
            most = middle;
        } else {
            denied = middle;
        }
    }
    let max_ttl = u32::try_from(most).ok()?;
    Some(RoleRules { max_ttl, ..rules })
}

/// Why a time to live is none of a role's.
fn out_of(ttl: i64, RoleRules { min_ttl, max_ttl }: RoleRules) -> Vec<Invalid> {
    let violated = if ttl < i64::from(min_ttl) {
        min_ttl
    } else {
        max_ttl
    };
    let message = format!(
        "ttl must be between {min_ttl} and {max_ttl} seconds for this role at this cluster"
    );
    let bound = |reason, limit: u32| Invalid {
        field: "ttl",
        reason,
        limit: Some(i64::from(limit)),
        message: message.clone(),
    };
    vec![
        bound("ttl_out_of_range", violated),
        bound("ttl_minimum", min_ttl),
        bound("ttl_maximum", max_ttl),
    ]
}

/// What no user, role or name for people may be, whatever the cluster: what Kubernetes reserves, and what deceives the one
/// who reads it.
fn hostile_text(request: &Issue) -> Vec<Invalid> {
    let role = request.role.as_deref();
    let display_name = request.display_name.as_deref();
    let flaws = [
        ("user", request.user.as_deref().and_then(flaw_of_user)),
        ("role", role.and_then(hidden)),
        ("displayName", display_name.and_then(hidden)),
    ];
    let invalid = |(field, flaw): (_, Option<Flaw>)| {
        let Flaw { reason, message } = flaw?;
        Some(Invalid {
            field,
            reason,
            limit: None,
            message: format!("{field} {message}"),
        })
    };
    flaws.into_iter().filter_map(invalid).collect()
}

/// The most characters of a user that a refused request asked for which the trail tells: as many as the contract allows, since a
/// user is found by the whole name, or its pseudonym.
const USER_TOLD: usize = 253;

/// What the audit trail tells of a request that was refused, which who may nothing may send as often as they like: so of free
/// text how long it is, in characters, and of a user what may be one. A role that could be none is not told: it may be
/// anything, pasted by mistake, and the trail keeps it for long.
fn told(request: &Issue) -> serde_json::Value {
    let length = |text: &Option<String>| text.as_ref().map(|text| text.chars().count());
    json!({
        "user": request.user.as_deref().map(user_told),
        "role": request.role.as_deref().map(role_told),
        "ttl": request.ttl,
        "id": request.id.as_ref().map(KubeconfigId::as_str),
        "displayNameLength": length(&request.display_name),
        "descriptionLength": length(&request.description),
    })
}

/// A user that was asked for, as the trail tells it.
fn user_told(user: &str) -> String {
    let cut = user.char_indices().nth(USER_TOLD);
    cut.map_or(user.to_owned(), |(at, _)| format!("{}…", &user[..at]))
}

/// A role that was asked for, as the trail tells it.
pub(super) fn role_told(role: &str) -> &str {
    if is_name(role) { role } else { "…" }
}

/// Whether it could be the name of a role in a configuration.
fn is_name(role: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    role.len() <= 63 && role.bytes().all(plain)
}

/// What a request means, for comparison with another one.
pub(super) fn meaning(request: &Issue) -> serde_json::Value {
    json!({
        "user": request.user,
        "role": request.role,
        "ttl": request.ttl,
        "id": request.id.as_ref().map(KubeconfigId::as_str),
        "displayName": request.display_name,
        "description": request.description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_given_something_for_another_is_told_by_all_the_policies_that_permit_it() {
        let decision = |hash: &str, reasons: &[&str]| Decision {
            allowed: true,
            reasons: reasons.iter().map(ToString::to_string).collect(),
            policy_hash: hash.to_owned(),
        };
        let both = |first, second| both(first, second).reasons;
        let (issue, for_others) = (
            decision("1", &["operators", "admins"]),
            decision("1", &["admins", "portal"]),
        );
        assert_eq!(
            both(issue, for_others.clone()),
            ["operators", "admins", "portal"]
        );
        let replaced = both(decision("0", &["operators"]), for_others);
        assert_eq!(
            replaced,
            ["admins", "portal"],
            "reasons are of the set that is named"
        );
    }
}
