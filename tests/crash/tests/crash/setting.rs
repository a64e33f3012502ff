//! What an installation's configuration says beside the usual.

use std::path::Path;
use std::time::Duration;

use kubemint_sandbox::Pki;
use kubemint_server::sandbox::{CLUSTER, write_secret};

const CERTIFICATE: &str = "client-ca.pem";
const KEY: &str = "client-ca.key";

/// Under what an installation works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Tokens, and no bounds.
    #[default]
    Usual,
    /// Kubeconfigs are client certificates; the cluster is never asked.
    Certificates,
    /// One kubeconfig for a user at a time.
    Quota,
    /// What is over is forgotten after a second.
    Forgetful,
}

impl Setting {
    /// A configuration of the usual kind, changed to this.
    pub(crate) fn applied(self, text: &str) -> String {
        let credential = format!("credential = {{ token_file = \"{CLUSTER}-token\" }}");
        assert!(text.contains(&credential), "{text}");
        match self {
            Self::Usual => text.to_owned(),
            Self::Certificates => {
                let authority = format!(
                    "client_ca = {{ cert_file = \"{CERTIFICATE}\", key_file = \"{KEY}\" }}"
                );
                let role = "[clusters.roles.viewer]\n";
                text.replace(&credential, &authority)
                    .replace(role, &format!("{role}groups = [\"kubemint:viewer\"]\n"))
            }
            Self::Quota => text.replace(
                &credential,
                &format!("{credential}\nmax_active_per_user = 1"),
            ),
            Self::Forgetful => format!("{text}\n[retention]\nexpired = \"1s\"\n"),
        }
    }

    /// How long an idempotency key is kept.
    pub(crate) fn keep_keys(self) -> Duration {
        match self {
            Self::Forgetful => Duration::from_secs(1),
            _ => Duration::from_secs(24 * 3600),
        }
    }
}

/// Writes an authority for client certificates into a folder.
pub(crate) fn write_authority(folder: &Path) {
    let authority = Pki::new("for clients").expect("an authority");
    std::fs::write(folder.join(CERTIFICATE), authority.ca_pem()).expect("a file");
    write_secret(&folder.join(KEY), &authority.ca_key_pem()).expect("a file");
}
