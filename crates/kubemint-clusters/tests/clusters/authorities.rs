//! The configuration of client certificates, by the message that a violation of its rules gives.

use std::path::Path;

use kubemint::cluster::CredentialKind;

use crate::config::{MINIMAL, good, problems};

const CERTIFICATES: &str = "client_ca = { cert_file = \"ca.pem\", key_file = \"/etc/ca.key\" }\n";

/// A cluster with client certificates, and these lines.
fn certificates(lines: &str) -> String {
    MINIMAL.replace("credential = { token_file = \"token\" }\n", CERTIFICATES) + lines
}

#[test]
fn with_an_authority_kubeconfigs_are_certificates_of_an_hour_and_no_credential_is_needed() {
    let config = good(&certificates(
        "[clusters.roles.viewer]\ngroups = [\"a\", \"b\"]\n",
    ));
    assert_eq!(config.profile.kind, CredentialKind::Certificate);
    assert_eq!(config.credential, None);
    let authority = config.client_ca.clone().unwrap();
    assert!(authority.certificate.ends_with("ca.pem") && authority.certificate.is_absolute());
    assert_eq!(authority.key, Path::new("/etc/ca.key"));
    assert_eq!(config.roles["viewer"].rules.max_ttl, 3600);
    assert_eq!(config.roles["viewer"].groups, ["a", "b"]);
    let longer = good(&certificates("max_ttl = \"8h\"\n"));
    assert_eq!(longer.roles["viewer"].rules.max_ttl, 8 * 3600);
    // With tokens nothing changes.
    let tokens = good(MINIMAL);
    assert_eq!(tokens.profile.kind, CredentialKind::Token);
    assert_eq!(tokens.roles["viewer"].rules.max_ttl, 24 * 3600);
    // A role without a group is allowed, and told.
    let warnings = longer.warnings().join("\n");
    assert!(
        warnings.contains("the certificates of role \"viewer\" have no group"),
        "{warnings}"
    );
}

#[test]
fn groups_are_of_one_role_and_never_kubernetes_own() {
    let role = |groups: &str| {
        problems(&certificates(&format!(
            "[clusters.roles.viewer]\ngroups = {groups}\n"
        )))
    };
    for (groups, what) in [
        (
            "[\"system:masters\"]",
            "groups that begin with system: are Kubernetes' own",
        ),
        (
            "[\"system:nodes\"]",
            "groups that begin with system: are Kubernetes' own",
        ),
        (
            "[\"\"]",
            "it is not 1 to 253 octets without control characters",
        ),
        (
            "[\"a\\u0000\"]",
            "it is not 1 to 253 octets without control characters",
        ),
        ("[\"a\", \"a\"]", "it is there twice"),
    ] {
        let told = role(groups);
        assert!(
            told.len() == 1 && told[0].contains(what),
            "{groups}: {told:?}"
        );
        assert!(
            told[0].starts_with("clusters[0].roles.viewer.groups: "),
            "{told:?}"
        );
    }
    let shared = problems(&certificates(
        "[clusters.roles.viewer]\ngroups = [\"a\"]\n[clusters.roles.cluster-admin]\ngroups = [\"a\"]\n",
    ));
    assert_eq!(shared.len(), 1);
    assert!(
        shared[0].contains("\"a\" is a group of role cluster-admin too"),
        "{shared:?}"
    );
    let tokens = problems(&format!(
        "{MINIMAL}[clusters.roles.viewer]\ngroups = [\"a\"]\n"
    ));
    assert!(
        tokens[0].contains("groups are for client certificates"),
        "{tokens:?}"
    );
    let bound = problems(&certificates(
        "[clusters.roles.viewer]\nbinding = \"per-kubeconfig\"\n",
    ));
    assert!(
        bound[0].starts_with("clusters[0].roles.viewer.binding: client certificates are bound by"),
        "{bound:?}"
    );
}
