//! Bindings that name a ServiceAccount of an unbound role, or the holder of a client certificate: what they grant is looked
//! up at every request.

use serde_json::Value;

use super::authn::User;
use super::catalogue;
use super::rbac::{Rule, rules_of};
use super::state::State;

const GROUP: &str = "rbac.authorization.k8s.io";

impl State {
    /// Gives a user what the bindings of now say, if it is a ServiceAccount in the namespace of an unbound role, or has a
    /// client certificate.
    pub(crate) fn bind(&self, user: &mut User) {
        let has_certificate = user
            .credential_id
            .as_deref()
            .is_some_and(|id| id.starts_with("X509SHA256="));
        if has_certificate {
            user.bound = self.bound(|subject| {
                let name = subject["name"].as_str().unwrap_or_default();
                match subject["kind"].as_str() {
                    Some("User") => name == user.name,
                    Some("Group") => user.groups.iter().any(|group| group == name),
                    _ => false,
                }
            });
            return;
        }
        let account = user
            .name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'));
        let Some((home, name)) = account else {
            return;
        };
        let mut roles = self.options.roles.iter();
        if !roles.any(|role| !role.bound && role.namespace() == home) {
            return;
        }
        user.bound = self.bound(|subject| {
            subject["kind"] == "ServiceAccount"
                && subject["namespace"] == home
                && subject["name"] == name
        });
    }

    /// What the bindings of a subject grant.
    fn bound(&self, is_it: impl Fn(&Value) -> bool) -> Vec<Rule> {
        let names_it = |binding: &Value| {
            let subjects = binding["subjects"].as_array();
            subjects.into_iter().flatten().any(&is_it)
        };
        let mut bound = Vec::new();
        for resource in ["clusterrolebindings", "rolebindings"] {
            let Some(resource) = catalogue::find(GROUP, "v1", resource) else {
                continue;
            };
            let found = self.store.list(resource, None, None, usize::MAX, names_it);
            for binding in found.items {
                if binding["roleRef"]["kind"] == "ClusterRole" {
                    let role = binding["roleRef"]["name"].as_str().unwrap_or_default();
                    bound.extend(rules_of(role, binding["metadata"]["namespace"].as_str()));
                }
            }
        }
        bound
    }
}
