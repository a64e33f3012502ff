//! The manifest that an operator applies to a cluster, once: namespaces, bindings, and the service's few rights.

mod certificates;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::account::MANAGED_BY;
use crate::config::{Binding, ClusterConfig, RoleConfig, SYSTEM_NAMESPACE, role_namespace};

/// The name of the service's own ServiceAccount, and of what belongs to it.
const SERVICE: &str = "kubemint";

/// What the service may do in each role's namespace: API group, resource, verbs. [`crate::Fleet::preflight`] holds
/// the service's actual rights against the same list.
pub(crate) const RIGHTS: [(&str, &str, &[&str]); 2] = [
    ("", "serviceaccounts", &["create", "delete", "get", "list"]),
    ("", "serviceaccounts/token", &["create"]),
];

/// What the service may do with bindings where a role is bound per kubeconfig. (It may `bind` the role's ClusterRole
/// too, and no other.)
pub(crate) const BINDING_VERBS: [&str; 4] = ["create", "delete", "get", "list"];

/// The manifest, as YAML for `kubectl apply -f -`. Entries with the same `api_url` are one Kubernetes cluster, and
/// have one part together (one for tokens, and one for client certificates); where there are several parts, each says which cluster it is for.
#[must_use]
pub fn manifest<'a>(clusters: impl IntoIterator<Item = &'a ClusterConfig>) -> String {
    let mut parts: Vec<(Vec<&ClusterConfig>, Roles<'_>)> = Vec::new();
    for cluster in clusters {
        let like = |other: &&ClusterConfig| {
            other.api_url == cluster.api_url
                && other.client_ca.is_some() == cluster.client_ca.is_some()
        };
        let there = parts.iter().position(|(of, _)| of.iter().any(like));
        let index = there.unwrap_or_else(|| {
            parts.push((Vec::new(), BTreeMap::new()));
            parts.len() - 1
        });
        let (of, roles) = &mut parts[index];
        of.push(cluster);
        roles.extend(
            cluster
                .roles
                .iter()
                .map(|(name, role)| (name.as_str(), role)),
        );
    }
    let mut text = String::new();
    if parts.len() > 1 {
        text.push_str(
            "# Several clusters: each part below goes to its own. Do not apply them together.\n",
        );
    }
    for (of, roles) in &parts {
        if !text.is_empty() {
            text.push('\n');
        }
        part(&mut text, of, roles);
    }
    text
}

type Roles<'a> = BTreeMap<&'a str, &'a RoleConfig>;

fn part(text: &mut String, of: &[&ClusterConfig], roles: &Roles<'_>) {
    if of.iter().any(|cluster| cluster.client_ca.is_some()) {
        return certificates::part(text, of, roles);
    }
    let names: Vec<String> = of.iter().map(|cluster| cluster.key.to_string()).collect();
    let alone: Vec<&str> = roles
        .iter()
        .filter(|(_, role)| role.binding == Binding::PerKubeconfig)
        .map(|(name, _)| *name)
        .collect();
    text.push_str(&HEADER.replace("CLUSTERS", &names.join(", ")).replace(
        "ELSE",
        if alone.is_empty() {
            ": nothing else."
        } else {
            ", and what is said\n# below of bindings."
        },
    ));
    if !alone.is_empty() {
        text.push_str(&PER_KUBECONFIG.replace("ROLES", &alone.join(", ")));
    }
    warn(text, of);
    text.push_str(&fill(SYSTEM, &[]));
    for (name, role) in roles {
        let namespace = role_namespace(name);
        text.push_str(&fill(ROLE, &[("ROLE", name), ("NAMESPACE", &namespace)]));
        for (_, resource, verbs) in RIGHTS {
            let _ = write!(
                text,
                "  - apiGroups: [\"\"]\n    resources: [{}]\n    verbs: {}\n",
                quoted(resource),
                list(verbs)
            );
        }
        text.push_str(&fill(SERVICE_BINDING, &[("NAMESPACE", &namespace)]));
        let bind = [
            ("NAMESPACE", namespace.as_str()),
            ("CLUSTER_ROLE", &role.cluster_role),
        ];
        let (everywhere, somewhere) = match role.binding {
            Binding::RoleNamespace => (EVERYWHERE, SOMEWHERE),
            Binding::PerKubeconfig => (BINDER_EVERYWHERE, BINDER_SOMEWHERE),
        };
        match &role.namespaces {
            None => text.push_str(&fill(everywhere, &bind)),
            Some(namespaces) => {
                for bound in namespaces {
                    text.push_str(&fill(somewhere, &[&bind[..], &[("BOUND", bound)]].concat()));
                }
            }
        }
    }
}

fn warn(text: &mut String, of: &[&ClusterConfig]) {
    let mut warnings: Vec<String> = of
        .iter()
        .flat_map(|cluster| cluster.role_warnings())
        .collect();
    warnings.dedup();
    for warning in warnings {
        let _ = writeln!(text, "#\n# WARNING: {warning}.");
    }
}

/// A template with its places filled: `<NAME>` is the quoted value, `<LABELS>` the labels of everything of ours.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let labels = format!("{{{}: {}}}", MANAGED_BY.0, MANAGED_BY.1);
    let mut text = template
        .replace("<LABELS>", &labels)
        .replace("<SERVICE>", &quoted(SERVICE))
        .replace("<SYSTEM>", &quoted(SYSTEM_NAMESPACE))
        .replace("<BINDING_VERBS>", &list(&BINDING_VERBS));
    for (name, value) in values {
        text = text.replace(&format!("<{name}>"), &quoted(value)).replace(
            &format!("<GROUP:{name}>"),
            &quoted(&format!("system:serviceaccounts:{value}")),
        );
    }
    text
}

