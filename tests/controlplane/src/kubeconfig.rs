//! The text of a kubeconfig with a client certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::pki::Credential;

/// A kubeconfig that needs no other file. `cluster` and `user` must be plain words, since they are not
/// quoted.
pub(crate) fn text(
    url: &str,
    cluster: &str,
    user: &str,
    ca: &str,
    credential: &Credential,
) -> String {
    let ca = STANDARD.encode(ca);
    let certificate = STANDARD.encode(&credential.certificate);
    let key = STANDARD.encode(&credential.key);
    format!(
        "\
apiVersion: v1
kind: Config
clusters:
- name: {cluster}
  cluster:
    server: {url}
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {cluster}
  context:
    cluster: {cluster}
    user: {user}
current-context: {cluster}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_carries_the_address_the_authority_and_the_credential() {
        let credential = Credential {
            certificate: "CERT".into(),
            key: "KEY".into(),
        };
        let text = text("https://127.0.0.1:6443", "one", "admin", "CA", &credential);
        for line in [
            "    server: https://127.0.0.1:6443",
            "    certificate-authority-data: Q0E=",
            "    client-certificate-data: Q0VSVA==",
            "    client-key-data: S0VZ",
            "current-context: one",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no {line:?} in:\n{text}"
            );
        }
    }
}
