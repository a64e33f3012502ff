//! Control planes that outlive the command that started them, each by a name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::binaries::Binaries;
use crate::launch::{Launch, Ports};
use crate::layout::Layout;
use crate::process::{self, Process};
use crate::state::{Phase, Recorded, State};

/// A named place for a control plane, whether one runs there or not.
#[derive(Debug)]
pub struct Detached {
    name: String,
    layout: Layout,
}

/// Whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    Stopped,
    /// It is fit for use, and all its programs are there.
    Running,
    /// Its start was interrupted, or some of its programs have died. `up` replaces it, `down` removes it.
    Broken,
}

/// What is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether it runs.
    pub condition: Condition,
    /// What was written down; `None` exactly when it is stopped.
    pub state: Option<State>,
}

impl Detached {
    /// The control plane of that name in this workspace, below `target/control-planes`.
    ///
    /// # Errors
    /// When the name is not 1 to 40 lower case letters, digits and dashes.
    pub fn in_workspace(name: &str) -> anyhow::Result<Self> {
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) if !target.is_empty() => PathBuf::from(target),
            _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        };
        fs::create_dir_all(&target)?;
        // Without the `..`: the paths are shown to people.
        Self::below(&target.canonicalize()?.join("control-planes"), name)
    }

    /// The control plane of that name below `root`.
    ///
    /// # Errors
    /// As [`Detached::in_workspace`].
    pub fn below(root: &Path, name: &str) -> anyhow::Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            (1..=40).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-'),
            "{name:?} cannot be the name of a control plane: use 1 to 40 lower case letters, digits and dashes"
        );
        Ok(Self {
            name: name.to_owned(),
            layout: Layout::new(&root.join(name))?,
        })
    }

    /// The folder with everything; logs in `logs`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.layout.dir()
    }

    /// The audit log.
    #[must_use]
    pub fn audit_log(&self) -> &Path {
        &self.layout.audit_log
    }

    /// Looks whether it runs. Does not wait for an `up` in progress: that is [`Condition::Broken`] with
    /// [`Phase::Starting`].
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn status(&self) -> anyhow::Result<Status> {
        let state = State::load(&self.layout.state)?;
        let condition = match &state {
            None => Condition::Stopped,
            Some(state)
                if state.phase == Phase::Ready
                    && state.programs.iter().all(|p| p.process.is_alive()) =>
            {
                Condition::Running
            }
            Some(_) => Condition::Broken,
        };
        Ok(Status { condition, state })
    }

    /// Makes sure that it runs: starts it, in process groups of its own, unless it does. Whatever is left
    /// of a broken one is removed first.
    ///
    /// # Errors
    /// As [`crate::ControlPlane::start`]. Nothing is left running then; the logs stay.
    pub fn up(&self, binaries: &Binaries) -> anyhow::Result<State> {
        let _lock = self.lock()?;
        let status = self.status()?;
        if let (Condition::Running, Some(state)) = (status.condition, status.state) {
            return Ok(state);
        }
        self.end()?;
        fs::create_dir_all(self.dir())?;
        let version = binaries.version()?;
        let record = |phase, ports: Ports, processes: &[Process]| State {
            phase,
            version: version.clone(),
            url: ports.url(),
            admin_kubeconfig: self.layout.admin_kubeconfig.clone(),
            kubectl: binaries.kubectl.clone(),
            ca_file: self.layout.pki("server-ca.crt"),
            ports,
            programs: processes
                .iter()
                .map(|process| Recorded {
                    name: process.name.clone(),
                    process: process.identity.clone(),
                })
                .collect(),
        };
        let launch = Launch {
            layout: &self.layout,
            binaries,
            name: &self.name,
            own_group: true,
        };
        let mut save_progress = |ports, processes: &[Process]| {
            record(Phase::Starting, ports, processes).save(&self.layout.state)
        };
        let (ports, processes) = match launch.run(&mut save_progress) {
            Ok(running) => running,
            Err(error) => {
                remove_file_if_there(&self.layout.state)?;
                return Err(error);
            }
        };
        let state = record(Phase::Ready, ports, &processes);
        state.save(&self.layout.state)?;
        Ok(state)
    }

    /// Makes sure that it does not run and that its folder is gone. True if there was something to stop.
    ///
    /// # Errors
    /// When a program cannot be stopped, or the folder not be removed.
    pub fn down(&self) -> anyhow::Result<bool> {
        if !self.dir().exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        let had_programs = self.end()?;
        match fs::remove_dir_all(self.dir()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.dir().display()))
            }
            _ => Ok(had_programs),
        }
    }

    /// Ends the programs that were written down, those that still are what they were.
    fn end(&self) -> anyhow::Result<bool> {
        let Some(state) = State::load(&self.layout.state)? else {
            return Ok(false);
        };
        let mut processes: Vec<Process> = state
            .programs
            .iter()
            .map(|program| {
                Process::found(
                    &program.name,
                    program.process.clone(),
                    self.layout.log(&program.name),
                )
            })
            .collect();
        process::stop(&mut processes)?;
        remove_file_if_there(&self.layout.state)?;
        Ok(true)
    }

    /// Held while something is changed. Beside the folder, since the folder itself comes and goes.
    fn lock(&self) -> anyhow::Result<File> {
        let path = self.dir().with_extension("lock");
        fs::create_dir_all(path.parent().context("the folder has no parent")?)?;
        let lock =
            File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        if lock.try_lock().is_err() {
            eprintln!(
                "waiting for another command about control plane {:?}",
                self.name
            );
            lock.lock()
                .with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(lock)
    }
}

