//! What the service may do: which rights are its own, which everyone has, and which are too many.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::ResourceRule;

use crate::binding::RBAC;
use crate::config::RoleConfig;
use crate::manifest::{BINDING_VERBS, RIGHTS};

/// What Kubernetes grants to everyone, or to every ServiceAccount; and reading a namespace that one can name.
const EVERYONE: [(&str, &str, &[&str]); 5] = [
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        &["create"],
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        &["create"],
    ),
    ("authentication.k8s.io", "selfsubjectreviews", &["create"]),
    (
        "certificates.k8s.io",
        "clustertrustbundles",
        &["get", "list", "watch"],
    ),
    ("", "namespaces", &["get"]),
];

/// A right by which a stolen credential of the service would reach further than the roles: group, resource, verb.
/// They are asked for one by one as well, since not every authorizer can list what it allows.
pub(crate) const DANGEROUS: [(&str, &str, &str); 12] = [
    ("", "secrets", "get"),
    ("", "secrets", "list"),
    ("", "serviceaccounts/token", "create"),
    ("", "serviceaccounts", "impersonate"),
    ("", "users", "impersonate"),
    ("", "groups", "impersonate"),
    ("", "pods", "create"),
    ("", "pods/exec", "create"),
    ("rbac.authorization.k8s.io", "clusterroles", "bind"),
    ("rbac.authorization.k8s.io", "clusterroles", "escalate"),
    ("rbac.authorization.k8s.io", "clusterrolebindings", "create"),
    (
        "certificates.k8s.io",
        "certificatesigningrequests/approval",
        "update",
    ),
];

/// Rights that are too many.
#[derive(Default)]
pub(crate) struct Excess {
    /// What, then the verbs, and the namespaces where they were seen.
    seen: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
    /// Where roles are bound per kubeconfig, a namespace or everywhere, and the ClusterRoles that may be bound there.
    binds: BTreeMap<Option<String>, BTreeSet<String>>,
}

impl Excess {
    /// Nothing seen yet; what these roles need is not too much.
    pub(crate) fn new(roles: &BTreeMap<String, RoleConfig>) -> Self {
        let mut binds: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
        for role in roles.values() {
            for place in role.bindings() {
                let place = place.namespace().map(str::to_owned);
                let roles = binds.entry(place).or_default();
                roles.insert(role.cluster_role.clone());
            }
        }
        Self {
            seen: BTreeMap::new(),
            binds,
        }
    }

    /// Whether a right in the whole cluster, on objects of any name, is needed for bindings.
    pub(crate) fn wants(&self, group: &str, resource: &str, verb: &str) -> bool {
        group == RBAC
            && resource == "clusterrolebindings"
            && BINDING_VERBS.contains(&verb)
            && self.binds.contains_key(&None)
    }

    /// Whether a right seen in a namespace is needed for bindings.
    fn needs(
        &self,
        group: &str,
        resource: &str,
        verb: &str,
        names: &[&str],
        namespace: &str,
    ) -> bool {
        let here = self.binds.get(&Some(namespace.to_owned()));
        match resource {
            "rolebindings" => group == RBAC && BINDING_VERBS.contains(&verb) && here.is_some(),
            // Only ClusterRoles of roles of ours, by their names.
            "clusterroles" if group == RBAC && verb == "bind" && !names.is_empty() => {
                let everywhere = self.binds.get(&None);
                let bound = here.into_iter().chain(everywhere).flatten();
                names
                    .iter()
                    .all(|name| bound.clone().any(|role| role == name))
            }
            _ => self.wants(group, resource, verb),
        }
    }

    /// Notes what is too much in a rule seen in a namespace; `of_role` says whether it is a role's.
    pub(crate) fn see(&mut self, rule: &ResourceRule, namespace: &str, of_role: bool) {
        let names = rule
            .resource_names
            .iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>();
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                let excess: Vec<&String> = rule
                    .verbs
                    .iter()
                    .filter(|verb| {
                        !is_expected(group, resource, verb, of_role)
                            && !self.needs(group, resource, verb, &names, namespace)
                    })
                    .collect();
                for verb in excess {
                    self.note(&what(group, resource, &names), verb, namespace);
                }
            }
        }
    }

    /// Notes a right that was seen by asking for it alone.
    pub(crate) fn note(&mut self, what: &str, verb: &str, place: &str) {
        let (verbs, places) = self.seen.entry(what.to_owned()).or_default();
        verbs.insert(verb.to_owned());
        places.insert(place.to_owned());
    }

    /// Whether a right is among what was noted already.
    pub(crate) fn knows(&self, what: &str, verb: &str) -> bool {
        let noted = |of: &str| {
            self.seen
                .get(of)
                .is_some_and(|(verbs, _)| verbs.contains(verb) || verbs.contains("*"))
        };
        noted(what) || noted(EVERYTHING)
    }

    /// One text for each dangerous resource, then one for all others with the same verbs and places. `neutral` are the
    /// namespaces that were looked at and belong to no role: what holds in all of them holds everywhere.
    pub(crate) fn texts(&self, neutral: &BTreeSet<String>) -> Vec<String> {
        let list = |texts: &BTreeSet<String>| {
            texts
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut dangerous = Vec::new();
        let mut others: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (what, (verbs, places)) in &self.seen {
            let place = if places.contains(CLUSTER) || places.is_superset(neutral) {
                CLUSTER.to_owned()
            } else {
                format!("in {}", list(places))
            };
            if is_dangerous(what) {
                dangerous.push(format!("the service may {} {what} {place}", list(verbs)));
            } else {
                others
                    .entry((list(verbs), place))
                    .or_default()
                    .insert(what.clone());
            }
        }
        let others = others.iter().map(|((verbs, place), whats)| {
            format!("the service may {verbs} {} {place}", list(whats))
        });
        dangerous.into_iter().chain(others).collect()
    }
}

