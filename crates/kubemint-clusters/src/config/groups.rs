//! The groups of client certificates: Kubernetes reads them from the subject's `O`.

use std::collections::BTreeMap;

use kubemint::cluster::CredentialKind;

use super::RoleConfig;
use super::error::Place;

/// The longest group, in octets of UTF-8.
const LONGEST: usize = 253;

/// The groups that are written for a role; `None` if one is unfit (the reason is noted).
pub(super) fn of_role(
    raw: Option<&[String]>,
    kind: CredentialKind,
    place: &mut Place<'_>,
) -> Option<Vec<String>> {
    let Some(raw) = raw else {
        return Some(Vec::new());
    };
    if kind == CredentialKind::Token {
        place.wrong(
            "groups are for client certificates, and this cluster has tokens",
            "take them out, or add client_ca",
        );
        return None;
    }
    for (index, group) in raw.iter().enumerate() {
        let (what, help) = if group.starts_with("system:") {
            // Whoever is in system:masters may do everything, and no binding can take it away.
            (
                "groups that begin with system: are Kubernetes' own",
                "name another, and bind that",
            )
        } else if group.is_empty() || group.len() > LONGEST || group.chars().any(char::is_control) {
            (
                "it is not 1 to 253 octets without control characters",
                "rename it",
            )
        } else if raw[..index].contains(group) {
            ("it is there twice", "take one out")
        } else {
            continue;
        };
        place.wrong(format!("{group:?}: {what}"), help);
        return None;
    }
    Some(raw.to_vec())
}

/// Whether no two roles share a group. Each group is bound like its role, so whoever has a shared one has both roles.
pub(super) fn apart(roles: &BTreeMap<String, RoleConfig>, place: &mut Place<'_>) -> bool {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut fit = true;
    for (name, role) in roles {
        for group in &role.groups {
            if let Some(other) = owners.insert(group, name) {
                place.at(&format!("roles.{name}.groups")).wrong(
                    format!("{group:?} is a group of role {other} too, and would give both roles to each"),
                    "give each role groups of its own",
                );
                fit = false;
            }
        }
    }
    fit
}