fn remove_file_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    fn state(detached: &Detached, phase: Phase, process: Identity) -> State {
        State {
            phase,
            version: "v1.37.2".into(),
            url: "https://127.0.0.1:1001".into(),
            admin_kubeconfig: detached.layout.admin_kubeconfig.clone(),
            kubectl: "/bin/false".into(),
            ca_file: "/ca".into(),
            ports: Ports {
                apiserver: 1001,
                etcd_client: 1002,
                etcd_peer: 1003,
            },
            programs: vec![Recorded {
                name: "etcd".into(),
                process,
            }],
        }
    }

    fn written(phase: Phase, process: Identity) -> (tempfile::TempDir, Detached) {
        let root = tempfile::tempdir().unwrap();
        let detached = Detached::below(root.path(), "one").unwrap();
        fs::create_dir_all(detached.dir()).unwrap();
        state(&detached, phase, process)
            .save(&detached.layout.state)
            .unwrap();
        (root, detached)
    }

    fn own() -> Identity {
        Identity::of(std::process::id()).unwrap()
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for name in ["", "..", "a/b", "A", "-x", &"a".repeat(41)] {
            assert!(
                Detached::below(Path::new("/root"), name).is_err(),
                "{name:?}"
            );
        }
        assert_eq!(
            Detached::below(Path::new("/root"), "second-1")
                .unwrap()
                .dir(),
            Path::new("/root/second-1")
        );
    }

    #[test]
    fn without_a_state_file_it_is_stopped_and_down_does_nothing() {
        let root = tempfile::tempdir().unwrap();
        let detached = Detached::below(root.path(), "one").unwrap();
        assert_eq!(
            detached.status().unwrap(),
            Status {
                condition: Condition::Stopped,
                state: None
            }
        );
        assert!(!detached.down().unwrap());
    }

    #[test]
    fn with_all_its_programs_alive_it_is_running() {
        let (_root, detached) = written(Phase::Ready, own());
        assert_eq!(detached.status().unwrap().condition, Condition::Running);
    }

    #[test]
    fn with_a_program_whose_number_was_given_away_it_is_broken() {
        let (_root, detached) = written(
            Phase::Ready,
            Identity {
                started: "boot 1".into(),
                ..own()
            },
        );
        assert_eq!(detached.status().unwrap().condition, Condition::Broken);
    }

    #[test]
    fn an_interrupted_start_is_broken() {
        let (_root, detached) = written(Phase::Starting, own());
        assert_eq!(detached.status().unwrap().condition, Condition::Broken);
    }

    #[test]
    fn down_removes_a_broken_one_without_touching_the_stranger_with_its_number() {
        let (_root, detached) = written(
            Phase::Ready,
            Identity {
                started: "boot 1".into(),
                ..own()
            },
        );
        // This very test is the stranger: it would not live to see the assertion.
        assert!(detached.down().unwrap());
        assert!(!detached.dir().exists());
        assert_eq!(detached.status().unwrap().condition, Condition::Stopped);
    }
}
