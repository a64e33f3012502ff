//! The rules of roles.

use kubemint_clusters::config::Binding;

use super::{MINIMAL, folder, good, problem, problems};
use crate::stage::read;

#[test]
fn the_default_role_is_one_of_the_roles() {
    assert_eq!(
        problem(
            "[clusters.roles.a]\ncluster_role = \"view\"\n[clusters.roles.b]\ncluster_role = \"view\"\n"
        ),
        "clusters[0].default_role: \"viewer\" is none of the cluster's roles; set default_role to one of: a, b"
    );
    assert_eq!(
        problem("roles = {}\n"),
        "clusters[0].roles: no role can be issued; add [clusters.roles.viewer], or leave roles out"
    );
}

#[test]
fn role_names_make_namespaces() {
    let named = |name: &str| {
        problem(&format!(
            "default_role = \"viewer\"\n[clusters.roles.viewer]\n[clusters.roles.{name:?}]\ncluster_role = \"view\"\n"
        ))
    };
    for bad in ["", "A", "a.b", "a_b", "-a", "a-", &"a".repeat(49)] {
        assert_eq!(
            named(bad),
            format!(
                "clusters[0].roles.{bad}: the name is not 1 to 48 lower-case letters, digits or hyphens, no hyphen \
                 first or last; rename it: its namespace is called kubemint-ROLE"
            )
        );
    }
    assert_eq!(
        named("system"),
        "clusters[0].roles.system: its namespace would be the service's own, kubemint-system; rename it"
    );
    let longest = "a".repeat(48);
    good(&format!(
        "{MINIMAL}default_role = {longest:?}\n[clusters.roles.{longest}]\ncluster_role = \"view\"\n"
    ));
}

#[test]
fn a_role_says_what_it_is_bound_to_and_where() {
    let role = |lines: &str| {
        problem(&format!(
            "[clusters.roles.viewer]\n[clusters.roles.x]\n{lines}\n"
        ))
    };
    assert_eq!(
        role(""),
        "clusters[0].roles.x.cluster_role: it says not which ClusterRole the role is bound to; add cluster_role = \
         \"...\" (only viewer, editor, admin and cluster-admin have one by themselves)"
    );
    for bad in ["", "a/b", "a b", "..", "a%2f", "a\\nb"] {
        assert_eq!(
            role(&format!("cluster_role = \"{bad}\"")),
            "clusters[0].roles.x.cluster_role: it is not the name of a ClusterRole; write the name as kubectl get \
             clusterroles prints it"
        );
    }
    let namespaces = |list: &str| role(&format!("cluster_role = \"view\"\nnamespaces = {list}"));
    assert_eq!(
        namespaces("[]"),
        "clusters[0].roles.x.namespaces: the role would be bound nowhere; name a namespace, or leave namespaces out \
         for all of them"
    );
    assert_eq!(
        namespaces("[\"Team\"]"),
        "clusters[0].roles.x.namespaces: \"Team\" is not the name of a namespace; write a name as kubectl prints it"
    );
    assert_eq!(
        namespaces("[\"kubemint-admin\"]"),
        "clusters[0].roles.x.namespaces: \"kubemint-admin\" is a namespace of the service: rights there reach other \
         roles' credentials; take it out"
    );
}

#[test]
fn two_places_before_one_api_server_agree_on_roles() {
    let beside = |lines: &str| {
        let other = MINIMAL.replace("cluster-a1b2c3", "cluster-2");
        format!("{MINIMAL}[clusters.roles.viewer]\n{other}[clusters.roles.viewer]\n{lines}")
    };
    assert!(read(&beside("max_ttl = \"2h\"\n"), folder().path()).is_ok());
    assert_eq!(
        problems(&beside("cluster_role = \"edit\"\n")),
        [
            "clusters[1].roles.viewer: clusters[0] has the same api_url, and binds this role otherwise; a role means \
             one thing in one Kubernetes cluster: bind both alike, or give it another name"
        ]
    );
}

#[test]
fn roles_that_are_more_than_their_names_are_warned_of() {
    let warnings =
        |lines: &str| good(&format!("{MINIMAL}[clusters.roles.viewer]\n{lines}")).warnings();
    for (role, cluster_role) in [("editor", "edit"), ("admin", "admin")] {
        let everywhere = warnings(&format!("[clusters.roles.{role}]\n"));
        assert_eq!(everywhere.len(), 1);
        assert!(everywhere[0].contains(&format!(
            "role {role:?} binds {cluster_role:?} in the whole cluster, which amounts to cluster-admin"
        )));
        let system = warnings(&format!(
            "[clusters.roles.{role}]\nnamespaces = [\"a\", \"kube-system\"]\n"
        ));
        assert!(
            system[0].contains("in kube-system, which amounts to cluster-admin"),
            "{system:?}"
        );
        assert!(warnings(&format!("[clusters.roles.{role}]\nnamespaces = [\"a\"]\n")).is_empty());
    }
    assert_eq!(
        warnings("[clusters.roles.x]\ncluster_role = \"edit\"\n").len(),
        1
    );
    assert!(warnings("[clusters.roles.cluster-admin]\n").is_empty());
}

#[test]
fn a_role_is_bound_as_a_group_unless_it_says_otherwise() {
    let roles = "[clusters.roles.viewer]\n[clusters.roles.editor]\nnamespaces = [\"a\"]\nbinding = \"per-kubeconfig\"\n";
    let config = good(&format!("{MINIMAL}{roles}"));
    assert_eq!(config.roles["viewer"].binding, Binding::RoleNamespace);
    assert_eq!(config.roles["editor"].binding, Binding::PerKubeconfig);
    assert!(config.warnings().is_empty());

    let wide = "[clusters.roles.viewer]\nbinding = \"per-kubeconfig\"\n";
    let warnings = good(&format!("{MINIMAL}{wide}")).warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("thousands slow the whole cluster"),
        "{warnings:?}"
    );

    let error = toml::from_str::<toml::Value>(&wide.replace("per-kubeconfig", "per-user")).unwrap()
        ["clusters"]["roles"]["viewer"]
        .clone()
        .try_into::<kubemint_clusters::config::RawRole>()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("expected `role-namespace` or `per-kubeconfig`"),
        "{error}"
    );
}

#[test]
fn two_places_of_one_api_server_bind_a_role_alike() {
    let second = MINIMAL.replace("cluster-a1b2c3", "other");
    let role = "[clusters.roles.viewer]\n";
    let text = format!("{MINIMAL}{role}{second}{role}binding = \"per-kubeconfig\"\n");
    assert!(problems(&text)[0].contains("binds this role otherwise"));
}
