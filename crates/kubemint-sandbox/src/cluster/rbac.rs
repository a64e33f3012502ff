//! Who may do what: rules as RBAC writes them, granted by group and fixed at the start; for the ServiceAccounts of
//! unbound roles, by bindings.

use serde_json::{Value, json};

use super::authn::User;
use super::catalogue::{CATALOGUE, WORKLOADS};
use super::status::Failure;

/// How much a role of the cluster may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Reads everything but secrets, in every namespace.
    View,
    /// As [`Level::View`], and writes workloads: pods, configmaps, services, deployments.
    Edit,
    /// Everything.
    Admin,
}

/// A role that kubemint may hand out on this cluster: whoever is a ServiceAccount in `kubemint-NAME` has it, unless the
/// role is [`Role::unbound`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name, such as `viewer`; a DNS label.
    pub name: String,
    /// What it grants.
    pub level: Level,
    /// Whether the group of its namespace is bound to it.
    pub bound: bool,
}

impl Role {
    /// A role.
    pub fn new(name: &str, level: Level) -> Self {
        Self {
            name: name.to_owned(),
            level,
            bound: true,
        }
    }

    /// The same role, whose namespace is bound to nothing: a ServiceAccount there may do what (Cluster)RoleBindings
    /// that name it say, as far as they refer to `view`, `edit`, `admin` or `cluster-admin`.
    #[must_use]
    pub fn unbound(mut self) -> Self {
        self.bound = false;
        self
    }

    /// The namespace whose ServiceAccounts have this role.
    pub fn namespace(&self) -> String {
        format!("{NAMESPACE_PREFIX}{}", self.name)
    }
}

/// What the role namespaces begin with.
const NAMESPACE_PREFIX: &str = "kubemint-";

/// A rule of RBAC: any of these verbs on any of these resources (or paths). `*` stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// The only namespace it holds in; `None` for all of them and for what lies in none.
    pub namespace: Option<String>,
    /// API groups; the core group is the empty text.
    pub groups: Vec<String>,
    /// Plurals, with `/subresource` where it applies.
    pub resources: Vec<String>,
    /// The only names it holds for; empty for all.
    pub names: Vec<String>,
    /// Paths that are no resources; a trailing `*` matches any rest.
    pub paths: Vec<String>,
    /// Verbs.
    pub verbs: Vec<String>,
}

impl Rule {
    /// A rule on resources of one group, everywhere.
    pub fn resources(group: &str, resources: &[&str], verbs: &[&str]) -> Self {
        Self {
            groups: texts(&[group]),
            resources: texts(resources),
            verbs: texts(verbs),
            ..Self::default()
        }
    }

    /// A rule on paths.
    pub fn paths(paths: &[&str], verbs: &[&str]) -> Self {
        Self {
            paths: texts(paths),
            verbs: texts(verbs),
            ..Self::default()
        }
    }

    /// The same rule, in one namespace only.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    fn allows(&self, wanted: &Access<'_>) -> bool {
        let verb = self
            .verbs
            .iter()
            .any(|verb| verb == "*" || verb == wanted.verb);
        verb && match wanted.what {
            What::Path(path) => self
                .paths
                .iter()
                .any(|known| match known.strip_suffix('*') {
                    Some(start) => path.starts_with(start),
                    None => known == path,
                }),
            What::Resource {
                group,
                resource,
                namespace,
                name,
            } => {
                self.namespace
                    .as_deref()
                    .is_none_or(|known| known == namespace)
                    && self
                        .groups
                        .iter()
                        .any(|known| known == "*" || known == group)
                    && self
                        .resources
                        .iter()
                        .any(|known| known == "*" || known == resource)
                    && (self.names.is_empty() || self.names.iter().any(|known| known == name))
            }
        }
    }
}

/// Something that somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) verb: &'a str,
    pub(crate) what: What<'a>,
}

/// What it is to be done to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    Path(&'a str),
    Resource {
        group: &'a str,
        resource: &'a str,
        namespace: &'a str,
        name: &'a str,
    },
}

impl Access<'_> {
    /// 403 as RBAC says it.
    pub(crate) fn denied(&self, user: &User) -> Failure {
        let (username, verb) = (&user.name, self.verb);
        match self.what {
            What::Path(path) => {
                Failure::forbidden_path(&format!("User {username:?} cannot {verb} path {path:?}"))
            }
            What::Resource {
                group,
                resource,
                namespace,
                name,
            } => {
                let place = match namespace {
                    "" => "at the cluster scope".to_owned(),
                    namespace => format!("in the namespace {namespace:?}"),
                };
                let denied = format!(
                    "User {username:?} cannot {verb} resource {resource:?} in API group {group:?} {place}"
                );
                let plural = resource.split('/').next().unwrap_or(resource);
                Failure::forbidden(group, plural, name, &denied)
            }
        }
    }
}

/// The grants of a cluster.
pub(crate) struct Grants {
    roles: Vec<(String, Vec<Rule>)>,
    everyone: Vec<Rule>,
    anyone: Vec<Rule>,
    admin: Vec<Rule>,
    /// Of the service's own credential; tests replace them.
    service: std::sync::RwLock<Vec<Rule>>,
}

