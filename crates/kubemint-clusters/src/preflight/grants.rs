//! What a role grants: its ClusterRole, and the bindings of its namespace's group. The service needs no right to read them,
//! and usually has none: then it is said what was not looked at, and how an administrator does.

use http::StatusCode;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kubemint::ports::ClusterError;

use super::{Finding, Lines};
use crate::answer::Answer;
use crate::config::{Binding, RoleConfig, role_namespace};
use crate::member::Member;

/// How a thing was found.
enum Found {
    There(Answer),
    Absent,
    /// The service may not look, or nobody can tell.
    Unseen,
}

impl Member {
    /// Looks at what a role grants, as far as the service may.
    pub(super) async fn granting(
        &self,
        name: &str,
        role: &RoleConfig,
        lines: &mut Lines<'_>,
    ) -> Result<(), ClusterError> {
        const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
        let cluster_role = &role.cluster_role;
        let path = format!("{RBAC}/clusterroles/{cluster_role}");
        let mut unseen = Vec::new();
        let mut checks = Vec::new();
        match self.seen_there(&path, "clusterroles", cluster_role).await? {
            Found::There(_) => {}
            Found::Absent => lines.add(
                Finding::Missing,
                format!("role {name}: there is no ClusterRole {cluster_role}"),
            ),
            Found::Unseen => {
                unseen.push(format!("ClusterRole {cluster_role}"));
                checks.push(format!("kubectl get clusterrole {cluster_role}"));
            }
        }
        let namespace = role_namespace(name);
        let mut unseen_bindings = false;
        for place in places(role) {
            let (path, resource, shown) = match place {
                None => (
                    format!("{RBAC}/clusterrolebindings/{namespace}"),
                    "clusterrolebindings",
                    format!("ClusterRoleBinding {namespace}"),
                ),
                Some(bound) => (
                    format!("{RBAC}/namespaces/{bound}/rolebindings/{namespace}"),
                    "rolebindings",
                    format!("RoleBinding {namespace} in {bound}"),
                ),
            };
            match self.seen_there(&path, resource, &namespace).await? {
                Found::There(answer) if binds(&answer, cluster_role, &namespace) => {}
                Found::There(_) => lines.add(
                    Finding::Missing,
                    format!("role {name}: the {shown} is not the manifest's; apply the manifest"),
                ),
                Found::Absent => lines.add(
                    Finding::Missing,
                    format!("role {name}: there is no {shown}; apply the manifest"),
                ),
                Found::Unseen => {
                    unseen_bindings = true;
                    let within = place.map_or_else(String::new, |bound| format!(" -n {bound}"));
                    checks.push(format!(
                        "kubectl auth can-i --list{within} --as=x --as-group=system:serviceaccounts:{namespace}"
                    ));
                }
            }
        }
        if unseen_bindings {
            unseen.push("the bindings to it".to_owned());
        }
        if !unseen.is_empty() {
            let text = format!(
                "role {name}: {} not looked at, which the service may not read; an administrator can: {}",
                match &unseen[..] {
                    [one] => format!("{one} was"),
                    all => format!("{} were", all.join(" and ")),
                },
                checks.join("; ")
            );
            lines.add(Finding::Note, text);
        }
        Ok(())
    }

    async fn seen_there(
        &self,
        path: &str,
        resource: &str,
        name: &str,
    ) -> Result<Found, ClusterError> {
        let answer = self.get(path).await?;
        Ok(match answer.status {
            StatusCode::OK => Found::There(answer),
            _ if answer.says_absent(resource, name) => Found::Absent,
            _ => Found::Unseen,
        })
    }
}

/// Where the manifest binds the role's group: namespaces, or `None` for the whole cluster.
fn places(role: &RoleConfig) -> Vec<Option<&str>> {
    match (role.binding, &role.namespaces) {
        (Binding::PerKubeconfig, _) => Vec::new(),
        (Binding::RoleNamespace, None) => vec![None],
        (Binding::RoleNamespace, Some(bound)) => {
            bound.iter().map(|name| Some(name.as_str())).collect()
        }
    }
}

/// Whether a binding is the manifest's. One of a namespace has the same members as one of the cluster.
fn binds(answer: &Answer, cluster_role: &str, namespace: &str) -> bool {
    let group = format!("system:serviceaccounts:{namespace}");
    answer.json::<Granted>().is_ok_and(|Granted(binding)| {
        let subjects = binding.subjects.unwrap_or_default();
        binding.role_ref.kind == "ClusterRole"
            && binding.role_ref.name == cluster_role
            && subjects
                .iter()
                .any(|subject| subject.kind == "Group" && subject.name == group)
    })
}

/// A binding of either kind: the kind that an answer says that it is does not matter here.
struct Granted(ClusterRoleBinding);

impl<'de> serde::Deserialize<'de> for Granted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let mut value = serde_json::Value::deserialize(deserializer)?;
        if let Some(binding) = value.as_object_mut() {
            binding.remove("kind");
        }
        serde_json::from_value(value)
            .map(Self)
            .map_err(D::Error::custom)
    }
}
