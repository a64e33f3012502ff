//! One program of a control plane: starting it, knowing whether it is still the same, and ending it.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use crate::identity::{Identity, look};

/// How long a program may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How often something is looked at that cannot be waited for.
pub(crate) const POLL: Duration = Duration::from_millis(20);
/// How many lines of a log are shown when its program died.
const TAIL: usize = 20;

/// A program that was started, by this process or by an earlier one.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    log: PathBuf,
    /// Present when this process is the parent, and then the id cannot be reused before it is waited for.
    child: Option<Child>,
}

impl Process {
    /// Starts `program` with both outputs going to `log`. It sees none of our environment, since etcd
    /// takes every flag from `ETCD_*` as well, but for `PATH`. With `own_group`, a Ctrl-C at the
    /// terminal does not reach it.
    pub(crate) fn spawn(
        program: &Path,
        arguments: &[String],
        log: &Path,
        home: &Path,
        own_group: bool,
    ) -> anyhow::Result<Self> {
        let name = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let output =
            File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        if own_group {
            command.process_group(0);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        // Found even if it has died meanwhile, since nobody has waited for it yet.
        let Some(seen) = look(child.id()) else {
            child.kill()?;
            anyhow::bail!("the start time of {name} ({}) cannot be read", child.id());
        };
        let identity = Identity {
            pid: child.id(),
            started: seen.started,
        };
        Ok(Self {
            name,
            identity,
            log: log.to_owned(),
            child: Some(child),
        })
    }

    /// A program that another process started.
    pub(crate) fn found(name: &str, identity: Identity, log: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            identity,
            log,
            child: None,
        }
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> io::Result<Option<String>> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?.map(|status| status.to_string())),
            None => {
                Ok((!self.identity.is_alive())
                    .then(|| "it was started by another process".to_owned()))
            }
        }
    }

    /// An error with the end of the log, if it is not running any more.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        if let Some(how) = self.ended()? {
            anyhow::bail!("{} ended by itself ({how}){}", self.name, self.tail());
        }
        Ok(())
    }

    /// The end of the log, introduced by its path.
    pub(crate) fn tail(&self) -> String {
        tail_of(&self.log)
    }

    /// Sends a signal, if it still runs.
    fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.identity.pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("no such process id")?;
        match kill_process(pid, signal) {
            // It ended in between.
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => {
                other.with_context(|| format!("cannot stop {} ({})", self.name, self.identity.pid))
            }
        }
    }

    /// Waits until it has ended; false if that took longer than `limit`.
    fn wait(&mut self, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        while self.ended()?.is_none() {
            if Instant::now() > deadline {
                return Ok(false);
            }
            thread::sleep(POLL);
        }
        Ok(true)
    }

    /// Waits for one that was asked to end, and makes it end if it takes too long.
    fn wait_or_kill(&mut self) -> anyhow::Result<()> {
        if self.wait(GRACE)? {
            return Ok(());
        }
        self.signal(Signal::KILL)?;
        anyhow::ensure!(
            self.wait(GRACE)?,
            "{} ({}) cannot be killed",
            self.name,
            self.identity.pid
        );
        Ok(())
    }
}

/// Ends all of them: the store last, since an API server that lost it does not end when asked to. One
/// that cannot be ended does not save the others; the first error is returned.
pub(crate) fn stop(processes: &mut [Process]) -> anyhow::Result<()> {
    let (mut stores, mut users): (Vec<_>, Vec<_>) = processes
        .iter_mut()
        .partition(|process| process.name == "etcd");
    let mut outcome = Ok(());
    for group in [&mut users, &mut stores] {
        for process in group.iter_mut() {
            outcome = outcome.and(process.signal(Signal::TERM));
        }
        for process in group.iter_mut() {
            outcome = outcome.and(process.wait_or_kill());
        }
    }
    outcome
}

/// The last lines of a log, introduced by its path.
fn tail_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(TAIL)..];
    if last.is_empty() {
        return format!("; {} is empty", log.display());
    }
    format!("; the end of {}:\n  {}", log.display(), last.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(folder: &Path, script: &str) -> Process {
        let arguments = ["-c".to_owned(), script.to_owned()];
        Process::spawn(
            Path::new("/bin/sh"),
            &arguments,
            &folder.join("sh.log"),
            folder,
            true,
        )
        .unwrap()
    }

    #[test]
    fn a_process_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut bystander = shell(folder.path(), "exec sleep 60");
        let stranger = Identity {
            pid: bystander.identity.pid,
            started: "boot 1".into(),
        };
        stop(&mut [Process::found("sh", stranger, folder.path().join("sh.log"))]).unwrap();
        assert_eq!(bystander.ended().unwrap(), None);
        stop(std::slice::from_mut(&mut bystander)).unwrap();
        assert!(bystander.ended().unwrap().is_some());
    }

    #[test]
    fn the_store_is_ended_after_those_that_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let order = folder.path().join("order");
        let mut processes: Vec<Process> = ["etcd", "kube-apiserver"]
            .map(|name| {
                let ready = folder.path().join(format!("{name}.ready"));
                let script = format!(
                    "trap 'echo {name} >> {}; exit 0' TERM; : > {}; while :; do sleep 0.01; done",
                    order.display(),
                    ready.display()
                );
                let mut process = shell(folder.path(), &script);
                process.name = name.to_owned();
                while !ready.exists() {
                    process.check().unwrap();
                    thread::sleep(POLL);
                }
                process
            })
            .into();
        stop(&mut processes).unwrap();
        assert_eq!(fs::read_to_string(order).unwrap(), "kube-apiserver\netcd\n");
    }

    #[test]
    fn a_program_that_died_is_reported_with_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell(folder.path(), "echo the port is taken >&2; exit 3");
        assert!(process.wait(GRACE).unwrap());
        let error = process.check().unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("the port is taken"), "{error}");
    }

    #[test]
    fn a_program_sees_no_environment_of_ours_but_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell(folder.path(), "env");
        assert!(process.wait(GRACE).unwrap());
        let seen = fs::read_to_string(folder.path().join("sh.log")).unwrap();
        assert!(seen.lines().any(|line| line.starts_with("PATH=")), "{seen}");
        assert!(!seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    }
}
