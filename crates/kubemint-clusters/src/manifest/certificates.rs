//! The part of the manifest for a cluster whose kubeconfigs are client certificates: the bindings of their groups.

use std::fmt::Write as _;

use super::{Roles, fill, quoted, warn};
use crate::config::{ClusterConfig, RoleConfig, role_namespace};

/// Appends the part. Where there is no group there is nothing to bind.
pub(super) fn part(text: &mut String, of: &[&ClusterConfig], roles: &Roles<'_>) {
    let names: Vec<String> = of.iter().map(|cluster| cluster.key.to_string()).collect();
    text.push_str(&HEADER.replace("CLUSTERS", &names.join(", ")));
    warn(text, of);
    for (name, role) in roles.iter().filter(|(_, role)| !role.groups.is_empty()) {
        match &role.namespaces {
            None => binding(text, name, role, None),
            Some(namespaces) => {
                for namespace in namespaces {
                    binding(text, name, role, Some(namespace));
                }
            }
        }
    }
}

fn binding(text: &mut String, name: &str, role: &RoleConfig, namespace: Option<&str>) {
    let values = [
        ("NAME", role_namespace(name)),
        ("CLUSTER_ROLE", role.cluster_role.clone()),
        ("BOUND", namespace.unwrap_or_default().to_owned()),
    ];
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(place, value)| (*place, value.as_str()))
        .collect();
    let template = match namespace {
        None => EVERYWHERE,
        Some(_) => SOMEWHERE,
    };
    text.push_str(&fill(template, &values));
    for group in &role.groups {
        let _ = write!(
            text,
            "  - apiGroup: rbac.authorization.k8s.io\n    kind: Group\n    name: {}\n",
            quoted(group)
        );
    }
}

const HEADER: &str = "\
# kubemint at cluster CLUSTERS
#
# Apply it once, and again when the roles of the configuration change:
#     kubectl apply -f FILE
# Its kubeconfigs are client certificates. The service makes nothing in the cluster, and needs no rights there: each role's
# groups, which are in the certificates, are bound to one ClusterRole.
# The API server must trust the authority of `client_ca`: its certificate belongs into the file of --client-ca-file. Best is
# an authority for this purpose alone: whoever has its key is anyone in the cluster, members of system:masters included, and
# taking its certificate out of that file ends all of its certificates within a second. Nothing else ends one before its
# time: keep max_ttl short.
# `kubemint-server preflight` shows a certificate to the cluster and says whether it is known there.
#
# What is taken out of the configuration is not removed by applying this again: delete the bindings kubemint-ROLE. A role's
# ClusterRole cannot be changed in place: delete the bindings first.
";

const EVERYWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: <NAME>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: <CLUSTER_ROLE>
subjects:
";

const SOMEWHERE: &str = "\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: <NAME>
  namespace: <BOUND>
  labels: <LABELS>
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: <CLUSTER_ROLE>
subjects:
";
