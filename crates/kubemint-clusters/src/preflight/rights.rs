//! What the service may do: which rights are its own, which everyone has, and which are too many.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::ResourceRule;

use crate::manifest::RIGHTS;

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

/// Rights that are too many: what, then the verbs, and the namespaces where they were seen.
#[derive(Default)]
pub(crate) struct Excess(BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>);

impl Excess {
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
                    .filter(|verb| !is_expected(group, resource, verb, of_role))
                    .collect();
                for verb in excess {
                    self.note(&what(group, resource, &names), verb, namespace);
                }
            }
        }
    }

    /// Notes a right that was seen by asking for it alone.
    pub(crate) fn note(&mut self, what: &str, verb: &str, place: &str) {
        let (verbs, places) = self.0.entry(what.to_owned()).or_default();
        verbs.insert(verb.to_owned());
        places.insert(place.to_owned());
    }

    /// Whether a right is among what was noted already.
    pub(crate) fn knows(&self, what: &str, verb: &str) -> bool {
        let noted = |of: &str| {
            self.0
                .get(of)
                .is_some_and(|(verbs, _)| verbs.contains(verb) || verbs.contains("*"))
        };
        noted(what) || noted(EVERYTHING)
    }

    /// One text for each resource; `looked` is every namespace that was looked at.
    pub(crate) fn texts(&self, looked: &BTreeSet<String>) -> Vec<String> {
        self.0
            .iter()
            .map(|(what, (verbs, places))| {
                let verbs = verbs
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                let places = if places.contains(CLUSTER) || places.is_superset(looked) {
                    CLUSTER.to_owned()
                } else {
                    format!(
                        "in {}",
                        places
                            .iter()
                            .map(String::as_str)
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                };
                format!("the service may {verbs} {what} {places}")
            })
            .collect()
    }
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
        let looked = rules
            .iter()
            .map(|(_, namespace, _)| (*namespace).to_owned())
            .collect();
        rules
            .iter()
            .for_each(|(rule, namespace, of_role)| excess.see(rule, namespace, *of_role));
        excess.texts(&looked)
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
            excess(&[(secrets.clone(), "a", false), (secrets.clone(), "b", true)]),
            ["the service may get, list secrets in the whole cluster"]
        );
        let mut named = rule("rbac.authorization.k8s.io", "clusterroles", &["bind"]);
        named.resource_names = Some(vec!["view".into(), "a\nb".into()]);
        assert_eq!(
            excess(&[
                (named, "a", true),
                (rule("", "namespaces", &["get"]), "b", true)
            ]),
            ["the service may bind clusterroles.rbac.authorization.k8s.io (view, ?) in a"]
        );
        assert_eq!(
            excess(&[(rule("*", "*", &["*"]), "a", true)]),
            ["the service may * *.* in the whole cluster"]
        );
        assert_eq!(
            excess(&[(rule("", "serviceaccounts", &["create", "patch"]), "a", true)]),
            ["the service may patch serviceaccounts in the whole cluster"]
        );
    }
}
