//! The roles of a cluster and their bounds: from what is written to what is meant.

use std::collections::BTreeMap;

use kubemint::cluster::{CredentialKind, RoleRules};

use super::check::is_label;
use super::error::Place;
use super::groups;
use super::raw::{RawCluster, RawRole};
use super::{Binding, PREFIX, RoleConfig, SYSTEM_NAMESPACE, role_namespace};
use crate::duration::{self, RawDuration};

/// Bounds that are written, or else those of `outer`.
pub(super) fn bounds(
    outer: RoleRules,
    min: Option<&RawDuration>,
    max: Option<&RawDuration>,
    place: &mut Place<'_>,
) -> Option<RoleRules> {
    let min_ttl = seconds(min, outer.min_ttl, &mut place.at("min_ttl"));
    let max_ttl = seconds(max, outer.max_ttl, &mut place.at("max_ttl"));
    let rules = RoleRules {
        min_ttl: min_ttl?,
        max_ttl: max_ttl?,
    };
    if rules.min_ttl > rules.max_ttl {
        let key = if min.is_some() { "min_ttl" } else { "max_ttl" };
        place.at(key).wrong(
            format!(
                "the shortest time to live, {}, is longer than the longest, {}",
                duration::text(rules.min_ttl),
                duration::text(rules.max_ttl)
            ),
            "raise max_ttl or lower min_ttl",
        );
        return None;
    }
    Some(rules)
}

fn seconds(raw: Option<&RawDuration>, default: u32, place: &mut Place<'_>) -> Option<u32> {
    let Some(raw) = raw else { return Some(default) };
    raw.seconds()
        .map_err(|error| place.wrong(error.what, error.help))
        .ok()
}

/// The roles that are written, or `viewer` alone.
pub(super) fn roles(
    raw: Option<&BTreeMap<String, RawRole>>,
    bounds: RoleRules,
    kind: CredentialKind,
    place: &mut Place<'_>,
) -> Option<BTreeMap<String, RoleConfig>> {
    let viewer = || BTreeMap::from([("viewer".to_owned(), RawRole::default())]);
    let raw = raw.cloned().unwrap_or_else(viewer);
    if raw.is_empty() {
        place.at("roles").wrong(
            "no role can be issued",
            "add [clusters.roles.viewer], or leave roles out",
        );
        return None;
    }
    let checked: Vec<Option<(String, RoleConfig)>> = raw
        .into_iter()
        .map(|(name, raw)| {
            let place = &mut place.at(&format!("roles.{name}"));
            role(&name, &raw, bounds, kind, place).map(|role| (name, role))
        })
        .collect();
    let roles: BTreeMap<_, _> = checked.into_iter().collect::<Option<_>>()?;
    groups::apart(&roles, place).then_some(roles)
}

fn role(
    name: &str,
    raw: &RawRole,
    outer: RoleRules,
    kind: CredentialKind,
    place: &mut Place<'_>,
) -> Option<RoleConfig> {
    let mut fit = true;
    if !is_label(name, 48) {
        place.wrong(
            "the name is not 1 to 48 lower-case letters, digits or hyphens, no hyphen first or last",
            "rename it: its namespace is called kubemint-ROLE",
        );
        fit = false;
    } else if role_namespace(name) == SYSTEM_NAMESPACE {
        place.wrong(
            "its namespace would be the service's own, kubemint-system",
            "rename it",
        );
        fit = false;
    }
    let cluster_role = raw
        .cluster_role
        .clone()
        .or_else(|| usual_cluster_role(name).map(str::to_owned));
    match &cluster_role {
        None => place.at("cluster_role").wrong(
            "it says not which ClusterRole the role is bound to",
            "add cluster_role = \"...\" (only viewer, editor, admin and cluster-admin have one by themselves)",
        ),
        Some(text) if !is_cluster_role(text) => place.at("cluster_role").wrong(
            "it is not the name of a ClusterRole",
            "write the name as kubectl get clusterroles prints it",
        ),
        Some(_) => {}
    }
    let cluster_role = cluster_role.filter(|text| is_cluster_role(text));
    let namespaces = match &raw.namespaces {
        None => None,
        Some(list) => Some(namespaces(list, &mut place.at("namespaces"))?),
    };
    let groups = groups::of_role(raw.groups.as_deref(), kind, &mut place.at("groups"));
    if kind == CredentialKind::Certificate && raw.binding == Binding::PerKubeconfig {
        place.at("binding").wrong(
            "client certificates are bound by their groups, once and for all",
            "take it out",
        );
        fit = false;
    }
    let rules = bounds(outer, raw.min_ttl.as_ref(), raw.max_ttl.as_ref(), place)?;
    fit.then_some(RoleConfig {
        cluster_role: cluster_role?,
        namespaces,
        groups: groups?,
        binding: raw.binding,
        rules,
    })
}

fn usual_cluster_role(role: &str) -> Option<&'static str> {
    match role {
        "viewer" => Some("view"),
        "editor" => Some("edit"),
        "admin" => Some("admin"),
        "cluster-admin" => Some("cluster-admin"),
        _ => None,
    }
}

fn namespaces(raw: &[String], place: &mut Place<'_>) -> Option<Vec<String>> {
    let mut sorted = raw.to_vec();
    sorted.sort();
    sorted.dedup();
    if sorted.is_empty() {
        place.wrong(
            "the role would be bound nowhere",
            "name a namespace, or leave namespaces out for all of them",
        );
        return None;
    }
    for namespace in &sorted {
        if !is_label(namespace, 63) {
            place.wrong(
                format!("{namespace:?} is not the name of a namespace"),
                "write a name as kubectl prints it",
            );
            return None;
        }
        if namespace.starts_with(PREFIX) {
            place.wrong(
                format!("{namespace:?} is a namespace of the service: rights there reach other roles' credentials"),
                "take it out",
            );
            return None;
        }
    }
    Some(sorted)
}

/// The role and the time to live when a request names none.
pub(super) fn defaults(
    raw: &RawCluster,
    roles: &BTreeMap<String, RoleConfig>,
    place: &mut Place<'_>,
) -> Option<(String, u32)> {
    let name = raw.default_role.as_deref().unwrap_or("viewer");
    let Some(role) = roles.get(name) else {
        let names: Vec<&str> = roles.keys().map(String::as_str).collect();
        place.at("default_role").wrong(
            format!("{name:?} is none of the cluster's roles"),
            format!("set default_role to one of: {}", names.join(", ")),
        );
        return None;
    };
    let ttl = seconds(raw.default_ttl.as_ref(), 3600, &mut place.at("default_ttl"))?;
    let RoleRules { min_ttl, max_ttl } = role.rules;
    if !(min_ttl..=max_ttl).contains(&ttl) {
        place.at("default_ttl").wrong(
            format!(
                "{} is out of the range of the default role, {name}",
                duration::text(ttl)
            ),
            format!(
                "write a time from {} to {}",
                duration::text(min_ttl),
                duration::text(max_ttl)
            ),
        );
        return None;
    }
    Some((name.to_owned(), ttl))
}

/// What Kubernetes takes as the name of a ClusterRole, held to printable ASCII (`system:aggregate-to-view`).
fn is_cluster_role(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= 253
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%' | b'"' | b'\\'))
}
