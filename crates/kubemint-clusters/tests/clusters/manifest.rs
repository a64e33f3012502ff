//! The manifest, word for word.

use std::path::Path;

use kubemint_clusters::manifest;
use tempfile::tempdir;

use crate::stage::read;

fn cluster(id: &str, url: &str, roles: &str) -> String {
    format!(
        "[[clusters]]\nregion = \"us-texas-1\"\nproject = \"project-x9y8z7\"\nid = \"{id}\"\napi_url = \"{url}\"\n\
         credential = {{ token_file = \"token\" }}\n{roles}"
    )
}

fn of(text: &str) -> String {
    manifest(&read(text, tempdir().unwrap().path()).unwrap())
}

/// Compares with the checked-in text; `EXPECTORATE=overwrite` writes it anew.
fn equals(name: &str, text: &str) {
    expectorate::assert_contents(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(name),
        text,
    );
}

#[test]
fn certificates_need_bindings_of_their_groups_and_nothing_else() {
    let roles = "[clusters.roles.viewer]\ngroups = [\"kubemint:viewer\", \"it's: \\\"odd\\\"\"]\n\
                 [clusters.roles.editor]\nnamespaces = [\"team-b\", \"team-a\"]\ngroups = [\"kubemint:editor\"]\n\
                 [clusters.roles.bare]\ncluster_role = \"view\"\n";
    let text = cluster("cluster-a1b2c3", "https://a", roles).replace(
        "credential = { token_file = \"token\" }",
        "client_ca = { cert_file = \"ca.pem\", key_file = \"ca.key\" }",
    );
    equals("manifest-certificates.yaml", &of(&text));
}

#[test]
fn the_usual_roles() {
    let roles = "[clusters.roles.viewer]\n[clusters.roles.cluster-admin]\n\
                 [clusters.roles.editor]\nnamespaces = [\"team-b\", \"team-a\"]\n";
    equals(
        "manifest.yaml",
        &of(&cluster("cluster-a1b2c3", "https://a", roles)),
    );
}

#[test]
fn roles_that_are_bound_per_kubeconfig() {
    let roles = "[clusters.roles.viewer]\nbinding = \"per-kubeconfig\"\n\
                 [clusters.roles.editor]\nbinding = \"per-kubeconfig\"\nnamespaces = [\"team-b\", \"team-a\"]\n\
                 [clusters.roles.cluster-admin]\nbinding = \"role-namespace\"\n";
    let text = of(&cluster("cluster-a1b2c3", "https://a", roles));
    equals("manifest-bindings.yaml", &text);
    // No group of these has any right, and only what is configured may be bound.
    assert_eq!(text.matches("kind: Group").count(), 1);
    assert_eq!(
        text.matches("\"system:serviceaccounts:kubemint-cluster-admin\"")
            .count(),
        1
    );
    assert_eq!(text.matches("verbs: [\"bind\"]").count(), 3);
    assert_eq!(text.matches("resourceNames: [\"edit\"]").count(), 2);
}

#[test]
fn a_dangerous_binding_is_warned_of_in_the_manifest_too() {
    let text = of(&cluster(
        "c",
        "https://a",
        "[clusters.roles.viewer]\n[clusters.roles.editor]\n",
    ));
    assert!(
        text.contains(
            "# WARNING: cluster us-texas-1/project-x9y8z7/c: role \"editor\" binds \"edit\""
        ),
        "{text}"
    );
}

#[test]
fn names_that_yaml_would_misread_stay_names() {
    let roles = "[clusters.roles.viewer]\n[clusters.roles.1]\ncluster_role = \"null\"\nnamespaces = [\"2024\", \"true\"]\n";
    let text = of(&cluster("c", "https://a", roles));
    for line in [
        "kubemint.io/role: \"1\"",
        "name: \"null\"",
        "namespace: \"2024\"",
        "namespace: \"true\"",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn entries_of_one_api_server_have_one_part_and_others_their_own() {
    let text = [
        cluster("a", "https://one", "[clusters.roles.viewer]\n"),
        cluster("b", "https://two", "[clusters.roles.viewer]\n"),
        cluster(
            "c",
            "https://one",
            "[clusters.roles.viewer]\n[clusters.roles.cluster-admin]\n",
        ),
    ]
    .concat();
    let text = of(&text);
    assert!(
        text.starts_with("# Several clusters: each part below goes to its own."),
        "{text}"
    );
    let heads: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("# kubemint at cluster"))
        .collect();
    assert_eq!(
        heads,
        [
            "# kubemint at cluster us-texas-1/project-x9y8z7/a, us-texas-1/project-x9y8z7/c",
            "# kubemint at cluster us-texas-1/project-x9y8z7/b"
        ]
    );
    assert_eq!(text.matches("kind: ClusterRoleBinding").count(), 3);
}