/// A YAML list of strings.
fn list(values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A YAML string in double quotes. JSON's strings are YAML's, and no name is longer than a line.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

const HEADER: &str = "\
# kubemint at cluster CLUSTERS
#
# Apply it once, and again when the roles of the configuration change:
#     kubectl apply -f FILE
# For every role it makes a namespace kubemint-ROLE. The service makes one ServiceAccount there for each kubeconfig,
# and all ServiceAccounts of that namespace, as a group, are bound to one ClusterRole. Whoever may make ServiceAccounts,
# their tokens or pods in such a namespace has that role: give nobody rights there.
# The service itself may make, read and delete ServiceAccounts in these namespaces and mint their tokensELSE
#
# Its own credential is a token of the ServiceAccount kubemint in kubemint-system, either one that lasts for a while
# (make it again before it ends; the service reads its file again by itself):
#     kubectl -n kubemint-system create token kubemint --duration=720h > TOKEN_FILE
# or one that lasts until it is deleted:
#     kubectl -n kubemint-system apply -f - <<EOF
#     {apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: kubemint,
#       annotations: {kubernetes.io/service-account.name: kubemint}}}
#     EOF
#     kubectl -n kubemint-system get secret kubemint -o jsonpath='{.data.token}' | base64 -d > TOKEN_FILE
# Then `kubemint-server preflight` says whether the service has the rights that it needs, and no others.
#
# What is taken out of the configuration is not removed by applying this again: delete the namespace kubemint-ROLE and
# the bindings of that name. A role's ClusterRole cannot be changed in place: delete the bindings first.
";

const PER_KUBECONFIG: &str = "\
#
# Bound per kubeconfig: ROLES.
# No group is bound there. The service makes a binding for each kubeconfig, to the role's ClusterRole and to no other, and
# may make, read and delete bindings where the role is bound. Beware: whoever has the service's credential may delete
# other bindings there too. If the role was bound as a group before, kubectl says that roleRef is immutable: delete the
# bindings kubemint-ROLE, then apply this again.
";

const SYSTEM: &str = "\
---
apiVersion: v1
kind: Namespace
metadata:
  name: <SYSTEM>
  labels:
    app.kubernetes.io/managed-by: kubemint
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: <SERVICE>
  namespace: <SYSTEM>
  labels: <LABELS>
";

const ROLE: &str = "\
---
apiVersion: v1
kind: Namespace
metadata:
  name: <NAMESPACE>
  labels:
    app.kubernetes.io/managed-by: kubemint
    kubemint.io/role: <ROLE>
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: <SERVICE>
  namespace: <NAMESPACE>
  labels: <LABELS>
rules:
  - apiGroups: [\"\"]
    resources: [\"namespaces\"]
    resourceNames: [<NAMESPACE>]
    verbs: [\"get\"]
";

const SERVICE_BINDING: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: <SERVICE>
  namespace: <NAMESPACE>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: <SERVICE>
subjects:
  - kind: ServiceAccount
    name: <SERVICE>
    namespace: <SYSTEM>
";

const EVERYWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: <NAMESPACE>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: <CLUSTER_ROLE>
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: <GROUP:NAMESPACE>
";

const SOMEWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: <NAMESPACE>
  namespace: <BOUND>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: <CLUSTER_ROLE>
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: <GROUP:NAMESPACE>
";

const BINDER_EVERYWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: <NAMESPACE>
  labels: <LABELS>
rules:
  - apiGroups: [\"rbac.authorization.k8s.io\"]
    resources: [\"clusterroles\"]
    resourceNames: [<CLUSTER_ROLE>]
    verbs: [\"bind\"]
  - apiGroups: [\"rbac.authorization.k8s.io\"]
    resources: [\"clusterrolebindings\"]
    verbs: <BINDING_VERBS>
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: <NAMESPACE>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: <NAMESPACE>
subjects:
  - kind: ServiceAccount
    name: <SERVICE>
    namespace: <SYSTEM>
";

const BINDER_SOMEWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: <NAMESPACE>
  namespace: <BOUND>
  labels: <LABELS>
rules:
  - apiGroups: [\"rbac.authorization.k8s.io\"]
    resources: [\"clusterroles\"]
    resourceNames: [<CLUSTER_ROLE>]
    verbs: [\"bind\"]
  - apiGroups: [\"rbac.authorization.k8s.io\"]
    resources: [\"rolebindings\"]
    verbs: <BINDING_VERBS>
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: <NAMESPACE>
  namespace: <BOUND>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: <NAMESPACE>
subjects:
  - kind: ServiceAccount
    name: <SERVICE>
    namespace: <SYSTEM>
";
