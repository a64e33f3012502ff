//! Every rule of the configuration, by the message that its violation gives.

use std::path::Path;

use kubemint::cluster::RoleRules;
use kubemint_clusters::ClusterConfig;
use kubemint_clusters::config::{Binding, CredentialSource};
use kubemint_sandbox::Pki;
use tempfile::TempDir;

use crate::stage::read;

pub(crate) const MINIMAL: &str = r#"
[[clusters]]
region = "us-texas-1"
project = "project-x9y8z7"
id = "cluster-a1b2c3"
api_url = "https://10.0.0.7:6443"
credential = { token_file = "token" }
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("ca.pem"),
        Pki::new("a").unwrap().ca_pem(),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("public.pem"),
        Pki::new("b").unwrap().ca_pem(),
    )
    .unwrap();
    folder
}

pub(crate) fn good(text: &str) -> ClusterConfig {
    read(text, folder().path()).unwrap().remove(0)
}

/// The problems of a text, one line each.
pub(crate) fn problems(text: &str) -> Vec<String> {
    read(text, folder().path())
        .unwrap_err()
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The only problem of the minimal text with `more` behind it.
fn problem(more: &str) -> String {
    let mut problems = problems(&format!("{MINIMAL}{more}"));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn the_least_configuration_gives_a_viewer_for_an_hour() {
    let config = good(MINIMAL);
    let profile = &config.profile;
    assert_eq!(
        config.key.to_string(),
        "us-texas-1/project-x9y8z7/cluster-a1b2c3"
    );
    assert_eq!(config.api_url, "https://10.0.0.7:6443");
    assert_eq!(profile.public_url, "https://10.0.0.7:6443");
    assert_eq!(
        (profile.ca_pem.as_ref(), config.ca_file.as_ref()),
        (None, None)
    );
    assert_eq!(
        (profile.default_role.as_str(), profile.default_ttl),
        ("viewer", 3600)
    );
    assert_eq!(
        profile.roles["viewer"],
        RoleRules {
            min_ttl: 60,
            max_ttl: 86_400
        }
    );
    assert_eq!(config.roles.len(), 1);
    assert_eq!(
        (
            config.roles["viewer"].cluster_role.as_str(),
            &config.roles["viewer"].namespaces
        ),
        ("view", &None)
    );
    assert!(config.warnings().is_empty());
}

#[test]
fn every_key_is_honoured_and_paths_start_at_the_files_folder() {
    let folder = folder();
    let text = format!(
        "{MINIMAL}{}",
        r#"
public_url = "https://cluster.example.com/k8s/"
ca_file = "ca.pem"
public_ca_file = "public.pem"
default_role = "operator"
default_ttl = "30m"
min_ttl = "5m"
max_ttl = "8h"
[clusters.roles.operator]
cluster_role = "system:aggregate-to-view"
namespaces = ["team-b", "team-a", "team-b"]
min_ttl = "90s"
max_ttl = "1d"
[clusters.roles.cluster-admin]
"#
    );
    let config = read(&text, folder.path()).unwrap().remove(0);
    let of = |file: &str| {
        std::fs::read_to_string(folder.path().join(file))
            .unwrap()
            .replace('\r', "")
    };
    assert_eq!(config.profile.public_url, "https://cluster.example.com/k8s");
    assert_eq!(
        config.profile.ca_pem.as_deref().map(str::trim),
        Some(of("public.pem").trim())
    );
    assert_eq!(config.ca_file, Some(folder.path().join("ca.pem")));
    assert_eq!(
        config.credential,
        Some(CredentialSource::Token(folder.path().join("token")))
    );
    let operator = &config.roles["operator"];
    assert_eq!(operator.cluster_role, "system:aggregate-to-view");
    assert_eq!(
        operator.namespaces,
        Some(vec!["team-a".to_owned(), "team-b".to_owned()])
    );
    assert_eq!(
        operator.rules,
        RoleRules {
            min_ttl: 90,
            max_ttl: 86_400
        }
    );
    assert_eq!(
        config.roles["cluster-admin"].rules,
        RoleRules {
            min_ttl: 300,
            max_ttl: 28_800
        }
    );
    assert_eq!(
        (
            config.profile.default_role.as_str(),
            config.profile.default_ttl
        ),
        ("operator", 1800)
    );
}

#[test]
fn users_get_the_services_bundle_unless_told_otherwise() {
    let with = |more: &str| good(&format!("{MINIMAL}ca_file = \"ca.pem\"\n{more}"));
    assert!(
        with("")
            .profile
            .ca_pem
            .as_ref()
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----\n")
    );
    let system = with("public_ca_file = \"\"\n");
    assert_eq!(system.profile.ca_pem, None);
    assert!(system.ca_file.is_some());
}

#[test]
fn unknown_keys_are_refused_by_name() {
    #[derive(Debug, serde::Deserialize)]
    struct File {
        #[allow(dead_code)]
        clusters: Vec<kubemint_clusters::RawCluster>,
    }
    for more in [
        "insecure = true\n",
        "[clusters.roles.viewer]\nverbs = []\n",
        "[clusters.roles.viewer]\nclusterrole = \"view\"\n",
    ] {
        let error = toml::from_str::<File>(&format!("{MINIMAL}{more}"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
    let text = MINIMAL.replace("token_file", "token");
    assert!(
        toml::from_str::<File>(&text)
            .unwrap_err()
            .to_string()
            .contains("unknown field `token`")
    );
}

#[test]
fn every_place_in_the_paths_is_a_label() {
    for (key, old) in [
        ("region", "us-texas-1"),
        ("project", "project-x9y8z7"),
        ("id", "cluster-a1b2c3"),
    ] {
        for bad in ["", "A", "a/b", "-a", "a-", "a.b", "ä", &"a".repeat(64)] {
            let text = MINIMAL.replace(&format!("\"{old}\""), &format!("{bad:?}"));
            assert_eq!(
                problems(&text),
                [format!(
                    "clusters[0].{key}: {bad:?} is not 1 to 63 lower-case letters, digits or hyphens, no hyphen first \
                     or last; it is a segment of the API's paths: write it as users will"
                )]
            );
        }
    }
}

#[test]
fn urls_are_https_and_nothing_but_a_place() {
    let bad = [
        "",
        "10.0.0.7:6443",
        "http://10.0.0.7",
        "https://",
        "https://user:hunter2@host",
        "https://host/?a=hunter2",
        "https://host/#hunter2",
        "ftp://host",
        "https://ho st",
    ];
    for url in bad {
        let text = MINIMAL.replace("https://10.0.0.7:6443", url);
        assert_eq!(
            problems(&text),
            [
                "clusters[0].api_url: it is not an https URL of a host, a port and a path; write it as \
                 \"https://HOST:PORT\", without a user, a query or a fragment"
            ],
            "{url}"
        );
        assert!(
            problem(&format!("public_url = {url:?}\n"))
                .starts_with("clusters[0].public_url: it is not an https")
        );
    }
}

#[test]
fn bundles_hold_certificates_and_nothing_else() {
    let folder = folder();
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let certificate = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    let wrong = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let files = [
        ("empty.pem", String::new(), "it holds no certificate"),
        ("text.pem", "hello".into(), "it holds no certificate"),
        (
            "key.pem",
            format!("{certificate}{key}"),
            "it holds something that is no certificate",
        ),
        (
            "wrong.pem",
            wrong.into(),
            "a certificate in it is malformed",
        ),
        (
            "broken.pem",
            "-----BEGIN CERTIFICATE-----\n!\n".into(),
            "a section of it cannot be read",
        ),
    ];
    // The configuration is good all the same: one cluster keeps no other from serving.
    let only = |text: String| {
        let config = read(&text, folder.path()).unwrap().remove(0);
        assert_eq!(config.profile.ca_pem, None);
        let warnings = config.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let out_of_order = format!("cluster {} is out of order: ", config.key);
        warnings[0].strip_prefix(&out_of_order).unwrap().to_owned()
    };
    for (name, content, expected) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
        let path = folder.path().join(name);
        assert_eq!(
            only(format!("{MINIMAL}ca_file = {name:?}\n")),
            format!(
                "clusters[0].ca_file: {} is not a PEM bundle of certificates: {expected}; name a PEM file that holds \
                 the certificates which sign the API server's, and nothing else",
                path.display()
            )
        );
    }
    let absent = only(format!("{MINIMAL}public_ca_file = \"absent.pem\"\n"));
    assert!(
        absent.starts_with("clusters[0].public_ca_file: "),
        "{absent}"
    );
    assert!(
        absent.contains("absent.pem cannot be read: No such file"),
        "{absent}"
    );
}

#[test]
fn a_credential_is_one_file() {
    let with =
        |credential: &str| problems(&MINIMAL.replace("{ token_file = \"token\" }", credential));
    let help = "write { kubeconfig_file = \"...\" } or { token_file = \"...\" }";
    assert_eq!(
        with("{}"),
        [format!(
            "clusters[0].credential: it names no credential; {help}"
        )]
    );
    assert_eq!(
        with("{ token_file = \"a\", kubeconfig_file = \"b\" }"),
        [format!(
            "clusters[0].credential: it names two credentials; {help}"
        )]
    );
    let text = MINIMAL.replace("token_file = \"token\"", "kubeconfig_file = \"/etc/k\"");
    assert_eq!(
        good(&text).credential,
        Some(CredentialSource::Kubeconfig(Path::new("/etc/k").into()))
    );
}

#[test]
fn durations_have_units() {
    for key in ["default_ttl", "min_ttl", "max_ttl"] {
        assert_eq!(
            problem(&format!("{key} = 900\n")),
            format!(
                "clusters[0].{key}: the number 900 has no unit; write it as text with its unit: \"900s\" for seconds, \
                 \"900m\" for minutes"
            )
        );
        assert_eq!(
            problem(&format!("{key} = \"soon\"\n")),
            format!(
                "clusters[0].{key}: \"soon\" is not a duration; write a whole number and one of the units s, m, h and \
                 d, such as \"15m\""
            )
        );
        assert_eq!(
            problem(&format!("{key} = true\n")),
            format!("clusters[0].{key}: it is not a duration; write a text such as \"15m\"")
        );
    }
    assert!(
        problem("[clusters.roles.viewer]\nmax_ttl = 5\n")
            .starts_with("clusters[0].roles.viewer.max_ttl: the number")
    );
}

#[test]
fn ranges_are_ranges_and_hold_the_default() {
    assert_eq!(
        problem("min_ttl = \"2h\"\nmax_ttl = \"90m\"\n"),
        "clusters[0].min_ttl: the shortest time to live, 2h, is longer than the longest, 90m; raise max_ttl or lower \
         min_ttl"
    );
    assert_eq!(
        problem("[clusters.roles.viewer]\nmax_ttl = \"30s\"\n"),
        "clusters[0].roles.viewer.max_ttl: the shortest time to live, 1m, is longer than the longest, 30s; raise \
         max_ttl or lower min_ttl"
    );
    assert_eq!(
        problem("max_ttl = \"30m\"\n"),
        "clusters[0].default_ttl: 1h is out of the range of the default role, viewer; write a time from 1m to 30m"
    );
}

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
fn a_cluster_is_configured_once() {
    assert_eq!(
        problems(&format!("{MINIMAL}{MINIMAL}")),
        [
            "clusters[1].id: clusters[0] is us-texas-1/project-x9y8z7/cluster-a1b2c3 too; give each cluster of a \
             region and project its own id"
        ]
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
fn all_problems_are_told_at_once() {
    let text = format!(
        "{}default_ttl = 5\n[clusters.roles.viewer]\n[clusters.roles.x]\n",
        MINIMAL.replace("us-texas-1", "US").replace("https", "http")
    );
    let paths: Vec<String> = problems(&text)
        .iter()
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "clusters[0].region",
            "clusters[0].api_url",
            "clusters[0].roles.x.cluster_role"
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