/// The group that may do everything.
pub(crate) const ADMIN_GROUP: &str = "system:masters";
/// The group of whoever shows a good credential.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// What the group of a namespace's ServiceAccounts begins with.
pub(crate) const ACCOUNTS_PREFIX: &str = "system:serviceaccounts:";
/// The name under which the service's own credential acts.
pub(crate) const SERVICE_USER: &str = "system:serviceaccount:kubemint-system:kubemint";

impl Grants {
    pub(crate) fn new(roles: &[Role]) -> Self {
        let health = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
        let discovery = [
            "/api",
            "/api/*",
            "/apis",
            "/apis/*",
            "/openapi",
            "/openapi/*",
        ];
        let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
        Self {
            roles: roles
                .iter()
                .filter(|role| role.bound)
                .map(|role| {
                    (
                        ACCOUNTS_PREFIX.to_owned() + &role.namespace(),
                        rules(role.level),
                    )
                })
                .collect(),
            everyone: vec![
                Rule::resources(
                    "authentication.k8s.io",
                    &["selfsubjectreviews"],
                    &["create"],
                ),
                Rule::resources("authorization.k8s.io", &reviews, &["create"]),
                Rule::paths(&discovery, &["get"]),
            ],
            anyone: vec![Rule::paths(&health, &["get"])],
            admin: rules(Level::Admin),
            service: std::sync::RwLock::new(service_rules(roles)),
        }
    }

    pub(crate) fn set_service(&self, rules: Vec<Rule>) {
        *self
            .service
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = rules;
    }

    /// Whether the user may.
    pub(crate) fn allow(&self, user: &User, wanted: &Access<'_>) -> bool {
        let mut allowed = false;
        self.visit(user, |rule| allowed = allowed || rule.allows(wanted));
        allowed
    }

    /// The rules that a user has in a namespace, in the two lists of a SelfSubjectRulesReview.
    pub(crate) fn list(&self, user: &User, namespace: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut resources, mut paths) = (Vec::new(), Vec::new());
        self.visit(user, |rule| {
            if rule.namespace.as_deref().is_some_and(|known| known != namespace) {
                return;
            }
            if !rule.paths.is_empty() {
                paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}));
            }
            if !rule.resources.is_empty() {
                let mut listed = json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources});
                if !rule.names.is_empty() {
                    listed["resourceNames"] = json!(rule.names);
                }
                resources.push(listed);
            }
        });
        (resources, paths)
    }

    fn visit(&self, user: &User, mut see: impl FnMut(&Rule)) {
        let is_in = |group: &str| user.groups.iter().any(|known| known == group);
        self.anyone.iter().for_each(&mut see);
        if is_in(ADMIN_GROUP) {
            self.admin.iter().for_each(&mut see);
        }
        if is_in(AUTHENTICATED) {
            self.everyone.iter().for_each(&mut see);
        }
        for (_, rules) in self.roles.iter().filter(|(group, _)| is_in(group)) {
            rules.iter().for_each(&mut see);
        }
        user.bound.iter().for_each(&mut see);
        if user.name == SERVICE_USER {
            let service = self
                .service
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            service.iter().for_each(&mut see);
        }
    }
}

/// What kubemint's manifest grants to the service's own credential: to keep ServiceAccounts and mint their tokens
/// in the role namespaces, to read namespaces, and nothing else.
pub(crate) fn service_rules(roles: &[Role]) -> Vec<Rule> {
    let mut rules = vec![Rule::resources("", &["namespaces"], &["get"])];
    for role in roles {
        let namespace = role.namespace();
        let verbs = ["create", "get", "list", "delete"];
        rules.push(Rule::resources("", &["serviceaccounts"], &verbs).in_namespace(&namespace));
        rules.push(
            Rule::resources("", &["serviceaccounts/token"], &["create"]).in_namespace(&namespace),
        );
    }
    rules
}

/// What a ClusterRole of this name means here, where a binding holds in one namespace or in all.
pub(crate) fn rules_of(cluster_role: &str, namespace: Option<&str>) -> Vec<Rule> {
    let level = match cluster_role {
        "view" => Level::View,
        "edit" => Level::Edit,
        "admin" | "cluster-admin" => Level::Admin,
        _ => return Vec::new(),
    };
    let mut rules = rules(level);
    if let Some(namespace) = namespace {
        // A RoleBinding grants no paths.
        rules.retain(|rule| rule.paths.is_empty());
        for rule in &mut rules {
            rule.namespace = Some(namespace.to_owned());
        }
    }
    rules
}

/// The rules of a level.
fn rules(level: Level) -> Vec<Rule> {
    if level == Level::Admin {
        return vec![
            Rule::resources("*", &["*"], &["*"]),
            Rule::paths(&["*"], &["*"]),
        ];
    }
    let mut rules = Vec::new();
    for known in CATALOGUE
        .iter()
        .filter(|known| known.is_stored() && known.name != "secrets")
    {
        let mut names = vec![known.name];
        names.extend(
            known
                .subresources
                .iter()
                .filter(|sub| sub.verb == "get")
                .map(|sub| sub.full),
        );
        rules.push(Rule::resources(
            known.group,
            &names,
            &["get", "list", "watch"],
        ));
    }
    if level == Level::Edit {
        let verbs = ["create", "update", "patch", "delete", "deletecollection"];
        rules.extend(
            WORKLOADS
                .iter()
                .map(|(group, name)| Rule::resources(group, &[name], &verbs)),
        );
    }
    rules
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
