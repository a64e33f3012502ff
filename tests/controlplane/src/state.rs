//! What is written down about a control plane that outlives the command that started it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::identity::Identity;
use crate::launch::Ports;

/// How far the start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Not yet fit for use; or its start was interrupted.
    Starting,
    /// Was fit for use.
    Ready,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its file name.
    pub name: String,
    /// Its process.
    pub process: Identity,
}

/// The state file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How far the start has come.
    pub phase: Phase,
    /// The Kubernetes version.
    pub version: String,
    /// The API server's address.
    pub url: String,
    /// The kubeconfig of the administrator.
    pub admin_kubeconfig: PathBuf,
    /// The kubectl of the same version.
    pub kubectl: PathBuf,
    /// The certificate of the authority that signed the API server's.
    pub ca_file: PathBuf,
    pub(crate) ports: Ports,
    /// The programs, in the order in which they were started.
    pub programs: Vec<Recorded>,
}

impl State {
    /// Reads it; `None` when there is no such file.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} is not a state file of this version", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes it, so that a reader sees the old content or the new.
    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let draft = path.with_extension("new");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)
            .and_then(|()| fs::rename(&draft, path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> State {
        State {
            phase: Phase::Ready,
            version: "v1.37.2".into(),
            url: "https://127.0.0.1:1001".into(),
            admin_kubeconfig: "/c/admin.kubeconfig".into(),
            kubectl: "/b/kubectl".into(),
            ca_file: "/c/pki/server-ca.crt".into(),
            ports: Ports {
                apiserver: 1001,
                etcd_client: 1002,
                etcd_peer: 1003,
            },
            programs: vec![Recorded {
                name: "etcd".into(),
                process: Identity {
                    pid: 7,
                    started: "boot 42".into(),
                },
            }],
        }
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(State::load(&path).unwrap(), None);
        example().save(&path).unwrap();
        assert_eq!(State::load(&path).unwrap(), Some(example()));
    }

    #[test]
    fn a_state_file_that_cannot_be_read_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, r#"{"phase":"ready"}"#).unwrap();
        let error = State::load(&path).unwrap_err().to_string();
        assert!(error.contains("state.json is not a state file"), "{error}");
    }
}