/// Whether a resource deserves a line of its own.
fn is_dangerous(shown: &str) -> bool {
    let plain = shown.split(' ').next().unwrap_or(shown);
    plain.contains('*')
        || DANGEROUS
            .iter()
            .any(|(group, resource, _)| what(group, resource, &[]) == plain)
}

/// The place of a right that holds everywhere.
pub(crate) const CLUSTER: &str = "in the whole cluster";

/// What every resource of every group is called.
pub(crate) const EVERYTHING: &str = "*.*";

/// A resource as `kubectl` writes it: `secrets`, `clusterroles.rbac.authorization.k8s.io`. What is no name is shown as
/// a question mark: it is the cluster's text.
pub(crate) fn what(group: &str, resource: &str, names: &[&str]) -> String {
    let shown = |text: &str| {
        let fits = text.len() <= 253
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-./*:_".contains(&byte));
        if fits {
            text.to_owned()
        } else {
            "?".to_owned()
        }
    };
    let of = if group.is_empty() {
        shown(resource)
    } else {
        format!("{}.{}", shown(resource), shown(group))
    };
    if names.is_empty() {
        return of;
    }
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    format!("{of} ({})", names.join(", "))
}

fn is_expected(group: &str, resource: &str, verb: &str, of_role: bool) -> bool {
    let within = |list: &[(&str, &str, &[&str])]| {
        list.iter()
            .any(|(g, r, verbs)| *g == group && *r == resource && verbs.contains(&verb))
    };
    within(&EVERYONE) || (of_role && within(&RIGHTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(group: &str, resource: &str, verbs: &[&str]) -> ResourceRule {
        ResourceRule {
            api_groups: Some(vec![group.into()]),
            resources: Some(vec![resource.into()]),
            resource_names: None,
            verbs: verbs.iter().map(ToString::to_string).collect(),
        }
    }

    fn excess(rules: &[(ResourceRule, &str, bool)]) -> Vec<String> {
        let mut excess = Excess::default();
        let neutral = BTreeSet::from(["default".to_owned(), "kube-system".to_owned()]);
        rules
            .iter()
            .for_each(|(rule, namespace, of_role)| excess.see(rule, namespace, *of_role));
        excess.texts(&neutral)
    }

    #[test]
    fn the_rights_of_the_manifest_are_expected_where_they_belong_and_nowhere_else() {
        let accounts = rule("", "serviceaccounts", &["create", "get", "list", "delete"]);
        let tokens = rule("", "serviceaccounts/token", &["create"]);
        assert!(
            excess(&[
                (accounts.clone(), "kubemint-a", true),
                (tokens.clone(), "kubemint-a", true)
            ])
            .is_empty()
        );
        assert_eq!(
            excess(&[(tokens, "default", false), (accounts, "kubemint-a", true)]),
            ["the service may create serviceaccounts/token in default"]
        );
    }

    #[test]
    fn what_everyone_may_is_no_excess() {
        for (group, resource, verbs) in EVERYONE {
            assert!(excess(&[(rule(group, resource, verbs), "default", false)]).is_empty());
        }
    }

    #[test]
    fn every_other_right_is_named_with_its_place() {
        let secrets = rule("", "secrets", &["get", "list"]);
        assert_eq!(
            excess(&[
                (secrets.clone(), "default", false),
                (secrets.clone(), "kube-system", false)
            ]),
            ["the service may get, list secrets in the whole cluster"]
        );
        assert_eq!(
            excess(&[
                (secrets.clone(), "default", false),
                (secrets, "kubemint-a", true)
            ]),
            ["the service may get, list secrets in default, kubemint-a"]
        );
        let mut named = rule("rbac.authorization.k8s.io", "clusterroles", &["bind"]);
        named.resource_names = Some(vec!["view".into(), "a\nb".into()]);
        assert_eq!(
            excess(&[(named, "default", false)]),
            ["the service may bind clusterroles.rbac.authorization.k8s.io (view, ?) in default"]
        );
        assert_eq!(
            excess(&[(rule("", "serviceaccounts", &["create", "patch"]), "a", true)]),
            ["the service may patch serviceaccounts in a"]
        );
    }

    #[test]
    fn what_is_dangerous_has_its_own_line_before_the_crowd() {
        let rights = ["pods", "services", "configmaps"].map(|name| rule("", name, &["create"]));
        let mut seen: Vec<_> = rights
            .into_iter()
            .map(|rule| (rule, "default", false))
            .collect();
        seen.push((rule("*", "*", &["*"]), "default", false));
        assert_eq!(
            excess(&seen),
            [
                "the service may * *.* in default",
                "the service may create pods in default",
                "the service may create configmaps, services in default",
            ]
        );
    }
}
