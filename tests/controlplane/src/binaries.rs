//! Where the programs of the control plane are: a folder that the caller names, or our own build.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::go_build;

/// The variable with which `envtest`, and so many Kubernetes projects, name a folder of programs.
pub(crate) const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The four programs, by absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The store.
    pub etcd: PathBuf,
    /// The API server.
    pub kube_apiserver: PathBuf,
    /// The controllers: without them `view` has no rules and namespaces never go away.
    pub kube_controller_manager: PathBuf,
    /// The command line, of the same version as the server.
    pub kubectl: PathBuf,
}

impl Binaries {
    /// The programs in the folder that `KUBEBUILDER_ASSETS` names, or else those built from the Go
    /// modules that this crate pins. The first build takes minutes, and its result is kept in
    /// `${XDG_CACHE_HOME:-$HOME/.cache}/kubemint/control-plane`; two processes never build at once.
    ///
    /// # Errors
    /// When `KUBEBUILDER_ASSETS` lacks one of the four, when `go` is missing or too old (the message
    /// names the version and the ways out), or when the build fails.
    pub fn find_or_build() -> anyhow::Result<Self> {
        match std::env::var_os(ASSETS) {
            Some(folder) if !folder.is_empty() => Self::in_folder(Path::new(&folder))
                .with_context(|| format!("{ASSETS} is set to {}", folder.display())),
            _ => Self::in_folder(&go_build::find_or_build()?),
        }
    }

    /// The programs in `folder`, under the names that `envtest` gives them.
    ///
    /// # Errors
    /// When one of the four is not there.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        let program = |name: &str| -> anyhow::Result<PathBuf> {
            let path = folder.join(name);
            if !path.is_file() {
                let hint = match name {
                    "kube-controller-manager" => {
                        "; the bundles of setup-envtest do not carry it: add one of the same version, \
                         or unset the variable to have all four built"
                    }
                    _ => "",
                };
                bail!("{} is not there{hint}", path.display());
            }
            Ok(path)
        };
        Ok(Self {
            etcd: program("etcd")?,
            kube_apiserver: program("kube-apiserver")?,
            kube_controller_manager: program("kube-controller-manager")?,
            kubectl: program("kubectl")?,
        })
    }

    /// The Kubernetes version of the API server, such as `v1.37.2`, as it tells it itself.
    ///
    /// # Errors
    /// When it cannot be run, or answers something else.
    pub fn version(&self) -> anyhow::Result<String> {
        let output = Command::new(&self.kube_apiserver)
            .arg("--version")
            .output()
            .with_context(|| format!("cannot run {}", self.kube_apiserver.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.trim().strip_prefix("Kubernetes ").unwrap_or_default();
        ensure!(
            output.status.success() && version.starts_with('v'),
            "{} --version answered {:?} ({})",
            self.kube_apiserver.display(),
            text.trim(),
            output.status
        );
        Ok(version.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_with_all_four_programs_is_taken() {
        let folder = folder_with(&[
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kubectl",
        ]);
        let binaries = Binaries::in_folder(folder.path()).unwrap();
        assert_eq!(binaries.kubectl, folder.path().join("kubectl"));
        assert_eq!(binaries.etcd, folder.path().join("etcd"));
    }

    #[test]
    fn an_envtest_bundle_without_controller_manager_is_refused_with_advice() {
        let folder = folder_with(&["etcd", "kube-apiserver", "kubectl"]);
        let error = Binaries::in_folder(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("kube-controller-manager is not there"),
            "{error}"
        );
        assert!(error.contains("setup-envtest"), "{error}");
    }

    #[test]
    fn a_program_that_tells_no_version_is_refused() {
        let silent = |name: &str| PathBuf::from(format!("/bin/{name}"));
        let binaries = Binaries {
            etcd: silent("true"),
            kube_apiserver: silent("true"),
            kube_controller_manager: silent("true"),
            kubectl: silent("true"),
        };
        let error = binaries.version().unwrap_err().to_string();
        assert!(error.contains("--version answered"), "{error}");
    }
}
