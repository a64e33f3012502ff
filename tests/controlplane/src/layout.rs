//! Where a control plane keeps its files: everything below one folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The paths of one control plane.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dir: PathBuf,
    pub(crate) etcd_data: PathBuf,
    pub(crate) pki: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) admin_kubeconfig: PathBuf,
    pub(crate) manager_kubeconfig: PathBuf,
    pub(crate) audit_policy: PathBuf,
    pub(crate) audit_log: PathBuf,
    pub(crate) state: PathBuf,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> io::Result<Self> {
        let dir = std::path::absolute(dir)?;
        let logs = dir.join("logs");
        let pki = dir.join("pki");
        Ok(Self {
            etcd_data: dir.join("etcd"),
            admin_kubeconfig: dir.join("admin.kubeconfig"),
            manager_kubeconfig: pki.join("controller-manager.kubeconfig"),
            audit_policy: dir.join("audit-policy.yaml"),
            audit_log: logs.join("audit.log"),
            state: dir.join("state.json"),
            pki,
            logs,
            dir,
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The output of one program.
    pub(crate) fn log(&self, program: &str) -> PathBuf {
        self.logs.join(format!("{program}.log"))
    }

    /// A file of keys or certificates.
    pub(crate) fn pki(&self, name: &str) -> PathBuf {
        self.pki.join(name)
    }

    /// Makes the folders, empty: what an earlier control plane left in them is removed. Other files in
    /// the folder are left alone.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        for path in [&self.etcd_data, &self.pki, &self.logs] {
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot empty {}", path.display()));
                }
                _ => {}
            }
            // Closed to other users: here are private keys, and etcd insists on it for its data.
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .with_context(|| format!("cannot create {}", path.display()))?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, contents: &str) -> anyhow::Result<()> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(contents.as_bytes())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn preparing_again_removes_only_what_a_control_plane_left() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path()).unwrap();
        layout.prepare().unwrap();
        fs::write(layout.etcd_data.join("member"), "old").unwrap();
        fs::write(folder.path().join("notes"), "mine").unwrap();
        layout.prepare().unwrap();
        assert!(!layout.etcd_data.join("member").exists());
        assert_eq!(
            fs::read_to_string(folder.path().join("notes")).unwrap(),
            "mine"
        );
    }

    #[test]
    fn private_files_are_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_private(&path, "secret").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
