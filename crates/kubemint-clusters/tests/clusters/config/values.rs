//! The rules of single values: names, URLs, files, durations and their ranges.

use std::path::Path;

use kubemint_clusters::config::CredentialSource;

use super::{MINIMAL, folder, good, problem, problems};
use crate::stage::read;

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
fn a_credential_in_place_of_its_file_is_told_by_its_key_alone() {
    let long = "k".repeat(101);
    for secret in [
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "sha256~4f5kU8m0yq",
        &long,
        "apiVersion: v1\\nkind: Config",
    ] {
        for key in ["token_file", "kubeconfig_file"] {
            let credential = format!("{{ {key} = \"{secret}\" }}");
            assert_eq!(
                problems(&MINIMAL.replace("{ token_file = \"token\" }", &credential)),
                [format!(
                    "clusters[0].credential.{key}: names no file, and does not look like one; write the path of the \
                     credential's file, not the credential"
                )]
            );
        }
    }
    // One that is not there yet may come: it is a path.
    for path in [
        "token",
        "us-texas-1-project-x9y8z7-cluster-a1b2c3-token",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
    ] {
        let text = MINIMAL.replace("\"token\"", &format!("{path:?}"));
        assert!(good(&text).credential.is_some());
    }
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
