//! Which resources the cluster knows, and what can be done with each.

/// A resource type that is stored, or answered without being stored (reviews).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    /// The plural, as in paths and rules.
    pub(crate) name: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) namespaced: bool,
    pub(crate) verbs: &'static [&'static str],
    pub(crate) subresources: &'static [Subresource],
    /// Whether deleting one answers with the object (as Kubernetes does for some) or with a status.
    pub(crate) delete_returns_object: bool,
}

/// A subresource, such as `token` of `serviceaccounts`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    /// `resource/subresource`, as rules name it.
    pub(crate) full: &'static str,
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) verb: &'static str,
}

/// What can be done with anything that is stored.
const STORED: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const CREATE_ONLY: &[&str] = &["create"];

const fn stored(
    group: &'static str,
    name: &'static str,
    singular: &'static str,
    kind: &'static str,
) -> Resource {
    Resource {
        group,
        version: "v1",
        name,
        singular,
        kind,
        short: &[],
        namespaced: true,
        verbs: STORED,
        subresources: &[],
        delete_returns_object: false,
    }
}

const fn review(
    group: &'static str,
    name: &'static str,
    singular: &'static str,
    kind: &'static str,
) -> Resource {
    Resource {
        namespaced: false,
        verbs: CREATE_ONLY,
        ..stored(group, name, singular, kind)
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// Everything the cluster knows. Groups stand together, in the order in which discovery lists them.
pub(crate) static CATALOGUE: &[Resource] = &[
    Resource {
        short: &["cm"],
        ..stored("", "configmaps", "configmap", "ConfigMap")
    },
    Resource {
        short: &["ev"],
        ..stored("", "events", "event", "Event")
    },
    Resource {
        short: &["ns"],
        namespaced: false,
        ..stored("", "namespaces", "namespace", "Namespace")
    },
    Resource {
        short: &["no"],
        namespaced: false,
        ..stored("", "nodes", "node", "Node")
    },
    Resource {
        short: &["po"],
        subresources: &[Subresource {
            name: "log",
            full: "pods/log",
            group: "",
            kind: "Pod",
            verb: "get",
        }],
        delete_returns_object: true,
        ..stored("", "pods", "pod", "Pod")
    },
    stored("", "secrets", "secret", "Secret"),
    Resource {
        short: &["sa"],
        subresources: &[Subresource {
            name: "token",
            full: "serviceaccounts/token",
            group: "authentication.k8s.io",
            kind: "TokenRequest",
            verb: "create",
        }],
        delete_returns_object: true,
        ..stored("", "serviceaccounts", "serviceaccount", "ServiceAccount")
    },
    Resource {
        short: &["svc"],
        ..stored("", "services", "service", "Service")
    },
    Resource {
        short: &["deploy"],
        ..stored("apps", "deployments", "deployment", "Deployment")
    },
    review(
        "authentication.k8s.io",
        "selfsubjectreviews",
        "selfsubjectreview",
        "SelfSubjectReview",
    ),
    review(
        "authentication.k8s.io",
        "tokenreviews",
        "tokenreview",
        "TokenReview",
    ),
    review(
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        "SelfSubjectAccessReview",
    ),
    review(
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        "SelfSubjectRulesReview",
    ),
    Resource {
        namespaced: false,
        ..stored(
            RBAC,
            "clusterrolebindings",
            "clusterrolebinding",
            "ClusterRoleBinding",
        )
    },
    Resource {
        namespaced: false,
        ..stored(RBAC, "clusterroles", "clusterrole", "ClusterRole")
    },
    stored(RBAC, "rolebindings", "rolebinding", "RoleBinding"),
    stored(RBAC, "roles", "role", "Role"),
];

/// The resources that an editor may write.
pub(crate) const WORKLOADS: &[(&str, &str)] = &[
    ("", "configmaps"),
    ("", "pods"),
    ("", "services"),
    ("apps", "deployments"),
];

impl Resource {
    /// Whether objects of this type are kept; a review is answered and forgotten.
    pub(crate) fn is_stored(&self) -> bool {
        self.verbs.contains(&"list")
    }

    /// `v1` or `GROUP/v1`.
    pub(crate) fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }

    /// `pods`, or `deployments.apps`: how messages name the type.
    pub(crate) fn qualified(&self) -> String {
        qualified(self.name, self.group)
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&'static Subresource>
    where
        Self: 'static,
    {
        let subresources: &'static [Subresource] = self.subresources;
        subresources.iter().find(|known| known.name == name)
    }
}

/// `v1` or `GROUP/VERSION`.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// `NAME` or `NAME.GROUP`.
pub(crate) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// The type with this group and plural.
pub(crate) fn find(group: &str, version: &str, name: &str) -> Option<&'static Resource> {
    CATALOGUE
        .iter()
        .find(|known| known.group == group && known.version == version && known.name == name)
}

/// The type of that plural in the core group.
///
/// # Panics
/// If the catalogue has no such entry: for the code's own constants only.
pub(crate) fn core(name: &'static str) -> &'static Resource {
    find("", "v1", name).expect("the core type is in the catalogue")
}

/// Every group but the core one, once, in order.
pub(crate) fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = CATALOGUE
        .iter()
        .map(|known| known.group)
        .filter(|group| !group.is_empty())
        .collect();
    groups.dedup();
    groups
}
