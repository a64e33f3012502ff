//! Files with secrets that are open to everyone on the machine.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kubemint_authn::RawIssuer;
use kubemint_clusters::RawCluster;

/// The files with secrets of a configuration, by their key paths.
#[derive(Default)]
pub(super) struct Secrets {
    warnings: Vec<String>,
}

impl Secrets {
    /// Looks at a file; warns when others than its owner and group may read it. (A group is chosen: that of the service,
    /// above all where an orchestrator mounts secrets.) One that cannot be looked at is no matter of this.
    pub(super) fn look(&mut self, key: &str, base: &Path, file: Option<&Path>) {
        let Some(path) = file.map(|file| base.join(file)) else {
            return;
        };
        let Ok(metadata) = std::fs::metadata(&path) else {
            return;
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o004 != 0 {
            let path = path.display();
            self.warnings.push(format!(
                "{key}: everyone on this machine may read {path} (mode {mode:04o}); `chmod o= {path}`"
            ));
        }
    }

    /// Those of issuers and clusters.
    pub(super) fn look_all(&mut self, issuers: &[RawIssuer], clusters: &[RawCluster], base: &Path) {
        for (index, issuer) in issuers.iter().enumerate() {
            let secret = issuer.introspection.as_ref();
            let secret = secret.map(|asked| asked.client_secret_file.as_path());
            let key = format!("issuers[{index}].introspection.client_secret_file");
            self.look(&key, base, secret);
        }
        for (index, cluster) in clusters.iter().enumerate() {
            let of = |key: &str| format!("clusters[{index}].{key}");
            if let Some(credential) = &cluster.credential {
                let (token, kubeconfig) = (&credential.token_file, &credential.kubeconfig_file);
                self.look(&of("credential.token_file"), base, token.as_deref());
                self.look(
                    &of("credential.kubeconfig_file"),
                    base,
                    kubeconfig.as_deref(),
                );
            }
            let authority = cluster.client_ca.as_ref();
            let authority = authority.map(|files| files.key_file.as_path());
            self.look(&of("client_ca.key_file"), base, authority);
        }
    }

    /// A line for each file.
    pub(super) fn warnings(self) -> Vec<String> {
        self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};

    #[test]
    fn a_secret_that_everyone_may_read_is_told_and_one_of_a_group_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("open", 0o644), ("group", 0o640), ("own", 0o600)] {
            let file = folder.path().join(name);
            write(&file, "secret").unwrap();
            set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        }
        let mut secrets = Secrets::default();
        for name in ["open", "group", "own", "absent"] {
            secrets.look(name, folder.path(), Some(Path::new(name)));
        }
        secrets.look("none", folder.path(), None);
        let file = folder.path().join("open");
        let file = file.display();
        assert_eq!(
            secrets.warnings(),
            [format!(
                "open: everyone on this machine may read {file} (mode 0644); `chmod o= {file}`"
            )]
        );
    }
}
