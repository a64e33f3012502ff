//! Every rule of the configuration, by the message that its violation gives: here the file as a whole.

mod roles;
mod values;

use kubemint::cluster::RoleRules;
use kubemint_clusters::ClusterConfig;
use kubemint_clusters::config::CredentialSource;
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
