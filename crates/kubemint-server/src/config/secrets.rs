//! Files that are open to everyone on the machine: with secrets, or that decide who may do what.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kubemint_authn::RawIssuer;
use kubemint_clusters::RawCluster;

/// What everyone else may do, in a file's mode.
const READ: u32 = 0o004;
const WRITE: u32 = 0o002;

/// The files of a configuration, by their key paths.
#[derive(Default)]
pub(super) struct Secrets {
    warnings: Vec<String>,
}

impl Secrets {
    /// Looks at a file with a secret; warns when others than its owner and group may read or change it. (A group is chosen: that of
    /// the service,
    /// above all where an orchestrator mounts secrets.) One that cannot be looked at is no matter of this.
    pub(super) fn look(&mut self, key: &str, base: &Path, file: Option<&Path>) {
        self.warn(key, base, file, READ | WRITE, "o=");
    }

    /// The same of a file that is no secret, and that whoever changes it decides by: whom the service trusts, and what they may do.
    pub(super) fn look_trusted(&mut self, key: &str, base: &Path, file: Option<&Path>) {
        self.warn(key, base, file, WRITE, "o-w");
    }

    fn warn(&mut self, key: &str, base: &Path, file: Option<&Path>, rights: u32, mend: &str) {
        // An empty text may stand for something else than a file.
        let file = file.filter(|file| !file.as_os_str().is_empty());
        let Some(path) = file.map(|file| base.join(file)) else {
            return;
        };
        let Ok(metadata) = std::fs::metadata(&path) else {
            return;
        };
        let mode = metadata.permissions().mode() & 0o777;
        let may = match mode & rights {
            0 => return,
            READ => "read",
            WRITE => "change",
            _ => "read and change",
        };
        let path = path.display();
        self.warnings.push(format!(
            "{key}: everyone on this machine may {may} {path} (mode {mode:04o}); `chmod {mend} {path}`"
        ));
    }

    /// Those of issuers and clusters.
    pub(super) fn look_all(&mut self, issuers: &[RawIssuer], clusters: &[RawCluster], base: &Path) {
        for (index, issuer) in issuers.iter().enumerate() {
            let secret = issuer.introspection.as_ref();
            let secret = secret.map(|asked| asked.client_secret_file.as_path());
            let key = format!("issuers[{index}].introspection.client_secret_file");
            self.look(&key, base, secret);
            let key = format!("issuers[{index}].ca_file");
            self.look_trusted(&key, base, issuer.ca_file.as_deref());
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
            self.look_trusted(&of("ca_file"), base, cluster.ca_file.as_deref());
            self.look_trusted(
                &of("public_ca_file"),
                base,
                cluster.public_ca_file.as_deref(),
            );
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
    fn a_file_that_everyone_may_change_is_told_whatever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let told = |mode, trusted: bool| {
            write(&file, "permit").unwrap();
            set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let mut secrets = Secrets::default();
            if trusted {
                secrets.look_trusted("key", folder.path(), Some(&file));
            } else {
                secrets.look("key", folder.path(), Some(&file));
            }
            secrets.warnings().pop().unwrap_or_default()
        };
        assert_eq!(told(0o644, true), "");
        let file = file.display();
        for (mode, trusted, may, mend) in [
            (0o646, true, "change", "o-w"),
            (0o642, false, "change", "o="),
            (0o666, false, "read and change", "o="),
        ] {
            assert_eq!(
                told(mode, trusted),
                format!(
                    "key: everyone on this machine may {may} {file} (mode {mode:04o}); `chmod {mend} {file}`"
                )
            );
        }
    }

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
        secrets.look("empty", folder.path(), Some(Path::new("")));
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
