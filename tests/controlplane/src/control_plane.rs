//! A control plane that lives as long as its value.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::binaries::Binaries;
use crate::launch::{Launch, Ports};
use crate::layout::Layout;
use crate::process::{self, Process};
use crate::watchdog::Watchdog;

/// A running control plane. Dropping it stops it; so does the death of this process, whatever its cause.
#[derive(Debug)]
pub struct ControlPlane {
    layout: Layout,
    ports: Ports,
    url: String,
    kubectl: PathBuf,
    ca: PathBuf,
    client_ca_bundle: PathBuf,
    issuing_ca: (PathBuf, PathBuf),
    processes: Vec<Process>,
    // Dropped after the programs are stopped, and before their folder goes.
    watchdog: Option<Watchdog>,
    temporary: Option<tempfile::TempDir>,
}

impl ControlPlane {
    /// Starts a control plane whose files are in `dir`, and waits until it is fit for use: `/readyz` is
    /// 200, `view`, `edit` and `admin` have their rules, and namespace `default` its ServiceAccount.
    /// Takes about five seconds on two cores, three minutes at most.
    ///
    /// `dir` is made if it is missing; what an earlier control plane left there is removed. The files,
    /// logs above all, stay when it is stopped.
    ///
    /// # Errors
    /// When a program cannot be run, dies, or is not ready in time; with the end of its log.
    pub fn start(dir: &Path, binaries: &Binaries) -> anyhow::Result<Self> {
        let layout = Layout::new(dir)?;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let mut watchdog = Watchdog::start().context("cannot start the watchdog")?;
        let launch = Launch {
            layout: &layout,
            binaries,
            name: "kubemint-test",
            own_group: false,
        };
        let (ports, processes) = launch.run(&mut |_, processes| {
            if let Some(newest) = processes.last() {
                watchdog.watch(newest.identity.pid)?;
            }
            Ok(())
        })?;
        Ok(Self {
            url: ports.url(),
            ports,
            kubectl: binaries.kubectl.clone(),
            ca: layout.pki("server-ca.crt"),
            client_ca_bundle: layout.pki("client-ca-bundle.crt"),
            issuing_ca: (layout.pki("issuing-ca.crt"), layout.pki("issuing-ca.key")),
            layout,
            processes,
            watchdog: Some(watchdog),
            temporary: None,
        })
    }

    /// Starts a control plane in a temporary folder, which is removed with it.
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub fn start_temporary(binaries: &Binaries) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("kubemint-control-plane-")
            .tempdir()?;
        let mut started = Self::start(folder.path(), binaries)?;
        started.temporary = Some(folder);
        Ok(started)
    }

    /// A kubeconfig of a member of `system:masters`: may do everything.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.layout.admin_kubeconfig
    }

    /// The API server's address: `https://127.0.0.1:PORT`. Also the issuer of its tokens, and their
    /// default audience.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API server's port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.apiserver
    }

    /// The certificate (PEM) of the authority that signed the API server's.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca
    }

    /// The kubectl of the same version.
    #[must_use]
    pub fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// The audit log: one JSON `Event` of level `Metadata` a line, for every request.
    #[must_use]
    pub fn audit_log(&self) -> &Path {
        &self.layout.audit_log
    }

    /// The folder with everything.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.layout.dir()
    }

    /// Certificate and key (PEM) of an authority that the API server trusts for clients and that is not
    /// used by the control plane itself: for tests to sign client certificates with.
    #[must_use]
    pub fn issuing_ca(&self) -> (&Path, &Path) {
        (&self.issuing_ca.0, &self.issuing_ca.1)
    }

    /// The certificates (PEM) of all authorities trusted for clients: the cluster's own, then that of
    /// [`ControlPlane::issuing_ca`]. The API server reads it again when it changes.
    #[must_use]
    pub fn client_ca_bundle(&self) -> &Path {
        &self.client_ca_bundle
    }

    /// The log of `etcd`, `kube-apiserver` or `kube-controller-manager`.
    #[must_use]
    pub fn log(&self, program: &str) -> PathBuf {
        self.layout.log(program)
    }

    /// The processes of its programs: to see what they cost.
    pub fn processes(&self) -> impl Iterator<Item = u32> {
        self.processes.iter().map(|process| process.identity.pid)
    }

    /// # Errors
    /// When one of the programs has ended by itself; with the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// Stops it and waits until all programs have ended.
    ///
    /// # Errors
    /// When one had ended by itself before (with the end of its log), or cannot be stopped.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let health = self.check();
        self.end()?;
        health
    }

    fn end(&mut self) -> anyhow::Result<()> {
        process::stop(&mut self.processes)?;
        self.processes.clear();
        self.watchdog = None;
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // A destructor has nobody to return an error to. After `stop` there is nothing left to do.
        for outcome in [self.check(), self.end()] {
            if let Err(error) = outcome {
                eprintln!("control plane in {}: {error:#}", self.dir().display());
            }
        }
    }
}
